/**
 * What a line looks like, told from its bytes `[from, to)` without its line end. Every test looks at a
 * few bytes only, most often at one.
 */

import { severityOfWord } from "../parsers/severity.ts";

export const [TAB, CARRIAGE_RETURN, NEWLINE, SPACE] = [9, 13, 10, 32];
export const [OPENING_BRACKET, CLOSING_BRACKET, OPENING_BRACE, CLOSING_BRACE] = [91, 93, 123, 125];
export const [OPENING_PARENTHESIS, CLOSING_PARENTHESIS] = [40, 41];
export const [SLASH, EQUALS] = [47, 61];
const [DOLLAR, APOSTROPHE, COMMA, DOT, ZERO, COLON, LESS, BACKSLASH, UNDERSCORE, BACKQUOTE] = [36, 39, 44, 46, 48, 58, 60, 92, 95, 96];

export const ascii = (text: string): Uint8Array => Buffer.from(text, "latin1");

export const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte <= 57;
const isLetter = (byte: number): boolean => (byte | 0x20) >= 97 && (byte | 0x20) <= 122;
const isUpper = (byte: number | undefined): boolean => byte !== undefined && byte >= 65 && byte <= 90;
const isWord = (byte: number): boolean => isLetter(byte) || isDigit(byte) || byte === UNDERSCORE || byte === DOLLAR || byte >= 0x80;

export const startsWith = (bytes: Uint8Array, from: number, to: number, wanted: Uint8Array): boolean => {
  if (to - from < wanted.length) return false;
  for (let index = 0; index < wanted.length; index++) if (bytes[from + index] !== wanted[index]) return false;
  return true;
};

export const endsWith = (bytes: Uint8Array, from: number, to: number, wanted: Uint8Array): boolean =>
  to - from >= wanted.length && startsWith(bytes, to - wanted.length, to, wanted);

export const contains = (bytes: Uint8Array, from: number, to: number, wanted: Uint8Array): boolean => {
  for (let at = from; at + wanted.length <= to; at++) if (bytes[at] === wanted[0] && startsWith(bytes, at, to, wanted)) return true;
  return false;
};

export const afterIndent = (bytes: Uint8Array, from: number, to: number): number => {
  let at = from;
  while (at < to && (bytes[at] === SPACE || bytes[at] === TAB || bytes[at] === CARRIAGE_RETURN)) at++;
  return at;
};

const afterDigits = (bytes: Uint8Array, from: number, to: number): number => {
  let at = from;
  while (at < to && isDigit(bytes[at])) at++;
  return at;
};

/** Index after `pkg.Outer$Name`, `Module::Name`, `Name\Space\Name`, `System.Name`2`: a type's name; `from` when there is none. */
const afterTypeName = (bytes: Uint8Array, from: number, to: number): number => {
  if (from >= to || isDigit(bytes[from])) return from;
  let at = from;
  for (; at < to; at++) {
    const byte = bytes[at]!;
    if (isWord(byte) || ((byte === DOT || byte === BACKSLASH || byte === BACKQUOTE) && at > from && at + 1 < to && isWord(bytes[at + 1]!))) continue;
    if (byte === COLON && bytes[at + 1] === COLON && at + 2 < to && isWord(bytes[at + 2]!)) at++;
    else break;
  }
  return at;
};

const ERROR_ENDINGS = ["Error", "Exception", "Throwable", "Failure", "Fault", "Interrupt", "Abort", "Exit", "Warning", "Panic", "ExceptionGroup"].map(ascii);

/** Two dots or more and a capital after the last: a class with its package. */
const isQualified = (bytes: Uint8Array, from: number, to: number): boolean => {
  let dots = 0;
  let last = from;
  for (let at = from; at < to; at++) if (bytes[at] === DOT) [dots, last] = [dots + 1, at];
  return dots >= 2 && isUpper(bytes[last + 1]);
};

/** `pkg.FooException: message`, `FooError`, `Foo::BarError (message):`, `FooException[message]`. */
export const isExceptionHeader = (bytes: Uint8Array, from: number, to: number): boolean => {
  const end = afterTypeName(bytes, from, to);
  if (end === from) return false;
  const after = end === to ? COLON : bytes[end]!;
  const named = ERROR_ENDINGS.some((ending) => endsWith(bytes, from, end, ending));
  if (named) return after === COLON || after === OPENING_BRACKET || (after === SPACE && (bytes[end + 1] === OPENING_PARENTHESIS || bytes[end + 1] === OPENING_BRACKET || end + 1 === to));
  return after === COLON && (end === to || bytes[end + 1] === SPACE) && isQualified(bytes, from, end);
};

