import { gzipSync } from "node:zlib";
import { Client, credentials, status, type ServiceError } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { otlpSchema } from "../../config/metric-sources.ts";
import { systemClock } from "../../core/clock.ts";
import { silentLog } from "../../core/log.ts";
import { Harness } from "./harness.ts";
import { createOtlpSource } from "./index.ts";
import { decodeMessage, encodeMessage } from "./messages.ts";

let otlp: Harness;
beforeEach(() => {
  otlp = new Harness();
});
afterEach(() => otlp.stop());

const JSON_LOGS = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ timeUnixNano: "1700000000000000001", severityNumber: 9, body: { stringValue: "hello" }, traceId: "5B8EFFF798038103D269B633813FC60C", spanId: "eee19b7ec3c1b174", unknown: [1] }] }] }] });
const GAUGE = { name: "g", gauge: { dataPoints: [{ asInt: "5", timeUnixNano: "1700000000000000000" }] } };
const jsonMetrics = (...metrics: unknown[]): string => JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });

const SPAN = { name: "n", traceId: "5B8EFFF798038103D269B633813FC60C", spanId: "EEE19B7EC3C1B174", startTimeUnixNano: "1700000000000000001", endTimeUnixNano: "1700000000000000004" };

describe("over HTTP", () => {
  it("takes JSON with ids in hex and large numbers as text, and defaults of this host", async () => {
    await otlp.start();
    expect(await otlp.post("/v1/logs", JSON_LOGS)).toMatchObject({ status: 200, headers: { "content-type": "application/json" }, body: Buffer.from("{}") });
    expect(otlp.records).toEqual([{ service: "unknown_service", host: "web-01", environment: "test", message: "hello", severity: 9, timestamp: 1_700_000_000_000_000_001n, traceId: "5b8efff798038103d269b633813fc60c", spanId: "eee19b7ec3c1b174", attributes: {} }]);
  });

  it("takes exponential histograms with offsets and scales below zero, without sum, and beyond 53 bits", async () => {
    await otlp.start();
    const point = { timeUnixNano: "1700000000000000000", count: "18446744073709551615", scale: -3, zeroCount: 1, zeroThreshold: 0.5, positive: { offset: -7, bucketCounts: ["9007199254740993"] }, negative: { offset: 2, bucketCounts: [1, "2"] } };
    expect((await otlp.post("/v1/metrics", jsonMetrics({ name: "e", exponentialHistogram: { aggregationTemporality: 2, dataPoints: [point, { ...point, flags: 1 }] } }))).status).toBe(200);
    expect(otlp.scrapes.flatMap(({ histograms = [] }) => histograms)).toMatchObject([{
      metric: "e", point: { count: 18_446_744_073_709_551_615n, sum: Number.NaN, min: Number.NaN, max: Number.NaN, scale: -3, zeroCount: 1n, zeroThreshold: 0.5, positiveOffset: -7, positiveCounts: [9_007_199_254_740_993n], negativeOffset: 2, negativeCounts: [1n, 2n], start: 0 },
    }]);
    expect((await otlp.post("/v1/metrics", jsonMetrics({ name: "e", exponentialHistogram: { aggregationTemporality: 2, dataPoints: [{ ...point, scale: 2 ** 40 }] } }))).status).toBe(400);
  });

  it("answers partial success with what it does not take", async () => {
    await otlp.start();
    const odd = { name: "e", exponentialHistogram: { dataPoints: [{}, {}] } };
    const { status, body } = await otlp.post("/v1/metrics", jsonMetrics(GAUGE, odd));
    expect([status, JSON.parse(body.toString())]).toEqual([200, { partialSuccess: { rejectedDataPoints: "2", errorMessage: "e: the temporality is not specified" } }]);
    expect(otlp.scrapes).toMatchObject([{ timestampMs: 1_700_000_000_000, observations: [{ metric: "g", value: 5 }] }]);
    const binary = await otlp.post("/v1/metrics", encodeMessage("MetricsRequest", { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: "e", exponentialHistogram: { dataPoints: [{}] } }] }] }] }), { "content-type": "application/x-protobuf" });
    expect(decodeMessage("MetricsResponse", binary.body)).toMatchObject({ partialSuccess: { errorMessage: "e: the temporality is not specified" } });
    const traces = await otlp.post("/v1/traces", JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ ...SPAN, spanId: "" }, SPAN] }] }] }));
    expect(JSON.parse(traces.body.toString())).toMatchObject({ partialSuccess: { rejectedSpans: "1", errorMessage: expect.stringContaining("span id") as string } });
    const broken = [{ ...SPAN, parentSpanId: "abcd" }, { ...SPAN, links: [{ traceId: "", spanId: SPAN.spanId }] }, { ...SPAN, startTimeUnixNano: "0" }];
    const refused = await otlp.post("/v1/traces", JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: broken }] }] }));
    expect(JSON.parse(refused.body.toString())).toMatchObject({ partialSuccess: { rejectedSpans: "3" } });
    const negative = { name: "n", exponentialHistogram: { aggregationTemporality: 2, dataPoints: [{ timeUnixNano: "1700000000000000000", count: "-1" }] } };
    expect(JSON.parse((await otlp.post("/v1/metrics", jsonMetrics(negative))).body.toString())).toMatchObject({ partialSuccess: { rejectedDataPoints: "1", errorMessage: "n: a count is out of range" } });
    expect(otlp.spans).toHaveLength(1);
    expect(otlp.events).toMatchObject({ spans: 1, spans_rejected: 4, points_rejected: 4 });
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
    await otlp.start({ max_request_size: "1KB" });
    const answer = await otlp.post(path, body, headers);
    expect(answer.status).toBe(expected);
    const said = headers["content-type"] === "application/x-protobuf" ? decodeMessage("Status", answer.body) : (JSON.parse(answer.body.toString()) as object);
    expect(said).toMatchObject({ code: expect.any(Number) as number, message: expect.stringMatching(/./) as string });
    expect(Object.keys(otlp.events).some((event) => event.startsWith("requests_refused_")) || expected === 400).toBe(true);
    expect(otlp.records).toEqual([]);
  });

  it("refuses other methods", async () => {
    await otlp.start();
    expect((await otlp.post("/v1/logs", "", {}, "GET")).status).toBe(405);
  });

  it("answers after the durable write, 503 without room in the buffer, and 429 when too much waits", async () => {
    const durable = Promise.withResolvers<void>();
    await otlp.start({ patience: "50ms", max_pending: "1MB" }, { records: { append: () => durable.promise } });
    let answered = 0;
    const first = otlp.post("/v1/logs", JSON_LOGS).then((answer) => (answered++, answer));
    await expect.poll(() => otlp.events["requests"]).toBe(1);
    expect(await otlp.post("/v1/metrics", jsonMetrics({ ...GAUGE, description: "a".repeat(1_048_576) }))).toMatchObject({ status: 429, headers: { "retry-after": "1" } });
    expect(answered).toBe(0);
    durable.resolve();
    expect(await first).toMatchObject({ status: 200 });
    otlp.room = new Promise(() => {});
    expect(await otlp.post("/v1/logs", JSON_LOGS)).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
    expect(otlp.events).toMatchObject({ requests_refused_no_room: 1, requests_refused_too_many: 1 });
  });

  it("answers 503 when the write fails", async () => {
    await otlp.start({}, { metrics: { observe: () => Promise.reject(new Error("closed")) } });
    expect(await otlp.post("/v1/metrics", jsonMetrics(GAUGE))).toMatchObject({ status: 503 });
  });

  it("ends while a request waits", async () => {
    await otlp.start({ patience: "1h" });
    otlp.room = new Promise(() => {});
    const waiting = otlp.post("/v1/logs", JSON_LOGS);
    await expect.poll(() => otlp.events["requests"]).toBe(1);
    await otlp.source.stop();
    expect((await waiting).status).toBe(503);
  });

  it("waits for an address that is taken", async () => {
    await otlp.start();
    const taken = createOtlpSource(otlpSchema.parse({ http: { listen: `127.0.0.1:${otlp.source.httpPort}` }, grpc: { listen: `127.0.0.1:${otlp.source.grpcPort}` } }), {} as never, { clock: systemClock, log: silentLog, host: "", environment: "", counters: { add: () => {} } });
    await taken.start();
    expect([taken.httpPort, taken.grpcPort]).toEqual([undefined, undefined]);
    await otlp.source.stop();
    await expect.poll(() => [typeof taken.httpPort, typeof taken.grpcPort], { timeout: 5_000 }).toEqual(["number", "number"]);
    await taken.stop();
  });
});

