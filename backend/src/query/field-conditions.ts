/**
 * A field and the text that a person wrote for its value -> a typed filter. What a value may be
 * depends on the field: the languages share these rules, and only find out where the text stood.
 */

import { LEVELS, SEVERITY, type Level } from "@obs/wire";
import type { QueryField } from "./fields.ts";
import { ConditionError } from "./condition-error.ts";
import { anyOf, EVERY_ROW, negate, NO_ROW, type Bound, type IdColumn, type Interval, type LogFilter, type NumberColumn, type Pattern } from "./filter.ts";
import { compileRegex, isWhole, regexFilter } from "./regex.ts";
import { parseTime } from "./time.ts";

/** One end of a range as it was written. Quoted text is never read as a number. */
export interface TextBound extends Bound<string> {
  readonly quoted: boolean;
}

export interface ConditionContext {
  /** ms since 1970, for `now-1h`. */
  readonly nowMs: number;
  /** How a language reads times, where it is not as everywhere; undefined: it is none. */
  readonly parseTime?: (text: string, end: boolean) => bigint | undefined;
}

const LEVEL_SYNONYMS: Readonly<Record<string, Level>> = {
  ...Object.fromEntries(LEVELS.map((level) => [level.toLowerCase(), level])),
  verbose: "TRACE",
  information: "INFO",
  notice: "INFO",
  warning: "WARN",
  err: "ERROR",
  critical: "FATAL",
  crit: "FATAL",
  alert: "FATAL",
  emergency: "FATAL",
  emerg: "FATAL",
  panic: "FATAL",
};
const LOWEST = 1n;
const HIGHEST = 24n;
const ID_HEX_DIGITS: Readonly<Record<IdColumn, number>> = { trace_id: 32, span_id: 16 };
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;

/** `field:value` */
export const equalTo = (field: QueryField, text: string, context: ConditionContext): LogFilter => {
  switch (field.kind) {
    case "message":
      return text === "" ? negate({ kind: "exists", field }) : { kind: "phrase", text };
    case "column":
    case "attribute":
      return { kind: "equals", field, value: text };
    case "level":
      return text === "" ? negate(severities(LOWEST, HIGHEST)) : severities(...levelRange(text));
    case "id":
      return { kind: "id", column: field.column, hex: idHex(field.column, text) };
    case "row":
      return { kind: "row-id", id: text };
    case "number": {
      const value = columnNumber(field.column, text);
      return { kind: "number-range", column: field.column, interval: { from: closed(value), to: closed(value) } };
    }
    case "time":
      return { kind: "time-range", column: field.column, interval: { from: closed(time(text, context, false)), to: closed(time(text, context, true)) } };
  }
};

/** `field:pat*ern` */
export const matching = (field: QueryField, pattern: Pattern): LogFilter => {
  if (pattern.every((part) => part === "any")) return existing(field);
  switch (field.kind) {
    case "message":
      return { kind: "message-pattern", pattern };
    case "column":
    case "attribute":
      return { kind: "pattern", field, pattern };
    case "level":
      return levelsLike(pattern);
    case "id":
      return { kind: "id-pattern", column: field.column, pattern: pattern.map((part) => (typeof part === "string" ? part : { literal: part.literal.toLowerCase() })) };
    case "row":
      throw new ConditionError("Wildcards do not go with _id.", "Give the whole id.");
    case "number":
    case "time":
      throw new ConditionError(`Wildcards do not go with ${field.column}.`, `Use a range: ${field.column}:[a TO b].`);
  }
};

/** `field:[from TO to]`, `field:>=from` */
export const within = (field: QueryField, interval: Interval<string> & { from?: TextBound; to?: TextBound }, context: ConditionContext): LogFilter => {
  switch (field.kind) {
    case "message":
      throw new ConditionError("The message has no order.", "Look for words, phrases or wildcards in it.");
    case "column":
      return { kind: "text-range", field, interval: convert(interval, ({ value }) => value) };
    case "attribute": {
      const bounds = [interval.from, interval.to].filter((bound) => bound !== undefined);
      if (bounds.every(({ quoted, value }) => !quoted && DECIMAL.test(value)))
        return { kind: "attribute-range", keys: field.keys, interval: convert(interval, ({ value }) => finite(value)) };
      return { kind: "text-range", field, interval: convert(interval, ({ value }) => value) };
    }
    case "level":
      return levelsWithin(interval);
    case "id":
      throw new ConditionError(`${field.column} has no order.`, "Give the whole id, or use wildcards.");
    case "row":
      throw new ConditionError("_id has no order.", "Give the whole id.");
    case "number":
      return { kind: "number-range", column: field.column, interval: convert(interval, ({ value }) => columnNumber(field.column, value)) };
    case "time":
      // The end of a unit is where `<=` stops and where `>` begins.
      return { kind: "time-range", column: field.column, interval: convert(interval, ({ value, inclusive }, end) => time(value, context, end === inclusive)) };
  }
};

