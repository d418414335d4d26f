/**
 * The messages of OTLP that are read and written here, by their field numbers in the published
 * protocol (opentelemetry-proto 1.x, stable signals; google.rpc.Status and RetryInfo for refusals).
 * Fields that are not listed are skipped. Names are those of OTLP/JSON, so that both encodings give
 * the same objects.
 */

import protobuf from "protobufjs";

/** `name: [number, type]`, a list when the type ends in `[]`. */
type Fields = Readonly<Record<string, readonly [number: number, type: string]>>;

const MESSAGES: Readonly<Record<string, Fields>> = {
  AnyValue: { stringValue: [1, "string"], boolValue: [2, "bool"], intValue: [3, "int64"], doubleValue: [4, "double"], arrayValue: [5, "ArrayValue"], kvlistValue: [6, "KeyValueList"], bytesValue: [7, "bytes"] },
  ArrayValue: { values: [1, "AnyValue[]"] },
  KeyValueList: { values: [1, "KeyValue[]"] },
  KeyValue: { key: [1, "string"], value: [2, "AnyValue"] },
  Scope: { name: [1, "string"], version: [2, "string"], attributes: [3, "KeyValue[]"] },
  Resource: { attributes: [1, "KeyValue[]"] },

  LogsRequest: { resourceLogs: [1, "ResourceLogs[]"] },
  ResourceLogs: { resource: [1, "Resource"], scopeLogs: [2, "ScopeLogs[]"] },
  ScopeLogs: { scope: [1, "Scope"], logRecords: [2, "LogRecord[]"] },
  LogRecord: {
    timeUnixNano: [1, "fixed64"], severityNumber: [2, "int32"], severityText: [3, "string"], body: [5, "AnyValue"], attributes: [6, "KeyValue[]"], droppedAttributesCount: [7, "uint32"],
    flags: [8, "fixed32"], traceId: [9, "bytes"], spanId: [10, "bytes"], observedTimeUnixNano: [11, "fixed64"], eventName: [12, "string"],
  },

  MetricsRequest: { resourceMetrics: [1, "ResourceMetrics[]"] },
  ResourceMetrics: { resource: [1, "Resource"], scopeMetrics: [2, "ScopeMetrics[]"] },
  ScopeMetrics: { scope: [1, "Scope"], metrics: [2, "Metric[]"] },
  Metric: { name: [1, "string"], description: [2, "string"], unit: [3, "string"], gauge: [5, "Numbers"], sum: [7, "Numbers"], histogram: [9, "Histogram"], exponentialHistogram: [10, "ExponentialHistogram"], summary: [11, "Summary"] },
  Numbers: { dataPoints: [1, "NumberPoint[]"], aggregationTemporality: [2, "int32"], isMonotonic: [3, "bool"] },
  Histogram: { dataPoints: [1, "HistogramPoint[]"], aggregationTemporality: [2, "int32"] },
  Summary: { dataPoints: [1, "SummaryPoint[]"] },
  ExponentialHistogram: { dataPoints: [1, "ExponentialPoint[]"], aggregationTemporality: [2, "int32"] },
  Exemplar: { timeUnixNano: [2, "fixed64"], asDouble: [3, "double"], spanId: [4, "bytes"], traceId: [5, "bytes"], asInt: [6, "sfixed64"], filteredAttributes: [7, "KeyValue[]"] },
  NumberPoint: { startTimeUnixNano: [2, "fixed64"], timeUnixNano: [3, "fixed64"], asDouble: [4, "double"], exemplars: [5, "Exemplar[]"], asInt: [6, "sfixed64"], attributes: [7, "KeyValue[]"], flags: [8, "uint32"] },
  HistogramPoint: {
    startTimeUnixNano: [2, "fixed64"], timeUnixNano: [3, "fixed64"], count: [4, "fixed64"], sum: [5, "double"], bucketCounts: [6, "fixed64[]"], explicitBounds: [7, "double[]"],
    exemplars: [8, "Exemplar[]"], attributes: [9, "KeyValue[]"], flags: [10, "uint32"],
  },
  SummaryPoint: { startTimeUnixNano: [2, "fixed64"], timeUnixNano: [3, "fixed64"], count: [4, "fixed64"], sum: [5, "double"], quantileValues: [6, "QuantileValue[]"], attributes: [7, "KeyValue[]"], flags: [8, "uint32"] },
  QuantileValue: { quantile: [1, "double"], value: [2, "double"] },

  ExponentialPoint: {
    attributes: [1, "KeyValue[]"], startTimeUnixNano: [2, "fixed64"], timeUnixNano: [3, "fixed64"], count: [4, "fixed64"], sum: [5, "double"], scale: [6, "sint32"], zeroCount: [7, "fixed64"],
    positive: [8, "Buckets"], negative: [9, "Buckets"], flags: [10, "uint32"], exemplars: [11, "Exemplar[]"], min: [12, "double"], max: [13, "double"], zeroThreshold: [14, "double"],
  },
  Buckets: { offset: [1, "sint32"], bucketCounts: [2, "uint64[]"] },

  TracesRequest: { resourceSpans: [1, "ResourceSpans[]"] },
  ResourceSpans: { resource: [1, "Resource"], scopeSpans: [2, "ScopeSpans[]"] },
  ScopeSpans: { scope: [1, "Scope"], spans: [2, "Span[]"] },
  Span: {
    traceId: [1, "bytes"], spanId: [2, "bytes"], traceState: [3, "string"], parentSpanId: [4, "bytes"], name: [5, "string"], kind: [6, "int32"], startTimeUnixNano: [7, "fixed64"], endTimeUnixNano: [8, "fixed64"],
    attributes: [9, "KeyValue[]"], droppedAttributesCount: [10, "uint32"], events: [11, "SpanEvent[]"], droppedEventsCount: [12, "uint32"], links: [13, "SpanLink[]"], droppedLinksCount: [14, "uint32"],
    status: [15, "SpanStatus"],
  },
  SpanEvent: { timeUnixNano: [1, "fixed64"], name: [2, "string"], attributes: [3, "KeyValue[]"], droppedAttributesCount: [4, "uint32"] },
  SpanLink: { traceId: [1, "bytes"], spanId: [2, "bytes"], traceState: [3, "string"], attributes: [4, "KeyValue[]"], droppedAttributesCount: [5, "uint32"] },
  SpanStatus: { message: [2, "string"], code: [3, "int32"] },

  TracesResponse: { partialSuccess: [1, "PartialTraces"] },
  PartialTraces: { rejectedSpans: [1, "int64"], errorMessage: [2, "string"] },
  LogsResponse: { partialSuccess: [1, "PartialLogs"] },
  PartialLogs: { rejectedLogRecords: [1, "int64"], errorMessage: [2, "string"] },
  MetricsResponse: { partialSuccess: [1, "PartialMetrics"] },
  PartialMetrics: { rejectedDataPoints: [1, "int64"], errorMessage: [2, "string"] },

  Status: { code: [1, "int32"], message: [2, "string"], details: [3, "Any[]"] },
  Any: { type_url: [1, "string"], value: [2, "bytes"] },
  RetryInfo: { retryDelay: [1, "Duration"] },
  Duration: { seconds: [1, "int64"] },
};

export type MessageName = keyof typeof MESSAGES & string;

const root = protobuf.Root.fromJSON({
  nested: Object.fromEntries(
    Object.entries(MESSAGES).map(([name, fields]) => [
      name,
      { fields: Object.fromEntries(Object.entries(fields).map(([field, [id, type]]) => [field, { id, type: type.replace("[]", ""), ...(type.endsWith("[]") && { rule: "repeated" }) }])) },
    ]),
  ),
});

export type Message = Readonly<Record<string, unknown>>;

/** Throws when the bytes are no such message. */
export const decodeMessage = (name: MessageName, bytes: Uint8Array): Message => root.lookupType(name).decode(bytes) as unknown as Message;

export const encodeMessage = (name: MessageName, message: Message): Buffer => Buffer.from(root.lookupType(name).encode(message).finish());
