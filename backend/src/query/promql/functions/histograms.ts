/** Functions over histograms, native and classic. */

import { about } from "../annotations.ts";
import type { FloatHistogram } from "../histogram/float-histogram.ts";
import { fractionOf, quantileOf, varianceOf } from "../histogram/quantile.ts";
import type { Labels } from "../labels.ts";
import { formatOpenMetrics, formatShort } from "../numbers.ts";
import type { Expr } from "../syntax.ts";
import { FLOAT, GridSeries, HISTOGRAM } from "../values.ts";
import { classicFraction, classicQuantile, type ClassicBucket } from "./classic-histogram.ts";
import type { FunctionContext, VectorFunction } from "./contract.ts";
import { numbersOf, seriesOf, textOf } from "./math.ts";
import { executionError } from "../errors.ts";

const ofNative =
  (compute: (histogram: FloatHistogram) => number): VectorFunction =>
  ([vector], { grid }) => ({
    type: "vector",
    series: seriesOf(vector)
      .map((one) => {
        const result = new GridSeries(one.labels, grid.steps, true);
        for (let step = 0; step < grid.steps; step++) if (one.kinds[step] === HISTOGRAM) result.setFloat(step, compute(one.histogram(step)));
        return result;
      })
      .filter(({ isEmpty }) => !isEmpty),
  });

const BOUND = "le";
const BOUND_ONLY = new Set([BOUND]);

interface Classic {
  readonly labels: Labels;
  readonly metric: string;
  readonly members: { readonly upper: number; readonly series: GridSeries }[];
}

interface Sorted {
  readonly natives: readonly GridSeries[];
  readonly classics: ReadonlyMap<string, Classic>;
}

/** `le` as Prometheus reads it. */
const parseBound = (text: string): number => (/^\+?inf(?:inity)?$/i.test(text) ? Number.POSITIVE_INFINITY : /^-inf(?:inity)?$/i.test(text) ? Number.NEGATIVE_INFINITY : text.trim() === "" ? Number.NaN : Number(text));

/** Native histograms, and buckets put together to classic ones. */
const sortOut = (series: readonly GridSeries[], { annotations }: FunctionContext, at: Expr): Sorted => {
  const classics = new Map<string, Classic>();
  const natives = series.filter(({ kinds }) => kinds.includes(HISTOGRAM));
  for (const one of series) {
    if (!one.kinds.includes(FLOAT)) continue;
    const text = one.labels.get(BOUND);
    const upper = parseBound(text);
    if (Number.isNaN(upper)) {
      annotations.warn(about(`bucket label "le" is missing or has a malformed value of ${JSON.stringify(text)}`, one.labels.metricName), at);
      continue;
    }
    const labels = one.labels.drop(BOUND_ONLY);
    const classic = classics.get(labels.key);
    if (classic) classic.members.push({ upper, series: one });
    else classics.set(labels.key, { labels, metric: one.labels.metricName, members: [{ upper, series: one }] });
  }
  return { natives, classics };
};

type Estimate = (step: number, of: { readonly native: FloatHistogram; readonly metric: string } | { readonly classic: readonly ClassicBucket[]; readonly metric: string }) => number;

/** One value for each histogram at each step; none where both forms of one are there. */
const estimate = (series: readonly GridSeries[], context: FunctionContext, at: Expr, compute: Estimate, labelled: (labels: Labels) => Labels = (labels) => labels): GridSeries[] => {
  const { grid, annotations } = context;
  const { natives, classics } = sortOut(series, context, at);
  const results: GridSeries[] = [];
  const clashes = new Map<string, Uint8Array>();
  for (const native of natives) {
    const key = native.labels.key;
    const classic = classics.get(key);
    const result = new GridSeries(labelled(native.labels), grid.steps, true);
    for (let step = 0; step < grid.steps; step++) {
      if (native.kinds[step] !== HISTOGRAM) continue;
      if (classic?.members.some((member) => member.series.kinds[step] === FLOAT)) {
        annotations.warn(about("vector contains a mix of classic and native histograms", native.labels.metricName), at);
        let flags = clashes.get(key);
        if (!flags) clashes.set(key, (flags = new Uint8Array(grid.steps)));
        flags[step] = 1;
        continue;
      }
      result.setFloat(step, compute(step, { native: native.histogram(step), metric: native.labels.metricName }));
    }
    results.push(result);
  }
  for (const [key, { labels, metric, members }] of classics) {
    const result = new GridSeries(labelled(labels), grid.steps, true);
    const clash = clashes.get(key);
    for (let step = 0; step < grid.steps; step++) {
      if (clash?.[step]) continue;
      const buckets = members.filter((member) => member.series.kinds[step] === FLOAT).map((member) => ({ upper: member.upper, count: member.series.floats[step]! }));
      if (buckets.length > 0) result.setFloat(step, compute(step, { classic: buckets, metric }));
    }
    results.push(result);
  }
  return results.filter(({ isEmpty }) => !isEmpty);
};

