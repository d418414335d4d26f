/** What there is: names and values of labels, series, metadata. */

import type { Store } from "../../core/store.ts";
import { or, param, sql, type Fragment, type TenantScope } from "../../sql/sql.ts";
import { METRIC_NAME, PromqlError, type Matcher } from "../promql/index.ts";
import { labelName, labelValue, METRIC } from "./names.ts";
import { findSeries, matchingSeries, type Range } from "./series.ts";

const MAX_SERIES = 50_000;
const MAX_VALUES = 50_000;

export interface CatalogRequest {
  /** Any of these selectors; none: all series. */
  readonly selectors: readonly (readonly Matcher[])[];
  readonly range: Range;
  readonly limit: number | undefined;
}

const limitText = (limit: number | undefined): Fragment => sql`LIMIT ${param.uint32(Math.min(limit ?? MAX_VALUES, MAX_VALUES))}`;

/** FROM series that any of the selectors means. */
const anyOf = (scope: TenantScope, { selectors, range }: CatalogRequest): Fragment => {
  const [only, ...rest] = selectors;
  if (rest.length === 0) return matchingSeries(scope, only ?? [], range);
  const ids = selectors.map((matchers) => sql`series IN (SELECT series ${matchingSeries(scope, matchers, range)})`);
  return sql`${matchingSeries(scope, [], range)} AND (${or(ids)})`;
};

export const labelNames = async (store: Store, scope: TenantScope, request: CatalogRequest, signal?: AbortSignal): Promise<string[]> => {
  const rows = await store.read<{ name: string }>(scope.statement(sql`SELECT DISTINCT arrayJoin(mapKeys(labels)) AS name ${anyOf(scope, request)} ORDER BY name ${limitText(request.limit)}`), { upToMs: request.range.endMs, ...(signal && { signal }) });
  const names = new Set(rows.map(({ name }) => labelName(name)));
  return rows.length === 0 ? [] : [METRIC_NAME, ...names].sort().slice(0, request.limit);
};

export const labelValues = async (store: Store, scope: TenantScope, name: string, request: CatalogRequest, signal?: AbortSignal): Promise<string[]> => {
  const value = name === METRIC_NAME ? METRIC : labelValue(name);
  const rows = await store.read<{ value: string }>(scope.statement(sql`SELECT DISTINCT ${value} AS value ${anyOf(scope, request)} AND (value != '') ORDER BY value ${limitText(request.limit)}`), { upToMs: request.range.endMs, ...(signal && { signal }) });
  return rows.map((row) => row.value);
};

export const seriesOf = async (store: Store, scope: TenantScope, { selectors, range, limit }: CatalogRequest, signal?: AbortSignal): Promise<Record<string, string>[]> => {
  const found = new Map<string, Record<string, string>>();
  for (const matchers of selectors) {
    const series = await findSeries(store, scope, matchers, range, limit ?? MAX_SERIES, signal);
    if (limit === undefined && series.length > MAX_SERIES) throw new PromqlError("execution", `more than ${MAX_SERIES} series match: narrow the selector, or give a limit`);
    for (const { labels } of series) found.set(labels.key, labels.toRecord());
  }
  return [...found.entries()].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, labels]) => labels).slice(0, limit);
};

/** Kinds as Prometheus names them; `updown` counters are gauges there. */
const TYPES: Readonly<Record<string, string>> = { counter: "counter", gauge: "gauge", histogram: "histogram", summary: "summary" };

export const metadata = async (store: Store, scope: TenantScope, metric: string | undefined, limit: number | undefined, range: Range, signal?: AbortSignal): Promise<Record<string, { type: string; help: string; unit: string }[]>> => {
  const matchers: Matcher[] = metric === undefined ? [] : [{ name: METRIC_NAME, operator: "=", value: metric }];
  const rows = await store.read<{ name: string; found_kind: string; found_unit: string; found_help: string }>(
    scope.statement(sql`SELECT ${METRIC} AS name, toString(any(kind)) AS found_kind, toString(any(unit)) AS found_unit, any(help) AS found_help ${matchingSeries(scope, matchers, range)} GROUP BY name ORDER BY name ${limitText(limit)}`),
    { upToMs: range.endMs, ...(signal && { signal }) },
  );
  return Object.fromEntries(rows.map((row) => [row.name, [{ type: TYPES[row.found_kind] ?? "unknown", help: row.found_help, unit: row.found_unit }]]));
};

