/** What metrics there are: `GET /api/v1/metrics/names`, `/api/v1/metrics/labels`, `/api/v1/hosts`. */

import { z } from "zod";
import type { HostsAnswer, MetricLabelsAnswer, MetricNamesAnswer } from "../../core/queries.ts";
import type { Store } from "../../core/store.ts";
import { param, sql, type TenantScope } from "../../sql/sql.ts";
import { instant } from "../log-source.ts";
import { time, timeRange, validate, type TimeRange } from "../validate.ts";
import { millis, seriesAlive } from "./series-source.ts";

const MAX_NAMES = 5_000;
const MAX_LABELS = 100;
const MAX_LABEL_VALUES = 1_000;
const MAX_HOSTS = 1_000;
const BUDGET_SECONDS = 10;

const rangeQuery = z.strictObject({ start: time.optional(), end: time.optional() });
const labelsQuery = z.strictObject({ metric: z.string().min(1).max(512), start: time.optional(), end: time.optional() });

const options = ({ endNs }: TimeRange, signal: AbortSignal | undefined) => ({ maxExecutionSeconds: BUDGET_SECONDS, upToMs: Number(endNs / 1_000_000n), ...(signal && { signal }) });

export const parseCatalogRange = (query: unknown, nowMs: number): TimeRange => timeRange(validate(rangeQuery, query), nowMs);

export const parseLabelsQuery = (query: unknown, nowMs: number): { metric: string; range: TimeRange } => {
  const request = validate(labelsQuery, query);
  return { metric: request.metric, range: timeRange(request, nowMs) };
};

export const metricNames = async (store: Store, scope: TenantScope, range: TimeRange, signal?: AbortSignal): Promise<MetricNamesAnswer> => {
  const statement = scope.statement(sql`
    SELECT toString(metric) AS name, toString(any(kind)) AS kind, toString(any(unit)) AS unit, toFloat64(uniqExact(series)) AS series
    ${seriesAlive(scope, range)}
    GROUP BY metric ORDER BY metric LIMIT ${param.uint32(MAX_NAMES)}`);
  return { metrics: await store.read(statement, options(range, signal)) };
};

export const metricLabels = async (store: Store, scope: TenantScope, metric: string, range: TimeRange, signal?: AbortSignal): Promise<MetricLabelsAnswer> => {
  const statement = scope.statement(sql`
    SELECT label.1 AS name, arraySort(groupUniqArray(${param.uint32(MAX_LABEL_VALUES)})(label.2)) AS values
    FROM (SELECT arrayJoin(arrayZip(mapKeys(labels), mapValues(labels))) AS label ${seriesAlive(scope, range, metric)})
    GROUP BY name ORDER BY name LIMIT ${param.uint32(MAX_LABELS)}`);
  const rows = await store.read<{ name: string; values: string[] }>(statement, options(range, signal));
  return { labels: Object.fromEntries(rows.map(({ name, values }) => [name, values])) };
};

/** Hosts that sent logs or metrics in the range, newest first. */
export const hosts = async (store: Store, scope: TenantScope, range: TimeRange, signal?: AbortSignal): Promise<HostsAnswer> => {
  const { startNs, endNs } = range;
  const [startMs, endMs] = [startNs / 1_000_000n, endNs / 1_000_000n];
  const statement = scope.statement(sql`
    SELECT host, toFloat64(max(seen_ms)) AS last_seen_ms
    FROM (
      SELECT toString(host) AS host, toUnixTimestamp64Milli(max(timestamp)) AS seen_ms
      ${scope.from("logs")} AND timestamp >= ${instant(startNs)} AND timestamp <= ${instant(endNs)}
      GROUP BY host
      UNION ALL
      SELECT lines.host AS host, max(newest_ms) AS seen_ms
      FROM (
        SELECT series, toUnixTimestamp64Milli(max(timestamp)) AS newest_ms
        ${scope.from("samples")} AND timestamp >= ${millis(startMs)} AND timestamp <= ${millis(endMs)}
        GROUP BY series
      ) AS newest
      INNER JOIN (SELECT series, any(toString(labels['host'])) AS host ${seriesAlive(scope, range)} GROUP BY series) AS lines USING series
      GROUP BY host
    )
    GROUP BY host
    HAVING host != ''
    ORDER BY last_seen_ms DESC, host
    LIMIT ${param.uint32(MAX_HOSTS)}`);
  const rows = await store.read<{ host: string; last_seen_ms: number }>(statement, options(range, signal));
  return { hosts: rows.map(({ host, last_seen_ms }) => ({ host, last_seen: new Date(last_seen_ms).toISOString() })) };
};
