/**
 * Classic histograms: cumulative counts in series with a label `le`. Quantiles and fractions by linear
 * interpolation within a bucket. Source: prometheus.io/docs/prometheus/latest/querying/functions
 */

export interface ClassicBucket {
  readonly upper: number;
  count: number;
}

/** Differences this small are errors of rounding. */
const TOLERANCE = 1e-12;

export interface ClassicQuantile {
  readonly value: number;
  /** Counts that went down were put right, by more than rounding. */
  readonly wasForced: boolean;
}

const isClose = (one: number, other: number): boolean => Math.abs(one - other) <= TOLERANCE * (Math.abs(one) + Math.abs(other));

/** In the order of their bounds, those with one bound added up, and counts that never go down. undefined: no quantile can be told. */
const prepare = (buckets: readonly ClassicBucket[]): { readonly buckets: ClassicBucket[]; readonly wasForced: boolean } | undefined => {
  const sorted = buckets.toSorted((one, other) => one.upper - other.upper);
  if (sorted.at(-1)?.upper !== Number.POSITIVE_INFINITY) return undefined;
  const merged: ClassicBucket[] = [];
  for (const { upper, count } of sorted) {
    const last = merged.at(-1);
    if (last?.upper === upper) last.count += count;
    else merged.push({ upper, count });
  }
  let wasForced = false;
  for (let index = 1; index < merged.length; index++) {
    const before = merged[index - 1]!.count;
    const bucket = merged[index]!;
    if (bucket.count === before) continue;
    if (isClose(bucket.count, before)) bucket.count = before;
    else if (bucket.count < before) {
      bucket.count = before;
      wasForced = true;
    }
  }
  return { buckets: merged, wasForced };
};

export const classicQuantile = (q: number, given: readonly ClassicBucket[]): ClassicQuantile => {
  const none = { value: Number.NaN, wasForced: false };
  if (Number.isNaN(q)) return none;
  if (q < 0) return { value: Number.NEGATIVE_INFINITY, wasForced: false };
  if (q > 1) return { value: Number.POSITIVE_INFINITY, wasForced: false };
  const prepared = prepare(given);
  if (!prepared || prepared.buckets.length < 2) return none;
  const { buckets, wasForced } = prepared;
  const observations = buckets.at(-1)!.count;
  if (observations === 0 || Number.isNaN(observations)) return { ...none, wasForced };
  let rank = q * observations;
  let index = buckets.findIndex(({ count }, at) => at === buckets.length - 1 || count >= rank);
  if (index < 0) index = buckets.length - 1;
  if (index === buckets.length - 1) return { value: buckets[index - 1]!.upper, wasForced };
  if (index === 0 && buckets[0]!.upper <= 0) return { value: buckets[0]!.upper, wasForced };
  const upper = buckets[index]!.upper;
  const lower = index > 0 ? buckets[index - 1]!.upper : 0;
  const before = index > 0 ? buckets[index - 1]!.count : 0;
  rank -= before;
  return { value: lower + (upper - lower) * (rank / (buckets[index]!.count - before)), wasForced };
};

export const classicFraction = (lower: number, upper: number, given: readonly ClassicBucket[]): number => {
  const prepared = prepare(given);
  if (!prepared || prepared.buckets.length < 2 || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  const { buckets } = prepared;
  const total = buckets.at(-1)!.count;
  if (total === 0 || Number.isNaN(total)) return Number.NaN;
  if (lower >= upper) return 0;
  const below = (value: number): number => {
    let before = 0;
    for (const [index, bucket] of buckets.entries()) {
      const start = index > 0 ? buckets[index - 1]!.upper : bucket.upper > 0 ? 0 : Number.NEGATIVE_INFINITY;
      if (start >= value) return before;
      if (bucket.upper > value) {
        if (start === Number.NEGATIVE_INFINITY || bucket.upper === Number.POSITIVE_INFINITY) return before;
        return before + (bucket.count - before) * ((value - start) / (bucket.upper - start));
      }
      before = bucket.count;
    }
    return before;
  };
  return (Math.min(below(upper), total) - Math.min(below(lower), total)) / total;
};
