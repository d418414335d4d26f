/** Plain text lines: the whole line is the message; time and level are read off its start. */

import { hasSensitiveDigits } from "../mask/index.ts";
import { severityOfLine } from "../parsers/plain-level.ts";
import type { TimestampParser } from "../parsers/timestamp.ts";
import type { LogColumns } from "./columns.ts";
import type { SlowRow } from "./slow-row.ts";

/** Where a web server's line has its time: `203.0.113.7 - user [10/Oct/2000:13:55:36 -0700] ...`. */
const TIME_SEARCH_BYTES = 80;
const OPENING_BRACKET = 91;

export class PlainRow {
  readonly #columns: LogColumns;
  readonly #timestamps: TimestampParser;
  readonly #slow: SlowRow;

  constructor(columns: LogColumns, timestamps: TimestampParser, slow: SlowRow) {
    this.#columns = columns;
    this.#timestamps = timestamps;
    this.#slow = slow;
  }

  /** Writes the line [from, to), valid UTF-8, into the row that has been begun. */
  write(from: number, to: number, nowSeconds: number): void {
    this.#writeTimeAndLevel(from, to, nowSeconds);
    const { view, bytes } = this.#columns.arena;
    if (hasSensitiveDigits(view, bytes, from, to)) this.#columns.setMessageText(this.#slow.mask(this.#columns.arena.buffer.toString("utf8", from, to)));
    else this.#columns.setMessage(from, to);
  }

  /** The same for a line whose text is not its bytes, because they are not UTF-8. */
  writeSlowly(from: number, to: number, nowSeconds: number): void {
    this.#writeTimeAndLevel(from, to, nowSeconds);
    this.#columns.setMessageText(this.#slow.mask(this.#columns.arena.buffer.toString("utf8", from, to)));
  }

  #writeTimeAndLevel(from: number, to: number, nowSeconds: number): void {
    const { arena, severities, rows } = this.#columns;
    const after = this.#timeEnd(from, to, nowSeconds);
    if (after >= 0) this.#columns.setTimestamp(this.#timestamps.seconds, this.#timestamps.nanoseconds);
    arena.bytes[severities + rows] = severityOfLine(arena.bytes, after >= 0 ? after : from, to);
  }

  #timeEnd(from: number, to: number, nowSeconds: number): number {
    const { bytes } = this.#columns.arena;
    const after = this.#timestamps.parsePrefix(from, to, nowSeconds);
    if (after >= 0) return after;
    const end = Math.min(to, from + TIME_SEARCH_BYTES);
    for (let at = from; at < end; at++) if (bytes[at] === OPENING_BRACKET) return this.#timestamps.parseCommonLog(at + 1, to);
    return -1;
  }
}
