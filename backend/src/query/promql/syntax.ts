/** The syntax tree of a PromQL expression. */

/** Offsets in the text of the query, end exclusive. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What durations may depend on: the query's step and whole range, ms. */
export interface DurationContext {
  readonly stepMs: number;
  readonly rangeMs: number;
}

/** Milliseconds; an expression over `step()` and `range()` is known only when it runs. */
export type Duration = (context: DurationContext) => number;

export type MatchOperator = "=" | "!=" | "=~" | "!~";

export interface Matcher {
  readonly name: string;
  readonly operator: MatchOperator;
  readonly value: string;
}

/** A fixed time in ms, or an end of the query. */
export type At = { readonly kind: "time"; readonly ms: number } | { readonly kind: "start" | "end" };

export type Extension = "anchored" | "smoothed";

interface Shifted {
  readonly offset?: Duration;
  readonly at?: At;
}

export interface NumberLiteral extends Span {
  readonly kind: "number";
  readonly value: number;
}

export interface StringLiteral extends Span {
  readonly kind: "string";
  readonly value: string;
}

export interface VectorSelector extends Span, Shifted {
  readonly kind: "selector";
  readonly matchers: readonly Matcher[];
  /** The value between the samples around a time, in place of the last one. */
  readonly isSmoothed?: boolean;
}

export interface MatrixSelector extends Span {
  readonly kind: "matrix";
  readonly selector: VectorSelector;
  readonly range: Duration;
  readonly extension?: Extension;
}

export interface Subquery extends Span, Shifted {
  readonly kind: "subquery";
  readonly expr: Expr;
  readonly range: Duration;
  /** Absent: the engine's default. */
  readonly step?: Duration;
}

export interface Call extends Span {
  readonly kind: "call";
  readonly name: string;
  readonly args: readonly Expr[];
}

export interface Aggregation extends Span {
  readonly kind: "aggregation";
  readonly operator: string;
  readonly expr: Expr;
  readonly parameter?: Expr;
  readonly grouping: readonly string[];
  readonly without: boolean;
}

export type Cardinality = "one-to-one" | "many-to-one" | "one-to-many" | "many-to-many";

export interface Matching {
  readonly cardinality: Cardinality;
  /** With `on` these labels match, else all but these. */
  readonly on: boolean;
  readonly labels: readonly string[];
  /** Of `group_left` and `group_right`. */
  readonly include: readonly string[];
  /** Stand for a side that is missing. */
  readonly fillLeft?: number;
  readonly fillRight?: number;
}

export interface Binary extends Span {
  readonly kind: "binary";
  readonly operator: string;
  readonly left: Expr;
  readonly right: Expr;
  readonly returnsBool: boolean;
  readonly matching: Matching;
}

export interface Unary extends Span {
  readonly kind: "unary";
  readonly operator: "+" | "-";
  readonly expr: Expr;
}

export interface Paren extends Span {
  readonly kind: "paren";
  readonly expr: Expr;
}

export type Expr = NumberLiteral | StringLiteral | VectorSelector | MatrixSelector | Subquery | Call | Aggregation | Binary | Unary | Paren;

export type ValueType = "scalar" | "string" | "vector" | "matrix";

/** As Prometheus names them in messages. */
export const TYPE_NAMES: Readonly<Record<ValueType, string>> = { scalar: "scalar", string: "string", vector: "instant vector", matrix: "range vector" };

export const COMPARISONS: ReadonlySet<string> = new Set(["==", "!=", "<", ">", "<=", ">="]);
export const SET_OPERATORS: ReadonlySet<string> = new Set(["and", "or", "unless"]);

export const unwrap = (expr: Expr): Expr => (expr.kind === "paren" ? unwrap(expr.expr) : expr);

/** Line and column, from 1, as in Prometheus' messages. */
export const positionOf = (query: string, offset: number): string => {
  const before = query.slice(0, offset);
  const line = before.split("\n").length;
  return `${line}:${offset - before.lastIndexOf("\n")}`;
};
