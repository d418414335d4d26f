/**
 * The rows of the golden files, one of every edge. `<stream>-v<n>.native` never change: a body of
 * a schema version that was sent once must be understood for ever.
 */

import type { ExemplarRecord, HistogramPoint, LogRecord, MetricSample, MetricSeries, SpanRecord } from "../src/index.ts";

const LAST_NS = 0x7fff_ffff_ffff_ffffn;
const MAX_64 = 0xffff_ffff_ffff_ffffn;

const log = (fields: Partial<LogRecord>): LogRecord => ({
  timestamp: 1_700_000_000_123_456_789n,
  observed: 1_700_000_001_000_000_000n,
  severity: 9,
  service: "api",
  host: "web-01",
  environment: "prod",
  message: "hello",
  traceId: "e21213e17af35d876317b74b510a1b46",
  spanId: "193a26cc1d3c3d61",
  pattern: 0n,
  weight: 1,
  attributes: { "context.endpoint": "/api/users" },
  ...fields,
});

const span = (fields: Partial<SpanRecord>): SpanRecord => ({
  timestamp: 1_700_000_000_123_456_789n,
  duration: 2_500_000n,
  traceId: "e21213e17af35d876317b74b510a1b46",
  spanId: "193a26cc1d3c3d61",
  parentSpanId: "00f067aa0ba902b7",
  traceState: "vendor=x",
  name: "GET /users",
  kind: 2,
  status: 2,
  statusMessage: "boom",
  service: "api",
  host: "web-01",
  environment: "prod",
  scope: "@opentelemetry/instrumentation-http",
  scopeVersion: "1.0.0",
  weight: 1,
  attributes: { "http.route": "/users" },
  events: [{ time: 1_700_000_000_124_000_000n, name: "exception", attributes: { "exception.type": "Error" } }],
  links: [{ traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", attributes: { why: "batch" } }],
  ...fields,
});

const histogram = (fields: Partial<HistogramPoint>): HistogramPoint => ({
  metric: "http.server.request.duration",
  series: 7n,
  timestamp: 1_700_000_000_123,
  start: 1_700_000_000_000,
  temporality: 2,
  count: 6n,
  sum: 12.5,
  min: 0.25,
  max: 8,
  scale: 3,
  zeroCount: 1n,
  zeroThreshold: 0,
  positiveOffset: -4,
  positiveCounts: [1n, 0n, 4n],
  negativeOffset: 0,
  negativeCounts: [],
  bounds: [],
  ...fields,
});

const exemplar = (fields: Partial<ExemplarRecord>): ExemplarRecord => ({
  metric: "http.server.request.duration",
  series: 7n,
  timestamp: 1_700_000_000_123_456_789n,
  value: 0.25,
  traceId: "e21213e17af35d876317b74b510a1b46",
  spanId: "193a26cc1d3c3d61",
  attributes: { "user.id": "42" },
  ...fields,
});

export const GOLDEN: {
  readonly key: { readonly agent: bigint; readonly epoch: number; readonly seq: number };
  readonly logs: readonly LogRecord[];
  readonly samples: readonly MetricSample[];
  readonly series: readonly MetricSeries[];
  readonly spans: readonly SpanRecord[];
  /** The last one is of schema version 3; of version 1 are those before it. */
  readonly histograms: readonly HistogramPoint[];
  readonly exemplars: readonly ExemplarRecord[];
} = {
  key: { agent: 0x0123_4567_89ab_cdefn, epoch: 0x0102_0304, seq: 5 },
  logs: [
    log({}),
    log({ service: "", host: "", environment: "", message: "", traceId: "", spanId: "", attributes: {}, severity: 0 }),
    log({ timestamp: 0n, observed: LAST_NS, pattern: MAX_64, weight: 0, severity: 24 }),
    log({ timestamp: LAST_NS, observed: 0n, pattern: 1n, weight: 12.5 }),
    log({ message: "\0 NUL, \u{1f600} four bytes, \ufffd, \r\n", attributes: { "": "", "k\0": "\0", ключ: "\u{1f600}", "2": "second" } }),
    log({ message: "m".repeat(300), service: "other", attributes: { "context.endpoint": "", long: "v".repeat(130) } }),
  ],
  samples: [
    { metric: "m", series: 0n, timestamp: 0, value: 0 },
    { metric: "m", series: MAX_64, timestamp: 1_700_000_000_123, value: -0.5 },
    { metric: "", series: 1n, timestamp: 9_223_372_036_854, value: Number.MAX_VALUE },
    { metric: "\u{1f600}", series: 2n, timestamp: 1, value: 5e-324 },
  ],
  series: [
    { metric: "m", series: 0n, labels: {}, kind: "gauge", unit: "", help: "", firstSeen: 0, lastSeen: 0 },
    {
      metric: "system.disk.io",
      series: MAX_64,
      labels: { host: "web-01", device: "\u{1f600}", "": "" },
      kind: "counter",
      unit: "By",
      help: "bytes, \0",
      firstSeen: 1_700_000_000_000,
      lastSeen: 9_223_372_036_854,
    },
    { metric: "m", series: 1n, labels: { host: "web-01" }, kind: "updown", unit: "1", help: "", firstSeen: 1, lastSeen: 2 },
  ],
  spans: [
    span({}),
    span({ parentSpanId: "", traceState: "", name: "", kind: 0, status: 0, statusMessage: "", service: "", host: "", environment: "", scope: "", scopeVersion: "", attributes: {}, events: [], links: [], duration: 0n }),
    span({ timestamp: LAST_NS, duration: MAX_64, weight: 0, kind: 5, status: 1 }),
    span({ name: "\u{1f600}", events: [{ time: 0n, name: "", attributes: {} }, { time: LAST_NS, name: "e", attributes: { a: "1", b: "\0" } }], links: [] }),
    span({ events: [], links: [{ traceId: "e21213e17af35d876317b74b510a1b46", spanId: "193a26cc1d3c3d61", attributes: {} }, { traceId: "", spanId: "", attributes: { "": "" } }] }),
  ],
  histograms: [
    histogram({}),
    histogram({ positiveCounts: [], negativeCounts: [], scale: -10, positiveOffset: -2_147_483_648, negativeOffset: 2_147_483_647, count: 0n, sum: 0, min: -0.5, max: 5e-324, start: 0, temporality: 1 }),
    histogram({ series: MAX_64, count: MAX_64, zeroCount: MAX_64, positiveCounts: [0n, MAX_64], zeroThreshold: 1e-300, timestamp: 9_223_372_036_854 }),
    histogram({ scale: -53, zeroCount: 0n, positiveOffset: 0, positiveCounts: [1n, 0n, MAX_64], bounds: [-0.5, 5e-324] }),
  ],
  exemplars: [
    exemplar({}),
    exemplar({ metric: "", series: MAX_64, timestamp: 0n, value: -0.5, traceId: "", spanId: "", attributes: {} }),
    exemplar({ metric: "\u{1f600}", timestamp: LAST_NS, value: Number.MAX_VALUE, attributes: { "": "", ключ: "\0\u{1f600}" } }),
  ],
};
