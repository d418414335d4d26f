/** Counts whole lines in a stream of bytes, however it is cut. */

const LINE_FEED = 10;
/** As peers write the level of a record, with or without a blank. */
const DEBUG = /"level": ?"DEBUG"/;

export interface LineCounts {
  lines: number;
  /** Of them, records of level DEBUG. */
  debugLines: number;
}

export class LineCounter {
  readonly #counts: LineCounts;
  #rest: Buffer = Buffer.alloc(0);

  /** Adds to `counts`, which several counters may share. */
  constructor(counts: LineCounts) {
    this.#counts = counts;
  }

  add(chunk: Buffer): void {
    const last = chunk.lastIndexOf(LINE_FEED);
    if (last === -1) {
      this.#rest = Buffer.concat([this.#rest, chunk]);
      return;
    }
    const first = chunk.indexOf(LINE_FEED);
    this.#count(Buffer.concat([this.#rest, chunk.subarray(0, first + 1)]));
    this.#count(chunk.subarray(first + 1, last + 1));
    this.#rest = Buffer.from(chunk.subarray(last + 1));
  }

  /** The stream has ended: a line that was not terminated counts. */
  end(): void {
    if (this.#rest.length > 0) this.add(Buffer.from("\n"));
  }

  #count(wholeLines: Buffer): void {
    if (wholeLines.length === 0) return;
    const lines = wholeLines.toString("latin1", 0, wholeLines.length - 1).split("\n");
    for (const line of lines) {
      if (line === "") continue;
      this.#counts.lines++;
      if (DEBUG.test(line)) this.#counts.debugLines++;
    }
  }
}
