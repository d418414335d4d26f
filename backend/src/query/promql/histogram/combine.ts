/** Adding and subtracting histograms whose layouts differ, and telling counter resets. */

import { bucketsOf, compact, mapOf, NO_BUCKETS, negativeBuckets, positiveBuckets, toSchema, usesCustomBuckets, type Bucket, type Buckets, type FloatHistogram, type ResetHint } from "./float-histogram.ts";

export interface Combined {
  readonly histogram: FloatHistogram;
  /** One says that it is after a counter reset, the other that it is not. */
  readonly hintsCollide: boolean;
  /** Custom bounds differed: only those that both have are left. */
  readonly reconciled: boolean;
}

/** undefined: exponential and custom buckets cannot be put together. */
export const add = (one: FloatHistogram, other: FloatHistogram): Combined | undefined => combine(one, other, 1);
export const subtract = (one: FloatHistogram, other: FloatHistogram): Combined | undefined => combine(one, other, -1);

/** Of one or more histograms, each of their numbers summed up as `summarize` does. undefined as for `add`. */
export const addAll = (histograms: readonly FloatHistogram[], summarize: (values: readonly number[]) => number): Combined | undefined => {
  let layout: Combined = { histogram: histograms[0]!, hintsCollide: false, reconciled: false };
  for (const histogram of histograms.slice(1)) {
    const combined = add(layout.histogram, histogram);
    if (!combined) return undefined;
    layout = { histogram: combined.histogram, hintsCollide: false, reconciled: layout.reconciled || combined.reconciled };
  }
  const { schema, zeroThreshold, customValues, hint } = layout.histogram;
  const aligned = histograms.map((histogram) => (usesCustomBuckets(histogram) ? toBounds(histogram, customValues) : toSchema(zeroThreshold > histogram.zeroThreshold ? withLargerZero(histogram, zeroThreshold) : histogram, schema)));
  const bucketsBy = (side: "positive" | "negative"): Buckets => {
    const maps = aligned.map((histogram) => mapOf(histogram[side]));
    return bucketsOf(new Map([...new Set(maps.flatMap((counts) => [...counts.keys()]))].map((index) => [index, summarize(maps.map((counts) => counts.get(index) ?? 0))] as const)));
  };
  const by = (value: (histogram: FloatHistogram) => number): number => summarize(aligned.map(value));
  const hints = new Set(histograms.map((histogram) => histogram.hint));
  return {
    ...layout,
    hintsCollide: hints.has("reset") && hints.has("not_reset"),
    histogram: { schema, zeroThreshold, customValues, hint, zeroCount: by(({ zeroCount }) => zeroCount), count: by(({ count }) => count), sum: by((histogram) => histogram.sum), positive: bucketsBy("positive"), negative: bucketsBy("negative") },
  };
};

/** What a store knows of histograms that follow each other, where they do not say it themselves. */
export const hintAfter = (current: FloatHistogram, previous: FloatHistogram | undefined): ResetHint => {
  if (current.hint !== "unknown" || !previous || previous.hint === "gauge") return current.hint;
  return isReset(current, previous) ? "reset" : "not_reset";
};

const combine = (one: FloatHistogram, other: FloatHistogram, sign: 1 | -1): Combined | undefined => {
  if (usesCustomBuckets(one) !== usesCustomBuckets(other)) return undefined;
  const { hint, collide } = combineHints(one.hint, other.hint);
  const reconciled = usesCustomBuckets(one) && !sameBounds(one.customValues, other.customValues);
  const [left, right] = usesCustomBuckets(one) ? onCommonBounds(one, other) : onCommonLayout(one, other);
  return {
    histogram: {
      schema: left.schema,
      zeroThreshold: left.zeroThreshold,
      zeroCount: left.zeroCount + sign * right.zeroCount,
      count: left.count + sign * right.count,
      sum: left.sum + sign * right.sum,
      positive: combineBuckets(left.positive, right.positive, sign),
      negative: combineBuckets(left.negative, right.negative, sign),
      customValues: left.customValues,
      hint,
    },
    hintsCollide: collide,
    reconciled,
  };
};

const combineBuckets = (one: Buckets, other: Buckets, sign: 1 | -1): Buckets => {
  const counts = mapOf(one);
  other.indexes.forEach((index, at) => counts.set(index, (counts.get(index) ?? 0) + sign * other.counts[at]!));
  return bucketsOf(counts);
};

const combineHints = (one: ResetHint, other: ResetHint): { readonly hint: ResetHint; readonly collide: boolean } => {
  if (one === other) return { hint: one, collide: false };
  if (one === "gauge" || other === "gauge") return { hint: "gauge", collide: false };
  if (one === "unknown" || other === "unknown") return { hint: "unknown", collide: false };
  return { hint: "unknown", collide: true };
};

// ---- exponential buckets

