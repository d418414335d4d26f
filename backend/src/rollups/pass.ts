/**
 * One pass: what is late is rolled again, then what has closed is rolled, level by level. It may end
 * anywhere: progress is noted after the rows it stands for, and a window that is rolled twice counts once.
 */

import type { Store } from "../core/store.ts";
import { type Fragment, sql, type Statement } from "../sql/sql.ts";
import { consistentRead, consistentWrite } from "./consistency.ts";
import { LEVELS, type Level } from "./levels.ts";
import { instant, type Piece } from "./piece.ts";
import { type Progress, readProgress, writeProgress } from "./progress.ts";
import { endsIn, piecesStatement, rollStatement, seriesWith } from "./statements.ts";

export interface PassOptions {
  readonly store: Store;
  /** The store's clock, ms. */
  readonly nowMs: number;
  /** A window closes so long after its end: what comes later is late. */
  readonly closeAfterMs: number;
  /** Inserts that began before now less this have ended, one way or the other. */
  readonly settleMs: number;
  /** Rows of input for one statement. */
  readonly maxRows: number;
  /** The next version; throws when another has taken the work over. */
  nextVersion(): Promise<bigint>;
}

/** Statements that rolled something, by what for. */
export interface PassCounts {
  fresh: number;
  late: number;
}

const STATEMENT_SECONDS = 120;
const MEBIBYTE = 1024 * 1024;

/** Found pieces that one statement may take together at most. */
const MAX_JOINED = 24;

interface FoundPiece extends Piece {
  readonly rows: number;
}

/** A piece with many rows in several, each of whole windows. */
export const split = ({ afterMs, untilMs }: Piece, rows: number, maxRows: number, windowMs: number): Piece[] => {
  const windows = Math.ceil((untilMs - afterMs) / windowMs);
  const each = Math.max(1, Math.ceil(windows / Math.max(1, Math.ceil(rows / maxRows)))) * windowMs;
  const pieces: Piece[] = [];
  for (let from = afterMs; from < untilMs; from += each) pieces.push({ afterMs: from, untilMs: Math.min(from + each, untilMs) });
  return pieces;
};

/** Neighbours with few rows in one. */
export const joined = (found: readonly FoundPiece[], maxRows: number): FoundPiece[] => {
  const pieces: (FoundPiece & { readonly parts: number })[] = [];
  for (const { afterMs, untilMs, rows } of found) {
    const last = pieces.at(-1);
    if (last && last.rows + rows <= maxRows && last.parts < MAX_JOINED) pieces[pieces.length - 1] = { afterMs: last.afterMs, untilMs, rows: last.rows + rows, parts: last.parts + 1 };
    else pieces.push({ afterMs, untilMs, rows, parts: 1 });
  }
  return pieces.map(({ afterMs, untilMs, rows }) => ({ afterMs, untilMs, rows }));
};

class Pass {
  readonly counts: PassCounts = { fresh: 0, late: 0 };
  readonly #options: PassOptions;

  constructor(options: PassOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { nowMs, closeAfterMs, settleMs, store } = this.#options;
    const { of } = await readProgress(store);
    let closableMs = nowMs - closeAfterMs;
    /** Of the input of the level at hand, up to where it is complete. */
    let settled = BigInt(Math.floor(nowMs - settleMs));
    for (const level of LEVELS) {
      const until = Math.floor(closableMs / (level.seconds * 1_000)) * level.seconds * 1_000;
      const reached = await this.#level(level, of.get(level.name), until, settled);
      closableMs = reached.closedMs;
      // Versions of the finer rows that this pass has written are below the next one.
      settled = await this.#options.nextVersion();
    }
  }

  async #level(level: Level, before: Progress | undefined, untilMs: number, settled: bigint): Promise<Progress> {
    let progress: Progress = before ?? { closedMs: 0, seen: settled };
    if (settled > progress.seen) await this.#late(level, progress, settled);
    const freshUntilMs = Math.max(untilMs, progress.closedMs);
    for (const piece of await this.#fresh(level, progress.closedMs, freshUntilMs)) {
      await this.#roll(level, piece);
      this.counts.fresh++;
      progress = { ...progress, closedMs: piece.untilMs };
      await this.#note(level, progress);
    }
    progress = { closedMs: freshUntilMs, seen: settled > progress.seen ? settled : progress.seen };
    await this.#note(level, progress);
    return progress;
  }

  /** Windows that were closed already and have got rows since; only the series that have got them. */
  async #late(level: Level, { closedMs, seen }: Progress, settled: bigint): Promise<void> {
    const late = [level.arrived(seen, settled), sql`timestamp <= ${instant(closedMs)}`];
    for (const { afterMs, untilMs, rows } of await this.#find(level, late)) {
      const series = seriesWith(level, [...late, endsIn(afterMs, untilMs)]);
      const whole = { afterMs, untilMs: Math.min(closedMs, untilMs + level.afterglowMs) };
      for (const piece of split(whole, rows, this.#options.maxRows, level.seconds * 1_000)) {
        await this.#roll(level, { ...piece, series });
        this.counts.late++;
      }
    }
  }

  async #fresh(level: Level, afterMs: number, untilMs: number): Promise<Piece[]> {
    if (untilMs <= afterMs) return [];
    const found = await this.#find(level, [endsIn(afterMs, untilMs)]);
    return found.flatMap((piece) => split({ afterMs: Math.max(afterMs, piece.afterMs), untilMs: Math.min(untilMs, piece.untilMs) }, piece.rows, this.#options.maxRows, level.seconds * 1_000));
  }

  /** Pieces of time in which the source has rows that meet the conditions. */
  async #find(level: Level, conditions: readonly Fragment[]): Promise<FoundPiece[]> {
    const found = await this.#read<{ until_ms: string; rows: string }>(piecesStatement(level, conditions));
    return joined(found.map(({ until_ms, rows }) => ({ afterMs: Number(until_ms) - level.pieceMs, untilMs: Number(until_ms), rows: Number(rows) })), this.#options.maxRows);
  }

  async #roll(level: Level, piece: Piece): Promise<void> {
    const version = await this.#options.nextVersion();
    await this.#options.store.write(rollStatement(level, piece, version), undefined, {
      timeoutMs: (STATEMENT_SECONDS + 10) * 1_000,
      settings: {
        max_execution_time: STATEMENT_SECONDS,
        // Work that nobody waits for: one core, and what is large goes to disk.
        max_threads: 1,
        max_bytes_before_external_group_by: 256 * MEBIBYTE,
        max_bytes_before_external_sort: 256 * MEBIBYTE,
        // A sketch in memory is 1.8 KB: many small blocks.
        max_block_size: 8_192,
        min_insert_block_size_rows: 65_536,
        insert_deduplicate: 0,
        ...consistentRead(this.#options.store),
        ...consistentWrite(this.#options.store),
      },
    });
  }

  async #note(level: Level, progress: Progress): Promise<void> {
    await writeProgress(this.#options.store, level.name, progress, await this.#options.nextVersion());
  }

  #read<T>(statement: Statement): Promise<T[]> {
    return this.#options.store.readSystem<T>(statement, { maxExecutionSeconds: STATEMENT_SECONDS, settings: { max_threads: 1, ...consistentRead(this.#options.store) } });
  }
}

export const runPass = async (options: PassOptions): Promise<PassCounts> => {
  const pass = new Pass(options);
  await pass.run();
  return pass.counts;
};
