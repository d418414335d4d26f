/** Functions that sum up what was measured in a range. */

import { about, hintsCollide, MIXED, MIXED_SCHEMAS, reconciled } from "../annotations.ts";
import { addAll } from "../histogram/combine.ts";
import { isEqual, type FloatHistogram } from "../histogram/float-histogram.ts";
import { average, extreme, formatShort, meanAndVariance, quantile, sum } from "../numbers.ts";
import type { Window } from "../window.ts";
import type { RangeContext, RangeFunction } from "./contract.ts";

/** Of floats alone; histograms among them are left out, and noted. */
const ofFloats =
  (compute: (floats: Float64Array, window: Window, context: RangeContext) => number | undefined): RangeFunction =>
  (window, context) => {
    if (window.floatCount === 0) return undefined;
    if (window.histogramCount > 0) context.annotations.info(about("ignored histograms in a range containing both floats and histograms", window.metric), context.at);
    return compute(window.floatsIn(), window, context);
  };

/** undefined after a warning. */
const summarize = (window: Window, { annotations, at }: RangeContext, values: (values: readonly number[]) => number): FloatHistogram | undefined => {
  const combined = addAll(window.histogramsIn(), values);
  if (!combined) {
    annotations.warn(about(MIXED_SCHEMAS, window.metric), at);
    return undefined;
  }
  if (combined.hintsCollide) annotations.warn(hintsCollide("aggregation"), at);
  if (combined.reconciled) annotations.info(reconciled("aggregation"), at);
  return combined.histogram;
};

const ofEither =
  (compute: (values: Float64Array | readonly number[]) => number): RangeFunction =>
  (window, context) => {
    const { floatCount, histogramCount, metric } = window;
    if (floatCount > 0 && histogramCount > 0) {
      context.annotations.warn(about(MIXED, metric), context.at);
      return undefined;
    }
    if (floatCount > 0) return compute(window.floatsIn());
    return histogramCount === 0 ? undefined : summarize(window, context, compute);
  };

const timeOf =
  (isBetter: (one: number, other: number) => boolean): RangeFunction =>
  (window, context) =>
    ofFloats((floats, { series, firstFloat }) => {
      let best = 0;
      floats.forEach((value, index) => {
        if (isBetter(value, floats[best]!) || Number.isNaN(floats[best]!)) best = index;
      });
      return series.floatTimes[firstFloat + best]! / 1_000;
    })(window, context);

const endSample = (window: Window, isFirst: boolean): { readonly ms: number; readonly value: number | FloatHistogram } | undefined => {
  const samples = [...window.samples()];
  return isFirst ? samples[0] : samples.at(-1);
};

const changes: RangeFunction = (window) => {
  let count = 0;
  let before: number | FloatHistogram | undefined;
  for (const { value } of window.samples()) {
    if (before !== undefined) {
      if (typeof value === "number" && typeof before === "number") count += value !== before && !(Number.isNaN(value) && Number.isNaN(before)) ? 1 : 0;
      else if (typeof value === "number" || typeof before === "number" || !isEqual(value, before)) count += 1;
    }
    before = value;
  }
  return before === undefined ? undefined : count;
};

/** Slope in 1/s, and the value at `interceptMs`. */
const regression = ({ series, firstFloat, endFloat }: Window, interceptMs: number): { readonly slope: number; readonly intercept: number } => {
  const { floatTimes, floats } = series;
  const count = endFloat - firstFloat;
  const first = floats[firstFloat]!;
  const [xs, ys, xys, xxs]: [number[], number[], number[], number[]] = [[], [], [], []];
  let isConstant = true;
  for (let index = firstFloat; index < endFloat; index++) {
    const x = (floatTimes[index]! - interceptMs) / 1_000;
    const y = floats[index]!;
    if (y !== first) isConstant = false;
    xs.push(x);
    ys.push(y);
    xys.push(x * y);
    xxs.push(x * x);
  }
  if (isConstant) return Number.isFinite(first) ? { slope: 0, intercept: first } : { slope: Number.NaN, intercept: Number.NaN };
  const [sumX, sumY, sumXY, sumXX] = [sum(xs), sum(ys), sum(xys), sum(xxs)];
  const slope = (sumXY - (sumX * sumY) / count) / (sumXX - (sumX * sumX) / count);
  return { slope, intercept: sumY / count - (slope * sumX) / count };
};

/** Holt's linear method. */
const smooth = (floats: Float64Array, level: number, trend: number): number | undefined => {
  if (floats.length < 2) return undefined;
  let before = 0;
  let smoothed = floats[0]!;
  let slope = floats[1]! - floats[0]!;
  for (let index = 1; index < floats.length; index++) {
    if (index > 1) slope = trend * (smoothed - before) + (1 - trend) * slope;
    const next = level * floats[index]! + (1 - level) * (smoothed + slope);
    before = smoothed;
    smoothed = next;
  }
  return smoothed;
};

const withEnough = (compute: (window: Window, context: RangeContext) => number): RangeFunction => (window, context) => {
  if (window.floatCount < 2) {
    if (window.floatCount === 1 && window.histogramCount > 0) context.annotations.info(about("ignored histograms in a range containing both floats and histograms", window.metric), context.at);
    return undefined;
  }
  return ofFloats((_floats, inner) => compute(inner, context))(window, context);
};

export const OVER_TIME: Readonly<Record<string, RangeFunction>> = {
  avg_over_time: ofEither(average),
  sum_over_time: ofEither(sum),
  count_over_time: ({ floatCount, histogramCount }) => (floatCount + histogramCount > 0 ? floatCount + histogramCount : undefined),
  present_over_time: ({ floatCount, histogramCount }) => (floatCount + histogramCount > 0 ? 1 : undefined),
  last_over_time: (window) => endSample(window, false)?.value,
  first_over_time: (window) => endSample(window, true)?.value,
  ts_of_last_over_time: (window) => {
    const sample = endSample(window, false);
    return sample && sample.ms / 1_000;
  },
  ts_of_first_over_time: (window) => {
    const sample = endSample(window, true);
    return sample && sample.ms / 1_000;
  },
  max_over_time: ofFloats(extreme((one, other) => one > other)),
  min_over_time: ofFloats(extreme((one, other) => one < other)),
  // The last of several equal ones.
  ts_of_max_over_time: timeOf((one, other) => one >= other),
  ts_of_min_over_time: timeOf((one, other) => one <= other),
  stddev_over_time: ofFloats((floats) => Math.sqrt(meanAndVariance(floats).variance)),
  stdvar_over_time: ofFloats((floats) => meanAndVariance(floats).variance),
  mad_over_time: ofFloats((floats) => {
    if (floats.some(Number.isNaN)) return Number.NaN;
    const median = quantile(0.5, floats);
    return quantile(0.5, floats.map((value) => Math.abs(value - median)));
  }),
  quantile_over_time: ofFloats((floats, _window, { scalars, annotations, argumentAt }) => {
    const q = scalars[0]!;
    if (!(q >= 0 && q <= 1)) annotations.warn(`quantile value should be between 0 and 1, got ${formatShort(q)}`, argumentAt);
    return quantile(q, floats);
  }),
  changes,
  deriv: withEnough((window) => regression(window, window.series.floatTimes[window.firstFloat]!).slope),
  predict_linear: withEnough((window, { scalars, nowMs }) => {
    const { slope, intercept } = regression(window, nowMs);
    return slope * scalars[0]! + intercept;
  }),
  double_exponential_smoothing: ofFloats((floats, _window, { scalars }) => smooth(floats, scalars[0]!, scalars[1]!)),
};
