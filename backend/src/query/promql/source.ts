/** Where samples come from: the engine knows no store. */

import type { FloatHistogram } from "./histogram/float-histogram.ts";
import type { Labels } from "./labels.ts";
import type { Matcher } from "./syntax.ts";
import type { Grid } from "./values.ts";

/** Samples of one series in the order of their times, which are all different. */
export interface RawSeries {
  readonly labels: Labels;
  /** ms since 1970. */
  readonly times: Float64Array;
  /** FLOAT, HISTOGRAM or STALE (values.ts). */
  readonly kinds: Uint8Array;
  readonly floats: Float64Array;
  readonly histograms?: readonly (FloatHistogram | undefined)[];
  /** When what a sample counts began, ms; NaN where it is not known. */
  readonly startTimes?: Float64Array;
}

export interface Selection {
  readonly matchers: readonly Matcher[];
  /** Exclusive, ms. */
  readonly afterMs: number;
  /** Inclusive, ms. */
  readonly untilMs: number;
}

/** Functions over ranges that a source may compute by itself, and aggregations of them by labels. */
export const PUSHED_FUNCTIONS = ["rate", "increase", "delta", "irate", "idelta", "changes", "resets"] as const;
export const PUSHED_AGGREGATIONS = ["sum", "avg", "min", "max", "count"] as const;
export type PushedFunction = (typeof PUSHED_FUNCTIONS)[number];
export type PushedAggregation = (typeof PUSHED_AGGREGATIONS)[number];

export interface Computation {
  readonly matchers: readonly Matcher[];
  readonly name: PushedFunction;
  readonly rangeMs: number;
  /** The times at which ranges end. */
  readonly ends: Grid;
  /** Over the series that agree in these labels. */
  readonly by?: { readonly operator: PushedAggregation; readonly labels: readonly string[] };
}

export interface Computed {
  /** Under all their labels, or those of the aggregation; NaN is a value, undefined is none. */
  readonly series: readonly { readonly labels: Labels; readonly values: readonly (number | undefined)[] }[];
  /** Names of all metrics that were looked at. */
  readonly metrics: readonly string[];
}

export interface SeriesSource {
  /** Throws PromqlError when it would be too much. */
  select(selection: Selection): Promise<RawSeries[]>;
  /** What `select` and the engine would come to; undefined when only they can. */
  compute?(computation: Computation): Promise<Computed | undefined>;
}
