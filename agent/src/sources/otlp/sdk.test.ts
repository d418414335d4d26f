import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
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
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Harness } from "./harness.ts";

let otlp: Harness;
beforeEach(() => {
  otlp = new Harness();
});
afterEach(() => otlp.stop());

const resource = resourceFromAttributes({ "service.name": "shop", "host.name": "h1", "deployment.environment.name": "prod", "service.instance.id": "i-1", "telemetry.sdk.name": "x" });

describe("logs of the JavaScript SDK", () => {
  it.each<[string, () => LogRecordExporter]>([
    ["http/json", () => new JsonLogExporter({ url: `http://127.0.0.1:${otlp.source.httpPort}/v1/logs` })],
    ["http/json with gzip", () => new JsonLogExporter({ url: `http://127.0.0.1:${otlp.source.httpPort}/v1/logs`, compression: "gzip" as never })],
    ["http/protobuf", () => new ProtoLogExporter({ url: `http://127.0.0.1:${otlp.source.httpPort}/v1/logs` })],
    ["grpc", () => new GrpcLogExporter({ url: `http://127.0.0.1:${otlp.source.grpcPort}` })],
    ["grpc with gzip", () => new GrpcLogExporter({ url: `http://127.0.0.1:${otlp.source.grpcPort}`, compression: "gzip" as never })],
  ])("come over %s", async (_name, exporter) => {
    await otlp.start();
    const provider = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter: exporter() })] });
    const logger = provider.getLogger("checkout", "1.2");
    const timestamp = new Date(1_700_000_000_123);
    logger.emit({ timestamp, severityNumber: SeverityNumber.WARN2, severityText: "WARN", body: "slow payment", attributes: { "order.id": 7, ok: true, ratio: 0.5, list: ["a", 1], "telemetry.sdk.name": "own", nested: { a: { b: "c" } } } });
    logger.emit({ timestamp, body: { event: "x", n: 1 }, severityText: "ERROR", eventName: "payment.failed" });
    await provider.forceFlush();
    await provider.shutdown();
    const common = { service: "shop", host: "h1", environment: "prod", timestamp: 1_700_000_000_123_000_000n, traceId: "", spanId: "" };
    const scope = { "otel.scope.name": "checkout", "otel.scope.version": "1.2", "service.instance.id": "i-1" };
    expect(otlp.records).toMatchObject([
      {
        ...common, severity: 14, message: "slow payment",
        attributes: { ...scope, "order.id": "7", ok: "true", ratio: "0.5", list: '["a",1]', "nested.a.b": "c", "telemetry.sdk.name": "own", "resource.telemetry.sdk.name": "x", severity_text: "WARN" },
      },
      { ...common, severity: 17, message: '{"event":"x","n":1}', attributes: { ...scope, "event.name": "payment.failed" } },
    ]);
    expect(otlp.events).toMatchObject({ requests: 1, log_records: 2 });
  });
});

const metricsUrl = (): string => `http://127.0.0.1:${otlp.source.httpPort}/v1/metrics`;

describe("metrics of the JavaScript SDK", () => {

  it.each<[string, (temporalityPreference: AggregationTemporalityPreference) => PushMetricExporter]>([
    ["http/json", (temporalityPreference) => new JsonMetricExporter({ url: metricsUrl(), temporalityPreference })],
    ["http/protobuf", (temporalityPreference) => new ProtoMetricExporter({ url: metricsUrl(), temporalityPreference })],
    ["grpc", (temporalityPreference) => new GrpcMetricExporter({ url: `http://127.0.0.1:${otlp.source.grpcPort}`, temporalityPreference })],
  ])("come over %s, cumulative and as deltas", async (_name, exporter) => {
    await otlp.start();
    for (const preference of [AggregationTemporalityPreference.CUMULATIVE, AggregationTemporalityPreference.DELTA]) {
      otlp.scrapes = [];
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
      expect(otlp.one("requests")).toEqual({ metric: "requests", labels: { ...labels, route: "/a", exported_host: "mine" }, kind: "counter", unit: "1", help: "All.", value: 5 });
      expect(otlp.one("open")).toMatchObject({ kind: "updown", value: -5 });
      expect(otlp.one("temperature")).toMatchObject({ kind: "gauge", value: -2.5, labels: { room: "a" } });
      expect(otlp.one("duration_count")).toMatchObject({ kind: "counter", unit: "s", value: 2 });
      expect(otlp.one("duration_sum")!.value).toBeCloseTo(1);
      expect(["0.1", "1", "+Inf"].map((le) => otlp.one("duration_bucket", { le })?.value)).toEqual([0, 2, 2]);
      expect(otlp.one("target_info")).toMatchObject({ value: 1, labels: { ...labels, "telemetry.sdk.name": "x" } });
      expect(otlp.scrapes.flatMap(({ histograms = [] }) => histograms)).toContainEqual(expect.objectContaining({ metric: "rare" }));
      expect(otlp.observed().some(({ metric }) => metric.startsWith("rare"))).toBe(false);
    }
    expect(otlp.events["points_rejected"]).toBeUndefined();
  });
});

describe("traces of the JavaScript SDK", () => {
  it.each<[string, () => SpanExporter]>([
    ["http/json", () => new JsonTraceExporter({ url: `http://127.0.0.1:${otlp.source.httpPort}/v1/traces` })],
    ["http/protobuf with gzip", () => new ProtoTraceExporter({ url: `http://127.0.0.1:${otlp.source.httpPort}/v1/traces`, compression: "gzip" as never })],
    ["grpc", () => new GrpcTraceExporter({ url: `http://127.0.0.1:${otlp.source.grpcPort}` })],
  ])("come over %s", async (_name, exporter) => {
    await otlp.start();
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
    const [select, cart] = [...otlp.spans].sort((a, b) => (a.name < b.name ? 1 : -1));
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
    await otlp.start();
    const reader = new PeriodicExportingMetricReader({ exporter: new ProtoMetricExporter({ url: `http://127.0.0.1:${otlp.source.httpPort}/v1/metrics`, temporalityPreference }) });
    const provider = new MeterProvider({ resource, readers: [reader], views: [{ instrumentName: "latency", aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }] });
    const latency = provider.getMeter("m").createHistogram("latency", { unit: "ms", description: "how long" });
    for (const value of [0, 1, 2, 4, 4.5, 1_000]) latency.record(value, { route: "/cart" });
    await provider.forceFlush();
    await provider.shutdown();
    const [found] = otlp.scrapes.flatMap(({ histograms = [] }) => histograms);
    expect(found).toMatchObject({ metric: "latency", unit: "ms", help: "how long", labels: { route: "/cart", service: "shop", host: "h1" }, point: { temporality, count: 6n, sum: 1_011.5, min: 0, max: 1_000, zeroCount: 1n, negativeCounts: [] } });
    const { scale, positiveOffset, positiveCounts } = found!.point;
    expect(positiveCounts.reduce((sum, count) => sum + count, 0n)).toBe(5n);
    // The bucket that holds 1,000 is the last: its bounds say so.
    const base = 2 ** (2 ** -scale);
    const last = positiveOffset + positiveCounts.length - 1;
    expect(base ** last).toBeLessThan(1_000);
    expect(base ** (last + 1)).toBeGreaterThanOrEqual(1_000);
  });
});
