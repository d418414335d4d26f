/**
 * The tables that people see, column by column, over those that the store has. This is the only
 * definition: DESCRIBE, docs/sql.md and the generated SQL are made from it.
 */

import { and, param, sql, type Fragment, type TenantScope } from "../../sql/sql.ts";
import { instant } from "../log-source.ts";
import { EARLIEST_NS, LATEST_NS } from "../time.ts";
import { bytesName, commas, tableColumnName } from "./identifiers.ts";

/** What an expression is, as far as it decides how others are read with it. */
export type Kind = "time" | "number" | "text" | "bool" | "map" | "array" | "interval" | "other";

export interface TableColumn {
  readonly name: string;
  /** As ClickHouse spells it. */
  readonly type: string;
  readonly kind: Kind;
  readonly doc: string;
  /** Over the columns that the store has. */
  readonly stored: Fragment;
  /** Of an id shown as hexadecimal digits: the stored bytes, which have an index. */
  readonly bytes?: Fragment;
  /** It is the series', not the sample's. */
  readonly ofSeries?: boolean;
}

/** What is known of the rows that are wanted, for the store to skip the others. */
export interface Bounds {
  /** ns since 1970, both ends belong to the range. */
  startNs?: bigint;
  endNs?: bigint;
  /** Names of metrics. */
  metrics?: readonly string[];
}

/** Which columns are read, by their number in `columns`. */
export interface WantedColumns {
  readonly columns: ReadonlySet<number>;
  readonly bytes: ReadonlySet<number>;
  /** Expressions over the stored columns that only the compiler asks for. */
  readonly extra: readonly Fragment[];
}

export interface Table {
  readonly name: string;
  readonly doc: string;
  readonly columns: readonly TableColumn[];
  /** The map that `a.b` looks into when it names no column. */
  readonly map: string;
  /** Rows may stand for more than themselves (agents sample): `weight` says for how many. */
  readonly weighted: boolean;
  readonly read: (scope: TenantScope, wanted: WantedColumns, bounds: Bounds) => Fragment;
}

const column = (name: string, type: string, kind: Kind, doc: string, stored: Fragment, more: Pick<TableColumn, "bytes" | "ofSeries"> = {}): TableColumn => ({ name, type, kind, doc, stored, ...more });

const hexId = (name: string, stored: Fragment, doc: string): TableColumn =>
  column(name, "String", "text", doc, sql`if(toUInt128(reinterpretAsUInt128(${stored})) = 0, '', lower(hex(${stored})))`, { bytes: stored });

const NANOSECONDS = "DateTime64(9, 'UTC')";
const NAME = "LowCardinality(String)";
const MAP = "Map(LowCardinality(String), String)";
/** Agents tell of a series when it is new and once a day: `last_seen` may be that much too early. */
const SERIES_REPEAT_NS = 25n * 3_600_000_000_000n;

const LOGS: readonly TableColumn[] = [
  column("timestamp", NANOSECONDS, "time", "when it happened", sql`timestamp`),
  column("message", "String", "text", "the text of the line", sql`message`),
  column("level", NAME, "text", "`TRACE`, `DEBUG`, `INFO`, `WARN`, `ERROR`, `FATAL`, or empty", sql`level`),
  column("service", NAME, "text", "the service", sql`service`),
  column("host", NAME, "text", "the host", sql`host`),
  column("environment", NAME, "text", "the environment, such as `production`", sql`environment`),
  hexId("trace_id", sql`trace_id`, "32 hexadecimal digits, or empty"),
  hexId("span_id", sql`span_id`, "16 hexadecimal digits, or empty"),
  column("severity", "UInt8", "number", "OpenTelemetry's number, 1 to 24; 0 = unspecified", sql`severity`),
  column("pattern", "UInt64", "number", "the pattern of the message; 0 = none", sql`pattern`),
  column("attributes", MAP, "map", "everything else: `attributes['status']`", sql`attributes`),
  column("weight", "Float32", "number", "for how many lines this one stands, when agents sample", sql`weight`),
  column("observed", NANOSECONDS, "time", "when the agent read it", sql`observed`),
  column("received", "DateTime64(3, 'UTC')", "time", "when the backend stored it", sql`received`),
];

const METRICS: readonly TableColumn[] = [
  column("timestamp", "DateTime64(3, 'UTC')", "time", "when it was measured", sql`timestamp`),
  column("metric_name", NAME, "text", "the name of the metric", sql`metric`),
  column("value", "Float64", "number", "what was measured", sql`value`),
  column("labels", "Map(String, String)", "map", "the labels of the series: `labels['state']`", sql`labels`, { ofSeries: true }),
  column("service", "String", "text", "the label `service`", sql`labels['service']`, { ofSeries: true }),
  column("host", "String", "text", "the label `host`", sql`labels['host']`, { ofSeries: true }),
  column("series_hash", "UInt64", "number", "the series: the same for the same metric and labels", sql`series`),
  column("unit", "String", "text", "such as `By`, `s`, `1`", sql`unit`, { ofSeries: true }),
  column("kind", "String", "text", "`gauge`, `counter`, ...", sql`kind`, { ofSeries: true }),
  column("received", "DateTime64(3, 'UTC')", "time", "when the backend stored it", sql`received`),
];