/** The same schema and the same zero bucket. */
const onCommonLayout = (one: FloatHistogram, other: FloatHistogram): [FloatHistogram, FloatHistogram] => {
  let [left, right] = [one, other];
  // Widening one may end in a bucket of the other, which widens it again.
  while (left.zeroThreshold !== right.zeroThreshold) {
    if (left.zeroThreshold > right.zeroThreshold) right = withLargerZero(right, left.zeroThreshold);
    else left = withLargerZero(left, right.zeroThreshold);
  }
  const schema = Math.min(left.schema, right.schema);
  return [toSchema(left, schema), toSchema(right, schema)];
};

/** Zero count for a larger threshold, which moves up to the end of a bucket that holds something. */
export const zeroCountFor = (histogram: FloatHistogram, threshold: number): { readonly zeroCount: number; readonly threshold: number } => {
  if (threshold === histogram.zeroThreshold) return { zeroCount: histogram.zeroCount, threshold };
  const sides = [positiveBuckets(histogram), negativeBuckets(histogram).map(({ lower, upper, count }) => ({ lower: -upper, upper: -lower, count }))];
  let reached = threshold;
  for (;;) {
    let zeroCount = histogram.zeroCount;
    let next = reached;
    for (const side of sides)
      for (const { lower, upper, count } of side as Pick<Bucket, "lower" | "upper" | "count">[]) {
        if (lower >= reached || count === 0) continue;
        zeroCount += count;
        if (upper > next) next = upper;
      }
    if (next === reached) return { zeroCount, threshold: reached };
    reached = next;
  }
};

const withLargerZero = (histogram: FloatHistogram, wanted: number): FloatHistogram => {
  const { zeroCount, threshold } = zeroCountFor(histogram, wanted);
  return { ...histogram, zeroCount, zeroThreshold: threshold, positive: above(histogram.positive, positiveBuckets(histogram), threshold), negative: above(histogram.negative, negativeBuckets(histogram), threshold) };
};

const above = ({ indexes, counts }: Buckets, bounds: readonly Bucket[], threshold: number): Buckets => {
  const kept = indexes.map((index, at) => [index, counts[at]!, bounds[at]!] as const).filter(([, , { lower, upper }]) => Math.min(Math.abs(lower), Math.abs(upper)) >= threshold);
  return { indexes: kept.map(([index]) => index), counts: kept.map(([, count]) => count) };
};

// ---- custom buckets

const sameBounds = (one: readonly number[], other: readonly number[]): boolean => one.length === other.length && one.every((bound, at) => bound === other[at]);

const onCommonBounds = (one: FloatHistogram, other: FloatHistogram): [FloatHistogram, FloatHistogram] => {
  if (sameBounds(one.customValues, other.customValues)) return [one, other];
  const known = new Set(other.customValues);
  const common = one.customValues.filter((bound) => known.has(bound));
  return [toBounds(one, common), toBounds(other, common)];
};

/** `bounds` are some of its own. */
export const toBounds = (histogram: FloatHistogram, bounds: readonly number[]): FloatHistogram => {
  const counts = new Map<number, number>();
  histogram.positive.indexes.forEach((index, at) => {
    const upper = histogram.customValues[index] ?? Number.POSITIVE_INFINITY;
    let target = bounds.findIndex((bound) => bound >= upper);
    if (target < 0) target = bounds.length;
    counts.set(target, (counts.get(target) ?? 0) + histogram.positive.counts[at]!);
  });
  return { ...histogram, customValues: bounds, positive: bucketsOf(counts), negative: NO_BUCKETS };
};

// ---- resets

const isLess = (buckets: Buckets, previous: Buckets): boolean => {
  const now = mapOf(buckets);
  const { indexes, counts } = compact(previous);
  return indexes.some((index, at) => (now.get(index) ?? 0) < counts[at]!);
};

/** Whether a counter was reset between two histograms: by its hint, else because anything became less. */
export const isReset = (current: FloatHistogram, previous: FloatHistogram): boolean => {
  if (current.hint === "reset") return true;
  if (current.hint === "not_reset") return false;
  if (current.count < previous.count) return true;
  if (usesCustomBuckets(current) !== usesCustomBuckets(previous)) return true;
  if (usesCustomBuckets(current)) {
    const [now, before] = onCommonBounds(current, previous);
    return isLess(now.positive, before.positive);
  }
  // A finer schema, or a smaller zero bucket, is a new beginning.
  if (current.schema > previous.schema || current.zeroThreshold < previous.zeroThreshold) return true;
  const { zeroCount, threshold } = zeroCountFor(previous, current.zeroThreshold);
  if (threshold !== current.zeroThreshold || current.zeroCount < zeroCount) return true;
  const before = toSchema(withLargerZero(previous, current.zeroThreshold), current.schema);
  return isLess(current.positive, before.positive) || isLess(current.negative, before.negative);
};
