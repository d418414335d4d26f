/** The query layer: what the HTTP API's read addresses call. */

import type { Queries } from "../core/queries.ts";
import type { Store } from "../core/store.ts";
import { TenantScope } from "../sql/sql.ts";
import { logFields, parseLogFields } from "./log-fields.ts";
import { hosts, metricLabels, metricNames, parseCatalogRange, parseLabelsQuery } from "./metrics/catalog.ts";
import { parseMetricRange, queryMetricRange } from "./metrics/query-range.ts";
import { parseLogSearch, searchLogs } from "./search-logs.ts";
import { createElasticsearchQueries } from "./elasticsearch/index.ts";
import { createLokiQueries } from "./loki/index.ts";
import { createPrometheusQueries } from "./prometheus/index.ts";
import { createSqlQueries } from "./sql/index.ts";
import { readTrace } from "./trace.ts";

export { createElasticsearchQueries, createLokiQueries, createPrometheusQueries, createSqlQueries };

export interface QueriesOptions {
  readonly store: Store;
  /** ms since 1970. */
  readonly now?: () => number;
}

export const createQueries = ({ store, now = Date.now }: QueriesOptions): Queries => ({
  searchLogs: async (tenant, body, signal) => searchLogs(store, new TenantScope(tenant), parseLogSearch(body, now()), signal),
  logFields: async (tenant, query, signal) => logFields(store, new TenantScope(tenant), parseLogFields(query, now()), signal),
  metricRange: async (tenant, query, signal) => queryMetricRange(store, new TenantScope(tenant), parseMetricRange(query, now()), signal),
  metricNames: async (tenant, query, signal) => metricNames(store, new TenantScope(tenant), parseCatalogRange(query, now()), signal),
  metricLabels: async (tenant, query, signal) => {
    const { metric, range } = parseLabelsQuery(query, now());
    return metricLabels(store, new TenantScope(tenant), metric, range, signal);
  },
  trace: async (tenant, traceId, signal) => readTrace(store, new TenantScope(tenant), traceId, signal),
  hosts: async (tenant, query, signal) => hosts(store, new TenantScope(tenant), parseCatalogRange(query, now()), signal),
});

/** All of it, one member per API. */
export const createAnswers = ({ store, now = Date.now }: QueriesOptions) => ({
  queries: createQueries({ store, now }),
  prometheus: createPrometheusQueries({ store, now }),
  loki: createLokiQueries({ store, now }),
  elasticsearch: createElasticsearchQueries({ store, now }),
  sqlQueries: createSqlQueries({ store, now }),
});
