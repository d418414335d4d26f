import { request as httpRequest } from "node:http";
import { gzipSync } from "node:zlib";
import { Client, credentials, status, type ServiceError } from "@grpc/grpc-js";
import { SeverityNumber } from "@opentelemetry/api-logs";
import { OTLPLogExporter as GrpcLogExporter } from "@opentelemetry/exporter-logs-otlp-grpc";
import { OTLPLogExporter as JsonLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPLogExporter as ProtoLogExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { OTLPMetricExporter as GrpcMetricExporter } from "@opentelemetry/exporter-metrics-otlp-grpc";
import { AggregationTemporalityPreference, OTLPMetricExporter as JsonMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPMetricExporter as ProtoMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter as GrpcTraceExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as JsonTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtoTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider, type LogRecordExporter } from "@opentelemetry/sdk-logs";
import { AggregationType, MeterProvider, PeriodicExportingMetricReader, type PushMetricExporter } from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor, TracerProvider, type SpanExporter } from "@opentelemetry/sdk-trace";
import type { SpanRecord } from "@obs/wire";
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { otlpSchema } from "../../config/metric-sources.ts";
import { systemClock } from "../../core/clock.ts";
import type { IncomingLog, MetricShard, Observation, RecordShard, Scrape, SpanShard } from "../../core/contracts.ts";
import { silentLog } from "../../core/log.ts";
import { createOtlpSource, type OtlpSource } from "./index.ts";
import { decodeMessage, encodeMessage } from "./messages.ts";

let records: IncomingLog[];
let scrapes: Scrape[];
let spans: SpanRecord[];
let events: Record<string, number>;
let room: Promise<void>;
let source: OtlpSource;

const ready = (signal?: AbortSignal): Promise<void> => Promise.race([room, new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()))]);

const start = async (options: Record<string, unknown> = {}, shards: Partial<{ records: Partial<RecordShard>; metrics: Partial<MetricShard>; spans: Partial<SpanShard> }> = {}): Promise<void> => {
  source = createOtlpSource(
    otlpSchema.parse({ http: { listen: "127.0.0.1:0" }, grpc: { listen: "127.0.0.1:0" }, ...options }),
    {
      records: { ready, flush: async () => {}, append: async (taken) => void records.push(...taken), ...shards.records },
      metrics: { ready, observe: async (taken) => void scrapes.push(...taken), ...shards.metrics },
      spans: { ready, flush: async () => {}, append: async (taken) => void spans.push(...taken), ...shards.spans },
    },
    { clock: systemClock, log: silentLog, host: "web-01", environment: "test", counters: { add: (event, by = 1) => void (events[event] = (events[event] ?? 0) + by) } },
  );
  await source.start();
};

beforeEach(() => {
  records = [];
  scrapes = [];
  spans = [];
  events = {};
  room = Promise.resolve();
});
afterEach(() => source.stop());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

const post = (path: string, body: string | Uint8Array, headers: Record<string, string> = { "content-type": "application/json" }, method = "POST"): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const outgoing = httpRequest({ host: "127.0.0.1", port: source.httpPort, path, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });

const observed = (): Observation[] => scrapes.flatMap(({ observations }) => observations);
const one = (metric: string, labels: Record<string, string> = {}): Observation | undefined =>
  observed().findLast((found) => found.metric === metric && Object.entries(labels).every(([name, value]) => found.labels[name] === value));

const resource = resourceFromAttributes({ "service.name": "shop", "host.name": "h1", "deployment.environment.name": "prod", "service.instance.id": "i-1", "telemetry.sdk.name": "x" });

