/**
 * Schema version 1: the columns that travel, per stream, in wire order.
 *
 * One definition: encoders, the backend's `input()` structure, the store's DDL and the docs are
 * derived from it or held equal to it by a test. Columns that only the statement may set (tenant,
 * received, source_ip, ingester, expires) are not here, because they never travel.
 */

export const SCHEMA_VERSION = 1;

export type Stream = "logs" | "samples" | "series";

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
};

export const STREAM_NAMES = Object.keys(STREAMS) as Stream[];

export const isStream = (name: string): name is Stream => Object.hasOwn(STREAMS, name);

/** `input()` structure of a stream: `batch UInt128, row UInt32, ...`. */
export const inputStructure = (stream: Stream): string =>
  STREAMS[stream].map(({ name, type }) => `${name} ${type}`).join(", ");
