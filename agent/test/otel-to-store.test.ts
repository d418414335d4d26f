/**
 * OpenTelemetry's SDK for JavaScript -> the real agent -> the real backend with its real store: what was sent is
 * found by the HTTP API, once, also when the agent is killed (SIGKILL) as soon as it has answered. (Whoever is not
 * answered sends again: what became durable in that moment is there twice, by OTLP's own rules.)
 */

import { execFile, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { SeverityNumber } from "@opentelemetry/api-logs";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { AggregationType, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { expect, it } from "vitest";
import { AgentProcess, withScratch } from "./agent-process.ts";
import { freePort } from "./free-port.ts";

const BACKEND = fileURLToPath(new URL("../../backend/src/cli.ts", import.meta.url));
const WAIT = { timeout: 40_000, interval: 100 };
const ROUNDS = 3;
const LOGS = 40;
const SPANS = 5;

interface Backend {
  readonly url: string;
  readonly key: string;
  api<Answer>(path: string, body?: unknown): Promise<Answer>;
  /** Rows of a table of the store, and how many of them differ in `columns`. */
  countRows(table: string, columns: string): Promise<readonly [rows: number, different: number]>;
  stop(): Promise<void>;
}

const startBackend = async (dataDir: string): Promise<Backend> => {
  const port = await freePort();
  const env = { PATH: process.env["PATH"], OBS_DATA_DIR: dataDir, OBS_PORT: String(port), OBS_STORE_MEMORY: "1GB" };
  const child = spawn(process.execPath, [BACKEND, "serve"], { env, stdio: ["ignore", "ignore", "inherit"] });
  const url = `http://127.0.0.1:${port}`;
  await expect.poll(() => fetch(`${url}/readyz`).then(({ status }) => status, () => 0), { timeout: 60_000, interval: 100 }).toBe(200);
  const { stdout } = await promisify(execFile)(process.execPath, [BACKEND, "keys", "create", "--name", "test", "--scopes", "ingest,query"], { env });
  const key = /\bobs_\S+/.exec(stdout)![0];
  const api = async <Answer>(path: string, body?: unknown): Promise<Answer> => {
    const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${key}`, "content-type": "application/json" }, ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }) });
    return (await response.json()) as Answer;
  };
  const { url: storeUrl, users } = JSON.parse(await readFile(`${dataDir}/store/store.json`, "utf8")) as { url: string; users: { writer: { username: string; password: string } } };
  const countRows = async (table: string, columns: string): Promise<readonly [number, number]> => {
    const headers = { "x-clickhouse-user": users.writer.username, "x-clickhouse-key": users.writer.password };
    const answer = await (await fetch(storeUrl, { method: "POST", headers, body: `SELECT count(), uniqExact(${columns}) FROM obs.${table} FORMAT JSONCompactEachRow` })).text();
    const [rows, different] = JSON.parse(answer) as [string, string];
    return [Number(rows), Number(different)];
  };
  const ended = new Promise((resolve) => child.once("close", resolve));
  return { url, key, api, countRows, stop: async () => void (child.kill("SIGTERM"), await ended) };
};

const startSdk = (url: string) => {
  const resource = resourceFromAttributes({ "service.name": "shop", "service.instance.id": "i-1" });
  const logs = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${url}/v1/logs` }) })] });
  const traces = new TracerProvider({ resource, spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: `${url}/v1/traces` }) })] });
  const reader = new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter({ url: `${url}/v1/metrics` }), exportIntervalMillis: 3_600_000 });
  const metrics = new MeterProvider({ resource, readers: [reader], views: [{ instrumentName: "size", aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }] });
  const meter = metrics.getMeter("shop");
  const orders = meter.createCounter("orders");
  const duration = meter.createHistogram("duration", { unit: "s", advice: { explicitBucketBoundaries: [1, 2, 4] } });
  const size = meter.createHistogram("size");
  const logger = logs.getLogger("shop");
  const tracer = traces.getTracer("shop");
  const traceIds: string[] = [];
  return {
    traceIds,
    work(round: number): void {
      const root = tracer.startSpan(`round ${round}`);
      traceIds.push(root.spanContext().traceId);
      const context = trace.setSpan(ROOT_CONTEXT, root);
      for (let n = 0; n < LOGS; n++) logger.emit({ severityNumber: SeverityNumber.INFO, body: `order ${round}-${n}`, context });
      for (let n = 1; n < SPANS; n++) tracer.startSpan(`step ${n}`, {}, context).end();
      root.end();
      orders.add(10);
      for (const value of [0.5, 1.5, 1.5, 3]) duration.record(value);
      size.record(100);
    },
    /** Rejects when one of them could not be sent in the SDK's own patience. */
    flush: async (): Promise<void> => void (await Promise.all([logs.forceFlush(), traces.forceFlush(), metrics.forceFlush()])),
    shutdown: async (): Promise<void> => void (await Promise.all([logs.shutdown(), traces.shutdown(), metrics.shutdown()])),
  };
};

const postJson = (url: string, body: unknown): Promise<number> => fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }).then(({ status }) => status, () => 0);