/** `field:/regex/` */
export const matchingRegex = (field: QueryField, regex: string): LogFilter => {
  switch (field.kind) {
    case "message":
    case "column":
    case "attribute":
    case "id":
      return regexFilter(field, regex, isWhole(field));
    case "level": {
      const test = compileRegex(regex);
      return anyOf(LEVELS.filter((level) => test.matches(level)).map((level) => severities(...levelRange(level))));
    }
    case "row":
      throw new ConditionError("Regular expressions do not go with _id.", "Give the whole id.");
    case "number":
    case "time":
      throw new ConditionError(`Regular expressions do not go with ${field.column}.`, `Use a range: ${field.column}:[a TO b].`);
  }
};

/** `_exists_:field` */
export const existing = (field: QueryField): LogFilter => (field.kind === "level" ? severities(LOWEST, HIGHEST) : field.kind === "row" ? EVERY_ROW : { kind: "exists", field });

const closed = <T>(value: T): Bound<T> => ({ value, inclusive: true });

const convert = <T, B extends Bound<string>>(interval: { from?: B; to?: B }, of: (bound: B, end: boolean) => T): Interval<T> => ({
  ...(interval.from && { from: { value: of(interval.from, false), inclusive: interval.from.inclusive } }),
  ...(interval.to && { to: { value: of(interval.to, true), inclusive: interval.to.inclusive } }),
});

const severities = (from: bigint, to: bigint): LogFilter => ({
  kind: "number-range",
  column: "severity",
  interval: { from: closed(from), to: closed(to) },
});

/** First and last severity number of a level's name, or of a number. */
const levelRange = (text: string): [bigint, bigint] => {
  if (/^\d{1,2}$/.test(text) && Number(text) <= 24) return [BigInt(text), BigInt(text)];
  const name = LEVEL_SYNONYMS[text.toLowerCase()];
  if (name === undefined || !Object.hasOwn(LEVEL_SYNONYMS, text.toLowerCase()))
    throw new ConditionError(`There is no level ${JSON.stringify(text)}.`, `Levels are ${LEVELS.join(", ")}, or a severity number 0-24.`);
  return [BigInt(SEVERITY[name]), BigInt(SEVERITY[name] + 3)];
};

const levelsWithin = ({ from, to }: Interval<string>): LogFilter => {
  const [fromFirst, fromLast] = from ? levelRange(from.value) : [LOWEST, HIGHEST];
  const [toFirst, toLast] = to ? levelRange(to.value) : [LOWEST, HIGHEST];
  const first = from?.inclusive === false ? fromLast + 1n : fromFirst;
  const last = to?.inclusive === false ? toFirst - 1n : toLast;
  return first > last ? NO_ROW : severities(first, last);
};

const levelsLike = (pattern: Pattern): LogFilter => {
  const source = pattern.map((part) => (part === "any" ? ".*" : part === "one" ? "." : part.literal.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"))).join("");
  const regex = new RegExp(`^${source}$`, "is");
  return anyOf(LEVELS.filter((level) => regex.test(level)).map((level) => severities(...levelRange(level))));
};

const idHex = (column: IdColumn, text: string): string => {
  const hex = text.toLowerCase().replaceAll("-", "");
  const digits = ID_HEX_DIGITS[column];
  if (hex !== "" && !(hex.length === digits && /^[0-9a-f]+$/.test(hex)))
    throw new ConditionError(`${JSON.stringify(text)} is no ${column}.`, `It is ${digits} hexadecimal digits; use a wildcard for a part of it.`);
  return /^0*$/.test(hex) ? "" : hex;
};

const finite = (text: string): number => {
  const value = Number(text);
  if (!Number.isFinite(value)) throw new ConditionError(`${JSON.stringify(text)} is too large a number.`, "Numbers go up to about 1.8e308.");
  return value;
};

const columnNumber = (column: NumberColumn, text: string): number | bigint => {
  if (column !== "weight" && /^-?\d{1,20}$/.test(text)) return BigInt(text);
  if (!DECIMAL.test(text)) throw new ConditionError(`${JSON.stringify(text)} is no number.`, `${column} is a number.`);
  return finite(text);
};

const time = (text: string, { nowMs, parseTime: read }: ConditionContext, end: boolean): bigint => {
  const ns = read ? read(text, end) : parseTime(text, { nowMs, end });
  if (ns === undefined) throw new ConditionError(`${JSON.stringify(text)} is no time.`, "Use ISO 8601, an epoch, now or now-1h.");
  return ns;
};
