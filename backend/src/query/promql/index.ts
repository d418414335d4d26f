/** PromQL: engine and what a source of samples needs. */

export { Engine, type Answer, type EngineOptions } from "./engine.ts";
export { PromqlError } from "./errors.ts";
export { hintAfter } from "./histogram/combine.ts";
export { CUSTOM_SCHEMA, isEqual as isEqualHistogram, type FloatHistogram } from "./histogram/float-histogram.ts";
export { Labels, METRIC_NAME } from "./labels.ts";
export { compileMatcher } from "./matchers.ts";
export type { RawSeries, Selection, SeriesSource } from "./source.ts";
export { FLOAT, HISTOGRAM, STALE } from "./values.ts";
