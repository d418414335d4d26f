/**
 * Keeps the embedded store within its disk budget: the oldest data is dropped first.
 *
 * What is dropped is a day of one table and retention class (a partition); of the newest day, which
 * is being written, only its oldest parts. A part may have been merged away since it was listed:
 * then that drop fails and the next run sees the new one.
 */

import type { DiskStatus } from "../core/status.ts";
import type { Store } from "../core/store.ts";
import { type Fragment, param, sql, systemStatement } from "../sql/sql.ts";

const INTERVAL_MS = 2 * 60_000;
/** Freed below the budget at once, so that not every run has to drop something. */
const MARGIN = 0.05;

const TABLES: Readonly<Record<string, Fragment>> = {
  logs: sql`obs.logs`,
  samples: sql`obs.samples`,
  samples_1m: sql`obs.samples_1m`,
  spans: sql`obs.spans`,
  histograms: sql`obs.histograms`,
  exemplars: sql`obs.exemplars`,
};

interface PartRow {
  table: string;
  partition: string;
  partition_id: string;
  name: string;
  bytes: string;
}

/** Something that can be dropped alone. */
interface Piece {
  readonly table: string;
  readonly day: string;
  readonly partitionId: string;
  /** Undefined: the whole partition. */
  readonly part: string | undefined;
  readonly bytes: number;
}

const DAY = /\d{4}-\d{2}-\d{2}/;

/** Pieces in the order in which they may go. Parts come oldest first within their partition. */
export const piecesByAge = (parts: readonly PartRow[]): Piece[] => {
  const dated = parts.flatMap((row) => {
    const day = DAY.exec(row.partition)?.[0];
    return day !== undefined && Object.hasOwn(TABLES, row.table) ? [{ ...row, day }] : [];
  });
  const newest = dated.reduce((latest, { day }) => (day > latest ? day : latest), "");
  const partitions = new Map<string, Piece>();
  const last: Piece[] = [];
  for (const { table, day, partition_id: partitionId, name, bytes } of dated) {
    if (day === newest) {
      last.push({ table, day, partitionId, part: name, bytes: Number(bytes) });
      continue;
    }
    const key = `${table} ${partitionId}`;
    const known = partitions.get(key);
    partitions.set(key, { table, day, partitionId, part: undefined, bytes: Number(bytes) + (known?.bytes ?? 0) });
  }
  return [...[...partitions.values()].sort((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : 0)), ...last];
};

/** The fewest pieces, oldest first, without which `usedBytes` is within the budget. */
export const choosePieces = (pieces: readonly Piece[], usedBytes: number, maxBytes: number): Piece[] => {
  if (usedBytes <= maxBytes) return [];
  const target = maxBytes * (1 - MARGIN);
  const chosen: Piece[] = [];
  for (const piece of pieces) {
    if (usedBytes <= target) break;
    chosen.push(piece);
    usedBytes -= piece.bytes;
  }
  return chosen;
};

const listParts = (store: Store): Promise<PartRow[]> =>
  store.readSystem<PartRow>(
    systemStatement(sql`SELECT table, partition, partition_id, name, bytes_on_disk AS bytes FROM system.parts
      WHERE active AND database = 'obs' ORDER BY table, partition_id, min_block_number`),
  );

const drop = async (store: Store, { table, partitionId, part }: Piece): Promise<void> => {
  const what = part === undefined ? sql`DROP PARTITION ID ${param.string(partitionId)}` : sql`DROP PART ${param.string(part)}`;
  await store.write(systemStatement(sql`ALTER TABLE ${TABLES[table]!} ${what}`));
};

export interface DiskBudget {
  readonly status: DiskStatus;
  /** Partitions and parts dropped since the start. */
  readonly droppedPieces: number;
  /** Measures and, when the budget is exceeded, drops. Runs by itself every few minutes; never twice at once. */
  run(): Promise<void>;
  stop(): void;
}

export interface DiskBudgetOptions {
  readonly store: Store;
  /** 0: measure only. */
  readonly maxBytes: number;
  readonly log: { warn(message: string): void };
}

export const startDiskBudget = ({ store, maxBytes, log }: DiskBudgetOptions): DiskBudget => {
  let status: DiskStatus = { used_bytes: null, max_bytes: maxBytes || null, oldest_day: null, dropped_bytes: 0 };
  let droppedPieces = 0;

  const measure = async (): Promise<{ pieces: Piece[]; used: number }> => {
    const parts = await listParts(store);
    const pieces = piecesByAge(parts);
    const used = parts.reduce((sum, { bytes }) => sum + Number(bytes), 0);
    status = { ...status, used_bytes: used, oldest_day: pieces[0]?.day ?? null };
    return { pieces, used };
  };

  const runOnce = async (): Promise<void> => {
    const { pieces, used } = await measure();
    const chosen = maxBytes === 0 ? [] : choosePieces(pieces, used, maxBytes);
    if (chosen.length === 0) return;
    for (const piece of chosen) {
      await drop(store, piece);
      droppedPieces++;
      status = { ...status, dropped_bytes: status.dropped_bytes + piece.bytes };
    }
    log.warn(`the disk budget of ${maxBytes} bytes was exceeded: dropped data up to ${chosen.at(-1)!.day} (OBS_STORE_MAX_BYTES sets the budget)`);
    await measure();
  };

  let running: Promise<void> | undefined;
  const run = (): Promise<void> => (running ??= runOnce().finally(() => (running = undefined)));

  const attempt = (): void => {
    if (!store.available) return;
    run().catch((error: Error) => log.warn(`the disk budget could not be looked after: ${error.message}`));
  };
  attempt();
  const timer = setInterval(attempt, INTERVAL_MS).unref();

  return {
    get status() {
      return status;
    },
    get droppedPieces() {
      return droppedPieces;
    },
    run,
    stop: () => clearInterval(timer),
  };
};
