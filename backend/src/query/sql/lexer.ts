/** The words of a statement and where they stand. */

import { parseDuration } from "./durations.ts";
import { sqlError, type Span } from "./errors.ts";
import type { DurationUnit } from "./syntax.ts";

export type Token = { readonly at: Span } & (
  | { readonly kind: "word"; readonly text: string; readonly quoted: boolean }
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "duration"; readonly count: bigint; readonly unit: DurationUnit }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "symbol"; readonly text: string }
  | { readonly kind: "end" }
);

/** Bounds on what one statement may cost to parse. */
export const MAX_SQL_LENGTH = 32_768;
export const MAX_TOKENS = 8_192;

const SPACE = /[ \t\r\n\f\v]+/y;
const COMMENT = /--[^\n]*|\/\*(?:[^*]|\*(?!\/))*\*\//y;
/** ASCII only: letters that look like others name nothing. Others go in quotes. */
const WORD = /[A-Za-z_@][A-Za-z0-9_$]*/y;
const DURATION = /(?:\d+(?:ns|us|µs|ms|s|m|h|d|w))+(?![A-Za-z0-9_.])/y;
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![A-Za-z0-9_.])/y;
const SYMBOL = /->|::|<=|>=|<>|!=|==|\|\||!~\*|!~|~\*|[-+*/%=<>(),;.[\]~]/y;
const take = (pattern: RegExp, text: string, offset: number): string | undefined => {
  pattern.lastIndex = offset;
  return pattern.exec(text)?.[0];
};

/** Throws ApiError(invalid_query). The last token is the end. */
export const tokenize = (text: string): Token[] => {
  if (text.length > MAX_SQL_LENGTH) throw sqlError("The statement is too long", { start: MAX_SQL_LENGTH, end: text.length }, `It may have ${MAX_SQL_LENGTH} characters.`);
  const tokens: Token[] = [];
  let offset = 0;
  while (offset < text.length) {
    const blank = take(SPACE, text, offset) ?? take(COMMENT, text, offset);
    if (blank !== undefined) {
      offset += blank.length;
      continue;
    }
    const token = read(text, offset);
    tokens.push(token);
    if (tokens.length > MAX_TOKENS) throw sqlError("The statement has too many words", token.at, `It may have ${MAX_TOKENS}.`);
    offset = token.at.end;
  }
  tokens.push({ kind: "end", at: { start: text.length, end: text.length } });
  return tokens;
};

const read = (text: string, start: number): Token => {
  const here = text.charAt(start);
  if (here === "'") {
    const { value, end } = quotedText(text, start, "'");
    return { kind: "string", value, at: { start, end } };
  }
  if (here === '"' || here === "`") {
    const { value, end } = quotedText(text, start, here);
    if (value === "") throw sqlError("A name cannot be empty", { start, end });
    return { kind: "word", text: value, quoted: true, at: { start, end } };
  }
  const word = take(WORD, text, start);
  if (word !== undefined) return { kind: "word", text: word, quoted: false, at: { start, end: start + word.length } };
  const duration = take(DURATION, text, start);
  if (duration !== undefined) {
    const at = { start, end: start + duration.length };
    const parsed = parseDuration(duration);
    if (!parsed) throw sqlError("This time span is too long", at, "It may have 292 years.");
    return { kind: "duration", ...parsed, at };
  }
  const number = take(NUMBER, text, start);
  if (number !== undefined) return { kind: "number", text: number, at: { start, end: start + number.length } };
  if (text.startsWith("/*", start)) throw sqlError("This comment is not closed", { start, end: start + 2 }, "Close it with */.");
  const symbol = take(SYMBOL, text, start);
  if (symbol !== undefined) return { kind: "symbol", text: symbol, at: { start, end: start + symbol.length } };
  return unreadable(text, start);
};

const unreadable = (text: string, start: number): never => {
  const character = String.fromCodePoint(text.codePointAt(start)!);
  const at = { start, end: start + character.length };
  if (/\d/.test(character)) throw sqlError("This is no number", at, "Numbers are 1, 1.5 or 1e3; time spans are 30s, 5m, 1h, 7d.");
  if (character === "{" || character === "?" || character === "$" || character === ":") throw sqlError("There are no parameters", at, "Write the value itself.");
  throw sqlError(`${JSON.stringify(character)} has no meaning here`, at, "Text goes in 'single quotes', names with other characters in \"double quotes\".");
};

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "0": "\0", b: "\b", f: "\f" };

/** Doubled quotes and backslashes stand for characters, as in ClickHouse. */
const quotedText = (text: string, start: number, quote: string): { value: string; end: number } => {
  let value = "";
  for (let i = start + 1; i < text.length; i++) {
    const here = text.charAt(i);
    if (here === "\\" && quote === "'") {
      const next = text.charAt(++i);
      // `\%` and `\_` keep their backslash: LIKE reads it.
      value += next === "%" || next === "_" ? `\\${next}` : (Object.hasOwn(ESCAPES, next) ? ESCAPES[next]! : next);
    } else if (here !== quote) value += here;
    else if (text.charAt(i + 1) === quote) value += text.charAt(i++);
    else return { value, end: i + 1 };
  }
  throw sqlError("This quote is not closed", { start, end: start + 1 }, `Close it with ${quote}; write ${quote}${quote} for the character itself.`);
};
