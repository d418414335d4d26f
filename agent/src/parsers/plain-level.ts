/** The level of a plain text line: a level word near its start that is written like one. */

import { severityOfWord } from "./severity.ts";

/** A level stands before the message: after a time, a host, a program, a thread. */
const SEARCH_BYTES = 96;

const [EQUALS, COLON, PIPE, SPACE] = [61, 58, 124, 32];

const isLetter = (byte: number): boolean => {
  const lower = byte | 0x20;
  return lower >= 97 && lower <= 122;
};

const isUpper = (bytes: Uint8Array, from: number, to: number): boolean => {
  for (let at = from; at < to; at++) if (bytes[at]! >= 97) return false;
  return true;
};

/** `[info]`, `<warn>`, `(error)`, `level=info`, `error:`, `info |`; and capitals anywhere. */
const isMarked = (bytes: Uint8Array, from: number, to: number, lineStart: number): boolean => {
  const before = from > lineStart ? bytes[from - 1]! : SPACE;
  const after = bytes[to]!;
  if (before === 91 || before === 60 || before === 40) return after === 93 || after === 62 || after === 41;
  if (before === EQUALS) return true;
  if (before !== SPACE && before !== 9) return false;
  return after === COLON || (after === SPACE && bytes[to + 1] === PIPE) || isUpper(bytes, from, to);
};

/** Severity number, 0 when the line does not say. `bytes[to]` must be readable. */
export const severityOfLine = (bytes: Uint8Array, from: number, to: number): number => {
  const end = Math.min(to, from + SEARCH_BYTES);
  for (let at = from; at < end; at++) {
    if (!isLetter(bytes[at]!)) continue;
    const start = at;
    while (at < to && isLetter(bytes[at]!)) at++;
    const severity = severityOfWord(bytes, start, at);
    if (severity >= 0 && isMarked(bytes, start, at, from)) return severity;
  }
  return 0;
};
