/**
 * rate, increase, delta and what is like them. What a counter did before the first and after the last sample
 * of a range is estimated: as far as half an average distance, or as far as the range's end when that is
 * near, and for counters no further back than where they would have been zero.
 */

import { about, hintsCollide, MIXED, MIXED_SCHEMAS, reconciled } from "../annotations.ts";
import { add, isReset, subtract } from "../histogram/combine.ts";
import { compact, EMPTY_HISTOGRAM, multiply, toSchema, usesCustomBuckets, withHint, type FloatHistogram } from "../histogram/float-histogram.ts";
import type { Window } from "../window.ts";
import type { RangeContext, RangeFunction } from "./contract.ts";

/** A gap this much longer than the average is a missing sample. */
const GAP = 1.1;
const COUNTER_NAME = /(?:_total|_sum|_count|_bucket)$/;

interface Kind {
  readonly isCounter: boolean;
  readonly isRate: boolean;
}

const compacted = (histogram: FloatHistogram): FloatHistogram => ({ ...histogram, positive: compact(histogram.positive), negative: compact(histogram.negative) });

export const noteIfNoCounter = (metric: string, { annotations, at }: Pick<RangeContext, "annotations" | "at">): void => {
  if (metric !== "" && !COUNTER_NAME.test(metric)) annotations.info(`metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${JSON.stringify(metric)}`, at);
};

/**
 * Whether a sample counts from no earlier than the one before it was taken, so that the counter was reset. Where
 * both times are the same, the one before must say what it counts from: else it may be the first of one count.
 */
const isNewStart = (now: { readonly ms: number; readonly startMs: number }, before: { readonly ms: number; readonly startMs: number }): boolean =>
  now.startMs > before.ms ? now.startMs < now.ms : now.startMs === before.ms && before.startMs < before.ms;

const startsAnew = (starts: Float64Array | undefined, times: Float64Array, index: number): boolean =>
  starts !== undefined && isNewStart({ ms: times[index]!, startMs: starts[index]! }, { ms: times[index - 1]!, startMs: starts[index - 1]! });

const warnOfOverlap = (starts: Float64Array | undefined, times: Float64Array, first: number, end: number, metric: string, { annotations, at }: RangeContext): void => {
  if (!starts) return;
  for (let index = first + 1; index < end; index++) {
    const start = starts[index]!;
    if (start > 0 && start !== starts[index - 1] && start < times[index - 1]!) annotations.warn(`sample has start time that overlaps with previous sample timestamp for metric ${JSON.stringify(metric)}`, at);
  }
};

const floatIncrease = ({ series, firstFloat, endFloat, metric }: Window, isCounter: boolean, context: RangeContext): number => {
  const { floats, floatStarts, floatTimes } = series;
  let result = floats[endFloat - 1]! - floats[firstFloat]!;
  if (!isCounter) return result;
  warnOfOverlap(floatStarts, floatTimes, firstFloat, endFloat, metric, context);
  for (let index = firstFloat + 1; index < endFloat; index++) if (floats[index]! < floats[index - 1]! || startsAnew(floatStarts, floatTimes, index)) result += floats[index - 1]!;
  return result;
};

/** undefined after a warning: the histograms do not go together. */
export const histogramIncrease = (points: readonly FloatHistogram[], metric: string, isCounter: boolean, context: RangeContext, startsAnewAt: (index: number) => boolean = () => false): FloatHistogram | undefined => {
  const { annotations, at } = context;
  const last = points.at(-1)!;
  const notCounter = `this native histogram metric is not a counter: ${JSON.stringify(metric)}`;
  let first = points[0]!;
  if (isCounter && points.some(({ hint }) => hint === "gauge")) annotations.warn(notCounter, at);
  const resetAt = (index: number): boolean => startsAnewAt(index) || isReset(points[index]!, points[index - 1]!);
  // Before a reset right after the first sample nothing of that sample counts.
  if (isCounter && resetAt(1)) first = { ...EMPTY_HISTOGRAM, schema: points[1]!.schema, zeroThreshold: points[1]!.zeroThreshold, customValues: points[1]!.customValues };
  const used = isCounter ? [first, ...points.slice(1)] : [first, last];
  if (used.some((point) => usesCustomBuckets(point) !== usesCustomBuckets(last))) {
    annotations.warn(about(MIXED_SCHEMAS, metric), at);
    return undefined;
  }
  const schema = Math.min(...used.map((point) => point.schema));
  let isReconciled = false;
  const merge = (combined: ReturnType<typeof add>): FloatHistogram => {
    isReconciled ||= combined!.reconciled;
    return combined!.histogram;
  };
  let result = merge(subtract(toSchema(last, schema), first));
  if (isCounter) {
    // The first step is dealt with above.
    for (let index = 2; index < points.length; index++) if (resetAt(index)) result = merge(add(result, points[index - 1]!));
  } else if (first.hint !== "gauge" || last.hint !== "gauge") annotations.warn(`this native histogram metric is not a gauge: ${JSON.stringify(metric)}`, at);
  if (isReconciled) annotations.info(reconciled("subtraction"), at);
  return compacted(withHint(result, "gauge"));
};

/** The same, and what was counted up to the first of them where that began within the range. */
const histogramsIncrease = (window: Window, isCounter: boolean, hasBegun: boolean, context: RangeContext): FloatHistogram | undefined => {
  const { series, firstHistogram, metric } = window;
  const points = window.histogramsIn();
  const startsAnewAt = (index: number): boolean => startsAnew(series.histogramStarts, series.histogramTimes, firstHistogram + index);
  const increase = points.length > 1 ? histogramIncrease(points, metric, isCounter, context, startsAnewAt) : multiply(points[0]!, 0);
  return increase && (hasBegun ? withHint(add(increase, points[0]!)!.histogram, "gauge") : increase);
};