const quantileEstimate =
  (qOf: (step: number) => number, { annotations }: FunctionContext, vectorAt: Expr, name: string): Estimate =>
  (step, of) => {
    const q = qOf(step);
    if ("native" in of) {
      const { value, nan } = quantileOf(q, of.native);
      if (nan) annotations.info(about(`input to ${name} has NaN observations, result is ${nan === "is_nan" ? "NaN" : "skewed higher"}`, of.metric), vectorAt);
      return value;
    }
    const { value, wasForced } = classicQuantile(q, of.classic);
    if (wasForced) annotations.info(about(`input to ${name} needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)`, of.metric), vectorAt);
    return value;
  };

const warnOfQuantiles = (quantiles: Float64Array, { annotations }: FunctionContext, at: Expr): void => {
  for (const q of quantiles) if (!(q >= 0 && q <= 1)) annotations.warn(`quantile value should be between 0 and 1, got ${formatShort(q)}`, at);
};

const quantileFunction: VectorFunction = ([q, vector], context) => {
  const [qAt, vectorAt] = context.call.args;
  const quantiles = numbersOf(q);
  warnOfQuantiles(quantiles, context, qAt!);
  return { type: "vector", series: estimate(seriesOf(vector), context, vectorAt!, quantileEstimate((step) => quantiles[step]!, context, vectorAt!, "histogram_quantile")) };
};

const quantilesFunction: VectorFunction = ([vector, label, ...qs], context) => {
  const [vectorAt, , ...qAts] = context.call.args;
  const name = textOf(label);
  const seen = new Set<string>();
  const series = qs.flatMap((q, index) => {
    const quantiles = numbersOf(q);
    warnOfQuantiles(quantiles, context, qAts[index]!);
    const value = formatOpenMetrics(quantiles[0] ?? Number.NaN);
    if (seen.has(value)) throw executionError(`duplicate quantile ${value} in histogram_quantiles()`);
    seen.add(value);
    return estimate(seriesOf(vector), context, vectorAt!, quantileEstimate((step) => quantiles[step]!, context, vectorAt!, "histogram_quantile"), (labels) => labels.set(name, value));
  });
  return { type: "vector", series };
};

const fractionFunction: VectorFunction = ([lower, upper, vector], context) => {
  const [, , vectorAt] = context.call.args;
  const [lowers, uppers] = [numbersOf(lower), numbersOf(upper)];
  const compute: Estimate = (step, of) => {
    if (!("native" in of)) return classicFraction(lowers[step]!, uppers[step]!, of.classic);
    if (Number.isNaN(of.native.sum)) context.annotations.info(about("input to histogram_fraction has NaN observations, which are excluded from all fractions", of.metric), vectorAt!);
    return fractionOf(lowers[step]!, uppers[step]!, of.native);
  };
  return { type: "vector", series: estimate(seriesOf(vector), context, vectorAt!, compute) };
};

export const HISTOGRAMS: Readonly<Record<string, VectorFunction>> = {
  histogram_count: ofNative(({ count }) => count),
  histogram_sum: ofNative(({ sum }) => sum),
  histogram_avg: ofNative(({ sum, count }) => sum / count),
  histogram_stddev: ofNative((histogram) => Math.sqrt(varianceOf(histogram))),
  histogram_stdvar: ofNative(varianceOf),
  histogram_quantile: quantileFunction,
  histogram_quantiles: quantilesFunction,
  histogram_fraction: fractionFunction,
};