describe("logs of the JavaScript SDK", () => {
  it.each<[string, () => LogRecordExporter]>([
    ["http/json", () => new JsonLogExporter({ url: `http://127.0.0.1:${source.httpPort}/v1/logs` })],
    ["http/json with gzip", () => new JsonLogExporter({ url: `http://127.0.0.1:${source.httpPort}/v1/logs`, compression: "gzip" as never })],
    ["http/protobuf", () => new ProtoLogExporter({ url: `http://127.0.0.1:${source.httpPort}/v1/logs` })],
    ["grpc", () => new GrpcLogExporter({ url: `http://127.0.0.1:${source.grpcPort}` })],
    ["grpc with gzip", () => new GrpcLogExporter({ url: `http://127.0.0.1:${source.grpcPort}`, compression: "gzip" as never })],
  ])("come over %s", async (_name, exporter) => {
    await start();
    const provider = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter: exporter() })] });
    const logger = provider.getLogger("checkout", "1.2");
    const timestamp = new Date(1_700_000_000_123);
    logger.emit({ timestamp, severityNumber: SeverityNumber.WARN2, severityText: "WARN", body: "slow payment", attributes: { "order.id": 7, ok: true, ratio: 0.5, list: ["a", 1], "telemetry.sdk.name": "own", nested: { a: { b: "c" } } } });
    logger.emit({ timestamp, body: { event: "x", n: 1 }, severityText: "ERROR", eventName: "payment.failed" });
    await provider.forceFlush();
    await provider.shutdown();
    const common = { service: "shop", host: "h1", environment: "prod", timestamp: 1_700_000_000_123_000_000n, traceId: "", spanId: "" };
    const scope = { "otel.scope.name": "checkout", "otel.scope.version": "1.2", "service.instance.id": "i-1" };
    expect(records).toMatchObject([
      {
        ...common, severity: 14, message: "slow payment",
        attributes: { ...scope, "order.id": "7", ok: "true", ratio: "0.5", list: '["a",1]', "nested.a.b": "c", "telemetry.sdk.name": "own", "resource.telemetry.sdk.name": "x", severity_text: "WARN" },
      },
      { ...common, severity: 17, message: '{"event":"x","n":1}', attributes: { ...scope, "event.name": "payment.failed" } },
    ]);
    expect(events).toMatchObject({ requests: 1, log_records: 2 });
  });
});

const metricsUrl = (): string => `http://127.0.0.1:${source.httpPort}/v1/metrics`;

describe("metrics of the JavaScript SDK", () => {

  it.each<[string, (temporalityPreference: AggregationTemporalityPreference) => PushMetricExporter]>([
    ["http/json", (temporalityPreference) => new JsonMetricExporter({ url: metricsUrl(), temporalityPreference })],
    ["http/protobuf", (temporalityPreference) => new ProtoMetricExporter({ url: metricsUrl(), temporalityPreference })],
    ["grpc", (temporalityPreference) => new GrpcMetricExporter({ url: `http://127.0.0.1:${source.grpcPort}`, temporalityPreference })],
  ])("come over %s, cumulative and as deltas", async (_name, exporter) => {
    await start();
    for (const preference of [AggregationTemporalityPreference.CUMULATIVE, AggregationTemporalityPreference.DELTA]) {
      scrapes = [];
      const reader = new PeriodicExportingMetricReader({ exporter: exporter(preference), exportIntervalMillis: 3_600_000 });
      const provider = new MeterProvider({ resource, readers: [reader], views: [{ instrumentName: "rare", aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }] });
      const meter = provider.getMeter("m");
      const requests = meter.createCounter("requests", { unit: "1", description: "All." });
      const open = meter.createUpDownCounter("open");
      const duration = meter.createHistogram("duration", { unit: "s", advice: { explicitBucketBoundaries: [0.1, 1] } });
      meter.createObservableGauge("temperature").addCallback((result) => result.observe(-2.5, { room: "a" }));
      meter.createHistogram("rare").record(1);
      for (const value of [2, 3]) {
        requests.add(value, { route: "/a", host: "mine" });
        open.add(-value);
        duration.record(value / 5);
        await provider.forceFlush();
      }
      await provider.shutdown();
      const labels = { service: "shop", host: "h1", environment: "prod", "service.instance.id": "i-1" };
      expect(one("requests")).toEqual({ metric: "requests", labels: { ...labels, route: "/a", exported_host: "mine" }, kind: "counter", unit: "1", help: "All.", value: 5 });
      expect(one("open")).toMatchObject({ kind: "updown", value: -5 });
      expect(one("temperature")).toMatchObject({ kind: "gauge", value: -2.5, labels: { room: "a" } });
      expect(one("duration_count")).toMatchObject({ kind: "counter", unit: "s", value: 2 });
      expect(one("duration_sum")!.value).toBeCloseTo(1);
      expect(["0.1", "1", "+Inf"].map((le) => one("duration_bucket", { le })?.value)).toEqual([0, 2, 2]);
      expect(one("target_info")).toMatchObject({ value: 1, labels: { ...labels, "telemetry.sdk.name": "x" } });
      expect(scrapes.flatMap(({ histograms = [] }) => histograms)).toContainEqual(expect.objectContaining({ metric: "rare" }));
      expect(observed().some(({ metric }) => metric.startsWith("rare"))).toBe(false);
    }
    expect(events["points_rejected"]).toBeUndefined();
  });
});

