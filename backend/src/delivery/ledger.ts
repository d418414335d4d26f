/**
 * The ledger of acknowledged batches, table `batches`: who sent what, and what became of it. Read
 * by people and by the agents' page, never by the protocol, which asks the rows themselves; so it
 * is written behind, in bulk, and a crash may lose its last second.
 */

import { batchKeyToUInt128 } from "@obs/wire";
import type { IncomingBatch } from "../core/contracts.ts";
import type { Store } from "../core/store.ts";
import { sql, systemStatement } from "../sql/sql.ts";

const FLUSH_INTERVAL_MS = 1_000;
const MOST_ROWS = 20_000;

export interface LedgerEntry {
  readonly batch: IncomingBatch;
  readonly receivedAtMs: number;
  readonly stored: number;
  readonly refused: Readonly<Record<string, number>>;
}

export class Ledger {
  readonly #store: Store;
  readonly #ingester: string;
  readonly #clock: () => number;
  #rows: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  /** Entries that could not be written. */
  dropped = 0;

  constructor(options: { store: Store; ingester: string; clock: () => number }) {
    this.#store = options.store;
    this.#ingester = options.ingester;
    this.#clock = options.clock;
  }

  add(entry: LedgerEntry): void {
    if (this.#rows.length >= MOST_ROWS) {
      this.dropped++;
      return;
    }
    this.#rows.push(this.#line(entry));
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_INTERVAL_MS).unref();
  }

  /** Resolves when all that was added is written, or could not be. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const rows = this.#rows;
    if (rows.length === 0) return;
    this.#rows = [];
    try {
      // Rows of many tenants, whose names are ours: the principals' that sent the batches.
      await this.#store.write(systemStatement(sql`INSERT INTO batches FORMAT JSONEachRow`), Buffer.from(rows.join("\n")));
    } catch {
      this.dropped += rows.length;
    }
  }

  #line({ batch, receivedAtMs, stored, refused }: LedgerEntry): string {
    const { key } = batch;
    return JSON.stringify({
      tenant: batch.policy.tenant,
      stream: batch.stream,
      batch: batchKeyToUInt128(key).toString(),
      agent: key.agent.toString(),
      attempt: batch.attempt,
      claimed: batch.rows,
      stored,
      refused,
      raw_bytes: batch.rawBytes,
      body_bytes: batch.body.length,
      first: dateTime(Number(batch.firstNs / 1_000_000n)),
      last: dateTime(Number(batch.lastNs / 1_000_000n)),
      received: dateTime(receivedAtMs),
      acknowledged: dateTime(this.#clock()),
      source_ip: batch.sourceIp,
      ingester: this.#ingester,
    });
  }
}

const LATEST_MS = Date.UTC(2299, 0);

/** `YYYY-MM-DD hh:mm:ss.mmm`, within what DateTime64(3) holds. */
const dateTime = (ms: number): string => new Date(Math.min(Math.max(ms, 0), LATEST_MS)).toISOString().slice(0, 23).replace("T", " ");
