/**
 * Rows of `histograms` as the engine's native histograms.
 *
 * A delta is a counter that begins anew with every point: with that hint the engine's rates and increases add
 * deltas up, and whatever looks at one point sees what was counted in its time
 * (docs/decisions/0035-deltas-of-histograms.md).
 */

import { CUSTOM_BOUNDS } from "@obs/wire";
import { CUSTOM_SCHEMA, hintAfter, withHint, type FloatHistogram } from "../promql/index.ts";
import { numberOf, type JsonNumber } from "./json-number.ts";

/** time, start, temporality, count, sum, scale, zero count, zero threshold, offset, counts, offset, counts, bounds. */
export type HistogramPoint = readonly [
  ms: number, startMs: number, temporality: number, count: number, sum: JsonNumber, scale: number, zeroCount: number, zeroThreshold: number,
  positiveOffset: number, positive: readonly number[], negativeOffset: number, negative: readonly number[], bounds: readonly JsonNumber[],
]; // prettier-ignore

export interface NativeHistogram {
  readonly ms: number;
  /** When what it counts began, ms; NaN where it is not known. */
  readonly startMs: number;
  readonly histogram: FloatHistogram;
}

/** A native histogram is about so many samples in size; of a large one each eight buckets are one. */
export const HISTOGRAM_SAMPLES = 20;
const BUCKETS_PER_SAMPLE = 8;
/** Of OTLP. */
const DELTA = 1;
/** The finest schema that Prometheus has. */
const FINEST_SCHEMA = 8;

/** Points of one series in the order of time. `spend` throws when a query would hold so many samples more than it may. */
export const nativeHistograms = (points: readonly HistogramPoint[], spend: (samples: number) => void): NativeHistogram[] => {
  const found: NativeHistogram[] = [];
  for (const point of points) {
    const [ms, start, temporality] = point;
    const histogram = histogramOf(point);
    spend(Math.max(HISTOGRAM_SAMPLES, Math.ceil((histogram.positive.indexes.length + histogram.negative.indexes.length) / BUCKETS_PER_SAMPLE)));
    const hint = temporality === DELTA ? "reset" : hintAfter(histogram, found.at(-1)?.histogram);
    found.push({ ms, startMs: start || Number.NaN, histogram: withHint(histogram, hint) });
  }
  return found;
};

const histogramOf = (point: HistogramPoint): FloatHistogram => {
  const [, , , count, sum, scale, zeroCount, zeroThreshold, positiveOffset, positive, negativeOffset, negative, bounds] = point;
  const common = { count, sum: numberOf(sum), hint: "unknown" as const };
  if (scale === CUSTOM_BOUNDS) return { ...common, schema: CUSTOM_SCHEMA, zeroThreshold: 0, zeroCount: 0, positive: filled(positive, (at) => at), negative: { indexes: [], counts: [] }, customValues: bounds.map(numberOf) };
  // OTLP's bucket i is (base^i, base^(i+1)], Prometheus' is (base^(i-1), base^i]; finer scales are made coarser.
  const shift = Math.max(0, scale - FINEST_SCHEMA);
  const buckets = (offset: number, counts: readonly number[]): FloatHistogram["positive"] => filled(counts, (at) => Math.floor((offset + at) / 2 ** shift) + 1);
  return { ...common, schema: scale - shift, zeroThreshold, zeroCount, positive: buckets(positiveOffset, positive), negative: buckets(negativeOffset, negative), customValues: [] };
};

/** Buckets that hold something; those of one index fall together. */
const filled = (counts: readonly number[], indexOf: (at: number) => number): FloatHistogram["positive"] => {
  const merged = new Map<number, number>();
  counts.forEach((value, at) => {
    if (value !== 0) merged.set(indexOf(at), (merged.get(indexOf(at)) ?? 0) + value);
  });
  return { indexes: [...merged.keys()], counts: [...merged.values()] };
};
