/** PromQL: engine and what a source of samples needs. */

export { Engine, type Answer, type EngineOptions } from "./engine.ts";
export { PromqlError, TOO_MANY_SAMPLES } from "./errors.ts";
export { hintAfter } from "./histogram/combine.ts";
export { allBuckets, CUSTOM_SCHEMA, withHint, type FloatHistogram } from "./histogram/float-histogram.ts";
export { Labels, METRIC_NAME } from "./labels.ts";
export { compileMatcher } from "./matchers.ts";
export { parseDuration } from "./literals.ts";
export { parse } from "./parse.ts";
export { selectorsOf } from "./selectors.ts";
export type { Matcher } from "./syntax.ts";
export type { Computation, Computed, PushedAggregation, PushedFunction, RawSeries, Selection, SeriesSource } from "./source.ts";
export { FLOAT, HISTOGRAM, STALE, timeAt, type Grid, type GridSeries } from "./values.ts";