const JSON_LOGS = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ timeUnixNano: "1700000000000000001", severityNumber: 9, body: { stringValue: "hello" }, traceId: "5B8EFFF798038103D269B633813FC60C", spanId: "eee19b7ec3c1b174", unknown: [1] }] }] }] });
const GAUGE = { name: "g", gauge: { dataPoints: [{ asInt: "5", timeUnixNano: "1700000000000000000" }] } };
const jsonMetrics = (...metrics: unknown[]): string => JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });

const SPAN = { name: "n", traceId: "5B8EFFF798038103D269B633813FC60C", spanId: "EEE19B7EC3C1B174", startTimeUnixNano: "1700000000000000001", endTimeUnixNano: "1700000000000000004" };

describe("traces of the JavaScript SDK", () => {
  it.each<[string, () => SpanExporter]>([
    ["http/json", () => new JsonTraceExporter({ url: `http://127.0.0.1:${source.httpPort}/v1/traces` })],
    ["http/protobuf with gzip", () => new ProtoTraceExporter({ url: `http://127.0.0.1:${source.httpPort}/v1/traces`, compression: "gzip" as never })],
    ["grpc", () => new GrpcTraceExporter({ url: `http://127.0.0.1:${source.grpcPort}` })],
  ])("come over %s", async (_name, exporter) => {
    await start();
    const provider = new TracerProvider({ resource, spanProcessors: [new BatchSpanProcessor({ exporter: exporter() })] });
    const tracer = provider.getTracer("checkout", "1.2");
    const parent = tracer.startSpan("GET /cart", { kind: SpanKind.SERVER, startTime: 1_700_000_000_000, attributes: { "http.route": "/cart", "telemetry.sdk.name": "own", size: 7, list: ["a", 1] } });
    const child = tracer.startSpan("SELECT", { kind: SpanKind.CLIENT, startTime: 1_700_000_000_001, links: [{ context: parent.spanContext(), attributes: { why: "test" } }] }, trace.setSpan(ROOT_CONTEXT, parent));
    child.addEvent("exception", { "exception.type": "Error" }, 1_700_000_000_002);
    child.setStatus({ code: SpanStatusCode.ERROR, message: "boom" });
    child.end(1_700_000_000_003);
    parent.end(1_700_000_000_010);
    await provider.forceFlush();
    await provider.shutdown();
    const [select, cart] = [...spans].sort((a, b) => (a.name < b.name ? 1 : -1));
    const { traceId, spanId } = parent.spanContext();
    const common = { traceId, service: "shop", host: "h1", environment: "prod", scope: "checkout", scopeVersion: "1.2", weight: 1 };
    expect(cart).toMatchObject({ ...common, spanId, parentSpanId: "", name: "GET /cart", kind: 2, timestamp: 1_700_000_000_000_000_000n, duration: 10_000_000n, status: 0, events: [], links: [] });
    expect(cart!.attributes).toEqual({ "http.route": "/cart", "telemetry.sdk.name": "own", "resource.telemetry.sdk.name": "x", "service.instance.id": "i-1", size: "7", list: '["a",1]' });
    expect(select).toMatchObject({
      ...common, parentSpanId: spanId, name: "SELECT", kind: 3, duration: 2_000_000n, status: 2, statusMessage: "boom",
      events: [{ time: 1_700_000_000_002_000_000n, name: "exception", attributes: { "exception.type": "Error" } }], links: [{ traceId, spanId, attributes: { why: "test" } }],
    });
  });
});

