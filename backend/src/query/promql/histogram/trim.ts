/** What is left of a histogram without its observations above or below a value. */

import { bucketsOf, negativeBuckets, positiveBuckets, usesCustomBuckets, type Bucket, type Buckets, type FloatHistogram } from "./float-histogram.ts";
import { shareBelow } from "./quantile.ts";

/** `</`: observations up to `value` are kept. */
export const trimAbove = (histogram: FloatHistogram, value: number): FloatHistogram => trim(histogram, value, "below");
/** `>/`: observations from `value` on are kept. */
export const trimBelow = (histogram: FloatHistogram, value: number): FloatHistogram => trim(histogram, value, "above");

type Side = "below" | "above";

interface Kept {
  readonly count: number;
  /** Estimated sum of what was kept. */
  readonly sum: number;
}

const trim = (histogram: FloatHistogram, value: number, side: Side): FloatHistogram => {
  if (Number.isNaN(value)) return { ...histogram, count: Number.NaN, sum: Number.NaN };
  let [count, sum, changed] = [0, 0, false];
  const keep = (bucket: Bucket): number => {
    const kept = keptOf(histogram, bucket, value, side);
    if (kept.count !== bucket.count) changed = true;
    count += kept.count;
    sum += kept.sum;
    return kept.count;
  };
  const keepAll = (buckets: Buckets, bounds: readonly Bucket[]): Buckets => {
    const counts = new Map<number, number>();
    buckets.indexes.forEach((index, at) => {
      const left = keep(bounds[at]!);
      if (left !== 0) counts.set(index, left);
    });
    return bucketsOf(counts);
  };
  const { zeroThreshold, zeroCount } = histogram;
  const zero = zeroSide(histogram, { lower: -zeroThreshold, upper: zeroThreshold, count: zeroCount, lowerInclusive: true, upperInclusive: true });
  const zeroLeft = zeroCount === 0 ? 0 : keep(zero);
  const positive = keepAll(histogram.positive, positiveBuckets(histogram));
  const negative = keepAll(histogram.negative, negativeBuckets(histogram));
  if (!changed) return histogram;
  return { ...histogram, zeroCount: zeroLeft, positive, negative, count, sum };
};

const zeroSide = (histogram: FloatHistogram, bucket: Bucket): Bucket => {
  if (histogram.positive.indexes.length > 0 && histogram.negative.indexes.length === 0) return { ...bucket, lower: 0 };
  return histogram.negative.indexes.length > 0 && histogram.positive.indexes.length === 0 ? { ...bucket, upper: 0 } : bucket;
};

const middleOf = (lower: number, upper: number, isLinear: boolean): number => {
  if (lower === Number.NEGATIVE_INFINITY) return upper;
  if (upper === Number.POSITIVE_INFINITY) return lower;
  if (isLinear) return (lower + upper) / 2;
  return Math.sign(lower) * Math.sqrt(lower * upper);
};

const keptOf = (histogram: FloatHistogram, given: Bucket, value: number, side: Side): Kept => {
  const isBelow = side === "below";
  // Nothing is known of how values lie in a bucket without a lower end: they may all be below, unless it has no upper end either.
  const isEndless = given.upper === Number.POSITIVE_INFINITY;
  if (given.lower === Number.NEGATIVE_INFINITY && (given.upper <= 0 || isEndless) && given.upper > value && value !== Number.NEGATIVE_INFINITY)
    return isBelow && !isEndless ? { count: given.count, sum: given.count * value } : { count: 0, sum: 0 };
  const bucket = given.lower === Number.NEGATIVE_INFINITY && given.upper > 0 ? { ...given, lower: 0 } : given;
  const { lower, upper, count } = bucket;
  const isLinear = usesCustomBuckets(histogram) || (lower <= 0 && upper >= 0);
  const middle = (from: number, to: number): number => middleOf(from, to, isLinear);
  if (upper <= value) return isBelow ? { count, sum: count * middle(lower, upper) } : { count: 0, sum: 0 };
  if (lower >= value) return isBelow ? { count: 0, sum: 0 } : { count, sum: count * middle(lower, upper) };
  const below = shareBelow(histogram, bucket, value);
  const left = count * (isBelow ? below : 1 - below);
  return { count: left, sum: left * (isBelow ? middle(lower, value) : middle(value, upper)) };
};

