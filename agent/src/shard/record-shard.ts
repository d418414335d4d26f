/**
 * A shard of sources that have parsed their records. Callers share one block and one durable write:
 * a group is sealed when the block is full, or `lingerMs` after its first record. Whatever one call
 * brings is in one commit, so a client that was not answered can repeat it whole.
 */

import { bytesOf, formatBatchKey } from "@obs/wire";
import type { CommitTarget } from "../core/batch-buffer.ts";
import { CommitGate } from "../core/commit-gate.ts";
import type { Clock } from "../core/clock.ts";
import type { Behind, IncomingLog, RecordDefaults, RecordShard, SealedBatch } from "../core/contracts.ts";
import type { Compress, RecordBlock } from "../core/row-block.ts";
import { SKEW_ATTRIBUTE } from "../core/clock-skew.ts";

export interface RecordShardOptions {
  readonly block: RecordBlock;
  readonly compress: Compress;
  readonly buffer: CommitTarget;
  readonly clock: Clock;
  readonly lingerMs: number;
  readonly maxCommits?: number;
  /** By how much this host's clock is ahead, ms, when it is off by more than is normal; else 0. */
  readonly clockSkewMs?: () => number;
}

const MAX_COMMITS = 2;

export class BlockRecordShard implements RecordShard {
  readonly #block: RecordBlock;
  readonly #options: RecordShardOptions;
  readonly #gate: CommitGate;
  /** The callers whose records are in the block. */
  #group: PromiseWithResolvers<void> | undefined;
  #cancelLinger: (() => void) | undefined;
  /** Of the group: what its commit makes true beside its rows. */
  #positions = new Map<string, Uint8Array>();
  #filtered = 0;

  constructor(options: RecordShardOptions) {
    this.#options = options;
    this.#block = options.block;
    this.#gate = new CommitGate(options.buffer, options.maxCommits ?? MAX_COMMITS);
  }

  async ready(signal?: AbortSignal): Promise<void> {
    const opened = this.#options.buffer.whenRoom(signal).then(() => this.#gate.opened());
    if (!signal) return opened;
    if (signal.aborted) return;
    // A full disk holds commits back for as long as it is full; whoever stops does not wait for it.
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    const onAbort = (): void => resolve();
    signal.addEventListener("abort", onAbort, { once: true });
    await Promise.race([opened, aborted]).finally(() => signal.removeEventListener("abort", onAbort));
  }

  append(records: readonly IncomingLog[], defaults: RecordDefaults, behind: Behind = {}): Promise<void> {
    if (records.length === 0 && behind.positions === undefined) return Promise.resolve();
    for (const [id, position] of behind.positions ?? []) this.#positions.set(id, position);
    this.#filtered += behind.filtered ?? 0;
    const { durable, sealed } = this.#take(records, this.#withSkew(defaults));
    if (sealed.length > 0 || this.#block.full) this.#commit(sealed);
    else this.#cancelLinger ??= this.#options.clock.after(this.#options.lingerMs, () => this.#onLinger());
    return durable;
  }

  async flush(): Promise<void> {
    await this.#gate.opened();
    if (this.#group) this.#commit([]);
    await this.#gate.allDone();
  }

  #take(records: readonly IncomingLog[], defaults: RecordDefaults): { durable: Promise<void>; sealed: SealedBatch[] } {
    const sealed: SealedBatch[] = [];
    this.#group ??= Promise.withResolvers();
    for (const record of records) {
      if (this.#block.appendRecord(record, defaults)) continue;
      if (this.#block.rows === 0) throw new Error("BUG: a record does not fit into an empty block");
      sealed.push(this.#seal());
      if (!this.#block.appendRecord(record, defaults)) throw new Error("BUG: a record does not fit into an empty block");
    }
    return { durable: this.#group.promise, sealed };
  }

  #withSkew(defaults: RecordDefaults): RecordDefaults {
    const skewMs = this.#options.clockSkewMs?.() ?? 0;
    return skewMs === 0 ? defaults : { ...defaults, attributes: { ...defaults.attributes, [SKEW_ATTRIBUTE]: String(skewMs) } };
  }

  #onLinger(): void {
    this.#cancelLinger = undefined;
    // A failure is kept by the gate and comes out of the next `ready` or `flush`.
    this.#gate.opened().then(
      () => this.#group && this.#commit([]),
      (error: unknown) => this.#group?.reject(error),
    );
  }

  /** In the tick in which the keys were taken: they become durable in their own order. */
  #commit(sealed: SealedBatch[]): void {
    this.#cancelLinger?.();
    this.#cancelLinger = undefined;
    const group = this.#group!;
    this.#group = undefined;
    if (this.#block.rows > 0) sealed.push(this.#seal());
    const [positions, filtered] = [this.#positions, this.#filtered];
    this.#positions = new Map();
    this.#filtered = 0;
    this.#gate.begin({ batches: sealed, ...(positions.size > 0 && { positions }), ...(filtered > 0 && { filtered }) }).then(group.resolve, group.reject);
  }

  #seal(): SealedBatch {
    const { rows, firstNs, lastNs } = this.#block;
    const key = this.#options.buffer.nextKey();
    const raw = this.#block.encode(key);
    const batch: SealedBatch = { stream: "logs", key: formatBatchKey(key), rows, rawBytes: bytesOf(raw), firstNs, lastNs, body: this.#options.compress(raw), positions: new Map(), tenant: "", fields: this.#block.sampleFields?.() };
    this.#block.reset();
    return batch;
  }
}
