/**
 * The tables as data, and their DDL for one node and for a cluster.
 *
 * What travels comes from @obs/wire's STREAMS; here stands what the store adds: the columns that
 * only the statement sets, codecs, indexes, order, partitions. Measurements behind codecs, order
 * and indexes: docs/decisions/0001-tables.md.
 */

import { STREAMS, type Stream } from "@obs/wire";

/** Where the tables live. `replicated` needs ClickHouse Keeper; embedded clusters go without. */
export type Layout =
  | { readonly kind: "single" }
  | { readonly kind: "cluster"; readonly name: string; readonly replicated: boolean };

export interface TableColumn {
  readonly name: string;
  readonly type: string;
  /** `MATERIALIZED <expression>` or "". */
  readonly derived?: string;
  readonly codec?: string;
}

export interface Table {
  readonly name: string;
  readonly columns: readonly TableColumn[];
  readonly indexes: readonly string[];
  /** Family of MergeTree: "", "Aggregating", "Replacing" with the column that tells which row stays. */
  readonly engine: string;
  readonly engineArguments?: string;
  readonly partitionBy: string;
  readonly orderBy: string;
  /** "" = rows are kept. */
  readonly ttl: string;
  readonly settings: readonly string[];
  readonly shardingKey: string;
}

const TENANT: TableColumn = { name: "tenant", type: "LowCardinality(String)" };

/** Set by the statement on every row of logs and samples. */
const RETENTION: readonly TableColumn[] = [
  // Days of the smallest retention class that holds the row: part of the partition, drops whole.
  { name: "retention", type: "UInt16" },
  { name: "expires", type: "Date" },
];
const RECEIVED: TableColumn = { name: "received", type: "DateTime64(3, 'UTC')", codec: "Delta(8), ZSTD(1)" };

const LEVEL =
  "multiIf(severity = 0, '', severity <= 4, 'TRACE', severity <= 8, 'DEBUG', severity <= 12, 'INFO', severity <= 16, 'WARN', severity <= 20, 'ERROR', severity <= 24, 'FATAL', '')";

const CODECS: Readonly<Record<string, string>> = {
  "logs.row": "T64, ZSTD(1)",
  "logs.timestamp": "Delta(8), ZSTD(1)",
  "logs.observed": "Delta(8), ZSTD(1)",
  // Random bytes stay 8 bytes in any codec.
  "logs.span_id": "NONE",
  "samples.row": "T64, ZSTD(1)",
  "samples.series": "Delta(8), ZSTD(1)",
  "samples.timestamp": "DoubleDelta, ZSTD(1)",
  "spans.row": "T64, ZSTD(1)",
  "spans.timestamp": "Delta(8), ZSTD(1)",
  "spans.duration": "T64, ZSTD(1)",
  "spans.span_id": "NONE",
  "histograms.row": "T64, ZSTD(1)",
  "histograms.series": "Delta(8), ZSTD(1)",
  "histograms.timestamp": "DoubleDelta, ZSTD(1)",
  "exemplars.row": "T64, ZSTD(1)",
  "exemplars.series": "Delta(8), ZSTD(1)",
  "exemplars.timestamp": "Delta(8), ZSTD(1)",
  "exemplars.span_id": "NONE",
};

/** How rows of one series merge: idempotent, so a repeat of a batch changes nothing. */
const SERIES_MERGES: Readonly<Record<string, string>> = {
  kind: "anyLast",
  unit: "anyLast",
  help: "anyLast",
  first_seen: "min",
  last_seen: "max",
};

const wireColumns = (stream: Stream): TableColumn[] =>
  STREAMS[stream].map(({ name, type }) => ({ name, type, codec: CODECS[`${stream}.${name}`] ?? "ZSTD(1)" }));

const BATCH_BLOOM = "INDEX batch_bloom batch TYPE bloom_filter(0.001) GRANULARITY 1";

const TRACE_BLOOM = "INDEX trace_bloom trace_id TYPE bloom_filter(0.001) GRANULARITY 1";

/** Of rows that come in batches: what expires together, drops together. */
const BY_DAY = {
  engine: "",
  partitionBy: "(toDate(timestamp), retention)",
  ttl: "expires DELETE",
  settings: ["ttl_only_drop_parts = 1"],
  shardingKey: "xxHash64(batch)",
} as const satisfies Partial<Table>;

/** Of series: what was measured when. */
const measurements = (stream: "samples" | "histograms" | "exemplars", indexes: readonly string[]): Table => ({
  name: stream,
  columns: [TENANT, ...wireColumns(stream), RECEIVED, ...RETENTION],
  indexes,
  ...BY_DAY,
  orderBy: "(tenant, metric, series, timestamp)",
});

/** Rollups ask what came since they last looked: parts of past days are skipped by it. */
export const RECEIVED_MINMAX = "INDEX received_minmax received TYPE minmax GRANULARITY 1";

/**
 * Rollups of samples. A row says of one series what its samples in (timestamp - width, timestamp] were;
 * the row with the highest version counts.
 */
