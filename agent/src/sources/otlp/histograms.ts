/** Points of histograms, with bounds of their own and exponential ones, as rows of `histograms` or as series of samples. */

import { CUSTOM_BOUNDS } from "@obs/wire";
import type { ObservedExemplar, ObservedHistogram } from "../../core/contracts.ts";
import type { Message } from "./messages.ts";
import { bigIntOf, childOf, field, listOf, MalformedRequest, numberOf, toBigInt, toNumber } from "./read.ts";

const MAX_UINT64 = (1n << 64n) - 1n;
/** Of a coarser scale one bucket would hold every number that there is. */
const MIN_SCALE = -11;

const areCounts = (counts: readonly bigint[]): boolean => counts.every((one) => one >= 0n && one <= MAX_UINT64);
const OUT_OF_RANGE = "a count is out of range";

export interface ExplicitHistogram {
  readonly count: bigint;
  /** NaN: not told. */
  readonly sum: number;
  readonly bounds: readonly number[];
  /** Of each bucket by itself, one more than bounds; none where only the count is told. */
  readonly counts: readonly bigint[];
}

const optional = (point: Message, name: string): number => (field(point, name) === undefined ? Number.NaN : numberOf(point, name));

/** The point, or why it cannot be taken. */
export const readExplicit = (point: Message): ExplicitHistogram | string => {
  const counts = listOf(point, "bucketCounts").map(toBigInt);
  const bounds = listOf(point, "explicitBounds").map(toNumber);
  const count = bigIntOf(point, "count");
  if (!areCounts([count, ...counts])) return OUT_OF_RANGE;
  if (counts.length > 0 && counts.length !== bounds.length + 1) return "there must be one more count than bounds";
  if (bounds.some((bound, index) => !(Number.isFinite(bound) && (index === 0 || bound > bounds[index - 1]!)))) return "bounds must grow";
  return { count, sum: optional(point, "sum"), bounds: counts.length > 0 ? bounds : [], counts };
};

/** Which bucket holds a value. */
export const bucketOf = (bounds: readonly number[], value: number): number => {
  const found = bounds.findIndex((bound) => value <= bound);
  return found < 0 ? bounds.length : found;
};

/** Exemplars by the bucket in which their values are. */
export const byBucket = (bounds: readonly number[], exemplars: readonly ObservedExemplar[]): ReadonlyMap<number, ObservedExemplar[]> => Map.groupBy(exemplars, ({ value }) => bucketOf(bounds, value));

/** As a native histogram with custom buckets. */
export const explicitPoint = ({ count, sum, bounds, counts }: ExplicitHistogram, point: Message, temporality: number, start: number): ObservedHistogram["point"] => ({
  start, temporality, count, sum, min: optional(point, "min"), max: optional(point, "max"), scale: CUSTOM_BOUNDS, zeroCount: 0n, zeroThreshold: 0,
  positiveOffset: 0, positiveCounts: counts.length > 0 ? counts : [count], negativeOffset: 0, negativeCounts: [], bounds,
}); // prettier-ignore

/** The point, or why it cannot be taken. */
export const exponentialPoint = (point: Message, temporality: number, start: number): ObservedHistogram["point"] | string => {
  const buckets = (name: string) => {
    const message = childOf(point, name) ?? {};
    return { offset: int32(numberOf(message, "offset")), counts: listOf(message, "bucketCounts").map(toBigInt) };
  };
  const positive = buckets("positive");
  const negative = buckets("negative");
  const count = bigIntOf(point, "count");
  const zeroCount = bigIntOf(point, "zeroCount");
  const scale = int32(numberOf(point, "scale"));
  if (!areCounts([count, zeroCount, ...positive.counts, ...negative.counts])) return OUT_OF_RANGE;
  if (scale < MIN_SCALE) return `the scale is below ${MIN_SCALE}`;
  return {
    start, temporality, count, sum: optional(point, "sum"), min: optional(point, "min"), max: optional(point, "max"), scale,
    zeroCount, zeroThreshold: numberOf(point, "zeroThreshold"),
    positiveOffset: positive.offset, positiveCounts: positive.counts, negativeOffset: negative.offset, negativeCounts: negative.counts, bounds: [],
  }; // prettier-ignore
};

const int32 = (value: number): number => {
  if (value === (value | 0)) return value;
  throw new MalformedRequest(`${value} is no whole number of 32 bits`);
};
