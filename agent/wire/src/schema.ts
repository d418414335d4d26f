/**
 * The columns that travel, per stream, in wire order.
 *
 * One definition: encoders, the backend's `input()` structure, the store's DDL and the docs are
 * derived from it or held equal to it by a test. Columns that only the statement may set (tenant,
 * received, source_ip, ingester, expires) are not here, because they never travel.
 */

/**
 * 1: the columns of STREAMS. 2: the same, but `row` may travel as three columns of a byte each
 * (ROW_PLANES): ordinals that count up do not compress in one column of four bytes (2.2 bytes a row, 4 %
 * of a batch of JSON logs), and to nothing in three. What version 1 takes, version 2 takes too.
 * 3: the envelope may say that the rows are a part of their batch (PART_HEADERS), and histograms may have
 * `bounds`. Such batches alone say 3 (`schemaVersionOf`), because a backend that did not know them would take a
 * part for the whole, and leave bounds out.
 */
const SCHEMA_VERSION = 2;
export const PART_SCHEMA_VERSION = 3;
const BOUNDS_SCHEMA_VERSION = 3;
export const SCHEMA_VERSIONS = [1, 2, 3] as const;

export type Stream = "logs" | "samples" | "series" | "spans" | "histograms" | "exemplars";

export interface Column {
  readonly name: string;
  /** ClickHouse type, exactly as it stands in the header of a Native block. */
  readonly type: string;
}

const column = (name: string, type: string): Column => ({ name, type });

/** Every stream's rows carry the batch key and the row's ordinal, given before sampling. */
const IDENTITY = [column("batch", "UInt128"), column("row", "UInt32")] as const;

export const STREAMS: Readonly<Record<Stream, readonly Column[]>> = {
  logs: [
    ...IDENTITY,
    column("timestamp", "DateTime64(9, 'UTC')"),
    column("observed", "DateTime64(9, 'UTC')"),
    column("severity", "UInt8"),
    column("service", "LowCardinality(String)"),
    column("host", "LowCardinality(String)"),
    column("environment", "LowCardinality(String)"),
    column("message", "String"),
    column("trace_id", "FixedString(16)"),
    column("span_id", "FixedString(8)"),
    column("pattern", "UInt64"),
    column("weight", "Float32"),
    column("attributes", "Map(LowCardinality(String), String)"),
  ],
  samples: [
    ...IDENTITY,
    column("metric", "LowCardinality(String)"),
    column("series", "UInt64"),
    column("timestamp", "DateTime64(3, 'UTC')"),
    column("value", "Float64"),
  ],
  series: [
    ...IDENTITY,
    column("metric", "LowCardinality(String)"),
    column("series", "UInt64"),
    column("labels", "Map(LowCardinality(String), String)"),
    column("kind", "LowCardinality(String)"),
    column("unit", "LowCardinality(String)"),
    column("help", "String"),
    column("first_seen", "DateTime64(3, 'UTC')"),
    column("last_seen", "DateTime64(3, 'UTC')"),
  ],
  // https://opentelemetry.io/docs/specs/otel/trace/api/#span; `timestamp` is the start.
  spans: [
    ...IDENTITY,
    column("timestamp", "DateTime64(9, 'UTC')"),
    column("duration", "UInt64"),
    column("trace_id", "FixedString(16)"),
    column("span_id", "FixedString(8)"),
    column("parent_span_id", "FixedString(8)"),
    column("trace_state", "String"),
    column("name", "LowCardinality(String)"),
    column("kind", "UInt8"),
    column("status", "UInt8"),
    column("status_message", "String"),
    column("service", "LowCardinality(String)"),
    column("host", "LowCardinality(String)"),
    column("environment", "LowCardinality(String)"),
    column("scope", "LowCardinality(String)"),
    column("scope_version", "LowCardinality(String)"),
    column("weight", "Float32"),
    column("attributes", "Map(LowCardinality(String), String)"),
    column("event_time", "Array(DateTime64(9, 'UTC'))"),
    column("event_name", "Array(String)"),
    column("event_attributes", "Array(Map(LowCardinality(String), String))"),
    column("link_trace_id", "Array(FixedString(16))"),
    column("link_span_id", "Array(FixedString(8))"),
    column("link_attributes", "Array(Map(LowCardinality(String), String))"),
  ],
  // https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram, and with a `scale` of
  // CUSTOM_BOUNDS those with bounds of their own (#histogram): bucket i of `positive_counts` ends at `bounds[i]`.
  histograms: [
    ...IDENTITY,
    column("metric", "LowCardinality(String)"),
    column("series", "UInt64"),
    column("timestamp", "DateTime64(3, 'UTC')"),
    column("start", "DateTime64(3, 'UTC')"),
    column("temporality", "UInt8"),
    column("count", "UInt64"),
    column("sum", "Float64"),
    column("min", "Float64"),
    column("max", "Float64"),
    column("scale", "Int32"),
    column("zero_count", "UInt64"),
    column("zero_threshold", "Float64"),
    column("positive_offset", "Int32"),
    column("positive_counts", "Array(UInt64)"),
    column("negative_offset", "Int32"),
    column("negative_counts", "Array(UInt64)"),
    column("bounds", "Array(Float64)"),
  ],
  // https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exemplars; `attributes` are what its series leaves out.
  exemplars: [
    ...IDENTITY,
    column("metric", "LowCardinality(String)"),
    column("series", "UInt64"),
    column("timestamp", "DateTime64(9, 'UTC')"),
    column("value", "Float64"),
    column("trace_id", "FixedString(16)"),
    column("span_id", "FixedString(8)"),
    column("attributes", "Map(LowCardinality(String), String)"),
  ],
};

/** `scale` of a histogram whose buckets end at `bounds`; the same number that Prometheus gives such a schema. */
export const CUSTOM_BOUNDS = -53;

/** Bits 0-7, 8-15 and 16-23 of a row's ordinal: enough for the 500,000 rows that an insert may have. */
export const ROW_PLANES = ["row_0", "row_1", "row_2"] as const;

/** The columns of a stream with `row` in planes. */
export const planarColumns = (stream: Stream): readonly Column[] =>
  STREAMS[stream].flatMap((one) => (one.name === "row" ? ROW_PLANES.map((name) => column(name, "UInt8")) : [one]));

export const STREAM_NAMES = Object.keys(STREAMS) as Stream[];

export const isStream = (name: string): name is Stream => Object.hasOwn(STREAMS, name);

/**
 * `input()` structure of a stream: `batch UInt128, row UInt32, ...`. From version 2 on with the planes behind: a
 * block has the one or the others, and what it has not is 0. So is a column that is younger than the block.
 */
export const inputStructure = (stream: Stream, version: number): string =>
  [...STREAMS[stream], ...(version === 1 ? [] : ROW_PLANES.map((name) => column(name, "UInt8")))].map(({ name, type }) => `${name} ${type}`).join(", ");

/** What a backend has to know that takes such a batch, or part of one. */
export const schemaVersionOf = (stream: Stream, isPart: boolean): number => Math.max(SCHEMA_VERSION, isPart ? PART_SCHEMA_VERSION : 0, stream === "histograms" ? BOUNDS_SCHEMA_VERSION : 0);