const extrapolated =
  ({ isCounter, isRate }: Kind): RangeFunction =>
  (window, context) => {
    const { annotations, at, rangeMs } = context;
    const { metric, floatCount, histogramCount, series } = window;
    if (isCounter && floatCount > 0) noteIfNoCounter(metric, context);
    if (floatCount > 0 && histogramCount > 0) {
      annotations.warn(about(MIXED, metric), at);
      return undefined;
    }
    const areFloats = floatCount > 0;
    const times = areFloats ? series.floatTimes : series.histogramTimes;
    const starts = areFloats ? series.floatStarts : series.histogramStarts;
    const [first, end] = areFloats ? [window.firstFloat, window.endFloat] : [window.firstHistogram, window.endHistogram];
    // A counter that began within the range was zero then.
    const beganMs = isCounter ? (starts?.[first] ?? Number.NaN) : Number.NaN;
    const hasBegun = beganMs > window.startMs && beganMs < times[first]!;
    if (end - first < (hasBegun ? 1 : 2)) return undefined;
    const increase = areFloats ? floatIncrease(window, isCounter, context) + (hasBegun ? series.floats[first]! : 0) : histogramsIncrease(window, isCounter, hasBegun, context);
    if (increase === undefined) return undefined;

    const [firstMs, lastMs] = [times[first]!, times[end - 1]!];
    const sampled = (lastMs - (hasBegun ? beganMs : firstMs)) / 1_000;
    const average = (lastMs - firstMs) / 1_000 / (end - first - 1);
    let toStart = hasBegun ? 0 : (firstMs - window.startMs) / 1_000;
    let toEnd = end - first === 1 ? 0 : (window.endMs - lastMs) / 1_000;
    if (toStart >= average * GAP) toStart = average / 2;
    if (isCounter && !hasBegun) toStart = Math.min(toStart, timeToZero(areFloats ? series.floats[first]! : series.histograms[first]!.count, typeof increase === "number" ? increase : increase.count, sampled, toStart));
    if (toEnd >= average * GAP) toEnd = average / 2;
    const seconds = isRate ? rangeMs / 1_000 : 1;
    // In this order whole numbers stay whole.
    return typeof increase === "number" ? (increase * (sampled + toStart + toEnd)) / sampled / seconds : multiply(increase, (sampled + toStart + toEnd) / sampled / seconds);
  };

/** Seconds before the first sample at which a counter that grew like this would have been zero. */
const timeToZero = (firstValue: number, increase: number, sampledSeconds: number, otherwise: number): number => (increase > 0 && firstValue >= 0 ? sampledSeconds * (firstValue / increase) : otherwise);

export const rate: RangeFunction = extrapolated({ isCounter: true, isRate: true });
export const increase: RangeFunction = extrapolated({ isCounter: true, isRate: false });
export const delta: RangeFunction = extrapolated({ isCounter: false, isRate: false });

const instantaneous =
  ({ isRate }: { readonly isRate: boolean }): RangeFunction =>
  (window, context) => {
    const { annotations, at } = context;
    const { metric } = window;
    const samples = [...window.samples()].slice(-2);
    const [before, now] = samples;
    if (isRate && typeof now?.value === "number" && typeof before?.value === "number") noteIfNoCounter(metric, context);
    if (!before || !now) return undefined;
    const seconds = (now.ms - before.ms) / 1_000;
    if (seconds === 0) return undefined;
    const startsLater = isRate && isNewStart(now, before);
    if (typeof before.value === "number" && typeof now.value === "number") {
      const difference = isRate && (now.value < before.value || startsLater) ? now.value : now.value - before.value;
      return isRate ? difference / seconds : difference;
    }
    if (typeof before.value === "number" || typeof now.value === "number") {
      annotations.warn(about(MIXED, metric), at);
      return undefined;
    }
    const [one, other] = [before.value, now.value];
    if (isRate && (one.hint === "gauge" || other.hint === "gauge")) annotations.warn(`this native histogram metric is not a counter: ${JSON.stringify(metric)}`, at);
    if (!isRate && (one.hint !== "gauge" || other.hint !== "gauge")) annotations.warn(`this native histogram metric is not a gauge: ${JSON.stringify(metric)}`, at);
    let result = other;
    if (!isRate || !(startsLater || isReset(other, one))) {
      const combined = subtract(other, one);
      if (!combined) {
        annotations.warn(about(MIXED_SCHEMAS, metric), at);
        return undefined;
      }
      if (combined.hintsCollide && !isRate) annotations.warn(hintsCollide("subtraction"), at);
      if (combined.reconciled) annotations.info(reconciled("subtraction"), at);
      result = combined.histogram;
    }
    result = compacted(withHint(result, "gauge"));
    return isRate ? multiply(result, 1 / seconds) : result;
  };

export const irate: RangeFunction = instantaneous({ isRate: true });
export const idelta: RangeFunction = instantaneous({ isRate: false });

export const resets: RangeFunction = (window) => {
  let count = 0;
  let before: { readonly ms: number; readonly value: number | FloatHistogram; readonly startMs: number } | undefined;
  for (const now of window.samples()) {
    if (before) {
      const { value } = before;
      const isLess = typeof now.value === "number" ? typeof value !== "number" || now.value < value : typeof value === "number" || isReset(now.value, value);
      if (isLess || isNewStart(now, before)) count += 1;
    }
    before = now;
  }
  return before ? count : undefined;
};