const samplesRollup = (width: "1m" | "1h" | "1d", partitionBy: string): Table => ({
  name: `samples_${width}`,
  columns: [
    TENANT,
    { name: "metric", type: "LowCardinality(String)" },
    { name: "series", type: "UInt64", codec: "Delta(8), ZSTD(1)" },
    { name: "timestamp", type: "DateTime('UTC')", codec: "DoubleDelta, ZSTD(1)" },
    { name: "min", type: "Float64" },
    { name: "max", type: "Float64" },
    { name: "sum", type: "Float64" },
    // 0: only markers that say that the series ended.
    { name: "count", type: "UInt32", codec: "T64, ZSTD(1)" },
    { name: "first", type: "Float64" },
    { name: "last", type: "Float64" },
    { name: "first_time", type: "DateTime64(3, 'UTC')", codec: "DoubleDelta, ZSTD(1)" },
    { name: "last_time", type: "DateTime64(3, 'UTC')", codec: "DoubleDelta, ZSTD(1)" },
    // What a counter has grown by the samples of this window, each from the sample before it, resets removed.
    { name: "increase", type: "Float64" },
    // The share of `increase` that lies between the last sample before the window and its first one.
    { name: "entering", type: "Float64" },
    { name: "sketch", type: "AggregateFunction(quantilesDD(0.01, 0.5), Float64)" },
    // The newest row was a marker: the series has no value at the window's end.
    { name: "ended", type: "UInt8" },
    // When the first of the rows that this was made of expires.
    { name: "input_expires", type: "Date" },
    { name: "expires", type: "Date" },
    { name: "version", type: "UInt64", codec: "Delta(8), ZSTD(1)" },
  ],
  indexes: ["INDEX version_minmax version TYPE minmax GRANULARITY 1"],
  engine: "Replacing",
  engineArguments: "version",
  // Without the class of retention: what replaces a row must be in its partition.
  partitionBy,
  orderBy: "(tenant, metric, series, timestamp)",
  ttl: "expires DELETE",
  settings: [],
  shardingKey: "xxHash64(tenant, series)",
});

export const TABLES: readonly Table[] = [
  {
    name: "logs",
    columns: [
      TENANT,
      ...wireColumns("logs"),
      { name: "level", type: "LowCardinality(String)", derived: `MATERIALIZED ${LEVEL}` },
      RECEIVED,
      { name: "source_ip", type: "IPv6" },
      { name: "ingester", type: "LowCardinality(String)" },
      ...RETENTION,
    ],
    indexes: [
      // Never `preprocessor =`: with it index and no index disagree.
      "INDEX message_text lower(message) TYPE text(tokenizer = 'splitByNonAlpha')",
      BATCH_BLOOM,
      TRACE_BLOOM,
      "INDEX attribute_bloom mapValues(attributes) TYPE bloom_filter(0.01) GRANULARITY 1",
      "INDEX timestamp_minmax timestamp TYPE minmax GRANULARITY 1",
    ],
    ...BY_DAY,
    orderBy: "(tenant, toStartOfTenMinutes(timestamp), service, timestamp)",
  },
  measurements("samples", [BATCH_BLOOM, RECEIVED_MINMAX]),
  {
    name: "series",
    columns: [
      TENANT,
      ...wireColumns("series")
        .filter(({ name }) => name !== "batch" && name !== "row")
        .map((column) => {
          const merge = SERIES_MERGES[column.name];
          return merge ? { ...column, type: `SimpleAggregateFunction(${merge}, ${column.type})` } : column;
        }),
      { name: "expires", type: "SimpleAggregateFunction(max, Date)" },
    ],
    indexes: ["INDEX label_bloom mapValues(labels) TYPE bloom_filter(0.01) GRANULARITY 1"],
    engine: "Aggregating",
    partitionBy: "tuple()",
    orderBy: "(tenant, metric, series)",
    ttl: "expires DELETE",
    // labels are a function of the series id, so merging any two rows of it keeps them.
    settings: ["allow_dimensions_outside_sorting_key = 1"],
    shardingKey: "series",
  },
  {
    name: "spans",
    columns: [TENANT, ...wireColumns("spans"), RECEIVED, { name: "source_ip", type: "IPv6" }, { name: "ingester", type: "LowCardinality(String)" }, ...RETENTION],
    indexes: [
      BATCH_BLOOM,
      TRACE_BLOOM,
      "INDEX attribute_bloom mapValues(attributes) TYPE bloom_filter(0.01) GRANULARITY 1",
      "INDEX duration_minmax duration TYPE minmax GRANULARITY 1",
      "INDEX timestamp_minmax timestamp TYPE minmax GRANULARITY 1",
    ],
    ...BY_DAY,
    orderBy: "(tenant, toStartOfTenMinutes(timestamp), service, name, timestamp)",
  },
  measurements("histograms", [BATCH_BLOOM]),
  measurements("exemplars", [BATCH_BLOOM, TRACE_BLOOM]),
  {
    name: "batches",
    columns: [
      TENANT,
      { name: "stream", type: "LowCardinality(String)" },
      { name: "batch", type: "UInt128" },
      { name: "agent", type: "UInt64" },
      { name: "attempt", type: "UInt32" },
      { name: "claimed", type: "UInt32" },
      { name: "stored", type: "UInt32" },
      { name: "refused", type: "Map(LowCardinality(String), UInt32)" },
      { name: "raw_bytes", type: "UInt64" },
      { name: "body_bytes", type: "UInt64" },
      { name: "first", type: "DateTime64(3, 'UTC')" },
      { name: "last", type: "DateTime64(3, 'UTC')" },
      RECEIVED,
      { name: "acknowledged", type: "DateTime64(3, 'UTC')", codec: "Delta(8), ZSTD(1)" },
      { name: "source_ip", type: "IPv6" },
      { name: "ingester", type: "LowCardinality(String)" },
    ],
    indexes: [BATCH_BLOOM],
    engine: "",
    partitionBy: "toDate(received)",
    orderBy: "(tenant, received)",
    ttl: "toDate(received) + INTERVAL 30 DAY DELETE",
    settings: ["ttl_only_drop_parts = 1"],
    shardingKey: "xxHash64(batch)",
  },
  samplesRollup("1m", "toDate(timestamp)"),
  samplesRollup("1h", "toYYYYMM(timestamp)"),
  samplesRollup("1d", "toYear(timestamp)"),
  {
    // How far each rollup has come. Kept beside the rows, so that a backup has both of one moment.
    name: "rollup_progress",
    columns: [
      { name: "level", type: "LowCardinality(String)" },
      // Windows up to here are rolled.
      { name: "closed", type: "DateTime64(3, 'UTC')" },
      // Input up to here was looked at: ms since 1970 of `received`, or the version of a finer rollup's rows.
      { name: "seen", type: "UInt64" },
      { name: "version", type: "UInt64" },
    ],
    indexes: [],
    engine: "Replacing",
    engineArguments: "version",
    partitionBy: "tuple()",
    orderBy: "level",
    ttl: "",
    settings: [],
    shardingKey: "xxHash64(level)",
  },
];

