/** Loki's HTTP API over a store: requests in, its bodies out. */

import type { LokiQueries, LokiRequest } from "../../core/loki.ts";
import type { Store } from "../../core/store.ts";
import { TenantScope } from "../../sql/sql.ts";
import type { Grid } from "../promql/index.ts";
import { badQuery, parse, parseLogs, type LogExpr } from "../logql/index.ts";
import { instantAnswer, logsAnswer, rangeAnswer } from "./answer.ts";
import { labelNames, labelValues, seriesOf } from "./catalog.ts";
import { queryLogs } from "./log-query.ts";
import { queryMetric } from "./metric-query.ts";
import { many, one, rangeOf, rangeRequest, required, stepsOf, timeOf, type Parameters } from "./request.ts";
import type { Asking } from "./rows.ts";

export interface LokiOptions {
  readonly store: Store;
  /** ms since 1970. */
  readonly now: () => number;
}

const BUDGET_MS = 60_000;
const NS_PER_MS = 1_000_000n;
/** As far back as label browsers look when nothing is said. */
const CATALOG_MS = 6 * 3_600_000;
const MS_PER_NS = 1e-6;

export const createLokiQueries = ({ store, now }: LokiOptions): LokiQueries => {
  const asking = ({ tenant, signal }: LokiRequest): Asking => ({ store, scope: new TenantScope(tenant), deadlineMs: performance.now() + BUDGET_MS, signal });
  const catalog = (parameters: Parameters) => ({ range: rangeOf(parameters, now(), CATALOG_MS), selectors: selectorsOf(parameters) });
  return {
    async instant(request) {
      const started = performance.now();
      const { parameters } = request;
      const query = required(parameters, "query");
      const expr = parse(query);
      if (expr.kind === "logs") throw badQuery("log queries are not supported as an instant query type, please change your query to a range query type");
      const timeNs = timeOf(parameters, "time", BigInt(now()) * NS_PER_MS);
      const result = await queryMetric(asking(request), query, expr, { startNs: timeNs, stepNs: 1n, steps: 1 });
      return instantAnswer(result, Number(timeNs / NS_PER_MS), started);
    },
    async range(request) {
      const started = performance.now();
      const { query, range, stepNs, limit, order, intervalNs } = rangeRequest(request.parameters, now());
      const expr = parse(query);
      if (expr.kind === "logs") {
        // The end does not belong to it, in Loki.
        const inclusive = range.endNs > range.startNs ? { startNs: range.startNs, endNs: range.endNs - 1n } : range;
        return logsAnswer(await queryLogs(asking(request), { expr, range: inclusive, limit, order, intervalNs }), request.categorizeLabels ?? false, started);
      }
      const steps = stepsOf({ range, stepNs });
      const grid: Grid = { startMs: Number(range.startNs) * MS_PER_NS, stepMs: Number(stepNs) * MS_PER_NS, steps };
      return rangeAnswer(await queryMetric(asking(request), query, expr, { startNs: range.startNs, stepNs, steps }), grid, started);
    },
    async labels(request) {
      const { range, selectors } = catalog(request.parameters);
      return { status: "success", data: await labelNames(asking(request), range, selectors) };
    },
    async labelValues({ name, ...request }) {
      const { range, selectors } = catalog(request.parameters);
      return { status: "success", data: await labelValues(asking(request), name, range, selectors) };
    },
    async series(request) {
      const { range, selectors } = catalog(request.parameters);
      if (selectors.length === 0) throw badQuery("0 matcher groups supplied: match[] names the streams, such as match[]={service=\"api\"}");
      return { status: "success", data: await seriesOf(asking(request), range, selectors) };
    },
    async formatQuery({ parameters }) {
      const query = required(parameters, "query");
      parse(query);
      return { status: "success", data: query.trim() };
    },
  };
};

/** Of `match[]`, `match` and `query`; `{}` and nothing mean all streams. */
const selectorsOf = (parameters: Parameters): LogExpr[] =>
  [...many(parameters, "match[]"), ...many(parameters, "match"), ...(one(parameters, "query") === undefined ? [] : [one(parameters, "query")!])].filter((text) => !/^\s*(?:\{\s*\})?\s*$/.test(text)).map(parseLogs);
