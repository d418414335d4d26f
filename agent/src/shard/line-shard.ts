/**
 * A shard of line sources: one block that is filled, sealed and committed again and again.
 *
 * A block is sealed when it is full, or `lingerMs` after its first row (or its first position: blank
 * lines and files begun at their end move positions without a row). Sealing (encode, compress,
 * take the positions, hand to the buffer) happens in one tick, so the block can be filled again at
 * once: only compressed bytes are under way to the disk, and at most `maxCommits` of them.
 */

import { bytesOf, formatBatchKey } from "@obs/wire";
import type { CommitTarget } from "../core/batch-buffer.ts";
import { CommitGate } from "../core/commit-gate.ts";
import type { Clock } from "../core/clock.ts";
import type { LineShard, LineStream, SealedBatch } from "../core/contracts.ts";
import type { LineMarks } from "../core/line-marks.ts";
import type { Compress, RowBlock } from "../core/row-block.ts";
import { SKEW_ATTRIBUTE } from "../core/clock-skew.ts";
import { SpareMemory } from "../core/spare-memory.ts";

export interface LineShardOptions {
  readonly block: RowBlock;
  readonly compress: Compress;
  readonly buffer: CommitTarget;
  readonly clock: Clock;
  readonly lingerMs: number;
  readonly maxCommits?: number;
  /** By how much this host's clock is ahead, ms, when it is off by more than is normal; else 0. */
  readonly clockSkewMs?: () => number;
  /** Memory for bodies; plain by default. */
  readonly allocate?: (bytes: number) => Buffer;
}


const MAX_COMMITS = 2;

export class BlockLineShard implements LineShard {
  readonly input: Buffer;
  readonly #block: RowBlock;
  readonly #options: LineShardOptions;
  readonly #gate: CommitGate;
  /** Of bodies that are not durable yet. */
  readonly #memory: SpareMemory;
  readonly #offsets = new Map<LineStream, number>();
  /** Cancels the recalls of streams that were left whole lines. */
  readonly #recalls = new Map<LineStream, () => void>();
  readonly #marked = new WeakMap<LineStream, { readonly skewMs: number; readonly stream: LineStream }>();
  #counted = { lines: 0, blank: 0, joined: 0, filtered: 0 };
  #cancelLinger: (() => void) | undefined;

  constructor(options: LineShardOptions) {
    this.#options = options;
    this.#block = options.block;
    this.input = options.block.input;
    const maxCommits = options.maxCommits ?? MAX_COMMITS;
    this.#gate = new CommitGate(options.buffer, maxCommits);
    this.#memory = new SpareMemory(maxCommits, options.allocate);
  }

  async ready(signal?: AbortSignal): Promise<void> {
    await this.#options.buffer.whenRoom(signal);
    await this.#gate.opened();
  }

  async append(stream: LineStream, offset: number, length: number, final = false, marks?: LineMarks): Promise<number> {
    const observedNs = this.#options.clock.nowNs();
    const marked = this.#withSkew(stream);
    let at = 0;
    for (;;) {
      const end = this.#block.appendLines(marked, at, length, observedNs, final, marks);
      if (end > at || length === 0) this.#move(stream, marks?.offsetBehind(end) ?? offset + end);
      at = end;
      if (!this.#block.full) break;
      if (this.#block.rows === 0) throw new Error("BUG: a line does not fit into an empty block");
      await this.#sealWhenOpen();
    }
    const { recallMs } = this.#block;
    if (length > 0) this.#recallAfter(recallMs, stream);
    // What was left counts as there: its wait is part of the linger, not added to it.
    if (this.#block.rows > 0 || this.#offsets.size > 0 || recallMs > 0) this.#cancelLinger ??= this.#options.clock.after(this.#options.lingerMs, () => this.#onLinger());
    return at;
  }

  async flush(): Promise<void> {
    await this.#sealWhenOpen();
    await this.#gate.allDone();
  }

  #recallAfter(ms: number, stream: LineStream): void {
    this.#recalls.get(stream)?.();
    this.#recalls.delete(stream);
    if (ms === 0) return;
    const recall = (): void => {
      this.#recalls.delete(stream);
      stream.recall?.();
    };
    this.#recalls.set(stream, this.#options.clock.after(ms, recall));
  }

  /** The stream, with the skew on its rows when there is one. What the row pass sets on it is set on the stream itself. */
  #withSkew(stream: LineStream): LineStream {
    const skewMs = this.#options.clockSkewMs?.() ?? 0;
    const known = this.#marked.get(stream);
    if (skewMs === (known?.skewMs ?? 0)) return known?.stream ?? stream;
    const attributes = { ...stream.attributes, ...(skewMs !== 0 && { [SKEW_ATTRIBUTE]: String(skewMs) }) };
    const marked = Object.create(stream, {
      attributes: { value: attributes },
      isSkipping: {
        get: () => stream.isSkipping,
        set: (isSkipping: boolean) => {
          stream.isSkipping = isSkipping;
        },
      },
    }) as LineStream;
    this.#marked.set(stream, { skewMs, stream: marked });
    return marked;
  }

  /** Streams may share an id (stdout and stderr of one file): the last one moved has read the furthest. */
  #move(stream: LineStream, offset: number): void {
    this.#offsets.delete(stream);
    this.#offsets.set(stream, offset);
  }

  #onLinger(): void {
    this.#cancelLinger = undefined;
    // A failure is kept by the gate and comes out of the next append, ready or flush.
    this.#sealWhenOpen().catch(() => {});
  }

  async #sealWhenOpen(): Promise<void> {
    await this.#gate.opened();
    this.#seal();
  }

  #seal(): void {
    this.#cancelLinger?.();
    this.#cancelLinger = undefined;
    const { lines, blank, joined, filtered } = this.#block.counts;
    const counts = { lines: lines - this.#counted.lines, blank: blank - this.#counted.blank, joined: joined - this.#counted.joined };
    const dropped = filtered - this.#counted.filtered;
    if (this.#block.rows === 0 && this.#offsets.size === 0) return;
    this.#counted = { lines, blank, joined, filtered };
    const positions = this.#takePositions();
    const batches = this.#block.rows > 0 ? [this.#sealBlock(positions)] : [];
    const durable = this.#gate.begin({ batches, lines: counts, ...(dropped > 0 && { filtered: dropped }), ...(batches.length === 0 && { positions }) });
    durable.then(() => batches.forEach(({ body }) => this.#memory.give(body))).catch(() => {});
  }

  #sealBlock(positions: ReadonlyMap<string, Uint8Array>): SealedBatch {
    const { rows, firstNs, lastNs } = this.#block;
    const key = this.#options.buffer.nextKey();
    const raw = this.#block.encode(key);
    const batch: SealedBatch = { stream: "logs", key: formatBatchKey(key), rows, rawBytes: bytesOf(raw), firstNs, lastNs, body: this.#options.compress(raw, (length) => this.#memory.take(length)), positions, tenant: "", fields: this.#block.sampleFields?.() };
    this.#block.reset();
    return batch;
  }

  #takePositions(): Map<string, Uint8Array> {
    const latest = new Map<string, readonly [LineStream, number]>();
    for (const [stream, offset] of this.#offsets) if (stream.id !== "") latest.set(stream.id, [stream, offset]);
    this.#offsets.clear();
    return new Map([...latest].map(([id, [stream, offset]]) => [id, stream.encodePosition(offset)]));
  }
}
