/** Severity of a level as loggers write it: a word in any case, or a number. */

import { LEVEL_WORDS, SEVERITY, SYSLOG_SEVERITIES } from "@obs/wire";

const MAX_WORD_BYTES = Math.max(...Object.keys(LEVEL_WORDS).map((word) => word.length));

/** Words by length and first letter, as bytes. */
const BY_START: { readonly bytes: Uint8Array; readonly severity: number }[][] = Array.from({ length: (MAX_WORD_BYTES + 1) * 32 }, () => []);
for (const [word, severity] of Object.entries(LEVEL_WORDS))
  BY_START[word.length * 32 + (word.charCodeAt(0) & 31)]!.push({ bytes: Buffer.from(word), severity });

/** MongoDB's, and of loggers that shorten. */
const LETTERS: Readonly<Record<number, number>> = { 68: SEVERITY.DEBUG, 69: SEVERITY.ERROR, 70: SEVERITY.FATAL, 73: SEVERITY.INFO, 84: SEVERITY.TRACE, 87: SEVERITY.WARN };

const LETTER_CASE = 0x20;

/** Severity number of the word in [from, to), or -1 when it is none. */
export const severityOfWord = (bytes: Uint8Array, from: number, to: number): number => {
  const length = to - from;
  if (length < 3 || length > MAX_WORD_BYTES) return -1;
  for (const word of BY_START[length * 32 + (bytes[from]! & 31)]!) {
    let index = 0;
    while (index < length && (bytes[from + index]! | LETTER_CASE) === word.bytes[index]) index++;
    if (index === length) return word.severity;
  }
  return -1;
};

/** https://seldaek.github.io/monolog/doc/01-usage.html, log levels. */
const MONOLOG: Readonly<Record<string, number>> = { 100: SEVERITY.DEBUG, 200: SEVERITY.INFO, 250: SEVERITY.INFO + 1, 300: SEVERITY.WARN, 400: SEVERITY.ERROR, 500: SEVERITY.FATAL, 550: SEVERITY.FATAL + 1, 600: SEVERITY.FATAL + 3 };

/** Severity of a level field, or -1: a word, pino's and bunyan's 10-60, Monolog's 100-600, or syslog's 0-7. */
export const severityOfLevel = (bytes: Uint8Array, from: number, to: number): number => {
  const first = bytes[from]! - 48;
  if (to - from === 1) return first >= 0 && first <= 7 ? SYSLOG_SEVERITIES[first]! : (LETTERS[bytes[from]!] ?? -1);
  if (to - from === 2 && first >= 1 && first <= 6) {
    const ones = bytes[from + 1]! - 48;
    return ones >= 0 && ones <= 9 ? SEVERITY.TRACE + 4 * (first - 1) : -1;
  }
  // MongoDB's D1 to D5.
  if (to - from === 2 && bytes[from] === 68 && bytes[from + 1]! >= 49 && bytes[from + 1]! <= 53) return SEVERITY.DEBUG;
  if (to - from === 3 && first >= 1 && first <= 6) return MONOLOG[String.fromCharCode(bytes[from]!, bytes[from + 1]!, bytes[from + 2]!)] ?? -1;
  return severityOfWord(bytes, from, to);
};

/** Severity of a field that holds OpenTelemetry's own number, 0-24, or -1. */
export const severityOfNumber = (bytes: Uint8Array, from: number, to: number): number => {
  let value = 0;
  if (to === from || to - from > 2) return -1;
  for (let at = from; at < to; at++) {
    const digit = bytes[at]! - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value <= 24 ? value : -1;
};
