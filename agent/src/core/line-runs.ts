/**
 * Lines taken out of envelopes, handed to a shard in runs: consecutive lines of one stream stand side
 * by side in the shard's input and go on in one call. A line is written between `open` and `close`.
 */

import type { LineShard, LineStream } from "./contracts.ts";
import { LineMarks } from "./line-marks.ts";

const NEWLINE = 10;

export class LineRuns {
  readonly #shard: LineShard;
  readonly #marks = new LineMarks();
  #stream: LineStream | undefined;
  #length = 0;
  #startOffset = 0;
  /** Offset of the stream behind the last line that the shard has taken. */
  takenOffset = 0;

  constructor(shard: LineShard) {
    this.#shard = shard;
  }

  /** The shard's input, to write lines into. */
  get input(): Buffer {
    return this.#shard.input;
  }

  /** Whether a line of `bytes`, without its newline, can join the run; if not, `flush` comes first. */
  fits(stream: LineStream, bytes: number): boolean {
    if (this.#stream === undefined) return true;
    return this.#stream === stream && !this.#marks.full && this.#length + bytes + 1 <= this.input.length;
  }

  /** Where in the input the line is to be written; `offset`: where it begins in what was read. */
  open(stream: LineStream, offset: number): number {
    if (this.#stream === undefined) this.#startOffset = offset;
    this.#stream = stream;
    return this.#length;
  }

  /** `end`: index behind the line's bytes. `offset`: of the stream, behind the line and its envelope. */
  close(end: number, offset: number, seconds: number, nanoseconds: number, severity = 0): void {
    this.input[end] = NEWLINE;
    this.#length = end + 1;
    this.#marks.add(this.#length, offset, seconds, nanoseconds, severity);
  }

  /**
   * What comes before a line of another stream: that ends the record of the run's last line, for which
   * the shard would else wait while both streams stand still.
   */
  flushBefore(next: LineStream): Promise<boolean> {
    return this.flush(this.#stream !== next);
  }

  /** False when the shard did not take all of it: then reading goes on at `takenOffset`. */
  async flush(final = false): Promise<boolean> {
    const stream = this.#stream;
    if (stream === undefined) return true;
    const length = this.#length;
    const consumed = await this.#shard.append(stream, this.#startOffset, length, final, this.#marks);
    this.takenOffset = this.#marks.offsetBehind(consumed) ?? this.#startOffset;
    this.#stream = undefined;
    this.#length = 0;
    this.#marks.clear();
    return consumed === length;
  }
}
