/**
 * Entries on their way to the shard. Offsets count them; the position at an offset is the cursor of
 * the entry before it, so a batch may end at any of them.
 */

import type { LineShard, LineStream } from "../../core/contracts.ts";
import { LineRuns } from "../../core/line-runs.ts";
import type { JournalLine } from "./entry.ts";

/** Streams that differ in service, host or attributes; the one unused for longest goes first. */
const MAX_STREAMS = 1_000;

export interface StreamDefaults {
  readonly id: string;
  readonly host: string;
  readonly environment: string;
}

export class LineQueue {
  readonly #shard: LineShard;
  readonly #runs: LineRuns;
  readonly #defaults: StreamDefaults;
  readonly #streams = new Map<string, LineStream>();
  #waiting: JournalLine[] = [];
  /** Entries that the shard has taken. */
  #taken = 0;
  /** Cursors of entries whose batch is not sealed yet; the first is that of entry `#firstCursor`. */
  #cursors: string[] = [];
  #firstCursor = 1;

  constructor(shard: LineShard, defaults: StreamDefaults) {
    this.#shard = shard;
    this.#runs = new LineRuns(shard);
    this.#defaults = defaults;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(line: JournalLine): void {
    this.#waiting.push(line);
  }

  /** Hands on what waits; what the shard does not take yet goes on waiting. */
  async handOn(signal: AbortSignal): Promise<void> {
    await this.#shard.ready(signal);
    if (signal.aborted) return;
    const before = this.#taken;
    const lines = this.#waiting;
    for (const { cursor } of lines) this.#cursors.push(cursor);
    const isAllTaken = (await this.#write(lines, before)) && (await this.#runs.flush());
    this.#taken = isAllTaken ? before + lines.length : this.#runs.takenOffset;
    this.#waiting = lines.slice(this.#taken - before);
    if (this.#waiting.length > 0) this.#cursors.splice(-this.#waiting.length);
  }

  async #write(lines: readonly JournalLine[], before: number): Promise<boolean> {
    for (const [index, line] of lines.entries()) {
      const stream = this.#streamOf(line);
      const bytes = Math.min(line.bytes.length, this.#runs.input.length - 64);
      if (!this.#runs.fits(stream, bytes) && !(await this.#runs.flushBefore(stream))) return false;
      const at = this.#runs.open(stream, before + index);
      line.bytes.copy(this.#runs.input, at, 0, bytes);
      this.#runs.close(at + bytes, before + index + 1, line.seconds, line.nanoseconds, line.severity);
    }
    return true;
  }

  #streamOf({ service, host, attributes }: JournalLine): LineStream {
    const key = JSON.stringify([service, host, attributes]);
    const known = this.#streams.get(key);
    if (known) {
      // To the end, which is the last to go.
      this.#streams.delete(key);
      this.#streams.set(key, known);
      return known;
    }
    const { id, environment } = this.#defaults;
    const stream = { id, service, host: host || this.#defaults.host, environment, attributes, encodePosition: (offset: number) => Buffer.from(this.#cursorAt(offset)) };
    this.#streams.set(key, stream);
    if (this.#streams.size > MAX_STREAMS) this.#streams.delete(this.#streams.keys().next().value!);
    return stream;
  }

  /** Of the entry before `offset`; earlier ones are forgotten, because positions ascend. */
  #cursorAt(offset: number): string {
    const cursor = this.#cursors[offset - this.#firstCursor];
    if (cursor === undefined) throw new Error("BUG: the journal's position goes back");
    this.#cursors.splice(0, offset - this.#firstCursor);
    this.#firstCursor = offset;
    return cursor;
  }
}
