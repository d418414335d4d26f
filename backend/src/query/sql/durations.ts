/** Spans of time as people write them: `90s`, `1h30m`, `1 hour 30 minutes`. */

import type { DurationUnit } from "./syntax.ts";

export interface Duration {
  readonly count: bigint;
  readonly unit: DurationUnit;
}

const DURATION = /^(?:\d+(?:ns|us|µs|ms|s|m|h|d|w))+$/;
const PART = /(\d+)(ns|us|µs|ms|s|m|h|d|w)/g;

const UNIT_NS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
};
const COARSE_FIRST = ["w", "d", "h", "m", "s", "ms", "us", "ns"] as const;

/** `90s`, `1h30m` in the coarsest unit that holds it whole; undefined when it is none, or over 292 years. */
export const parseDuration = (text: string): Duration | undefined => {
  if (!DURATION.test(text)) return undefined;
  return inCoarsest([...text.matchAll(PART)].reduce((sum, [, count, unit]) => sum + BigInt(count!) * UNIT_NS[unit === "µs" ? "us" : unit!]!, 0n));
};

/** In nanoseconds; undefined of months and years. */
export const durationOf = (count: bigint, unit: DurationUnit): bigint | undefined => (UNIT_NS[unit] === undefined ? undefined : count * UNIT_NS[unit]);

export const inCoarsest = (ns: bigint): Duration | undefined => {
  if (ns >= 1n << 63n || ns <= -(1n << 63n)) return undefined;
  const unit = ns === 0n ? "s" : COARSE_FIRST.find((one) => ns % (UNIT_NS[one] ?? 1n) === 0n)!;
  return { count: ns / UNIT_NS[unit]!, unit };
};

const INTERVAL_UNITS: Readonly<Record<string, DurationUnit>> = {
  ...Object.fromEntries(
    ([["ns", "nanosecond"], ["us", "microsecond"], ["ms", "millisecond"], ["s", "second"], ["m", "minute"], ["h", "hour"], ["d", "day"], ["w", "week"], ["month", "month"], ["year", "year"]] as const).flatMap(
      ([unit, name]) => [[name, unit], [`${name}s`, unit]],
    ),
  ),
  ns: "ns", us: "us", ms: "ms", msec: "ms", s: "s", sec: "s", secs: "s", m: "m", min: "m", mins: "m", h: "h", hr: "h", hrs: "h", d: "d", w: "w", mon: "month", mons: "month", y: "year", yr: "year",
}; // prettier-ignore
const INTERVAL_PART = /([+-]?\d+)\s*([A-Za-zµ]+)?\s*/y;

export const unitOf = (word: string): DurationUnit | undefined => {
  const name = word.toLowerCase();
  return Object.hasOwn(INTERVAL_UNITS, name) ? INTERVAL_UNITS[name] : undefined;
};

/** `1 hour 30 minutes`: months and years do not go together with the units that have a fixed length. */
export const intervalOf = (text: string): Duration | undefined => {
  let sum: Duration | undefined;
  INTERVAL_PART.lastIndex = 0;
  while (INTERVAL_PART.lastIndex < text.length) {
    const match = INTERVAL_PART.exec(text);
    const unit = match?.[2] === undefined ? undefined : unitOf(match[2]);
    if (!unit || match![1]!.length > 18) return undefined;
    const part = { count: BigInt(match![1]!), unit };
    sum = sum === undefined ? part : plus(sum, part);
    if (!sum) return undefined;
  }
  return sum;
};

const months = ({ count, unit }: Duration): bigint | undefined => (unit === "year" ? count * 12n : unit === "month" ? count : undefined);

const plus = (one: Duration, other: Duration): Duration | undefined => {
  const [a, b] = [durationOf(one.count, one.unit), durationOf(other.count, other.unit)];
  if (a !== undefined && b !== undefined) return inCoarsest(a + b);
  const [c, d] = [months(one), months(other)];
  return c === undefined || d === undefined ? undefined : { count: c + d, unit: "month" };
};
