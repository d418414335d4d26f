/** PromQL: engine and what a source of samples needs. */

export { Engine, evaluateKnown, type Answer, type EngineOptions } from "./engine.ts";
export { PromqlError, TOO_MANY_SAMPLES } from "./errors.ts";
export { hintAfter } from "./histogram/combine.ts";
export { allBuckets, CUSTOM_SCHEMA, withHint, type FloatHistogram } from "./histogram/float-histogram.ts";
export { Labels, METRIC_NAME } from "./labels.ts";
export { compileMatcher } from "./matchers.ts";
export { parseDuration, unquote } from "./literals.ts";
export { parse } from "./parse.ts";
export { formatPlain, quantile } from "./numbers.ts";
export { selectorsOf } from "./selectors.ts";
export { positionOf, type Expr as PromqlExpr, type Matcher, type Matching, type Span } from "./syntax.ts";
export type { Computation, Computed, PushedAggregation, PushedFunction, RawSeries, Selection, SeriesSource } from "./source.ts";
export { FLOAT, HISTOGRAM, STALE, timeAt, GridSeries, type Grid } from "./values.ts";