const columnDdl = ({ name, type, derived = "", codec = "ZSTD(1)" }: TableColumn): string =>
  `  ${name} ${type}${derived && ` ${derived}`} CODEC(${codec})`;

const onCluster = (layout: Layout): string => (layout.kind === "cluster" && layout.replicated ? ` ON CLUSTER '${layout.name}'` : "");

const engineDdl = ({ engine, engineArguments = "" }: Table, layout: Layout): string =>
  `${layout.kind === "cluster" && layout.replicated ? "Replicated" : ""}${engine}MergeTree${engineArguments && `(${engineArguments})`}`;

/** Statements that make the table in a database, in order; each may be repeated. */
export const tableDdl = (database: string, table: Table, layout: Layout): string[] => {
  const local = layout.kind === "cluster" ? `${table.name}_local` : table.name;
  const stored =
    `CREATE TABLE IF NOT EXISTS ${database}.${local}${onCluster(layout)}\n(\n${[...table.columns.map(columnDdl), ...table.indexes.map((index) => `  ${index}`)].join(",\n")}\n)\n` +
    `ENGINE = ${engineDdl(table, layout)}\nPARTITION BY ${table.partitionBy}\nORDER BY ${table.orderBy}` +
    (table.ttl && `\nTTL ${table.ttl}`) +
    (table.settings.length === 0 ? "" : `\nSETTINGS ${table.settings.join(", ")}`);
  if (layout.kind === "single") return [stored];
  const distributed =
    `CREATE TABLE IF NOT EXISTS ${database}.${table.name}${onCluster(layout)} AS ${database}.${local}\n` +
    `ENGINE = Distributed('${layout.name}', '${database}', '${local}', ${table.shardingKey})`;
  return [stored, distributed];
};

/** Adds a column that the table has by now to one made before. May be repeated, also where it is there. */
export const addColumnDdl = (database: string, table: Table, name: string, layout: Layout): string[] => {
  const at = table.columns.findIndex((column) => column.name === name);
  const column = table.columns[at]!;
  const where = ` AFTER ${table.columns[at - 1]!.name}`;
  const alter = (of: string, ddl: string): string => `ALTER TABLE ${database}.${of}${onCluster(layout)} ADD COLUMN IF NOT EXISTS ${ddl}${where}`;
  if (layout.kind === "single") return [alter(table.name, columnDdl(column).trim())];
  // Distributed keeps no data, and so no codec.
  return [alter(`${table.name}_local`, columnDdl(column).trim()), alter(table.name, `${column.name} ${column.type}`)];
};

/** Adds an index to a table that is there already; parts that are written from now on have it. */
export const addIndexDdl = (database: string, table: string, index: string, layout: Layout): string =>
  `ALTER TABLE ${database}.${layout.kind === "cluster" ? `${table}_local` : table}${onCluster(layout)} ADD ${index.replace("INDEX ", "INDEX IF NOT EXISTS ")}`;

export const databaseDdl = (database: string, layout: Layout): string => `CREATE DATABASE IF NOT EXISTS ${database}${onCluster(layout)}`;
