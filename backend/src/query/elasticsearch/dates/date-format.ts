/**
 * Formats of dates as requests name them: `epoch_millis`, `epoch_second`, the ISO 8601 family
 * (`strict_date_optional_time`, `date_time`, ...), and patterns of letters (`yyyy-MM-dd HH:mm`).
 * Source: elastic.co/docs/reference/elasticsearch/mapping-reference/mapping-date-format
 */

import { illegalArgument } from "../../../core/elasticsearch.ts";
import type { TimeZone } from "./time-zone.ts";

/** Fields of a date as they were written; those that are missing were not. */
export interface DateFields {
  readonly year: number;
  readonly month?: number;
  readonly day?: number;
  readonly hour?: number;
  readonly minute?: number;
  readonly second?: number;
  /** Digits behind the decimal point. */
  readonly fraction?: string;
  /** Local time less UTC, ms. */
  readonly offsetMs?: number;
}

type Part = { readonly literal: string } | { readonly letter: keyof typeof LETTERS; readonly length: number };

const LETTERS = { y: "year", u: "year", M: "month", d: "day", H: "hour", m: "minute", s: "second", S: "fraction", X: "zone", x: "zone", Z: "zone" } as const;

const ISO_NAMES = /^(?:strict_)?(?:date_optional_time(?:_nanos)?|date_time(?:_no_millis)?|date|date_hour_minute(?:_second(?:_millis|_fraction)?)?|year(?:_month(?:_day)?)?)$|^iso8601$/;
const MAX_PATTERN = 100;

/** Names that stand for patterns. */
const PATTERNS: Readonly<Record<string, string>> = { basic_date: "yyyyMMdd", basic_date_time: "yyyyMMdd'T'HHmmss.SSSX", basic_date_time_no_millis: "yyyyMMdd'T'HHmmssX", year: "yyyy", year_month: "yyyy-MM", date: "yyyy-MM-dd", strict_date: "yyyy-MM-dd", date_time_no_millis: "yyyy-MM-dd'T'HH:mm:ssX", strict_date_time_no_millis: "yyyy-MM-dd'T'HH:mm:ssX" };

export type DateFormat = "epoch_millis" | "epoch_second" | "iso" | { readonly parts: readonly Part[] };

/** Alternatives of a format, separated by `||`. Throws illegal_argument_exception. */
export const dateFormatsOf = (text: string): DateFormat[] => text.split("||").map((name) => dateFormatOf(name.trim()));

const dateFormatOf = (name: string): DateFormat => {
  if (name === "epoch_millis" || name === "epoch_second") return name;
  if (ISO_NAMES.test(name)) return "iso";
  return { parts: patternParts(Object.hasOwn(PATTERNS, name) ? PATTERNS[name]! : name) };
};

const patternParts = (pattern: string): Part[] => {
  const fail = (why: string) => illegalArgument(`Invalid format [${pattern.slice(0, MAX_PATTERN)}]: ${why}`);
  if (pattern === "" || pattern.length > MAX_PATTERN) throw fail(`it must have 1 to ${MAX_PATTERN} characters`);
  const parts: Part[] = [];
  for (const [text] of pattern.matchAll(/'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z]/g)) {
    const letter = text[0]!;
    if (letter === "'") {
      if (text.length === 1) throw fail("a quotation has no end");
      parts.push({ literal: text === "''" ? "'" : text.slice(1, -1).replaceAll("''", "'") });
    } else if (!/[A-Za-z]/.test(letter)) parts.push({ literal: text });
    else if (Object.hasOwn(LETTERS, letter)) parts.push({ letter: letter as keyof typeof LETTERS, length: text.length });
    else throw fail(`Unknown pattern letter: ${letter}; there are y M d H m s S X, and text in quotes`);
  }
  return parts;
};

const ISO = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?:T(?:(\d{2})(?::(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?)?)?\s?(Z|[+-]\d{2}(?::?\d{2})?)?$/i;

/** undefined when the text is not of this format. */
export const readDate = (text: string, format: Exclude<DateFormat, "epoch_millis" | "epoch_second">): DateFields | undefined => {
  if (format !== "iso") return readPattern(text, format.parts);
  const match = ISO.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  return fieldsOf({ year, month, day, hour, minute, second, fraction, zone });
};

const readPattern = (text: string, parts: readonly Part[]): DateFields | undefined => {
  const source = parts.map((part) => ("literal" in part ? part.literal.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&") : partRegex(part))).join("");
  const match = new RegExp(`^${source}$`).exec(text);
  if (!match) return undefined;
  const found: Record<string, string> = {};
  let group = 1;
  for (const part of parts) if ("letter" in part) found[LETTERS[part.letter]] = match[group++]!;
  return fieldsOf(found);
};

const partRegex = ({ letter, length }: Exclude<Part, { literal: string }>): string => {
  const name = LETTERS[letter];
  if (name === "zone") return "(Z|[+-]\\d{2}(?::?\\d{2})?)";
  if (name === "fraction") return `(\\d{1,${Math.min(9, length)}})`;
  if (name === "year") return "(\\d{4})";
  return length === 1 ? "(\\d{1,2})" : "(\\d{2})";
};

const fieldsOf = ({ year, zone, fraction, ...rest }: Readonly<Record<string, string | undefined>>): DateFields | undefined => {
  if (year === undefined) return undefined;
  const fields: Record<string, number | string> = { year: Number(year) };
  for (const [name, digits] of Object.entries(rest)) if (digits !== undefined) fields[name] = Number(digits);
  if (fraction !== undefined) fields["fraction"] = fraction;
  if (zone !== undefined) fields["offsetMs"] = offsetOf(zone);
  return fields as unknown as DateFields;
};

const offsetOf = (zone: string): number => {
  if (zone.toUpperCase() === "Z") return 0;
  const digits = zone.slice(1).replace(":", "");
  const ms = (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2) || 0)) * 60_000;
  return zone.startsWith("-") ? -ms : ms;
};

/** An instant as text, in a zone. */
export const formatDate = (utcMs: number, format: DateFormat, zone: TimeZone): string => {
  if (format === "epoch_millis") return String(utcMs);
  if (format === "epoch_second") return String(Math.floor(utcMs / 1_000));
  const offsetMs = zone.offsetAt(utcMs);
  const local = new Date(utcMs + offsetMs).toISOString();
  if (format === "iso") return `${local.slice(0, -1)}${offsetText(offsetMs)}`;
  const digits: Record<string, string> = { year: local.slice(0, 4), month: local.slice(5, 7), day: local.slice(8, 10), hour: local.slice(11, 13), minute: local.slice(14, 16), second: local.slice(17, 19) };
  return format.parts
    .map((part) => {
      if ("literal" in part) return part.literal;
      const name = LETTERS[part.letter];
      if (name === "zone") return offsetText(offsetMs);
      if (name === "fraction") return local.slice(20, 23).padEnd(9, "0").slice(0, part.length);
      if (name === "year") return part.length === 2 ? digits["year"]!.slice(2) : digits["year"]!;
      return part.length === 1 ? String(Number(digits[name])) : digits[name]!;
    })
    .join("");
};

const offsetText = (offsetMs: number): string => {
  if (offsetMs === 0) return "Z";
  const minutes = Math.abs(Math.round(offsetMs / 60_000));
  return `${offsetMs < 0 ? "-" : "+"}${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
};
