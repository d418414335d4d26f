/** Timestamps as people post them: RFC 3339 text, or a number since 1970 in s, ms, us or ns. */

import { RefusedItem } from "./item-errors.ts";

const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:[.,](\d{1,9})\d*)?([Zz]|[+-]\d{2}:?\d{2})?$/;

/** DateTime64(9) holds 1900 to 2262; what lies outside cannot even be compared with a policy. */
const FIRST_NS = BigInt(Date.UTC(1900, 0, 1)) * 1_000_000n;
const LAST_NS = BigInt(Date.UTC(2262, 0, 1)) * 1_000_000n;

/**
 * The unit of a number by its size: seconds up to the year 5138, then ms, us and ns for every time
 * after 1973. (Smaller numbers of ms would be times of 1970, which nobody logs.)
 */
const scaleOf = (value: number): number => {
  const size = Math.abs(value);
  if (size < 1e11) return 1e9;
  if (size < 1e14) return 1e6;
  return size < 1e17 ? 1e3 : 1;
};

const fromNumber = (value: number): bigint | undefined => {
  if (!Number.isFinite(value) || Math.abs(value) > 1e19) return undefined;
  const scale = scaleOf(value);
  const whole = Math.trunc(value);
  return BigInt(whole) * BigInt(scale) + BigInt(Math.round((value - whole) * scale));
};

const fromText = (text: string): bigint | undefined => {
  const parts = RFC3339.exec(text);
  if (!parts) return undefined;
  const [, date, time, fraction = "", zone = "Z"] = parts;
  const ms = Date.parse(`${date}T${time}${zone.toUpperCase()}`);
  if (Number.isNaN(ms)) return undefined;
  return BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
};

/** ns since 1970. Text without a zone is UTC. Throws RefusedItem for what is not a time. */
export const readTimestamp = (value: unknown): bigint => {
  // Integers that a double cannot hold arrive as bigint (http/json-body.ts): nanoseconds.
  const ns = typeof value === "string" ? fromText(value) : typeof value === "number" ? fromNumber(value) : typeof value === "bigint" ? value : undefined;
  if (ns === undefined) throw new RefusedItem("invalid_item", "timestamp must be RFC 3339 text or a number since 1970 in s, ms, us or ns");
  return ns;
};

export interface TimeWindow {
  readonly oldestNs: bigint;
  readonly newestNs: bigint;
}

/** What a policy lets in, seen from one moment. */
export const timeWindow = (nowMs: number, retentionDays: number, maxFutureMs: number): TimeWindow => ({
  oldestNs: BigInt(nowMs - retentionDays * 86_400_000) * 1_000_000n,
  newestNs: BigInt(nowMs + maxFutureMs) * 1_000_000n,
});

const iso = (ns: bigint): string => (ns > FIRST_NS && ns < LAST_NS ? new Date(Number(ns / 1_000_000n)).toISOString() : `${ns} ns`);

/** Throws RefusedItem for a time outside the window. */
export const checkWindow = (ns: bigint, { oldestNs, newestNs }: TimeWindow): void => {
  if (ns < oldestNs) throw new RefusedItem("too_old", `${iso(ns)} is older than what is kept (since ${iso(oldestNs)})`);
  if (ns > newestNs) throw new RefusedItem("too_new", `${iso(ns)} is too far in the future (after ${iso(newestNs)})`);
};
