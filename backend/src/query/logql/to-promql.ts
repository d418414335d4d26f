/**
 * Expressions of numbers are PromQL's over series of their own: operators, matching and aggregations are its
 * engine's. What LogQL has by itself, its range aggregations, stands as leaves whose values are known.
 */

import type { PromqlExpr } from "../promql/index.ts";
import type { Grouping, MetricExpr, RangeAggregation } from "./syntax.ts";

/** Each leaf, and what stands for it. */
export interface Translation {
  readonly expr: PromqlExpr;
  readonly leaves: ReadonlyMap<PromqlExpr, RangeAggregation>;
}

/** Sums of these are the same over parts of a series as over all of it: they need not be kept apart before. */
const SUMS: ReadonlySet<string> = new Set(["count_over_time", "rate", "bytes_over_time", "bytes_rate", "sum_over_time"]);
const MERGED: Readonly<Record<string, (operator: string) => boolean>> = { sum: (operator) => SUMS.has(operator), min: (operator) => operator === "min_over_time", max: (operator) => operator === "max_over_time" };

const text = (value: string, { from, to }: MetricExpr): PromqlExpr => ({ kind: "string", value, from, to });

export const toPromql = (root: MetricExpr): Translation => {
  const leaves = new Map<PromqlExpr, RangeAggregation>();
  const leaf = (range: RangeAggregation): PromqlExpr => {
    const expr: PromqlExpr = { kind: "call", name: range.operator, args: [], from: range.from, to: range.to };
    leaves.set(expr, range);
    return expr;
  };
  const translate = (expr: MetricExpr): PromqlExpr => {
    const { from, to } = expr;
    switch (expr.kind) {
      case "literal":
        return { kind: "number", value: expr.value, from, to };
      case "vector":
        return { kind: "call", name: "vector", args: [{ kind: "number", value: expr.value, from, to }], from, to };
      case "paren":
        return { kind: "paren", expr: translate(expr.expr), from, to };
      case "range":
        return leaf(expr);
      case "label-replace":
        return { kind: "call", name: "label_replace", args: [translate(expr.expr), ...[expr.target, expr.replacement, expr.source, expr.regex].map((each) => text(each, expr))], from, to };
      case "binary":
        return { kind: "binary", operator: expr.operator, left: translate(expr.left), right: translate(expr.right), returnsBool: expr.returnsBool || isOfNumbers(expr), matching: expr.matching, from, to };
      case "vector-aggregation": {
        const { operator, parameter, grouping = { labels: [], without: false } } = expr;
        if (operator === "sort" || operator === "sort_desc") return { kind: "call", name: operator, args: [translate(expr.expr)], from, to };
        return {
          kind: "aggregation", operator: operator === "approx_topk" ? "topk" : operator, expr: groupedLeaf(expr.expr, operator, grouping) ?? translate(expr.expr), grouping: grouping.labels, without: grouping.without, from, to,
          ...(parameter !== undefined && { parameter: { kind: "number", value: parameter, from, to } as const }),
        };
      }
    }
  };
  const groupedLeaf = (expr: MetricExpr, operator: string, grouping: Grouping): PromqlExpr | undefined => {
    const inner = expr.kind === "paren" ? expr.expr : expr;
    if (inner.kind !== "range" || inner.grouping || !MERGED[operator]?.(inner.operator)) return undefined;
    return leaf({ ...inner, grouping });
  };
  return { expr: translate(root), leaves };
};

/** Between two numbers a comparison is 0 or 1, with `bool` or without. */
const isOfNumbers = ({ operator, left, right }: Extract<MetricExpr, { kind: "binary" }>): boolean => ["==", "!=", ">", ">=", "<", "<="].includes(operator) && isNumber(left) && isNumber(right);

const isNumber = (expr: MetricExpr): boolean =>
  expr.kind === "literal" || (expr.kind === "paren" && isNumber(expr.expr)) || (expr.kind === "binary" && isNumber(expr.left) && isNumber(expr.right));
