/** The selectors that stand in an expression. */

import type { Expr, Matcher } from "./syntax.ts";

/** The matchers of each, in the order of the text. */
export const selectorsOf = (expr: Expr): (readonly Matcher[])[] => {
  switch (expr.kind) {
    case "selector":
      return [expr.matchers];
    case "matrix":
      return [expr.selector.matchers];
    case "subquery":
    case "paren":
    case "unary":
      return selectorsOf(expr.expr);
    case "binary":
      return [...selectorsOf(expr.left), ...selectorsOf(expr.right)];
    case "aggregation":
      return [...(expr.parameter ? selectorsOf(expr.parameter) : []), ...selectorsOf(expr.expr)];
    case "call":
      return expr.args.flatMap(selectorsOf);
    default:
      return [];
  }
};
