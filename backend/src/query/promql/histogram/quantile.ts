/** What native histograms tell of the values they hold. Source: prometheus.io/docs/specs/native_histograms, "PromQL". */

import { sum } from "../numbers.ts";
import { allBuckets, usesCustomBuckets, type Bucket, type FloatHistogram } from "./float-histogram.ts";

const hasOnly = (histogram: FloatHistogram, side: "positive" | "negative"): boolean => {
  const other = side === "positive" ? histogram.negative : histogram.positive;
  return histogram[side].indexes.length > 0 && other.indexes.length === 0;
};

/** The zero bucket of a histogram with one sign only reaches to zero. */
const withOneSidedZero = (histogram: FloatHistogram, bucket: Bucket): Bucket => {
  if (usesCustomBuckets(histogram) || bucket.lower >= 0 || bucket.upper <= 0) return bucket;
  if (hasOnly(histogram, "positive")) return { ...bucket, lower: 0 };
  return hasOnly(histogram, "negative") ? { ...bucket, upper: 0 } : bucket;
};

const isLinear = (histogram: FloatHistogram, { lower, upper }: Bucket): boolean => usesCustomBuckets(histogram) || (lower <= 0 && upper >= 0);

export interface Quantile {
  readonly value: number;
  /** Observations of NaN are counted, and lie in no bucket. */
  readonly nan?: "is_nan" | "skewed";
}

export const quantileOf = (q: number, histogram: FloatHistogram): Quantile => {
  if (q < 0) return { value: Number.NEGATIVE_INFINITY };
  if (q > 1) return { value: Number.POSITIVE_INFINITY };
  if (histogram.count === 0 || Number.isNaN(q)) return { value: Number.NaN };
  const hasNaN = Number.isNaN(histogram.sum);
  // From the nearer end: errors of rounding add up less.
  const isForward = hasNaN || q < 0.5;
  const buckets = allBuckets(histogram);
  if (!isForward) buckets.reverse();
  let rank = (isForward ? q : 1 - q) * histogram.count;
  let count = 0;
  let found: Bucket = { lower: 0, upper: 0, count: 0, lowerInclusive: false, upperInclusive: false };
  for (const bucket of buckets) {
    found = bucket;
    count += bucket.count;
    if (count >= rank) break;
  }
  let bucket = withOneSidedZero(histogram, found);
  if (usesCustomBuckets(histogram)) {
    if (bucket.lower === Number.NEGATIVE_INFINITY) {
      if (bucket.upper <= 0) return { value: bucket.upper };
      bucket = { ...bucket, lower: 0 };
    } else if (bucket.upper === Number.POSITIVE_INFINITY) return { value: bucket.lower };
  }
  count = Math.min(count, histogram.count);
  if (count < rank) return hasNaN ? { value: Number.NaN, nan: "is_nan" } : { value: bucket.upper };
  rank = isForward ? rank - (count - bucket.count) : count - rank;
  return { value: interpolate(histogram, bucket, rank / bucket.count), ...(hasNaN && { nan: "skewed" as const }) };
};

const interpolate = (histogram: FloatHistogram, bucket: Bucket, fraction: number): number => {
  const { lower, upper } = bucket;
  if (isLinear(histogram, bucket)) return lower + (upper - lower) * fraction;
  const [logLower, logUpper] = [Math.log2(Math.abs(lower)), Math.log2(Math.abs(upper))];
  return lower > 0 ? 2 ** (logLower + (logUpper - logLower) * fraction) : -(2 ** (logUpper + (logLower - logUpper) * (1 - fraction)));
};

/** The part of a bucket that lies below `value`, which is within it. */
export const shareBelow = (histogram: FloatHistogram, bucket: Bucket, value: number): number => {
  const { lower, upper } = bucket;
  if (isLinear(histogram, bucket)) {
    // Nothing is known of how values lie in a bucket without an end.
    if (lower === Number.NEGATIVE_INFINITY) return upper === Number.POSITIVE_INFINITY ? Number.NaN : 0;
    if (upper === Number.POSITIVE_INFINITY) return 0;
    return (value - lower) / (upper - lower);
  }
  const [logLower, logUpper, logValue] = [Math.log2(Math.abs(lower)), Math.log2(Math.abs(upper)), Math.log2(Math.abs(value))];
  return value > 0 ? (logValue - logLower) / (logUpper - logLower) : 1 - (logValue - logUpper) / (logLower - logUpper);
};

/** Share of observations between two values; NaN without any. */
export const fractionOf = (lower: number, upper: number, histogram: FloatHistogram): number => {
  if (histogram.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  if (lower >= upper) return 0;
  const below = (value: number): number => {
    let rank = 0;
    for (const each of allBuckets(histogram)) {
      let bucket = withOneSidedZero(histogram, each);
      if (usesCustomBuckets(histogram) && bucket.lower === Number.NEGATIVE_INFINITY && bucket.upper > 0) bucket = { ...bucket, lower: 0 };
      if (bucket.lower >= value) return rank;
      if (bucket.upper > value) return rank + bucket.count * shareBelow(histogram, bucket, value);
      rank += bucket.count;
    }
    return rank;
  };
  const total = Number.isNaN(histogram.sum) ? allBuckets(histogram).reduce((sum, { count }) => sum + count, 0) : histogram.count;
  return (Math.min(below(upper), total) - Math.min(below(lower), total)) / histogram.count;
};

/** Estimated from the (geometric) middles of buckets. */
export const varianceOf = (histogram: FloatHistogram): number => {
  const mean = histogram.sum / histogram.count;
  const parts = allBuckets(histogram).map(({ lower, upper, count }) => {
    let middle: number;
    if (usesCustomBuckets(histogram)) {
      if (lower === Number.NEGATIVE_INFINITY) middle = upper > 0 ? upper / 2 : upper;
      else middle = upper === Number.POSITIVE_INFINITY ? lower : (lower + upper) / 2;
    } else if (lower <= 0 && upper >= 0) middle = 0;
    else middle = Math.sqrt(upper * lower) * (upper < 0 ? -1 : 1);
    return count * (middle - mean) ** 2;
  });
  return sum(parts) / histogram.count;
};
