/** What the row pass asks about a text line: where does the record end that it begins? */

/** What a record whose last line is the last one that is there has to wait for. */
export const WAIT = {
  /** Nothing can follow, or what follows is there and belongs to another record. */
  NOT: 0,
  /** The line looks complete, but an indented one, or a stack trace, may be under way. */
  BRIEFLY: 1,
  /** More is likely: it waits until the stream has been quiet for `lingerMs`. */
  LINGER: 2,
} as const;
export type Wait = (typeof WAIT)[keyof typeof WAIT];

export interface RecordFinder {
  /**
   * Index after the newline of the last line of the record whose first line, not blank, is
   * `bytes[from, newline)`. All lines up to `limit` are complete.
   */
  find(bytes: Uint8Array, from: number, newline: number, limit: number): number;
  /** Of the record found last: its lines, blank ones inside included. */
  readonly lines: number;
  readonly wait: Wait;
  /** A line that is a whole JSON object may be part of a record; else it always is a record. */
  readonly joinsJson: boolean;
  /** A line that begins with a digit always begins a record, too. */
  readonly endsBeforeDigit: boolean;
  /** It is, or holds, a stack trace. */
  readonly isTrace: boolean;
}
