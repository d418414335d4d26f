/**
 * What an envelope (docker's json-file, CRI, journald) said of the lines that it held. The lines
 * stand unwrapped in a shard's input; these are their times, levels and places in what was read.
 */

/** Lines per set of marks: what a source hands on in one piece is bounded by it. */
export const MAX_MARKED_LINES = 8_192;

export class LineMarks {
  count = 0;
  /** Index in the input behind each line, its newline included; ascending. */
  readonly ends = new Uint32Array(MAX_MARKED_LINES);
  /** Offset of the stream behind each line: where reading goes on once it is durable. */
  readonly offsets = new Float64Array(MAX_MARKED_LINES);
  /** Used where a line does not bring its own: time (-1 = none) and OTel severity number (0 = none). */
  readonly seconds = new Float64Array(MAX_MARKED_LINES);
  readonly nanoseconds = new Uint32Array(MAX_MARKED_LINES);
  readonly severities = new Uint8Array(MAX_MARKED_LINES);

  get full(): boolean {
    return this.count === MAX_MARKED_LINES;
  }

  clear(): void {
    this.count = 0;
  }

  add(end: number, offset: number, seconds: number, nanoseconds: number, severity = 0): void {
    const at = this.count++;
    this.ends[at] = end;
    this.offsets[at] = offset;
    this.seconds[at] = seconds;
    this.nanoseconds[at] = nanoseconds;
    this.severities[at] = severity;
  }

  /** The stream's offset behind the lines in `input[0, index)`; undefined when no line ends there. */
  offsetBehind(index: number): number | undefined {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.ends[middle]! <= index) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? undefined : this.offsets[low - 1]!;
  }
}
