/**
 * The meaning of a filter, written down a second time: slowly, row by row, without indexes and
 * regular expressions. What the store answers is compared with it.
 */

import type { LogRecord } from "@obs/wire";
import { RE2JS } from "re2js";
import type { Bound, Field, Interval, LogFilter, Pattern, SearchedField, TextField } from "../src/query/filter.ts";

export const matches = (filter: LogFilter, row: LogRecord, receivedNs = 0n): boolean => {
  switch (filter.kind) {
    case "and":
      return filter.items.every((item) => matches(item, row, receivedNs));
    case "or":
      return filter.items.some((item) => matches(item, row, receivedNs));
    case "not":
      return !matches(filter.item, row, receivedNs);
    case "phrase":
      return holdsPhrase(lower(row.message), lower(filter.text));
    case "message-pattern":
      return holdsPattern([...lower(row.message)], filter.pattern);
    case "contains":
      return textsOf(filter.field, row).some((text) => (filter.ignoreCase ? lower(text).includes(lower(filter.text)) : text.includes(filter.text)));
    case "regex": {
      const regex = RE2JS.compile(filter.regex);
      return textsOf(filter.field, row).some((text) => (filter.whole ? regex.matches(text) : regex.matcher(text).find()));
    }
    case "equals":
      return valuesOf(filter.field, row).includes(filter.value);
    case "pattern":
      return valuesOf(filter.field, row).some((value) => isPattern([...value], filter.pattern));
    case "text-range":
      return valuesOf(filter.field, row).some((value) => inside(value, filter.interval, compareBytes));
    case "attribute-range":
      return valuesOf({ kind: "attribute", keys: filter.keys }, row).some((value) => isDecimal(value) && inside(Number(value), filter.interval, compare));
    case "number-range": {
      if (filter.column === "weight") return inside(Math.fround(row.weight), mapInterval(filter.interval, (v) => Math.fround(Number(v))), compare);
      return inside<number | bigint>(filter.column === "severity" ? BigInt(row.severity) : row.pattern, filter.interval, compare);
    }
    case "time-range":
      return inside({ timestamp: row.timestamp, observed: row.observed, received: receivedNs }[filter.column], filter.interval, compare);
    case "id":
      return (filter.column === "trace_id" ? row.traceId : row.spanId) === filter.hex;
    case "row-id":
      return row.attributes["_id"] === filter.id && Object.hasOwn(row.attributes, "_id");
    case "id-pattern": {
      const hex = filter.column === "trace_id" ? row.traceId : row.spanId;
      return hex !== "" && isPattern([...hex], filter.pattern);
    }
    case "exists":
      return has(filter.field, row);
  }
};

const has = (field: Field, row: LogRecord): boolean => {
  switch (field.kind) {
    case "message":
      return row.message !== "";
    case "attribute":
      return valuesOf(field, row).length > 0;
    case "column":
      return row[field.column] !== "";
    case "id":
      return (field.column === "trace_id" ? row.traceId : row.spanId) !== "";
    case "number":
      return Number(row[field.column]) !== 0;
    case "time":
      return true;
  }
};

const valuesOf = (field: TextField, row: LogRecord): string[] =>
  field.kind === "column" ? [row[field.column]] : field.keys.filter((key) => Object.hasOwn(row.attributes, key)).map((key) => row.attributes[key]!);

const textsOf = (field: SearchedField, row: LogRecord): string[] => {
  if (field.kind === "message") return [row.message];
  return field.kind === "id" ? [field.column === "trace_id" ? row.traceId : row.spanId] : valuesOf(field, row);
};

const lower = (text: string): string => [...text].map((c) => (c >= "A" && c <= "Z" ? c.toLowerCase() : c)).join("");

const inWord = (c: string | undefined): boolean => c !== undefined && ((c >= "0" && c <= "9") || (c >= "a" && c <= "z") || (c >= "A" && c <= "Z") || c.codePointAt(0)! >= 0x80);

const holdsPhrase = (message: string, text: string): boolean => {
  const rows = [...message];
  const wanted = [...text];
  for (let at = 0; at + wanted.length <= rows.length; at++) {
    if (!wanted.every((c, i) => rows[at + i] === c)) continue;
    const startsFree = !inWord(wanted[0]) || !inWord(rows[at - 1]);
    const endsFree = !inWord(wanted.at(-1)) || !inWord(rows[at + wanted.length]);
    if (startsFree && endsFree) return true;
  }
  return false;
};

const isSpace = (c: string): boolean => "\t\n\f\r ".includes(c);

/** Some stretch of the message is the pattern; a wildcard takes no white space. */
const holdsPattern = (message: readonly string[], pattern: Pattern): boolean => {
  const [first, last] = [pattern[0]!, pattern.at(-1)!];
  const boundBefore = first === "one" || (first !== "any" && inWord([...first.literal][0]));
  const boundAfter = last === "one" || (last !== "any" && inWord([...last.literal].at(-1)));
  const ends = (at: number): boolean => !boundAfter || !inWord(message[at]);
  const from = (at: number, part: number): boolean => {
    const wanted = pattern[part];
    if (wanted === undefined) return ends(at);
    if (wanted === "one") return at < message.length && !isSpace(message[at]!) && from(at + 1, part + 1);
    if (wanted === "any") return from(at, part + 1) || (at < message.length && !isSpace(message[at]!) && from(at + 1, part));
    const literal = [...lower(wanted.literal)];
    return literal.every((c, i) => message[at + i] === c) && from(at + literal.length, part + 1);
  };
  for (let at = 0; at <= message.length; at++) if ((!boundBefore || !inWord(message[at - 1])) && from(at, 0)) return true;
  return false;
};

/** The whole text is the pattern. */
const isPattern = (text: readonly string[], pattern: Pattern, at = 0, part = 0): boolean => {
  const wanted = pattern[part];
  if (wanted === undefined) return at === text.length;
  if (wanted === "one") return at < text.length && isPattern(text, pattern, at + 1, part + 1);
  if (wanted === "any") return isPattern(text, pattern, at, part + 1) || (at < text.length && isPattern(text, pattern, at + 1, part));
  const literal = [...wanted.literal];
  return literal.every((c, i) => text[at + i] === c) && isPattern(text, pattern, at + literal.length, part + 1);
};

const isDecimal = (text: string): boolean => /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) && Number.isFinite(Number(text));

const compare = <T extends number | bigint>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);
const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

const inside = <T>(value: T, { from, to }: Interval<T>, order: (a: T, b: T) => number): boolean => {
  if (from && (order(value, from.value) < 0 || (!from.inclusive && order(value, from.value) === 0))) return false;
  return !(to && (order(value, to.value) > 0 || (!to.inclusive && order(value, to.value) === 0)));
};

const mapInterval = <T, U>({ from, to }: Interval<T>, map: (value: T) => U): Interval<U> => {
  const bound = (end: Bound<T>): Bound<U> => ({ value: map(end.value), inclusive: end.inclusive });
  return { ...(from && { from: bound(from) }), ...(to && { to: bound(to) }) };
};
