/** Where samples come from: the engine knows no store. */

import type { FloatHistogram } from "./histogram/float-histogram.ts";
import type { Labels } from "./labels.ts";
import type { Matcher } from "./syntax.ts";

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

export interface SeriesSource {
  /** Throws PromqlError when it would be too much. */
  select(selection: Selection): Promise<RawSeries[]>;
}