const SPANS: readonly TableColumn[] = [
  column("timestamp", NANOSECONDS, "time", "when it began", sql`timestamp`),
  column("duration_ns", "UInt64", "number", "how long it took, nanoseconds", sql`duration`),
  column("duration_ms", "Float64", "number", "the same in milliseconds", sql`duration / 1000000`),
  column("name", NAME, "text", "the operation", sql`name`),
  column("service", NAME, "text", "the service", sql`service`),
  column("host", NAME, "text", "the host", sql`host`),
  column("environment", NAME, "text", "the environment", sql`environment`),
  hexId("trace_id", sql`trace_id`, "32 hexadecimal digits"),
  hexId("span_id", sql`span_id`, "16 hexadecimal digits"),
  hexId("parent_span_id", sql`parent_span_id`, "16 hexadecimal digits, empty of a root"),
  column("kind", "String", "text", "`internal`, `server`, `client`, `producer`, `consumer`, or empty", sql`['', 'internal', 'server', 'client', 'producer', 'consumer'][kind + 1]`),
  column("status", "String", "text", "`unset`, `ok`, `error`", sql`['unset', 'ok', 'error'][status + 1]`),
  column("status_message", "String", "text", "what went wrong", sql`status_message`),
  column("scope", NAME, "text", "the instrumentation", sql`scope`),
  column("attributes", MAP, "map", "everything else: `attributes['http.route']`", sql`attributes`),
  column("weight", "Float32", "number", "for how many spans this one stands, when agents sample", sql`weight`),
  column("received", "DateTime64(3, 'UTC')", "time", "when the backend stored it", sql`received`),
];

/** A bound that was reckoned from others may lie outside of the years that can be stored. */
const clamped = (ns: bigint): Fragment => instant(ns < EARLIEST_NS ? EARLIEST_NS : ns > LATEST_NS ? LATEST_NS : ns);

/** `timestamp` lies within; true without bounds. */
export const within = ({ startNs, endNs }: Bounds): Fragment =>
  and([...(startNs === undefined ? [] : [sql`timestamp >= ${clamped(startNs)}`]), ...(endNs === undefined ? [] : [sql`timestamp <= ${clamped(endNs)}`])]);

const namedAs = (columns: readonly TableColumn[], { columns: wanted, bytes, extra }: WantedColumns, of: (column: TableColumn) => Fragment): Fragment => {
  const items = [
    ...[...wanted].map((number) => sql`${of(columns[number]!)} AS ${tableColumnName(number)}`),
    ...[...bytes].map((number) => sql`${columns[number]!.bytes!} AS ${bytesName(number)}`),
    ...extra,
  ];
  // Rows are counted, of whatever they are.
  return items.length === 0 ? sql`1 AS one` : commas(items);
};

const readPlain =
  (table: "logs" | "spans", columns: readonly TableColumn[]): Table["read"] =>
  (scope, wanted, bounds) =>
    sql`SELECT ${namedAs(columns, wanted, ({ stored }) => stored)} ${scope.from(table)} AND (${within(bounds)})`;

/** Labels are joined only where a column of the series is read. */
const readMetrics: Table["read"] = (scope, wanted, bounds) => {
  const named = bounds.metrics === undefined ? sql`1` : sql`metric IN ${param.strings(bounds.metrics)}`;
  const samples = sql`${scope.from("samples")} AND (${within(bounds)}) AND (${named})`;
  if (![...wanted.columns].some((number) => METRICS[number]!.ofSeries)) return sql`SELECT ${namedAs(METRICS, wanted, ({ stored }) => stored)} ${samples}`;
  const alive = and([
    ...(bounds.startNs === undefined ? [] : [sql`last_seen >= ${clamped(bounds.startNs - SERIES_REPEAT_NS)}`]),
    ...(bounds.endNs === undefined ? [] : [sql`first_seen <= ${clamped(bounds.endNs)}`]),
  ]);
  const series = sql`SELECT series, any(labels) AS labels, any(unit) AS unit, any(kind) AS kind ${scope.from("series")} AND (${alive}) AND (${named}) GROUP BY series`;
  return sql`SELECT ${namedAs(METRICS, wanted, (one) => (one.ofSeries && one.kind === "text" ? sql`ifNull(${one.stored}, '')` : one.stored))}
    FROM (SELECT metric, series, timestamp, value, received ${samples}) AS samples_read LEFT ANY JOIN (${series}) AS series_read USING (series)`;
};

export const SQL_TABLES: readonly Table[] = [
  { name: "logs", doc: "One row per log line.", columns: LOGS, map: "attributes", weighted: true, read: readPlain("logs", LOGS) },
  { name: "metrics", doc: "One row per sample of a metric.", columns: METRICS, map: "labels", weighted: false, read: readMetrics },
  { name: "spans", doc: "One row per span of a trace.", columns: SPANS, map: "attributes", weighted: true, read: readPlain("spans", SPANS) },
];

export const findTable = (name: string): Table | undefined => SQL_TABLES.find((table) => table.name === name.toLowerCase());
