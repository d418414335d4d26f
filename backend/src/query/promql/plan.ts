/** Which samples a query needs: every selector with the times from which they are taken. */

import { contextOf, shiftedTime, subqueryGrid } from "./evaluate.ts";
import { infoSelector } from "./functions/info.ts";
import type { Selection } from "./source.ts";
import type { Expr, VectorSelector } from "./syntax.ts";
import type { Grid } from "./values.ts";

export interface PlannedSelection extends Selection {
  readonly selector: VectorSelector;
}

export interface PlanOptions {
  readonly grid: Grid;
  readonly lookbackMs: number;
  readonly subqueryStepMs: number;
}

/** `isKnown`: parts whose values are there already. */
export const plan = (expr: Expr, options: PlanOptions, isKnown: (expr: Expr) => boolean = () => false): PlannedSelection[] => {
  const selections: PlannedSelection[] = [];
  const { grid: query, lookbackMs, subqueryStepMs } = options;
  const context = contextOf(query);
  const select = (selector: VectorSelector, grid: Grid, beforeMs: number, behindMs: number): void => {
    const timeOf = shiftedTime(grid, query, selector, context);
    selections.push({ selector, matchers: selector.matchers, afterMs: timeOf(0) - beforeMs, untilMs: timeOf(grid.steps - 1) + behindMs });
  };
  const visit = (node: Expr, grid: Grid): void => {
    if (isKnown(node)) return;
    switch (node.kind) {
      case "selector":
        return select(node, grid, lookbackMs, node.isSmoothed ? lookbackMs : 0);
      case "matrix":
        return select(node.selector, grid, node.range(context) + (node.extension ? lookbackMs : 0), node.extension === "smoothed" ? lookbackMs : 0);
      case "subquery": {
        const inner = subqueryGrid(node, grid, query, subqueryStepMs);
        return inner.steps > 0 ? visit(node.expr, inner) : undefined;
      }
      case "paren":
      case "unary":
        return visit(node.expr, grid);
      case "binary":
        visit(node.left, grid);
        return visit(node.right, grid);
      case "aggregation":
        visit(node.expr, grid);
        return node.parameter && visit(node.parameter, grid);
      case "call":
        if (node.name === "info") {
          visit(node.args[0]!, grid);
          return select(infoSelector(node), grid, lookbackMs, 0);
        }
        return node.args.forEach((arg) => visit(arg, grid));
      default:
    }
  };
  visit(expr, query);
  return selections;
};
