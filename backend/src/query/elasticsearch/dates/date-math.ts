/**
 * Dates in requests: an instant as a number, a date in one of the formats, `now-1h/d`, or
 * `2026-01-01||+1M/d`. What is left out of a date, and what `/d` rounds off, is the first of it or,
 * where `end` says so, the last nanosecond.
 * Source: elastic.co/docs/reference/elasticsearch/rest-apis/common-options (date math)
 */

import { ElasticsearchError } from "../../../core/elasticsearch.ts";
import { shift, startOf, type TimeUnit } from "../../calendar.ts";
import { EARLIEST_NS, LATEST_NS } from "../../time.ts";
import { readDate, type DateFields, type DateFormat } from "./date-format.ts";
import type { TimeZone } from "./time-zone.ts";

export interface DateContext {
  /** ms since 1970. */
  readonly nowMs: number;
  readonly formats: readonly DateFormat[];
  readonly zone: TimeZone;
  /** The date ends a range: roundings go to the end of the unit. */
  readonly end: boolean;
}

/** What a date field takes when a request names no format. */
export const DEFAULT_FORMATS: readonly DateFormat[] = ["iso", "epoch_millis"];

const NS_PER_MS = 1_000_000n;
const MATH = /^(?:[+-]\d{0,9}[yMwdhHms]|\/[yMwdhHms])*$/;
const STEP = /([+-/])(\d*)([yMwdhHms])/g;

export const dateError = (reason: string): ElasticsearchError => new ElasticsearchError(400, "parse_exception", reason);

/** ns since 1970. Throws parse_exception. */
export const readDateMath = (value: string | number | bigint, context: DateContext): bigint => {
  const ns = typeof value === "string" ? fromText(value.trim(), context) : fromNumber(value, context);
  if (ns === undefined || ns < EARLIEST_NS || ns > LATEST_NS) throw dateError(`failed to parse date field [${String(value).slice(0, 100)}]: it is no date of the format, or out of the years 1900 to 2262`);
  return ns;
};

const fromNumber = (value: number | bigint, { formats, end }: DateContext): bigint | undefined => {
  const seconds = formats.includes("epoch_second") && !formats.includes("epoch_millis");
  const ms = seconds ? Number(value) * 1_000 : Number(value);
  if (!Number.isFinite(ms) || Math.abs(ms) > 1e16) return undefined;
  // Instants have ms here, rows have ns: the end of this ms is where `<=` stops.
  return BigInt(Math.floor(ms)) * NS_PER_MS + (end ? NS_PER_MS - 1n : 0n);
};

const fromText = (text: string, context: DateContext): bigint | undefined => {
  const separator = text.startsWith("now") ? 3 : text.indexOf("||");
  if (separator < 0) return fromDate(text, context);
  const math = text.startsWith("now") ? text.slice(3) : text.slice(separator + 2);
  if (!MATH.test(math)) throw dateError(`failed to parse date math [${text.slice(0, 100)}]: it is +1h, -1d, /d and so on, with the units y M w d h m s`);
  const start = text.startsWith("now") ? BigInt(context.nowMs) * NS_PER_MS : fromDate(text.slice(0, separator), { ...context, end: false });
  if (start === undefined || math === "") return start;
  return calculate(Number(start / NS_PER_MS), math, context);
};

const calculate = (fromMs: number, math: string, { zone, end }: DateContext): bigint | undefined => {
  let utcMs = fromMs;
  let isRounded = false;
  for (const [, operator, count, letter] of math.matchAll(STEP) as Iterable<[string, string, string, string]>) {
    const unit = (letter === "H" ? "h" : letter) as TimeUnit;
    isRounded = operator === "/";
    if (isRounded) {
      const floor = startOf(utcMs + zone.offsetAt(utcMs), unit);
      utcMs = end ? zone.toUtc(shift(floor, 1, unit)) - 1 : zone.toUtc(floor);
    } else {
      const by = (operator === "-" ? -1 : 1) * (count === "" ? 1 : Number(count));
      utcMs = zone.toUtc(shift(utcMs + zone.offsetAt(utcMs), by, unit));
    }
    if (!(Math.abs(utcMs) < 1e15)) return undefined;
  }
  return BigInt(Math.trunc(utcMs)) * NS_PER_MS + (isRounded && end ? NS_PER_MS - 1n : 0n);
};

const fromDate = (text: string, context: DateContext): bigint | undefined => {
  for (const format of context.formats) {
    const ns = format === "epoch_millis" || format === "epoch_second" ? fromEpoch(text, format, context) : fromFields(readDate(text, format), context);
    if (ns !== undefined) return ns;
  }
  return undefined;
};

const fromEpoch = (text: string, format: DateFormat, context: DateContext): bigint | undefined =>
  /^-?\d{1,16}(?:\.\d+)?$/.test(text) ? fromNumber(Number(text), { ...context, formats: [format] }) : undefined;

/** undefined for a date that no calendar has. */
const fromFields = (fields: DateFields | undefined, { zone, end }: DateContext): bigint | undefined => {
  if (!fields) return undefined;
  const { year, month, day, hour, minute, second, fraction, offsetMs } = fields;
  const lastDay = (): number => new Date(Date.UTC(year, month ?? (end ? 12 : 1), 0)).getUTCDate();
  const at = { month: month ?? (end ? 12 : 1), day: day ?? (end ? lastDay() : 1), hour: hour ?? (end ? 23 : 0), minute: minute ?? (end ? 59 : 0), second: second ?? (end ? 59 : 0) };
  const midnight = Date.UTC(year, at.month - 1, at.day);
  const real = new Date(midnight);
  const isReal = real.getUTCFullYear() === year && real.getUTCMonth() === at.month - 1 && real.getUTCDate() === at.day && at.hour < 24 && at.minute < 60 && at.second < 60;
  if (!isReal) return undefined;
  const localMs = midnight + ((at.hour * 60 + at.minute) * 60 + at.second) * 1_000;
  const utcMs = offsetMs === undefined ? zone.toUtc(localMs) : localMs - offsetMs;
  return BigInt(utcMs) * NS_PER_MS + BigInt((fraction ?? "").padEnd(9, end ? "9" : "0"));
};