describe("exponential histograms of the JavaScript SDK", () => {
  it.each<[string, AggregationTemporalityPreference, number]>([
    ["cumulative", AggregationTemporalityPreference.CUMULATIVE, 2],
    ["delta", AggregationTemporalityPreference.DELTA, 1],
  ])("are kept as they are, %s", async (_name, temporalityPreference, temporality) => {
    await start();
    const reader = new PeriodicExportingMetricReader({ exporter: new ProtoMetricExporter({ url: `http://127.0.0.1:${source.httpPort}/v1/metrics`, temporalityPreference }) });
    const provider = new MeterProvider({ resource, readers: [reader], views: [{ instrumentName: "latency", aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }] });
    const latency = provider.getMeter("m").createHistogram("latency", { unit: "ms", description: "how long" });
    for (const value of [0, 1, 2, 4, 4.5, 1_000]) latency.record(value, { route: "/cart" });
    await provider.forceFlush();
    await provider.shutdown();
    const [found] = scrapes.flatMap(({ histograms = [] }) => histograms);
    expect(found).toMatchObject({ metric: "latency", unit: "ms", help: "how long", labels: { route: "/cart", service: "shop", host: "h1" }, point: { temporality, count: 6n, sum: 1_011.5, min: 0, max: 1_000, zeroCount: 1n, negativeCounts: [] } });
    const { scale, positiveOffset, positiveCounts } = found!.point;
    expect(positiveCounts.reduce((sum, count) => sum + count, 0n)).toBe(5n);
    // The bucket that holds 1,000 is the last: its bounds say so.
    const base = 2 ** (2 ** -scale);
    const last = positiveOffset + positiveCounts.length - 1;
    expect(base ** last).toBeLessThan(1_000);
    expect(base ** (last + 1)).toBeGreaterThanOrEqual(1_000);
  });

  it("with offsets and scales below zero, without sum, and beyond 53 bits come over JSON", async () => {
    await start();
    const point = { timeUnixNano: "1700000000000000000", count: "18446744073709551615", scale: -3, zeroCount: 1, zeroThreshold: 0.5, positive: { offset: -7, bucketCounts: ["9007199254740993"] }, negative: { offset: 2, bucketCounts: [1, "2"] } };
    expect((await post("/v1/metrics", jsonMetrics({ name: "e", exponentialHistogram: { aggregationTemporality: 2, dataPoints: [point, { ...point, flags: 1 }] } }))).status).toBe(200);
    expect(scrapes.flatMap(({ histograms = [] }) => histograms)).toMatchObject([{
      metric: "e", point: { count: 18_446_744_073_709_551_615n, sum: Number.NaN, min: Number.NaN, max: Number.NaN, scale: -3, zeroCount: 1n, zeroThreshold: 0.5, positiveOffset: -7, positiveCounts: [9_007_199_254_740_993n], negativeOffset: 2, negativeCounts: [1n, 2n], start: 0 },
    }]);
    expect((await post("/v1/metrics", jsonMetrics({ name: "e", exponentialHistogram: { aggregationTemporality: 2, dataPoints: [{ ...point, scale: 2 ** 40 }] } }))).status).toBe(400);
  });
});