/** Rails writes `Name (message):` above the frames. */
export const isRailsHeader = (bytes: Uint8Array, from: number, to: number): boolean =>
  bytes[to - 1] === COLON && bytes[to - 2] === CLOSING_PARENTHESIS && isUpper(bytes[from]) && isExceptionHeader(bytes, from, to);

/** What Python writes below its frames: `pkg.Name: message` or a bare `Name`. */
export const isPythonException = (bytes: Uint8Array, from: number, to: number): boolean => {
  const end = afterTypeName(bytes, from, to);
  return end > from && (end === to || bytes[end] === COLON);
};

const FRAME_STARTS = ["at ", "from ", 'File "', "... ", "| "].map(ascii);

/** One frame, without its indentation, as Java, .NET, JavaScript, Ruby and Python write it. */
export const isFrame = (bytes: Uint8Array, from: number, to: number): boolean => FRAME_STARTS.some((start) => startsWith(bytes, from, to, start));

const RUBY_IN = ascii(":in ");

/** ``lib/name.rb:12:in `method'``; without a message behind it, which would be the error itself. */
export const isRubyFrame = (bytes: Uint8Array, from: number, to: number): boolean => bytes[to - 1] === APOSTROPHE && contains(bytes, from, to, RUBY_IN);

/** `main.(*Type).method(0x1, ...)`, `main.main()`. */
export const isGoFrame = (bytes: Uint8Array, from: number, to: number): boolean => {
  if (bytes[to - 1] !== CLOSING_PARENTHESIS) return false;
  for (let at = from; at < to; at++) {
    if (bytes[at] === OPENING_PARENTHESIS) return at > from;
    if (bytes[at] === SPACE) return false;
  }
  return false;
};

const GO_FILE = ascii(".go:");

/** `/srv/shop/cart.go:31`, below the function that it is in. */
export const isGoPlace = (bytes: Uint8Array, from: number, to: number): boolean => contains(bytes, from, to, GO_FILE);

/** `github.com/example/shop.(*Cart).Pay`, as stack traces in text have it: one word with a dot. */
export const isGoFunction = (bytes: Uint8Array, from: number, to: number): boolean => {
  if (!isLetter(bytes[from]!) || bytes[to - 1] === COLON) return false;
  let dots = 0;
  for (let at = from; at < to; at++) {
    if (bytes[at] === SPACE || bytes[at] === TAB) return false;
    if (bytes[at] === DOT) dots++;
  }
  return dots > 0;
};

const HALVES = [" AM ", " PM "].map(ascii);

/** `May 28, 2026 8:26:40 PM org.example.Shop open`: java.util.logging.SimpleFormatter's first line. */
export const isJavaUtilHead = (bytes: Uint8Array, from: number, to: number): boolean =>
  isUpper(bytes[from]) && bytes[from + 3] === SPACE && DATE_WORDS.has(packed(bytes, from)) && HALVES.some((half) => contains(bytes, from + 15, Math.min(to, from + 32), half));

/** `SEVERE: message` */
export const isLevelLine = (bytes: Uint8Array, from: number, to: number): boolean => {
  let end = from;
  while (end < to && isUpper(bytes[end])) end++;
  return bytes[end] === COLON && severityOfWord(bytes, from, end) >= 0;
};

const HEX = ascii("0x");

/** `rax    0x7f00`: the registers below a crash of Go. */
export const isRegister = (bytes: Uint8Array, from: number, to: number): boolean => {
  let at = from;
  while (at < to && isWord(bytes[at]!)) at++;
  const value = afterIndent(bytes, at, to);
  return at > from && value > at && startsWith(bytes, value, to, HEX);
};

/** `#0 `, `#12 `: frames of PHP and Dart. */
export const isNumberedFrame = (bytes: Uint8Array, from: number, to: number): boolean => {
  const end = afterDigits(bytes, from + 1, to);
  return end > from + 1 && (bytes[end] === SPACE || end === to);
};

const GOROUTINE = ascii("goroutine ");

