/** The syntax tree of a LogQL expression. */

import type { Matching, Span } from "../promql/index.ts";

export type { Span };

export type MatchOperator = "=" | "!=" | "=~" | "!~";

/** A condition on a label's text; regular expressions match the whole of it. */
export interface Matcher extends Span {
  readonly kind: "matcher";
  readonly name: string;
  readonly operator: MatchOperator;
  readonly value: string;
}

export type Comparison = "==" | "!=" | ">" | ">=" | "<" | "<=";

export type LabelFilter =
  | Matcher
  /** `duration` in seconds, `bytes` in bytes. */
  | ({ readonly kind: "number" | "duration" | "bytes"; readonly name: string; readonly operator: Comparison; readonly value: number } & Span)
  | ({ readonly kind: "ip"; readonly name: string; readonly operator: "=" | "!="; readonly value: string } & Span)
  | ({ readonly kind: "and" | "or"; readonly left: LabelFilter; readonly right: LabelFilter } & Span);

export type LineOperator = "|=" | "!=" | "|~" | "!~" | "|>" | "!>";

/** What a line may hold; with several, one is enough (`|=`), or none may be there (`!=`). */
export interface LineAlternative {
  readonly text: string;
  /** `ip("...")` */
  readonly isIp: boolean;
}

/** A label and where its value is taken from. */
export interface Extraction {
  readonly label: string;
  readonly expression: string;
}

export type LabelFormat = { readonly label: string } & ({ readonly from: string } | { readonly template: string });

export type Stage = Span &
  (
    | { readonly kind: "line"; readonly operator: LineOperator; readonly alternatives: readonly LineAlternative[] }
    | { readonly kind: "label"; readonly filter: LabelFilter }
    /** Without extractions: all fields. */
    | { readonly kind: "json"; readonly extractions: readonly Extraction[] }
    | { readonly kind: "logfmt"; readonly extractions: readonly Extraction[]; readonly strict: boolean; readonly keepEmpty: boolean }
    | { readonly kind: "pattern" | "regexp"; readonly pattern: string }
    | { readonly kind: "unpack" | "decolorize" }
    | { readonly kind: "line_format"; readonly template: string }
    | { readonly kind: "label_format"; readonly formats: readonly LabelFormat[] }
    /** A name alone, or a matcher that its value must meet. */
    | { readonly kind: "drop" | "keep"; readonly labels: readonly (string | Matcher)[] }
  );

export interface LogExpr extends Span {
  readonly kind: "logs";
  readonly matchers: readonly Matcher[];
  readonly stages: readonly Stage[];
}

export interface Unwrap extends Span {
  readonly label: string;
  readonly conversion?: "bytes" | "duration";
  /** Conditions on labels behind it. */
  readonly filters: readonly LabelFilter[];
}

export interface Grouping {
  readonly labels: readonly string[];
  readonly without: boolean;
}

export const RANGE_OPERATORS = [
  "count_over_time", "rate", "rate_counter", "bytes_over_time", "bytes_rate", "avg_over_time", "sum_over_time", "min_over_time", "max_over_time", "stddev_over_time", "stdvar_over_time",
  "quantile_over_time", "first_over_time", "last_over_time", "absent_over_time",
] as const;
export type RangeOperator = (typeof RANGE_OPERATORS)[number];

export interface RangeAggregation extends Span {
  readonly kind: "range";
  readonly operator: RangeOperator;
  readonly logs: LogExpr;
  readonly rangeMs: number;
  readonly offsetMs: number;
  readonly unwrap?: Unwrap;
  /** Of quantile_over_time. */
  readonly parameter?: number;
  readonly grouping?: Grouping;
}

export const VECTOR_OPERATORS = ["sum", "avg", "min", "max", "count", "stddev", "stdvar", "topk", "bottomk", "approx_topk", "sort", "sort_desc"] as const;
export type VectorOperator = (typeof VECTOR_OPERATORS)[number];

export interface VectorAggregation extends Span {
  readonly kind: "vector-aggregation";
  readonly operator: VectorOperator;
  readonly expr: MetricExpr;
  /** Of topk and bottomk. */
  readonly parameter?: number;
  readonly grouping?: Grouping;
}

export interface BinaryOperation extends Span {
  readonly kind: "binary";
  readonly operator: string;
  readonly left: MetricExpr;
  readonly right: MetricExpr;
  readonly returnsBool: boolean;
  readonly matching: Matching;
}

export interface LabelReplace extends Span {
  readonly kind: "label-replace";
  readonly expr: MetricExpr;
  readonly target: string;
  readonly replacement: string;
  readonly source: string;
  readonly regex: string;
}

/** `literal` is a number by itself, `vector` a series without labels that has it everywhere. */
export interface NumberExpr extends Span {
  readonly kind: "literal" | "vector";
  readonly value: number;
}

export interface ParenExpr extends Span {
  readonly kind: "paren";
  readonly expr: MetricExpr;
}

export type MetricExpr = RangeAggregation | VectorAggregation | BinaryOperation | LabelReplace | NumberExpr | ParenExpr;
export type Expr = LogExpr | MetricExpr;
