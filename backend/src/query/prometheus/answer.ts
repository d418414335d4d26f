/** Values in the JSON of Prometheus' HTTP API. Source: prometheus.io/docs/prometheus/latest/querying/api */

import { allBuckets, FLOAT, HISTOGRAM, timeAt, type Answer, type FloatHistogram, type Grid, type GridSeries, type RawSeries } from "../promql/index.ts";

type Point = readonly [seconds: number, value: string];
type HistogramPoint = readonly [seconds: number, value: object];

export interface QueryData {
  readonly resultType: "scalar" | "string" | "vector" | "matrix";
  readonly result: unknown;
}

export const textOf = (value: number): string => (value === Number.POSITIVE_INFINITY ? "+Inf" : value === Number.NEGATIVE_INFINITY ? "-Inf" : Object.is(value, -0) ? "-0" : String(value));

/** Which ends of a bucket belong to it: 0 the upper, 1 the lower, 2 none, 3 both. */
const boundaries = ({ lowerInclusive, upperInclusive }: { readonly lowerInclusive: boolean; readonly upperInclusive: boolean }): number => (lowerInclusive ? (upperInclusive ? 3 : 1) : upperInclusive ? 0 : 2);

const histogramJson = (histogram: FloatHistogram): object => ({
  count: textOf(histogram.count),
  sum: textOf(histogram.sum),
  buckets: allBuckets(histogram).map((bucket) => [boundaries(bucket), textOf(bucket.lower), textOf(bucket.upper), textOf(bucket.count)]),
});

const pointsOf = (one: GridSeries, grid: Grid): { readonly values?: Point[]; readonly histograms?: HistogramPoint[] } => {
  const values: Point[] = [];
  const histograms: HistogramPoint[] = [];
  one.kinds.forEach((kind, step) => {
    const seconds = timeAt(grid, step) / 1_000;
    if (kind === FLOAT) values.push([seconds, textOf(one.floats[step]!)]);
    else if (kind === HISTOGRAM) histograms.push([seconds, histogramJson(one.histogram(step))]);
  });
  return { ...(values.length > 0 && { values }), ...(histograms.length > 0 && { histograms }) };
};

const samplesOf = ({ times, kinds, floats, histograms }: RawSeries): object => {
  const values: Point[] = [];
  const native: HistogramPoint[] = [];
  times.forEach((ms, index) => {
    if (kinds[index] === FLOAT) values.push([ms / 1_000, textOf(floats[index]!)]);
    else if (kinds[index] === HISTOGRAM) native.push([ms / 1_000, histogramJson(histograms![index]!)]);
  });
  return { ...(values.length > 0 && { values }), ...(native.length > 0 && { histograms: native }) };
};

export const instantData = (answer: Answer, timeMs: number): QueryData => {
  const seconds = timeMs / 1_000;
  switch (answer.type) {
    case "scalar":
      return { resultType: "scalar", result: [seconds, textOf(answer.values[0]!)] };
    case "string":
      return { resultType: "string", result: [seconds, answer.value] };
    case "matrix":
      return { resultType: "matrix", result: answer.series.map((one) => ({ metric: one.labels.toRecord(), ...samplesOf(one) })) };
    case "vector":
      return {
        resultType: "vector",
        result: answer.series.map((one) => ({ metric: one.labels.toRecord(), ...(one.kinds[0] === HISTOGRAM ? { histogram: [seconds, histogramJson(one.histogram(0))] } : { value: [seconds, textOf(one.floats[0]!)] }) })),
      };
  }
};

export const rangeData = (answer: Answer, grid: Grid): QueryData => {
  if (answer.type === "scalar") return { resultType: "matrix", result: [{ metric: {}, values: Array.from(answer.values, (value, step) => [timeAt(grid, step) / 1_000, textOf(value)]) }] };
  if (answer.type !== "vector") throw new Error("BUG: a range query has no such value");
  return { resultType: "matrix", result: answer.series.map((one) => ({ metric: one.labels.toRecord(), ...pointsOf(one, grid) })) };
};