/** `goroutine 17 [running]:` */
export const isGoroutine = (bytes: Uint8Array, from: number, to: number): boolean => {
  if (!startsWith(bytes, from, to, GOROUTINE)) return false;
  const end = afterDigits(bytes, from + GOROUTINE.length, to);
  return end > from + GOROUTINE.length && bytes[end] === SPACE && bytes[end + 1] === OPENING_BRACKET;
};

/** `/app/index.js:3`: the place of a source line that Node shows below it. */
export const isSourcePlace = (bytes: Uint8Array, from: number, to: number): boolean => {
  let digits = to;
  while (digits > from && isDigit(bytes[digits - 1])) digits--;
  if (digits === to || bytes[digits - 1] !== COLON) return false;
  for (let at = from; at < digits; at++) if (bytes[at] === SPACE) return false;
  return true;
};

/** `   ^^^^` below a source line. */
export const isCaretLine = (bytes: Uint8Array, from: number, to: number): boolean => {
  for (let at = from; at < to; at++) if (bytes[at] !== 94 && bytes[at] !== 126 && bytes[at] !== SPACE) return false;
  return to > from;
};

const TROUBLE = ["error", "exception", "fail", "fatal", "panic", "crit", "severe", "warn", "alert", "emerg", "trace"].map(ascii);
const TROUBLE_INITIALS = Array.from({ length: 256 }, (_, byte) => TROUBLE.some(([initial]) => initial === (byte | 0x20)));
const TROUBLE_SEARCH_BYTES = 512;

/** Whether a line speaks of something going wrong, so that a stack trace below it is its own. */
export const mentionsTrouble = (bytes: Uint8Array, from: number, to: number): boolean => {
  const end = Math.min(to, from + TROUBLE_SEARCH_BYTES);
  for (let at = from; at < end; at++) if (TROUBLE_INITIALS[bytes[at]!] && TROUBLE.some((word) => matchesLower(bytes, at, end, word))) return true;
  return false;
};

const matchesLower = (bytes: Uint8Array, from: number, to: number, lower: Uint8Array): boolean => {
  if (to - from < lower.length) return false;
  for (let index = 0; index < lower.length; index++) if ((bytes[from + index]! | 0x20) !== lower[index]) return false;
  return true;
};

const DATE_WORDS = new Set(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].map((word) => packed(ascii(word), 0)));

function packed(bytes: Uint8Array, from: number): number {
  return (bytes[from]! << 16) | (bytes[from + 1]! << 8) | bytes[from + 2]!;
}

/** The commonest beginnings of log lines, told by a byte or four: a digit, `{`, `[2026`, `<13>`, `Nov 22`. */
export const isPlainLogStart = (bytes: Uint8Array, from: number): boolean => {
  const first = bytes[from]!;
  if (isDigit(first) || first === OPENING_BRACE) return true;
  if (first === OPENING_BRACKET || first === LESS) return isDigit(bytes[from + 1]);
  return isUpper(first) && bytes[from + 3] === SPACE && DATE_WORDS.has(packed(bytes, from));
};

/** A line that begins like a log line does: with a time, a level, a bracket, `key=`. */
export const isLogStart = (bytes: Uint8Array, from: number, to: number): boolean => {
  const first = bytes[from]!;
  if (isDigit(first) || first === OPENING_BRACE || first === OPENING_BRACKET || first === LESS) return true;
  if (!isLetter(first)) return false;
  let end = from;
  while (end < to && isLetter(bytes[end]!)) end++;
  const after = end < to ? bytes[end]! : SPACE;
  if (after === EQUALS) return true;
  // Ruby's `E, [2026-...`, glog's `E0305 ...`.
  if (end - from === 1) return (after === COMMA && bytes[from + 3] === OPENING_BRACKET) || (isDigit(after) && isDigit(bytes[from + 2]) && isDigit(bytes[from + 4]));
  if (end - from === 3 && (after === SPACE || after === COMMA) && DATE_WORDS.has(packed(bytes, from))) return true;
  return (after === COLON || isUpper(bytes[from + 1])) && severityOfWord(bytes, from, end) >= 0;
};

/** A level or a date in words, with a capital: begins a record even behind a single blank. */
export const isWordyLogStart = (bytes: Uint8Array, from: number, to: number): boolean => isUpper(bytes[from]) && isLogStart(bytes, from, to);