describe("over HTTP", () => {
  it("takes JSON with ids in hex and large numbers as text, and defaults of this host", async () => {
    await start();
    expect(await post("/v1/logs", JSON_LOGS)).toMatchObject({ status: 200, headers: { "content-type": "application/json" }, body: Buffer.from("{}") });
    expect(records).toEqual([{ service: "unknown_service", host: "web-01", environment: "test", message: "hello", severity: 9, timestamp: 1_700_000_000_000_000_001n, traceId: "5b8efff798038103d269b633813fc60c", spanId: "eee19b7ec3c1b174", attributes: {} }]);
  });

  it("answers partial success with what it does not take", async () => {
    await start();
    const odd = { name: "e", exponentialHistogram: { dataPoints: [{}, {}] } };
    const { status, body } = await post("/v1/metrics", jsonMetrics(GAUGE, odd));
    expect([status, JSON.parse(body.toString())]).toEqual([200, { partialSuccess: { rejectedDataPoints: "2", errorMessage: "e: the temporality is not specified" } }]);
    expect(scrapes).toMatchObject([{ timestampMs: 1_700_000_000_000, observations: [{ metric: "g", value: 5 }] }]);
    const binary = await post("/v1/metrics", encodeMessage("MetricsRequest", { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: "e", exponentialHistogram: { dataPoints: [{}] } }] }] }] }), { "content-type": "application/x-protobuf" });
    expect(decodeMessage("MetricsResponse", binary.body)).toMatchObject({ partialSuccess: { errorMessage: "e: the temporality is not specified" } });
    const traces = await post("/v1/traces", JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ ...SPAN, spanId: "" }, SPAN] }] }] }));
    expect(JSON.parse(traces.body.toString())).toMatchObject({ partialSuccess: { rejectedSpans: "1", errorMessage: expect.stringContaining("span id") as string } });
    const broken = [{ ...SPAN, parentSpanId: "abcd" }, { ...SPAN, links: [{ traceId: "", spanId: SPAN.spanId }] }, { ...SPAN, startTimeUnixNano: "0" }];
    const refused = await post("/v1/traces", JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: broken }] }] }));
    expect(JSON.parse(refused.body.toString())).toMatchObject({ partialSuccess: { rejectedSpans: "3" } });
    const negative = { name: "n", exponentialHistogram: { aggregationTemporality: 2, dataPoints: [{ timeUnixNano: "1700000000000000000", count: "-1" }] } };
    expect(JSON.parse((await post("/v1/metrics", jsonMetrics(negative))).body.toString())).toMatchObject({ partialSuccess: { rejectedDataPoints: "1", errorMessage: "n: a count is out of range" } });
    expect(spans).toHaveLength(1);
    expect(events).toMatchObject({ spans: 1, spans_rejected: 4, points_rejected: 4 });
  });

  it.each<[string, string, string | Uint8Array, Record<string, string>, number]>([
    ["JSON that is none", "/v1/logs", "{", { "content-type": "application/json" }, 400],
    ["a list", "/v1/logs", "[]", { "content-type": "application/json" }, 400],
    ["fields of other types", "/v1/logs", '{"resourceLogs":5}', { "content-type": "application/json" }, 400],
    ["protobuf that is none", "/v1/metrics", Buffer.from([0xff, 0xff]), { "content-type": "application/x-protobuf" }, 400],
    ["gzip that is none", "/v1/logs", "no", { "content-type": "application/json", "content-encoding": "gzip" }, 400],
    ["another encoding", "/v1/logs", "no", { "content-type": "application/json", "content-encoding": "br" }, 415],
    ["another type", "/v1/logs", "a", { "content-type": "text/plain" }, 415],
    ["a large request", "/v1/logs", "a".repeat(2_000), { "content-type": "application/json" }, 413],
    ["a request that is large when unpacked", "/v1/logs", gzipSync("a".repeat(2_000)), { "content-type": "application/json", "content-encoding": "gzip" }, 413],
    ["another path", "/v1/profiles", "{}", { "content-type": "application/json" }, 404],
    ["spans that are none", "/v1/traces", '{"resourceSpans":[{"scopeSpans":[{"spans":[1]}]}]}', { "content-type": "application/json" }, 400],
  ])("refuses %s for good", async (_name, path, body, headers, expected) => {
    await start({ max_request_size: "1KB" });
    const answer = await post(path, body, headers);
    expect(answer.status).toBe(expected);
    const said = headers["content-type"] === "application/x-protobuf" ? decodeMessage("Status", answer.body) : (JSON.parse(answer.body.toString()) as object);
    expect(said).toMatchObject({ code: expect.any(Number) as number, message: expect.stringMatching(/./) as string });
    expect(Object.keys(events).some((event) => event.startsWith("requests_refused_")) || expected === 400).toBe(true);
    expect(records).toEqual([]);
  });

  it("refuses other methods", async () => {
    await start();
    expect((await post("/v1/logs", "", {}, "GET")).status).toBe(405);
  });

  it("answers after the durable write, 503 without room in the buffer, and 429 when too much waits", async () => {
    const durable = Promise.withResolvers<void>();
    await start({ patience: "50ms", max_pending: "1MB" }, { records: { append: () => durable.promise } });
    let answered = 0;
    const first = post("/v1/logs", JSON_LOGS).then((answer) => (answered++, answer));
    await expect.poll(() => events["requests"]).toBe(1);
    expect(await post("/v1/metrics", jsonMetrics({ ...GAUGE, description: "a".repeat(1_048_576) }))).toMatchObject({ status: 429, headers: { "retry-after": "1" } });
    expect(answered).toBe(0);
    durable.resolve();
    expect(await first).toMatchObject({ status: 200 });
    room = new Promise(() => {});
    expect(await post("/v1/logs", JSON_LOGS)).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
    expect(events).toMatchObject({ requests_refused_no_room: 1, requests_refused_too_many: 1 });
  });

  it("answers 503 when the write fails", async () => {
    await start({}, { metrics: { observe: () => Promise.reject(new Error("closed")) } });
    expect(await post("/v1/metrics", jsonMetrics(GAUGE))).toMatchObject({ status: 503 });
  });

  it("ends while a request waits", async () => {
    await start({ patience: "1h" });
    room = new Promise(() => {});
    const waiting = post("/v1/logs", JSON_LOGS);
    await expect.poll(() => events["requests"]).toBe(1);
    await source.stop();
    expect((await waiting).status).toBe(503);
  });

  it("waits for an address that is taken", async () => {
    await start();
    const taken = createOtlpSource(otlpSchema.parse({ http: { listen: `127.0.0.1:${source.httpPort}` }, grpc: { listen: `127.0.0.1:${source.grpcPort}` } }), {} as never, { clock: systemClock, log: silentLog, host: "", environment: "", counters: { add: () => {} } });
    await taken.start();
    expect([taken.httpPort, taken.grpcPort]).toEqual([undefined, undefined]);
    await source.stop();
    await expect.poll(() => [typeof taken.httpPort, typeof taken.grpcPort], { timeout: 5_000 }).toEqual(["number", "number"]);
    await taken.stop();
  });
});

