/** A buffer and a block that do what a test tells them, and a clock that stands until it is moved. */

import { formatBatchKey, type BatchKey } from "@obs/wire";
import type { Commit, CommitTarget } from "../core/batch-buffer.ts";
import type { Clock } from "../core/clock.ts";
import type { IncomingLog, LineStream } from "../core/contracts.ts";
import type { RecordBlock, RowBlock } from "../core/row-block.ts";

export class ManualClock implements Clock {
  #nowMs = 1_000_000;
  #timers: { atMs: number; callback: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  nowNs(): bigint {
    return BigInt(this.#nowMs) * 1_000_000n;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, callback };
    this.#timers.push(timer);
    return () => void (this.#timers = this.#timers.filter((other) => other !== timer));
  }

  /** Moves on, calling what is due in order. */
  advance(ms: number): void {
    this.#nowMs += ms;
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs).sort((a, b) => a.atMs - b.atMs);
    this.#timers = this.#timers.filter((timer) => !due.includes(timer));
    for (const { callback } of due) callback();
  }

  get waiting(): number {
    return this.#timers.length;
  }
}

/** Keeps commits; each becomes durable when the test says so, or at once. */
export class RecordingBuffer implements CommitTarget {
  readonly commits: Commit[] = [];
  readonly #open: (() => void)[] = [];
  readonly isManual: boolean;
  hasRoom = true;
  #seq = 0;

  constructor(isManual = false) {
    this.isManual = isManual;
  }

  nextKey(): BatchKey {
    return { agent: 1n, epoch: 2, seq: ++this.#seq };
  }

  commit(commit: Commit): Promise<void> {
    this.commits.push(commit);
    return this.isManual ? new Promise((resolve) => this.#open.push(resolve)) : Promise.resolve();
  }

  whenRoom(): Promise<void> {
    return this.hasRoom ? Promise.resolve() : new Promise(() => {});
  }

  finishOldest(): void {
    this.#open.shift()?.();
  }
}

/** A block of which each line is a row; its body is the lines' text. */
export class TextBlock implements RowBlock, RecordBlock {
  readonly input = Buffer.alloc(4096);
  readonly counts = { lines: 0, blank: 0, joined: 0, filtered: 0 };
  recallMs = 0;
  readonly #maxRows: number;
  #lines: string[] = [];

  constructor(maxRows: number) {
    this.#maxRows = maxRows;
  }

  get rows(): number {
    return this.#lines.length;
  }

  get full(): boolean {
    return this.rows >= this.#maxRows;
  }

  firstNs = 5n;
  lastNs = 9n;

  appendLines(_stream: LineStream, start: number, end: number, _observedNs: bigint, final = false): number {
    let at = start;
    while (at < end && !this.full) {
      const newline = this.input.indexOf(10, at);
      const isWhole = newline >= 0 && newline < end;
      if (!isWhole && !final) break;
      const line = this.input.toString("utf8", at, isWhole ? newline : end);
      this.counts.lines += 1;
      if (line === "") this.counts.blank += 1;
      else this.#lines.push(line);
      at = isWhole ? newline + 1 : end;
    }
    return at;
  }

  appendRecord({ message }: IncomingLog): boolean {
    if (this.full) return false;
    this.#lines.push(message);
    return true;
  }

  encode(key: BatchKey): Uint8Array[] {
    return [Buffer.from(`${formatBatchKey(key)}:`), Buffer.from(this.#lines.join("|"))];
  }

  reset(): void {
    this.#lines = [];
  }
}

export const streamOf = (id: string): LineStream => ({
  id,
  service: "test",
  host: "host",
  environment: "",
  attributes: {},
  encodePosition: (offset) => Buffer.from(String(offset)),
});
