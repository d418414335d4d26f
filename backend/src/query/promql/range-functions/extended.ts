/**
 * Ranges that look past their ends. `anchored` begins with the last sample before the range; `smoothed` has
 * at both ends what lies between the samples around them. Nothing is extrapolated.
 */

import { about, MIXED, MIXED_SCHEMAS } from "../annotations.ts";
import { add, isReset, subtract } from "../histogram/combine.ts";
import { multiply, usesCustomBuckets, withHint, type FloatHistogram } from "../histogram/float-histogram.ts";
import type { Extension } from "../syntax.ts";
import type { RangeContext, RangeFunction } from "./contract.ts";
import { OVER_TIME } from "./over-time.ts";
import { resets } from "./rates.ts";

interface Point<T> {
  readonly ms: number;
  readonly value: T;
}

/** What numbers and histograms have in common here. */
interface Arithmetic<T> {
  add(one: T, other: T): T;
  subtract(one: T, other: T): T;
  scale(value: T, factor: number): T;
  isReset(now: T, before: T): boolean;
  /** Without what it says of the one before it. */
  alone(value: T): T;
}

const NUMBERS: Arithmetic<number> = {
  add: (one, other) => one + other,
  subtract: (one, other) => one - other,
  scale: (value, factor) => value * factor,
  isReset: (now, before) => now < before,
  alone: (value) => value,
};

/** Layouts were found to go together. */
const HISTOGRAMS: Arithmetic<FloatHistogram> = {
  add: (one, other) => add(one, other)!.histogram,
  subtract: (one, other) => subtract(one, other)!.histogram,
  scale: multiply,
  isReset,
  alone: (value) => withHint(value, "unknown"),
};

interface Ends<T> {
  readonly left: T;
  readonly right: T;
  readonly between: readonly Point<T>[];
}

/** undefined: nothing lies in the range. */
const endsOf = <T>(points: readonly Point<T>[], startMs: number, endMs: number, extension: Extension, isCounter: boolean, arithmetic: Arithmetic<T>): Ends<T> | undefined => {
  let last = points.length - 1;
  const after = points.findIndex(({ ms }) => ms > startMs);
  const first = Math.max(0, Math.min(after < 0 ? last : after, last) - 1);
  if (extension === "smoothed") {
    const atEnd = points.findIndex(({ ms }) => ms >= endMs);
    if (atEnd >= 0) last = Math.min(last, atEnd);
  }
  if (points[last]!.ms <= startMs || points[0]!.ms > endMs) return undefined;
  const between = (one: Point<T>, other: Point<T>, ms: number): T => interpolate(one, other, ms, isCounter && arithmetic.isReset(other.value, one.value), arithmetic);
  const isSmoothed = extension === "smoothed";
  const cutsLeft = isSmoothed && points[first]!.ms < startMs;
  const left = cutsLeft ? between(points[first]!, points[first + 1]!, startMs) : points[first]!.value;
  const right = isSmoothed && last > 0 && points[last]!.ms > endMs ? between(points[last - 1]!, points[last]!, endMs) : points[last]!.value;
  const inner = points.slice(first + 1, last);
  // A reset on the way to the first of them is in the left end already.
  if (cutsLeft && inner.length > 0) inner[0] = { ...inner[0]!, value: arithmetic.alone(inner[0]!.value) };
  return { left, right: cutsLeft && inner.length === 0 ? arithmetic.alone(right) : right, between: inner };
};

/** After a reset a counter grew from zero. */
const interpolate = <T>(one: Point<T>, other: Point<T>, ms: number, hasReset: boolean, arithmetic: Arithmetic<T>): T => {
  const share = (ms - one.ms) / (other.ms - one.ms);
  return hasReset ? arithmetic.scale(other.value, share) : arithmetic.add(one.value, arithmetic.scale(arithmetic.subtract(other.value, one.value), share));
};

/** A value between two samples of a gauge. undefined after a warning: they do not go together. */
export const between = (one: Point<number | FloatHistogram>, other: Point<number | FloatHistogram>, ms: number, metric: string, { annotations, at }: Pick<RangeContext, "annotations" | "at">): number | FloatHistogram | undefined => {
  if (typeof one.value === "number" && typeof other.value === "number") return interpolate({ ms: one.ms, value: one.value }, { ms: other.ms, value: other.value }, ms, false, NUMBERS);
  if (typeof one.value === "number" || typeof other.value === "number") {
    annotations.warn(about(MIXED, metric), at);
    return undefined;
  }
  if (usesCustomBuckets(one.value) !== usesCustomBuckets(other.value)) {
    annotations.warn(about(MIXED_SCHEMAS, metric), at);
    return undefined;
  }
  return interpolate({ ms: one.ms, value: one.value }, { ms: other.ms, value: other.value }, ms, false, HISTOGRAMS);
};