const bytes = (value: Buffer): Buffer => value;

const call = async (path: string, body: Uint8Array): Promise<{ code: number; details: string; retry: boolean; answer: Buffer | undefined }> => {
  const client = new Client(`127.0.0.1:${source.grpcPort}`, credentials.createInsecure());
  const { promise, resolve } = Promise.withResolvers<{ code: number; details: string; retry: boolean; answer: Buffer | undefined }>();
  client.makeUnaryRequest(path, bytes, bytes, Buffer.from(body), (error: ServiceError | null, answer?: Buffer) =>
    resolve({ code: error?.code ?? status.OK, details: error?.details ?? "", retry: (error?.metadata.get("grpc-status-details-bin").length ?? 0) > 0, answer }),
  );
  return promise.finally(() => client.close());
};

describe("over gRPC", () => {
  const LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

  it("tells what is malformed, what is too large, and what to send again", async () => {
    await start({ patience: "50ms", max_request_size: "1KB" });
    expect(await call(LOGS, Buffer.from([0xff, 0xff]))).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(await call(LOGS, Buffer.alloc(2_000))).toMatchObject({ code: status.RESOURCE_EXHAUSTED, retry: false });
    expect(await call("/opentelemetry.proto.collector.trace.v1.TraceService/Export", Buffer.alloc(0))).toMatchObject({ code: status.OK, answer: Buffer.alloc(0) });
    expect(await call(LOGS, Buffer.alloc(0))).toMatchObject({ code: status.OK, answer: Buffer.alloc(0) });
    room = new Promise(() => {});
    expect(await call(LOGS, Buffer.alloc(0))).toMatchObject({ code: status.UNAVAILABLE, retry: true });
  });
});
