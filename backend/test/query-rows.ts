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

type Encode<Row> = (rows: readonly Row[], key: BatchKey) => Buffer;
type RowStream = "logs" | "samples" | "histograms" | "exemplars" | "spans";

/** As the delivery's statement does, with the same retention for all. */
const storing =
  <Row>(stream: RowStream, encode: Encode<Row>, more = sql``) =>
  async (store: Store, tenant: string, rows: readonly Row[], key = nextKey()): Promise<void> => {
    const scope = new TenantScope(tenant);
    const statement = scope.statement(sql`
      ${scope.insertInto(stream)} SELECT ${scope.tenantValue} AS tenant, *, now64(3) AS received${more}, 30 AS retention, today() + 30 AS expires
      FROM input(${param.string(inputStructure(stream, 1))}) FORMAT Native`);
    await store.write(statement, encode(rows, key));
  };

const RECEIPT = sql`, toIPv6('::1') AS source_ip, 'test' AS ingester`;
export const storeLogs = storing<LogRecord>("logs", encodeLogs, RECEIPT);
export const storeSpans = storing<SpanRecord>("spans", encodeSpans, RECEIPT);
export const storeSamples = storing<MetricSample>("samples", encodeSamples);
export const storeHistograms = storing<HistogramPoint>("histograms", encodeHistograms);
export const storeExemplars = storing<ExemplarRecord>("exemplars", encodeExemplars);

export const storeSeries = async (store: Store, tenant: string, rows: readonly MetricSeries[], key = nextKey()): Promise<void> => {
  const scope = new TenantScope(tenant);
  const statement = scope.statement(sql`
    ${scope.insertInto("series")} SELECT ${scope.tenantValue} AS tenant, * EXCEPT (batch, row), today() + 30 AS expires
    FROM input(${param.string(inputStructure("series", 1))}) FORMAT Native`);
  await store.write(statement, encodeSeries(rows, key));
};
