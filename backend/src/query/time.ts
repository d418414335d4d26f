/**
 * Times as people write them -> ns since 1970.
 *
 * - `now`, `now-1h`, `now-7d/d`: units ms s m h d w M y; `/unit` rounds down to the start of the
 *   unit (UTC; weeks begin on Monday), or up to its last nanosecond where a range ends.
 * - ISO 8601: `2025-01-16`, `2025-01-16T03:00`, `2025-01-16 03:00:00.123456789+02:00`. Without an
 *   offset: UTC. A date alone is its whole day: its first nanosecond, or its last where a range ends.
 * - A number: epoch, told by its size: seconds below 1e11, ms below 1e14, µs below 1e17, else ns.
 */

import { shift, startOf, UNIT_MS, type TimeUnit } from "./calendar.ts";

export interface TimeContext {
  /** ms since 1970. */
  readonly nowMs: number;
  /** The time ends a range: roundings go to the end of the unit. */
  readonly end?: boolean;
}

/** What DateTime64(9) holds, less a day at either end so that rounding stays inside. */
export const EARLIEST_NS = BigInt(Date.UTC(1900, 0, 2)) * 1_000_000n;
export const LATEST_NS = BigInt(Date.UTC(2262, 3, 10)) * 1_000_000n;

const NS_PER_MS = 1_000_000n;

const DATE_MATH = /^now((?:[+-]\d{1,9}(?:ms|[smhdwMy]))*)(?:\/(ms|[smhdwMy]))?$/;
const STEP = /([+-])(\d+)(ms|[smhdwMy])/g;
const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9})\d*)?)?\s?(Z|z|[+-]\d{2}:?\d{2})?)?$/;
const EPOCH = /^-?\d{1,19}(?:\.\d+)?$/;

/** The time in ns since 1970; undefined when the text is none, or is out of the store's years. */
export const parseTime = (input: string | number, context: TimeContext): bigint | undefined => {
  const ns = typeof input === "number" ? fromNumber(input) : fromText(input.trim(), context);
  return ns !== undefined && ns >= EARLIEST_NS && ns <= LATEST_NS ? ns : undefined;
};

const fromText = (text: string, context: TimeContext): bigint | undefined => {
  if (text.startsWith("now")) return fromDateMath(text, context);
  if (EPOCH.test(text)) return fromEpochText(text);
  return fromIso(text, context.end ?? false);
};

const fromDateMath = (text: string, { nowMs, end }: TimeContext): bigint | undefined => {
  const match = DATE_MATH.exec(text);
  if (!match) return undefined;
  let ms = nowMs;
  for (const [, sign, count, unit] of match[1]!.matchAll(STEP)) ms = shift(ms, (sign === "-" ? -1 : 1) * Number(count), unit as TimeUnit);
  if (!Number.isFinite(ms)) return undefined;
  const unit = match[2] as TimeUnit | undefined;
  if (unit === undefined) return BigInt(Math.trunc(ms)) * NS_PER_MS;
  const floor = startOf(ms, unit);
  return end ? BigInt(shift(floor, 1, unit)) * NS_PER_MS - 1n : BigInt(floor) * NS_PER_MS;
};

const fromIso = (text: string, end: boolean): bigint | undefined => {
  const match = ISO.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  const midnight = Date.UTC(Number(year), Number(month) - 1, Number(day));
  // Date.UTC turns 30 February into 2 March.
  if (new Date(midnight).toISOString().slice(0, 10) !== `${year}-${month}-${day}`) return undefined;
  if (hour === undefined) return BigInt(midnight) * NS_PER_MS + (end ? BigInt(UNIT_MS.d) * NS_PER_MS - 1n : 0n);
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second ?? 0) > 60) return undefined;
  const ms = midnight + Number(hour) * UNIT_MS.h + Number(minute) * UNIT_MS.m + Number(second ?? 0) * UNIT_MS.s - zoneOffsetMs(zone);
  return BigInt(ms) * NS_PER_MS + BigInt((fraction ?? "").padEnd(9, "0"));
};

const zoneOffsetMs = (zone: string | undefined): number => {
  if (zone === undefined || zone === "Z" || zone === "z") return 0;
  const [sign, digits] = [zone[0], zone.slice(1).replace(":", "")];
  const ms = Number(digits.slice(0, 2)) * UNIT_MS.h + Number(digits.slice(2)) * UNIT_MS.m;
  return sign === "-" ? -ms : ms;
};

const nsPerUnit = (magnitude: number): bigint =>
  magnitude < 1e11 ? 1_000_000_000n : magnitude < 1e14 ? 1_000_000n : magnitude < 1e17 ? 1_000n : 1n;

const fromNumber = (input: number): bigint | undefined =>
  Number.isFinite(input) && Math.abs(input) < 1e19 ? fromEpochText(Number.isInteger(input) ? BigInt(input).toString() : String(input)) : undefined;

/** From the digits, so that no nanosecond is lost in a double. */
const fromEpochText = (text: string): bigint | undefined => {
  if (!EPOCH.test(text)) return undefined;
  const [whole, fraction = ""] = text.replace("-", "").split(".") as [string, string?];
  const unit = nsPerUnit(Number(whole));
  const ns = BigInt(whole) * unit + (BigInt(fraction.slice(0, 9).padEnd(9, "0")) * unit) / 1_000_000_000n;
  return text.startsWith("-") ? -ns : ns;
};

/** `2025-01-16T03:00:00.123456789Z`. */
export const formatNs = (ns: bigint): string => {
  const ms = ns / NS_PER_MS - (ns % NS_PER_MS < 0n ? 1n : 0n);
  const rest = ns - ms * NS_PER_MS;
  return `${new Date(Number(ms)).toISOString().slice(0, -1)}${rest.toString().padStart(6, "0")}Z`;
};