const bytes = (value: Buffer): Buffer => value;

const call = async (path: string, body: Uint8Array): Promise<{ code: number; details: string; retry: boolean; answer: Buffer | undefined }> => {
  const client = new Client(`127.0.0.1:${otlp.source.grpcPort}`, credentials.createInsecure());
  const { promise, resolve } = Promise.withResolvers<{ code: number; details: string; retry: boolean; answer: Buffer | undefined }>();
  client.makeUnaryRequest(path, bytes, bytes, Buffer.from(body), (error: ServiceError | null, answer?: Buffer) =>
    resolve({ code: error?.code ?? status.OK, details: error?.details ?? "", retry: (error?.metadata.get("grpc-status-details-bin").length ?? 0) > 0, answer }),
  );
  return promise.finally(() => client.close());
};

describe("over gRPC", () => {
  const LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

  it("tells what is malformed, what is too large, and what to send again", async () => {
    await otlp.start({ patience: "50ms", max_request_size: "1KB" });
    expect(await call(LOGS, Buffer.from([0xff, 0xff]))).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(await call(LOGS, Buffer.alloc(2_000))).toMatchObject({ code: status.RESOURCE_EXHAUSTED, retry: false });
    expect(await call("/opentelemetry.proto.collector.trace.v1.TraceService/Export", Buffer.alloc(0))).toMatchObject({ code: status.OK, answer: Buffer.alloc(0) });
    expect(await call(LOGS, Buffer.alloc(0))).toMatchObject({ code: status.OK, answer: Buffer.alloc(0) });
    otlp.room = new Promise(() => {});
    expect(await call(LOGS, Buffer.alloc(0))).toMatchObject({ code: status.UNAVAILABLE, retry: true });
  });
});
