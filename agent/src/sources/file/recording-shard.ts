/**
 * Test double of the border to the pipeline: lines with their offsets, and positions that become
 * durable together with the lines before them, as in the buffer.
 */

import type { LineShard, LineStream } from "../../core/contracts.ts";
import type { LineMarks } from "../../core/line-marks.ts";

export interface RecordedLine {
  readonly stream: LineStream;
  readonly offset: number;
  readonly text: string;
}

const NEWLINE = 0x0a;

export class RecordingShard implements LineShard {
  readonly input: Buffer;
  /** Durable over `crash`. */
  readonly lines: RecordedLine[] = [];
  readonly positions: Map<string, Uint8Array>;
  #pendingLines: RecordedLine[] = [];
  readonly #pendingOffsets = new Map<LineStream, number>();
  readonly #leaveMs: number;
  readonly #left = new Map<LineStream, { readonly end: number; readonly sinceMs: number }>();
  #blocked: Promise<void> = Promise.resolve();
  #unblock: () => void = () => {};

  /**
   * `leaveMs`: the last line that is there is left for so long, as if its record might go on.
   * `positions`: shared by the shards of one source, as in the buffer.
   */
  constructor(inputBytes = 4_096, leaveMs = 0, positions = new Map<string, Uint8Array>()) {
    this.positions = positions;
    this.input = Buffer.alloc(inputBytes);
    this.#leaveMs = leaveMs;
  }

  /** All lines, durable or not. */
  texts(): string[] {
    return [...this.lines, ...this.#pendingLines].map(({ text }) => text);
  }

  streams(): Set<LineStream> {
    return new Set([...this.lines, ...this.#pendingLines].map(({ stream }) => stream));
  }

  block(): void {
    this.#unblock();
    this.#blocked = new Promise((resolve) => (this.#unblock = resolve));
  }

  unblock(): void {
    this.#unblock();
    this.#blocked = Promise.resolve();
  }

  async ready(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return;
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    signal?.addEventListener("abort", () => resolve(), { once: true });
    await Promise.race([this.#blocked, aborted]);
  }

  async append(stream: LineStream, offset: number, length: number, final = false, marks?: LineMarks): Promise<number> {
    let start = 0;
    for (let end = this.#lineEnd(start, length, final); end > start; end = this.#lineEnd(start, length, final)) {
      if (!final && end === length && this.#leaves(stream, offset + end)) break;
      const text = this.input.toString("utf8", start, end).replace(/\n$/, "");
      this.#pendingLines.push({ stream, offset: offset + start, text });
      start = end;
    }
    if (start > 0 || length === 0) {
      this.#pendingOffsets.delete(stream);
      this.#pendingOffsets.set(stream, marks?.offsetBehind(start) ?? offset + start);
    }
    return start;
  }

  #leaves(stream: LineStream, end: number): boolean {
    const nowMs = Date.now();
    const before = this.#left.get(stream);
    const sinceMs = before?.end === end ? before.sinceMs : nowMs;
    const leftMs = sinceMs + this.#leaveMs - nowMs;
    if (leftMs <= 0) return false;
    this.#left.set(stream, { end, sinceMs });
    setTimeout(() => stream.recall?.(), leftMs);
    return true;
  }

  /** Behind the line that begins at `start`; `start` when it is not whole. */
  #lineEnd(start: number, length: number, final: boolean): number {
    const newline = this.input.subarray(start, length).indexOf(NEWLINE);
    if (newline !== -1) return start + newline + 1;
    return final || (start === 0 && length === this.input.length) ? length : start;
  }

  async flush(): Promise<void> {
    this.lines.push(...this.#pendingLines);
    this.#pendingLines = [];
    for (const [stream, offset] of this.#pendingOffsets) this.positions.set(stream.id, stream.encodePosition(offset));
    this.#pendingOffsets.clear();
  }

  /** What was not flushed was never there. */
  crash(): void {
    this.#pendingLines = [];
    this.#pendingOffsets.clear();
  }
}
