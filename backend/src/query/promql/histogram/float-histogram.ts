/**
 * Native histograms of Prometheus: exponential buckets (schema -4 to 8: base 2^(2^-schema)) or custom
 * upper bounds (schema -53). Counts are floats, as rates have them. Values are never changed once made.
 * Source: prometheus.io/docs/specs/native_histograms
 */

export const CUSTOM_SCHEMA = -53;

export type ResetHint = "unknown" | "reset" | "not_reset" | "gauge";

/** Sparse: indexes ascend, and counts stand beside them. */
export interface Buckets {
  readonly indexes: readonly number[];
  readonly counts: readonly number[];
}

export interface FloatHistogram {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  /** Bucket i holds (base^(i-1), base^i], or (bound i-1, bound i] of `customValues`, the last one above all. */
  readonly positive: Buckets;
  readonly negative: Buckets;
  /** Upper bounds, ascending, without +Inf; only with CUSTOM_SCHEMA. */
  readonly customValues: readonly number[];
  readonly hint: ResetHint;
}

/** One bucket with its bounds. */
export interface Bucket {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
  readonly lowerInclusive: boolean;
  readonly upperInclusive: boolean;
}

export const NO_BUCKETS: Buckets = { indexes: [], counts: [] };
export const EMPTY_HISTOGRAM: FloatHistogram = { schema: 0, zeroThreshold: 0, zeroCount: 0, count: 0, sum: 0, positive: NO_BUCKETS, negative: NO_BUCKETS, customValues: [], hint: "unknown" };

export const usesCustomBuckets = ({ schema }: FloatHistogram): boolean => schema === CUSTOM_SCHEMA;

/** Upper bound of an exponential bucket. */
export const boundOf = (index: number, schema: number): number => {
  if (schema <= 0) return 2 ** (index * 2 ** -schema);
  const steps = 2 ** schema;
  const whole = Math.floor(index / steps);
  return 2 ** ((index - whole * steps) / steps) * 2 ** whole;
};

const bucketAt = (histogram: FloatHistogram, index: number, count: number, isNegative: boolean): Bucket => {
  const { schema, customValues } = histogram;
  if (schema === CUSTOM_SCHEMA) {
    const lower = index === 0 ? Number.NEGATIVE_INFINITY : customValues[index - 1]!;
    const upper = index >= customValues.length ? Number.POSITIVE_INFINITY : customValues[index]!;
    return { lower, upper, count, lowerInclusive: index === 0, upperInclusive: true };
  }
  const [small, large] = [boundOf(index - 1, schema), boundOf(index, schema)];
  return isNegative ? { lower: -large, upper: -small, count, lowerInclusive: true, upperInclusive: false } : { lower: small, upper: large, count, lowerInclusive: false, upperInclusive: true };
};

export const positiveBuckets = (histogram: FloatHistogram): Bucket[] => histogram.positive.indexes.map((index, at) => bucketAt(histogram, index, histogram.positive.counts[at]!, false));
/** From the smallest absolute value on. */
export const negativeBuckets = (histogram: FloatHistogram): Bucket[] => histogram.negative.indexes.map((index, at) => bucketAt(histogram, index, histogram.negative.counts[at]!, true));

/** Those that hold something, in the order of their values, the zero bucket included. */
export const allBuckets = (histogram: FloatHistogram): Bucket[] => {
  const { zeroCount, zeroThreshold } = histogram;
  const zero: Bucket[] = zeroCount === 0 ? [] : [{ lower: -zeroThreshold, upper: zeroThreshold, count: zeroCount, lowerInclusive: true, upperInclusive: true }];
  return [...negativeBuckets(histogram).reverse(), ...zero, ...positiveBuckets(histogram)].filter(({ count }) => count !== 0);
};

/** Without empty buckets. */
export const compact = (buckets: Buckets): Buckets => {
  if (!buckets.counts.includes(0)) return buckets;
  const kept = buckets.indexes.map((index, at) => [index, buckets.counts[at]!] as const).filter(([, count]) => count !== 0);
  return { indexes: kept.map(([index]) => index), counts: kept.map(([, count]) => count) };
};

/** Of a map from index to count. */
export const bucketsOf = (counts: ReadonlyMap<number, number>): Buckets => {
  const indexes = [...counts.keys()].sort((one, other) => one - other);
  return { indexes, counts: indexes.map((index) => counts.get(index)!) };
};

export const mapOf = ({ indexes, counts }: Buckets): Map<number, number> => new Map(indexes.map((index, at) => [index, counts[at]!]));

/** In a coarser schema: neighbours fall together. */
const coarsen = (buckets: Buckets, from: number, to: number): Buckets => {
  const factor = 2 ** (from - to);
  const counts = new Map<number, number>();
  buckets.indexes.forEach((index, at) => {
    const target = Math.ceil(index / factor);
    counts.set(target, (counts.get(target) ?? 0) + buckets.counts[at]!);
  });
  return bucketsOf(counts);
};

export const toSchema = (histogram: FloatHistogram, schema: number): FloatHistogram =>
  histogram.schema === schema ? histogram : { ...histogram, schema, positive: coarsen(histogram.positive, histogram.schema, schema), negative: coarsen(histogram.negative, histogram.schema, schema) };

const scaled = ({ indexes, counts }: Buckets, change: (count: number) => number): Buckets => ({ indexes, counts: counts.map(change) });

/** Every count and the sum times `factor`. */
export const multiply = (histogram: FloatHistogram, factor: number): FloatHistogram => ({
  ...histogram,
  zeroCount: histogram.zeroCount * factor,
  count: histogram.count * factor,
  sum: histogram.sum * factor,
  positive: scaled(histogram.positive, (count) => count * factor),
  negative: scaled(histogram.negative, (count) => count * factor),
  ...(factor < 0 && { hint: "gauge" as const }),
});

export const divide = (histogram: FloatHistogram, divisor: number): FloatHistogram => ({
  ...histogram,
  zeroCount: histogram.zeroCount / divisor,
  count: histogram.count / divisor,
  sum: histogram.sum / divisor,
  // Nothing sensible is left of buckets.
  positive: divisor === 0 ? NO_BUCKETS : scaled(histogram.positive, (count) => count / divisor),
  negative: divisor === 0 ? NO_BUCKETS : scaled(histogram.negative, (count) => count / divisor),
  ...(divisor < 0 && { hint: "gauge" as const }),
});

export const withHint = (histogram: FloatHistogram, hint: ResetHint): FloatHistogram => (histogram.hint === hint ? histogram : { ...histogram, hint });

const sameBuckets = (one: Buckets, other: Buckets): boolean => {
  const [left, right] = [compact(one), compact(other)];
  return left.indexes.length === right.indexes.length && left.indexes.every((index, at) => index === right.indexes[at] && Object.is(left.counts[at], right.counts[at]));
};

/** As `==` between two histograms: empty buckets and hints do not count. */
export const isEqual = (one: FloatHistogram, other: FloatHistogram): boolean =>
  one.schema === other.schema &&
  one.count === other.count &&
  (one.sum === other.sum || (Number.isNaN(one.sum) && Number.isNaN(other.sum))) &&
  one.zeroThreshold === other.zeroThreshold &&
  one.zeroCount === other.zeroCount &&
  one.customValues.length === other.customValues.length &&
  one.customValues.every((bound, at) => bound === other.customValues[at]) &&
  sameBuckets(one.positive, other.positive) &&
  sameBuckets(one.negative, other.negative);
