/** What a function over a range is: one value, or none, of the samples of one series in one range. */

import type { Annotations } from "../annotations.ts";
import type { FloatHistogram } from "../histogram/float-histogram.ts";
import type { Span } from "../syntax.ts";
import type { Window } from "../window.ts";

export interface RangeContext {
  readonly annotations: Annotations;
  /** The range in the query. */
  readonly at: Span;
  /** The call, for faults of its other arguments. */
  readonly argumentAt: Span;
  readonly rangeMs: number;
  /** Where the range ends, ms: the step's time, shifted by `offset` and `@`. */
  readonly endMs: number;
  /** Time of the step, ms. */
  readonly nowMs: number;
  /** Scalars among the arguments, in their order, at this step. */
  readonly scalars: readonly number[];
}

/** undefined: no value. */
export type RangeFunction = (window: Window, context: RangeContext) => number | FloatHistogram | undefined;