const increaseOf = <T>({ left, right, between }: Ends<T>, isCounter: boolean, arithmetic: Arithmetic<T>): T => {
  let result = arithmetic.subtract(right, left);
  if (!isCounter) return result;
  let before = left;
  for (const value of [...between.map((point) => point.value), right]) {
    if (arithmetic.isReset(value, before)) result = arithmetic.add(result, before);
    before = value;
  }
  return result;
};

const pointsOf = <T>(times: Float64Array, values: ArrayLike<T>, first: number, end: number): Point<T>[] => Array.from({ length: end - first }, (_none, index) => ({ ms: times[first + index]!, value: values[first + index]! }));

const rateOf =
  (extension: Extension, { isCounter, isRate }: { readonly isCounter: boolean; readonly isRate: boolean }): RangeFunction =>
  (window, context) => {
    const { annotations, at, rangeMs, endMs } = context;
    const { series, metric, floatCount, histogramCount } = window;
    const startMs = endMs - rangeMs;
    if (floatCount > 0 && histogramCount > 0) {
      annotations.warn(about(MIXED, metric), at);
      return undefined;
    }
    if (floatCount > 0) {
      const ends = endsOf(pointsOf(series.floatTimes, series.floats, window.firstFloat, window.endFloat), startMs, endMs, extension, isCounter, NUMBERS);
      if (!ends) return undefined;
      const increase = increaseOf(ends, isCounter, NUMBERS);
      return isRate ? increase / (rangeMs / 1_000) : increase;
    }
    if (histogramCount === 0) return undefined;
    const points = pointsOf(series.histogramTimes, series.histograms, window.firstHistogram, window.endHistogram);
    if (!goTogether(points, metric, isCounter, context)) return undefined;
    const ends = endsOf(points, startMs, endMs, extension, isCounter, HISTOGRAMS);
    if (!ends) return undefined;
    const increase = withHint(increaseOf(ends, isCounter, HISTOGRAMS), "gauge");
    return isRate ? multiply(increase, 1_000 / rangeMs) : increase;
  };

const goTogether = (points: readonly Point<FloatHistogram>[], metric: string, isCounter: boolean, { annotations, at }: RangeContext): boolean => {
  if (new Set(points.map(({ value }) => usesCustomBuckets(value))).size > 1) {
    annotations.warn(about(MIXED_SCHEMAS, metric), at);
    return false;
  }
  const areGauges = points.map(({ value }) => value.hint === "gauge");
  if (isCounter && areGauges.includes(true)) annotations.warn(`this native histogram metric is not a counter: ${JSON.stringify(metric)}`, at);
  if (!isCounter && areGauges.includes(false)) annotations.warn(`this native histogram metric is not a gauge: ${JSON.stringify(metric)}`, at);
  return true;
};

/** What lies in the range, and the last sample before it. */
const anchoredAt =
  (compute: RangeFunction): RangeFunction =>
  (window, context) => {
    const startMs = context.endMs - context.rangeMs;
    const [float, histogram] = [window.firstFloat, window.firstHistogram];
    window.dropBefore(startMs);
    const result = window.hasAfter(startMs) ? compute(window, context) : undefined;
    [window.firstFloat, window.firstHistogram] = [float, histogram];
    return result;
  };

export const extendedFunctions: Readonly<Record<Extension, Readonly<Record<string, RangeFunction>>>> = {
  anchored: {
    rate: rateOf("anchored", { isCounter: true, isRate: true }),
    increase: rateOf("anchored", { isCounter: true, isRate: false }),
    delta: rateOf("anchored", { isCounter: false, isRate: false }),
    changes: anchoredAt(OVER_TIME.changes!),
    resets: anchoredAt(resets),
  },
  smoothed: {
    rate: rateOf("smoothed", { isCounter: true, isRate: true }),
    increase: rateOf("smoothed", { isCounter: true, isRate: false }),
    delta: rateOf("smoothed", { isCounter: false, isRate: false }),
  },
};
