/** The functions of PromQL: their arguments and results. What they compute is in functions/ and range-functions.ts. */

import type { ValueType } from "./syntax.ts";

export interface Signature {
  readonly args: readonly ValueType[];
  /** How many of the last argument's type may be left out (0), or follow: -1 any number. */
  readonly variadic?: number;
  readonly returns: ValueType;
  readonly isExperimental?: boolean;
}

const vectorFunctions = ["abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "cos", "cosh", "deg", "exp", "floor", "ln", "log10", "log2", "rad", "sgn", "sin", "sinh", "sqrt", "tan", "tanh", "timestamp", "absent", "sort", "sort_desc", "histogram_avg", "histogram_count", "histogram_sum", "histogram_stddev", "histogram_stdvar"];
const rangeFunctions = ["absent_over_time", "avg_over_time", "changes", "count_over_time", "delta", "deriv", "idelta", "increase", "irate", "last_over_time", "max_over_time", "min_over_time", "present_over_time", "rate", "resets", "stddev_over_time", "stdvar_over_time", "sum_over_time"];
const experimentalRangeFunctions = ["first_over_time", "mad_over_time", "ts_of_first_over_time", "ts_of_last_over_time", "ts_of_max_over_time", "ts_of_min_over_time"];
const dateFunctions = ["day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "month", "year"];

const of = (names: readonly string[], signature: Signature): [string, Signature][] => names.map((name) => [name, signature]);

export const FUNCTIONS: ReadonlyMap<string, Signature> = new Map<string, Signature>([
  ...of(vectorFunctions, { args: ["vector"], returns: "vector" }),
  ...of(rangeFunctions, { args: ["matrix"], returns: "vector" }),
  ...of(experimentalRangeFunctions, { args: ["matrix"], returns: "vector", isExperimental: true }),
  ...of(dateFunctions, { args: ["vector"], variadic: 1, returns: "vector" }),
  ["clamp", { args: ["vector", "scalar", "scalar"], returns: "vector" }],
  ...of(["clamp_max", "clamp_min"], { args: ["vector", "scalar"], returns: "vector" }),
  ["round", { args: ["vector", "scalar"], variadic: 1, returns: "vector" }],
  ["scalar", { args: ["vector"], returns: "scalar" }],
  ["vector", { args: ["scalar"], returns: "vector" }],
  ["time", { args: [], returns: "scalar" }],
  ["pi", { args: [], returns: "scalar" }],
  ["predict_linear", { args: ["matrix", "scalar"], returns: "vector" }],
  ["quantile_over_time", { args: ["scalar", "matrix"], returns: "vector" }],
  ["double_exponential_smoothing", { args: ["matrix", "scalar", "scalar"], returns: "vector", isExperimental: true }],
  ["label_replace", { args: ["vector", "string", "string", "string", "string"], returns: "vector" }],
  ["label_join", { args: ["vector", "string", "string", "string"], variadic: -1, returns: "vector" }],
  ...of(["sort_by_label", "sort_by_label_desc"], { args: ["vector", "string"], variadic: -1, returns: "vector", isExperimental: true }),
  ["histogram_quantile", { args: ["scalar", "vector"], returns: "vector" }],
  ["histogram_fraction", { args: ["scalar", "scalar", "vector"], returns: "vector" }],
  ["histogram_quantiles", { args: ["vector", "string", "scalar"], variadic: 9, returns: "vector", isExperimental: true }],
  ["info", { args: ["vector", "vector"], variadic: 1, returns: "vector", isExperimental: true }],
  ["start_timestamp", { args: ["vector"], returns: "vector", isExperimental: true }],
  ...of(["start", "end", "range", "step"], { args: [], returns: "scalar", isExperimental: true }),
  ...of(["min_of", "max_of"], { args: ["scalar", "scalar"], returns: "scalar", isExperimental: true }),
]);

/** Aggregations with a parameter, and its type. */
export const PARAMETERS: Readonly<Record<string, ValueType>> = { topk: "scalar", bottomk: "scalar", limitk: "scalar", limit_ratio: "scalar", quantile: "scalar", count_values: "string" };
export const EXPERIMENTAL_AGGREGATIONS: ReadonlySet<string> = new Set(["limitk", "limit_ratio"]);
