/** Rows as objects to Native blocks. The agent's log path has its own encoder over columns. */

import { batchKeyToUInt128, type BatchKey } from "./batch-key.ts";
import { ByteWriter } from "./native/byte-writer.ts";
import { codecOf } from "./native/column-codecs.ts";
import { encodeNative, type RowForm } from "./native/encode.ts";
import type { ExemplarRecord, HistogramPoint, LogRecord, MetricSample, MetricSeries, SpanRecord } from "./records.ts";
import { planarColumns, ROW_PLANES, STREAMS, type Stream } from "./schema.ts";

const encodeRows = <Row>(
  stream: Stream,
  rows: readonly Row[],
  fields: Readonly<Record<string, (row: Row) => unknown>>,
  key: BatchKey,
  firstRow: number,
  form: RowForm = "whole",
): Buffer => {
  const batch = batchKeyToUInt128(key);
  const columns = form === "planes" ? planarColumns(stream) : STREAMS[stream];
  const bodies = columns.map(({ name, type }) => {
    const writer = new ByteWriter(rows.length * 8 + 64);
    const field = fields[name];
    const plane = (ROW_PLANES as readonly string[]).indexOf(name);
    if (name === "batch") codecOf(type).write(writer, rows.map(() => batch));
    else if (name === "row") codecOf(type).write(writer, rows.map((_, index) => firstRow + index));
    else if (plane >= 0) codecOf(type).write(writer, rows.map((_, index) => ((firstRow + index) >> (8 * plane)) & 0xff));
    else if (field) codecOf(type).write(writer, rows.map(field));
    else throw new Error(`BUG: no field for column ${stream}.${name}`);
    return writer.bytes();
  });
  return encodeNative(stream, bodies, rows.length, undefined, form);
};

const LOG_FIELDS: Readonly<Record<string, (row: LogRecord) => unknown>> = {
  timestamp: (row) => row.timestamp,
  observed: (row) => row.observed,
  severity: (row) => row.severity,
  service: (row) => row.service,
  host: (row) => row.host,
  environment: (row) => row.environment,
  message: (row) => row.message,
  trace_id: (row) => row.traceId,
  span_id: (row) => row.spanId,
  pattern: (row) => row.pattern,
  weight: (row) => row.weight,
  attributes: (row) => row.attributes,
};

const SAMPLE_FIELDS: Readonly<Record<string, (row: MetricSample) => unknown>> = {
  metric: (row) => row.metric,
  series: (row) => row.series,
  timestamp: (row) => row.timestamp,
  value: (row) => row.value,
};

const SERIES_FIELDS: Readonly<Record<string, (row: MetricSeries) => unknown>> = {
  metric: (row) => row.metric,
  series: (row) => row.series,
  labels: (row) => row.labels,
  kind: (row) => row.kind,
  unit: (row) => row.unit,
  help: (row) => row.help,
  first_seen: (row) => row.firstSeen,
  last_seen: (row) => row.lastSeen,
};

const SPAN_FIELDS: Readonly<Record<string, (row: SpanRecord) => unknown>> = {
  timestamp: (row) => row.timestamp,
  duration: (row) => row.duration,
  trace_id: (row) => row.traceId,
  span_id: (row) => row.spanId,
  parent_span_id: (row) => row.parentSpanId,
  trace_state: (row) => row.traceState,
  name: (row) => row.name,
  kind: (row) => row.kind,
  status: (row) => row.status,
  status_message: (row) => row.statusMessage,
  service: (row) => row.service,
  host: (row) => row.host,
  environment: (row) => row.environment,
  scope: (row) => row.scope,
  scope_version: (row) => row.scopeVersion,
  weight: (row) => row.weight,
  attributes: (row) => row.attributes,
  event_time: (row) => row.events.map(({ time }) => time),
  event_name: (row) => row.events.map(({ name }) => name),
  event_attributes: (row) => row.events.map(({ attributes }) => attributes),
  link_trace_id: (row) => row.links.map(({ traceId }) => traceId),
  link_span_id: (row) => row.links.map(({ spanId }) => spanId),
  link_attributes: (row) => row.links.map(({ attributes }) => attributes),
};

const HISTOGRAM_FIELDS: Readonly<Record<string, (row: HistogramPoint) => unknown>> = {
  metric: (row) => row.metric,
  series: (row) => row.series,
  timestamp: (row) => row.timestamp,
  start: (row) => row.start,
  temporality: (row) => row.temporality,
  count: (row) => row.count,
  sum: (row) => row.sum,
  min: (row) => row.min,
  max: (row) => row.max,
  scale: (row) => row.scale,
  zero_count: (row) => row.zeroCount,
  zero_threshold: (row) => row.zeroThreshold,
  positive_offset: (row) => row.positiveOffset,
  positive_counts: (row) => row.positiveCounts,
  negative_offset: (row) => row.negativeOffset,
  negative_counts: (row) => row.negativeCounts,
  bounds: (row) => row.bounds,
};

const EXEMPLAR_FIELDS: Readonly<Record<string, (row: ExemplarRecord) => unknown>> = {
  metric: (row) => row.metric,
  series: (row) => row.series,
  timestamp: (row) => row.timestamp,
  value: (row) => row.value,
  trace_id: (row) => row.traceId,
  span_id: (row) => row.spanId,
  attributes: (row) => row.attributes,
};

/** Uncompressed Native block of `logs`; row ordinals count from `firstRow`. */
export const encodeLogs = (records: readonly LogRecord[], key: BatchKey, firstRow = 0, form: RowForm = "whole"): Buffer =>
  encodeRows("logs", records, LOG_FIELDS, key, firstRow, form);

/** Uncompressed Native block of `samples`. */
export const encodeSamples = (rows: readonly MetricSample[], key: BatchKey): Buffer =>
  encodeRows("samples", rows, SAMPLE_FIELDS, key, 0);

/** Uncompressed Native block of `series`. */
export const encodeSeries = (rows: readonly MetricSeries[], key: BatchKey): Buffer =>
  encodeRows("series", rows, SERIES_FIELDS, key, 0);

/** Uncompressed Native block of `spans`. */
export const encodeSpans = (rows: readonly SpanRecord[], key: BatchKey): Buffer =>
  encodeRows("spans", rows, SPAN_FIELDS, key, 0);

/** Uncompressed Native block of `histograms`. */
export const encodeHistograms = (rows: readonly HistogramPoint[], key: BatchKey): Buffer =>
  encodeRows("histograms", rows, HISTOGRAM_FIELDS, key, 0);

/** Uncompressed Native block of `exemplars`. */
export const encodeExemplars = (rows: readonly ExemplarRecord[], key: BatchKey): Buffer =>
  encodeRows("exemplars", rows, EXEMPLAR_FIELDS, key, 0);

/** Of the streams that hold metrics. */
export const METRIC_ENCODERS = { series: encodeSeries, samples: encodeSamples, histograms: encodeHistograms, exemplars: encodeExemplars } as const;
