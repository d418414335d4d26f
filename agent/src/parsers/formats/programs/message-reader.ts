/**
 * Messages of one program, known by its documentation or source: what a syslog line, or a program's
 * own log file, carries behind its header. Groups of a pattern are named as in ../pattern.ts.
 */

import type { ParsedRecord } from "../../text/record.ts";

export interface MessageReader {
  /** Names that the program has in syslog, without what follows a slash. */
  readonly programs: readonly string[];
  /** First words (letters, digits, `_` and `-`) of messages that are this program's wherever they stand. */
  readonly words: readonly string[];
  /** Tried in turn. The whole message must match. */
  readonly patterns: readonly RegExp[];
  /** For what a pattern cannot say. Returns the text that may hold more named values, if any. */
  readonly finish?: (record: ParsedRecord, groups: Readonly<Record<string, string | undefined>>, message: string) => string | undefined;
}
