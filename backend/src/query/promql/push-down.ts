/** Parts of a query that the source may compute by itself: `rate(x[5m])` and `sum by (y) (rate(x[5m]))`. */

import type { Annotations } from "./annotations.ts";
import { contextOf, shiftedTime } from "./evaluate.ts";
import { noteIfNoCounter } from "./range-functions/rates.ts";
import { PUSHED_AGGREGATIONS, PUSHED_FUNCTIONS, type Computation, type Computed, type PushedAggregation, type PushedFunction, type SeriesSource } from "./source.ts";
import { unwrap, type Aggregation, type Call, type Expr } from "./syntax.ts";
import { GridSeries, type Grid } from "./values.ts";

const COUNTER_FUNCTIONS: ReadonlySet<string> = new Set(["rate", "increase", "irate"]);

interface Candidate {
  /** The whole of what is computed. */
  readonly expr: Call | Aggregation;
  readonly call: Call;
  readonly computation: Computation;
}

const computationOf = (call: Call, query: Grid): Computation | undefined => {
  const range = call.args[0] && unwrap(call.args[0]);
  if (!(PUSHED_FUNCTIONS as readonly string[]).includes(call.name) || range?.kind !== "matrix" || range.extension || range.selector.at) return undefined;
  const context = contextOf(query);
  const startMs = shiftedTime(query, query, range.selector, context)(0);
  return { name: call.name as PushedFunction, matchers: range.selector.matchers, rangeMs: range.range(context), ends: { ...query, startMs } };
};

/** Outermost first; nothing within a subquery, whose steps are others. */
const candidatesIn = (expr: Expr, query: Grid): Candidate[] => {
  switch (expr.kind) {
    case "paren":
    case "unary":
      return candidatesIn(expr.expr, query);
    case "binary":
      return [...candidatesIn(expr.left, query), ...candidatesIn(expr.right, query)];
    case "aggregation": {
      const call = unwrap(expr.expr);
      const computation = call.kind === "call" && !expr.without && (PUSHED_AGGREGATIONS as readonly string[]).includes(expr.operator) ? computationOf(call, query) : undefined;
      if (computation) return [{ expr, call: call as Call, computation: { ...computation, by: { operator: expr.operator as PushedAggregation, labels: expr.grouping } } }];
      return [...candidatesIn(expr.expr, query), ...(expr.parameter ? candidatesIn(expr.parameter, query) : [])];
    }
    case "call": {
      const computation = computationOf(expr, query);
      return computation ? [{ expr, call: expr, computation }] : expr.args.flatMap((arg) => candidatesIn(arg, query));
    }
    default:
      return [];
  }
};

const seriesOf = ({ series }: Computed, { steps }: Grid): GridSeries[] =>
  series
    .map(({ labels, values }) => {
      const one = new GridSeries(labels, steps, true);
      values.forEach((value, step) => value !== undefined && one.setFloat(step, value));
      return one;
    })
    .filter(({ isEmpty }) => !isEmpty);

/** Values of what the source has computed, by the expression that they are of. */
export const pushDown = async (expr: Expr, query: Grid, source: SeriesSource, annotations: Annotations): Promise<ReadonlyMap<Expr, readonly GridSeries[]>> => {
  const found = new Map<Expr, readonly GridSeries[]>();
  if (!source.compute) return found;
  await Promise.all(candidatesIn(expr, query).map(async (candidate) => {
    const computed = await source.compute!(candidate.computation);
    if (!computed) return;
    if (COUNTER_FUNCTIONS.has(candidate.call.name)) for (const metric of computed.metrics) noteIfNoCounter(metric, { annotations, at: candidate.call.args[0]! });
    found.set(candidate.expr, seriesOf(computed, query));
  }));
  return found;
};