/** The SDK for JavaScript has no exemplars yet: a request as SDKs of other languages make it. */
const sendExemplar = async (url: string, round: number, traceId: string): Promise<void> => {
  const timeUnixNano = String(BigInt(Date.now()) * 1_000_000n + BigInt(round));
  const dataPoints = [{ asInt: String(round + 1), timeUnixNano, exemplars: [{ timeUnixNano, asDouble: round + 0.5, traceId, spanId: "eee19b7ec3c1b174", filteredAttributes: [{ key: "order", value: { intValue: round } }] }] }];
  const request = { resourceMetrics: [{ resource: { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] }, scopeMetrics: [{ metrics: [{ name: "checkouts", sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints } }] }] }] };
  expect(await postJson(`${url}/v1/metrics`, request)).toBe(200);
};

interface Prometheus<Data> {
  readonly data: Data;
}
type Vector = { readonly result: readonly { readonly value: readonly [number, string] }[] };

const expectAll = async ({ api, countRows }: Backend, traceIds: readonly string[]): Promise<void> => {
  const messages = async (): Promise<string[]> => (await api<{ hits: { logs: { message: string }[] } }>("/api/v1/logs/search", { query: "service:shop", size: 1_000 })).hits.logs.map(({ message }) => message).sort();
  const sent = Array.from({ length: ROUNDS }, (_, round) => Array.from({ length: LOGS }, (_none, n) => `order ${round}-${n}`)).flat().sort();
  await expect.poll(messages, WAIT).toEqual(sent);
  for (const [round, id] of traceIds.entries()) {
    const names = async (): Promise<string[]> => ((await api<{ spans?: { name: string }[] }>(`/api/v1/traces/${id}`)).spans ?? []).map(({ name }) => name).sort();
    await expect.poll(names, WAIT).toEqual([`round ${round}`, ...Array.from({ length: SPANS - 1 }, (_, n) => `step ${n + 1}`)]);
  }
  const value = async (query: string): Promise<number[]> => (await api<Prometheus<Vector>>(`/prometheus/api/v1/query?${new URLSearchParams({ query }).toString()}`)).data.result.map((one) => Number(one.value[1]));
  await expect.poll(() => value("orders"), WAIT).toEqual([10 * ROUNDS]);
  await expect.poll(() => value("histogram_count(duration)"), WAIT).toEqual([4 * ROUNDS]);
  expect(await value("histogram_sum(duration)")).toEqual([6.5 * ROUNDS]);
  // Half of the measurements are in (1, 2], a quarter below.
  expect(await value("histogram_quantile(0.5, duration)")).toEqual([1.5]);
  expect(await value("histogram_count(size)")).toEqual([ROUNDS]);
  type Found = { readonly seriesLabels: Readonly<Record<string, string>>; readonly exemplars: readonly { readonly labels: object; readonly value: string }[] }[];
  const exemplars = async () => (await api<Prometheus<Found>>("/prometheus/api/v1/query_exemplars?query=rate(checkouts[5m])")).data;
  await expect.poll(async () => (await exemplars())[0]?.exemplars.length, WAIT).toBe(ROUNDS);
  const [{ seriesLabels, exemplars: found }] = (await exemplars()) as [Found[number]];
  expect(seriesLabels).toMatchObject({ __name__: "checkouts", service: "shop" });
  expect(found.map((one) => [one.labels, one.value])).toEqual(traceIds.map((id, round) => [{ trace_id: id, span_id: "eee19b7ec3c1b174", order: String(round) }, String(round + 0.5)]));
  // Queries give one of two rows of the same time; the tables themselves must not have two.
  for (const [table, columns] of [["samples", "series, timestamp"], ["histograms", "series, timestamp"], ["exemplars", "series, timestamp"], ["spans", "span_id"]] as const) {
    const [rows, different] = await countRows(table, columns);
    expect([table, rows]).toEqual([table, different]);
    expect(rows).toBeGreaterThanOrEqual(ROUNDS);
  }
};

it("what the SDK sends is in the store once, through kill -9 of the agent", { timeout: 180_000 }, () =>
  withScratch(async ({ path, configure }) => {
    const backend = await startBackend(path("backend"));
    try {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      const config = await configure(backend.url, {
        api_key: backend.key, files: [],
        otlp: { enabled: true, explicit_histograms: "histograms", http: { listen: `127.0.0.1:${port}` }, grpc: { enabled: false } },
      });
      const start = (): AgentProcess => new AgentProcess({ args: ["run", "--config", config] });
      const sdk = startSdk(url);
      let agent: AgentProcess | undefined;
      for (let round = 0; round < ROUNDS; round++) {
        agent = start();
        await expect.poll(() => postJson(`${url}/v1/logs`, {}), WAIT).toBe(200);
        sdk.work(round);
        await Promise.all([sdk.flush(), sendExemplar(url, round, sdk.traceIds[round]!)]);
        // Answered, so durable; whether the backend has it, nobody knows.
        await agent.kill("SIGKILL");
      }
      agent = start();
      await expectAll(backend, sdk.traceIds);
      const status = new AgentProcess({ args: ["status", "--json", "--config", config] });
      const { signals } = JSON.parse((await status.ended).stdout) as { signals: Record<string, { records: number; buffered: number; gap: number }> };
      for (const stream of ["logs", "spans", "samples", "histograms", "exemplars"]) expect([stream, signals[stream]]).toEqual([stream, expect.objectContaining({ buffered: 0, gap: 0 })]);
      expect(signals["exemplars"]).toMatchObject({ records: ROUNDS, stored: ROUNDS });
      expect(signals["logs"]).toMatchObject({ records: ROUNDS * LOGS, stored: ROUNDS * LOGS });
      await sdk.shutdown();
      await agent.kill("SIGTERM");
    } finally {
      await backend.stop();
    }
  }));
