/** Rows for query tests: encoded as an agent encodes them, stored as the delivery stores them. */

import { encodeExemplars, encodeHistograms, encodeLogs, encodeSamples, encodeSeries, encodeSpans, inputStructure, type BatchKey, type ExemplarRecord, type HistogramPoint, type LogRecord, type MetricSample, type MetricSeries, type SpanRecord } from "@obs/wire";
import type { Store } from "../src/core/store.ts";
import { param, sql, TenantScope } from "../src/sql/sql.ts";

export const logRecord = (record: Partial<LogRecord> & Pick<LogRecord, "timestamp">): LogRecord => ({
  observed: record.timestamp,
  severity: 0,
  service: "",
  host: "",
  environment: "",
  message: "",
  traceId: "",
  spanId: "",
  pattern: 0n,
  weight: 1,
  attributes: {},
  ...record,
});

let seq = 0;
export const nextKey = (): BatchKey => ({ agent: 0xabcdefn, epoch: 7, seq: ++seq });

export const storeLogs = async (store: Store, tenant: string, records: readonly LogRecord[], key = nextKey()): Promise<void> => {
  const scope = new TenantScope(tenant);
  const statement = scope.statement(sql`
    ${scope.insertInto("logs")} SELECT ${scope.tenantValue} AS tenant, *, now64(3) AS received, toIPv6('::1') AS source_ip, 'test' AS ingester, 30 AS retention, today() + 30 AS expires
    FROM input(${param.string(inputStructure("logs", 1))}) FORMAT Native`);
  await store.write(statement, encodeLogs(records, key));
};

export const storeSamples = async (store: Store, tenant: string, rows: readonly MetricSample[], key = nextKey()): Promise<void> => {
  const scope = new TenantScope(tenant);
  const statement = scope.statement(sql`
    ${scope.insertInto("samples")} SELECT ${scope.tenantValue} AS tenant, *, now64(3) AS received, 30 AS retention, today() + 30 AS expires
    FROM input(${param.string(inputStructure("samples", 1))}) FORMAT Native`);
  await store.write(statement, encodeSamples(rows, key));
};

export const storeHistograms = async (store: Store, tenant: string, rows: readonly HistogramPoint[], key = nextKey()): Promise<void> => {
  const scope = new TenantScope(tenant);
  const statement = scope.statement(sql`
    ${scope.insertInto("histograms")} SELECT ${scope.tenantValue} AS tenant, *, now64(3) AS received, 30 AS retention, today() + 30 AS expires
    FROM input(${param.string(inputStructure("histograms", 1))}) FORMAT Native`);
  await store.write(statement, encodeHistograms(rows, key));
};

export const storeExemplars = async (store: Store, tenant: string, rows: readonly ExemplarRecord[], key = nextKey()): Promise<void> => {
  const scope = new TenantScope(tenant);
  const statement = scope.statement(sql`
    ${scope.insertInto("exemplars")} SELECT ${scope.tenantValue} AS tenant, *, now64(3) AS received, 30 AS retention, today() + 30 AS expires
    FROM input(${param.string(inputStructure("exemplars", 1))}) FORMAT Native`);
  await store.write(statement, encodeExemplars(rows, key));
};

export const storeSpans = async (store: Store, tenant: string, rows: readonly SpanRecord[], key = nextKey()): Promise<void> => {
  const scope = new TenantScope(tenant);
  const statement = scope.statement(sql`
    ${scope.insertInto("spans")} SELECT ${scope.tenantValue} AS tenant, *, now64(3) AS received, toIPv6('::1') AS source_ip, 'test' AS ingester, 30 AS retention, today() + 30 AS expires
    FROM input(${param.string(inputStructure("spans", 1))}) FORMAT Native`);
  await store.write(statement, encodeSpans(rows, key));
};

export const storeSeries = async (store: Store, tenant: string, rows: readonly MetricSeries[], key = nextKey()): Promise<void> => {
  const scope = new TenantScope(tenant);
  const statement = scope.statement(sql`
    ${scope.insertInto("series")} SELECT ${scope.tenantValue} AS tenant, * EXCEPT (batch, row), today() + 30 AS expires
    FROM input(${param.string(inputStructure("series", 1))}) FORMAT Native`);
  await store.write(statement, encodeSeries(rows, key));
};
