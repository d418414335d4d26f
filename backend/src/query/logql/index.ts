/** LogQL: the language, and what entries and numbers come out of it. It knows no store. */

export { badQuery, LogqlError, overLimit } from "./errors.ts";
export { foldOf, type Fold, type State } from "./folds.ts";
export { parseLinePattern, regexOfLinePattern } from "./pattern.ts";
export { compileStages } from "./pipeline/compile.ts";
export { Entry, ERROR, ERROR_DETAILS, type EntrySource, type LabelPair } from "./pipeline/entry.ts";
export { compileLabelFilter, type EntryTest } from "./pipeline/label-filter.ts";
export { labelName } from "./pipeline/label-names.ts";
export { positiveOf } from "./pipeline/line-filter.ts";
export { isLevel, isNegative, matcherTest, positiveTest } from "./pipeline/matcher-test.ts";
export { parse, parseLogs } from "./parse.ts";
export { RangeSeries, type RangeLimits } from "./range-series.ts";
export type { Comparison, Expr, Grouping, LabelFilter, LogExpr, Matcher, MetricExpr, RangeAggregation, Stage, Unwrap } from "./syntax.ts";
export { toPromql } from "./to-promql.ts";
export { parseBytes, parseDuration, parseFloatStrict, parseGoDuration } from "./units.ts";
export { restOf, rangeGrid, rightEnd, type RangeGrid } from "./window.ts";
