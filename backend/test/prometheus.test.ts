/** Prometheus' HTTP API over a real store: what clients of Prometheus ask, and what promtool does. */

import { execFile } from "node:child_process";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { seriesId, type MetricKind } from "@obs/wire";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OPERATOR_TENANT } from "../src/core/metadata.ts";
import { StoreSource } from "../src/query/prometheus/store-source.ts";
import { Engine, FLOAT, Labels, METRIC_NAME, type Answer, type RawSeries, type SeriesSource } from "../src/query/promql/index.ts";
import { compileMatcher } from "../src/query/promql/matchers.ts";
import { TenantScope } from "../src/sql/sql.ts";
import { startTestApp, type TestApp } from "./app-fixture.ts";
import { storeHistograms, storeSamples, storeSeries } from "./query-rows.ts";

const NOW_MS = Math.floor(Date.now() / 60_000) * 60_000;
const NOW = NOW_MS / 1_000;
const MINUTE = 60_000;

let test: TestApp;
let authorization: string;
let url: string;

interface Given {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly kind?: MetricKind;
  readonly unit?: string;
  readonly help?: string;
  /** [ms before now, value] */
  readonly samples: readonly (readonly [number, number])[];
}

const store = async (tenant: string, given: readonly Given[]): Promise<void> => {
  const { store: into } = test.app.backend;
  await storeSeries(into, tenant, given.map(({ metric, labels, kind = "gauge", unit = "", help = "", samples }) => {
    const times = samples.map(([ago]) => NOW_MS - ago);
    return { metric, series: seriesId(metric, labels), labels, kind, unit, help, firstSeen: Math.min(...times), lastSeen: Math.max(...times) };
  }));
  await storeSamples(into, tenant, given.flatMap(({ metric, labels, samples }) => samples.map(([ago, value]) => ({ metric, series: seriesId(metric, labels), timestamp: NOW_MS - ago, value }))));
};

/** A counter of a value per second, sampled every 15 s over an hour. */
const counter = (perSecond: number): [number, number][] => Array.from({ length: 241 }, (_none, index) => [3_600_000 - index * 15_000, index * 15 * perSecond]);

beforeAll(async () => {
  test = await startTestApp();
  ({ authorization } = (await test.key(["query"])).headers);
  await test.app.listen({ port: 0, host: "127.0.0.1" });
  url = `http://127.0.0.1:${(test.app.server.address() as AddressInfo).port}`;
  await store(OPERATOR_TENANT, [
    { metric: "http_requests_total", labels: { service: "api", code: "200" }, kind: "counter", help: "Requests.", samples: counter(2) },
    { metric: "http_requests_total", labels: { service: "api", code: "500" }, kind: "counter", help: "Requests.", samples: counter(0.5) },
    { metric: "http_requests_total", labels: { service: "web", code: "200" }, kind: "counter", help: "Requests.", samples: counter(1) },
    { metric: "http.server.active_requests", labels: { "service.name": "api", "http.request.method": "GET" }, unit: "{request}", samples: [[30_000, 7], [0, Number.NaN]] },
    { metric: "odd", labels: { value: "infinite" }, samples: [[0, Number.POSITIVE_INFINITY]] },
  ]);
  await store("another", [{ metric: "http_requests_total", labels: { service: "secret", code: "200" }, samples: counter(9) }]);
  const labels = { "service.name": "api" };
  await storeSeries(test.app.backend.store, OPERATOR_TENANT, [{ metric: "latency", series: seriesId("latency", labels), labels, kind: "histogram", unit: "s", help: "", firstSeen: NOW_MS - 2 * MINUTE, lastSeen: NOW_MS }]);
  const point = (agoMs: number, times: bigint) => ({
    metric: "latency", series: seriesId("latency", labels), timestamp: NOW_MS - agoMs, start: NOW_MS - 10 * MINUTE, temporality: 2, count: 4n * times, sum: 10 * Number(times), min: Number.NaN, max: Number.NaN, scale: 0, zeroCount: 0n, zeroThreshold: 0,
    positiveOffset: 0, positiveCounts: [2n * times, 2n * times], negativeOffset: 0, negativeCounts: [], bounds: [],
  });
  await storeHistograms(test.app.backend.store, OPERATOR_TENANT, [point(2 * MINUTE, 1n), point(MINUTE, 2n), point(0, 3n)]);
}, 60_000);
afterAll(() => test?.stop());

interface Reply {
  readonly status: number;
  readonly body: { readonly status: string; readonly data?: never; readonly errorType?: string; readonly error?: string; readonly warnings?: string[]; readonly infos?: string[] };
}

/** The store and the engine differ in the last digits. */
const rounded = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value === "string" && /^-?\d+\.\d{9,}$/.test(value)) return String(Number(Number(value).toPrecision(12)));
  if (typeof value === "number" && !Number.isInteger(value)) return Number(value.toPrecision(9));
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, rounded(inner)])) : value;
};

const get = async (path: string, parameters: Record<string, string> = {}, headers: Record<string, string> = { authorization }): Promise<Reply> => {
  const response = await test.app.inject({ method: "GET", url: `${path}?${new URLSearchParams(parameters).toString()}`, headers });
  return { status: response.statusCode, body: response.json() };
};

const instant = async (query: string): Promise<unknown> => {
  const { status, body } = await get("/api/v1/query", { query, time: String(NOW) });
  expect(body.error ?? "").toBe("");
  expect(status).toBe(200);
  return body.data;
};

describe("queries", () => {
  it.each([
    ["1+1", { resultType: "scalar", result: [NOW, "2"] }],
    ['"text"', { resultType: "string", result: [NOW, "text"] }],
    ["sum by (service) (rate(http_requests_total[5m]))", { resultType: "vector", result: [{ metric: { service: "api" }, value: [NOW, "2.5"] }, { metric: { service: "web" }, value: [NOW, "1"] }] }],
    ['http_requests_total{code=~"5.."}', { resultType: "vector", result: [{ metric: { __name__: "http_requests_total", code: "500", service: "api" }, value: [NOW, "1800"] }] }],
    ['count({__name__=~"http_req.*", service!="web"})', { resultType: "vector", result: [{ metric: {}, value: [NOW, "2"] }] }],
    // Names as they are stored, and as Prometheus would spell them.
    ["last_over_time(http_server_active_requests[20s] offset 20s)", { resultType: "vector", result: [{ metric: { __name__: "http_server_active_requests", http_request_method: "GET", service_name: "api" }, value: [NOW, "7"] }] }],
    ['{"http.server.active_requests", service_name="api", http_request_method=~"G.+"}', { resultType: "vector", result: [{ metric: { __name__: "http_server_active_requests", http_request_method: "GET", service_name: "api" }, value: [NOW, "NaN"] }] }],
    ["odd", { resultType: "vector", result: [{ metric: { __name__: "odd", value: "infinite" }, value: [NOW, "+Inf"] }] }],
    ["absent(nothing)", { resultType: "vector", result: [{ metric: {}, value: [NOW, "1"] }] }],
    ["latency", { resultType: "vector", result: [{ metric: { __name__: "latency", service_name: "api" }, histogram: [NOW, { count: "12", sum: "30", buckets: [[0, "1", "2", "6"], [0, "2", "4", "6"]] }] }] }],
    ["histogram_count(increase(latency[2m]))", { resultType: "vector", result: [{ metric: { service_name: "api" }, value: [NOW, "8"] }] }],
    ['http_requests_total{code="500"}[31s]', { resultType: "matrix", result: [{ metric: { __name__: "http_requests_total", code: "500", service: "api" }, values: [[NOW - 30, "1785"], [NOW - 15, "1792.5"], [NOW, "1800"]] }] }],
  ])("%s", async (query, data) => expect(rounded(await instant(query))).toEqual(data));

  it("over a range, by GET and by a form", async () => {
    const parameters = { query: 'rate(http_requests_total{service="web"}[1m])', start: String(NOW - 120), end: new Date(NOW_MS).toISOString(), step: "1m" };
    const data = { resultType: "matrix", result: [{ metric: { code: "200", service: "web" }, values: [[NOW - 120, "1"], [NOW - 60, "1"], [NOW, "1"]] }] };
    expect(rounded((await get("/api/v1/query_range", parameters)).body)).toEqual({ status: "success", data });
    const posted = await test.app.inject({ method: "POST", url: "/api/v1/query_range", headers: { authorization, "content-type": "application/x-www-form-urlencoded" }, payload: new URLSearchParams(parameters).toString() });
    expect(rounded(posted.json())).toEqual({ status: "success", data });
  });

  it("say what was odd", async () => {
    const { body } = await get("/api/v1/query", { query: "rate(odd[5m])", time: String(NOW) });
    expect(body).toEqual({ status: "success", data: { resultType: "vector", result: [] }, infos: ['PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "odd" (1:6)'] });
  });

  it.each([
    [{ query: "sum(" }, 400, "bad_data", /^1:5: parse error: /],
    [{ query: "" }, 400, "bad_data", /"query"/],
    [{ query: "rate(up)" }, 400, "bad_data", /expected type range vector in call to function "rate", got instant vector/],
    [{ query: "up", timeout: "-1" }, 400, "bad_data", /"timeout": "-1" is not more than 0/],
    [{ query: "up", lookback_delta: "0" }, 400, "bad_data", /"lookback_delta": "0" is not more than 0/],
    [{ query: "rate(up[5m] smoothed) + (up anchored)" }, 400, "bad_data", /anchored modifier must be preceded by a range vector selector/],
    [{ query: "up", time: "soon" }, 400, "bad_data", /cannot parse "soon" to a valid timestamp/],
    [{ query: '{__name__=~"http_requests_total|odd"} * on() group_left() {__name__=~"http_requests_total|odd"}' }, 422, "execution", /found duplicate series for the match group/],
  ])("%j is refused", async (parameters, status, errorType, error) => {
    const reply = await get("/api/v1/query", parameters as Record<string, string>);
    expect(reply).toMatchObject({ status, body: { status: "error", errorType, error: expect.stringMatching(error) } });
  });

  it.each([
    [{ start: "0", end: "100", step: "0" }, /zero or negative query resolution step/],
    [{ start: "100", end: "0", step: "1" }, /end timestamp must not be before start time/],
    [{ start: "0", end: "1e6", step: "1" }, /exceeded maximum resolution of 11,000 points/],
    [{ start: "0", end: "1" }, /"step"/],
  ])("a range of %j is refused", async (parameters, error) => {
    expect(await get("/api/v1/query_range", { query: "up", ...(parameters as unknown as Record<string, string>) })).toMatchObject({ status: 400, body: { errorType: "bad_data", error: expect.stringMatching(error) } });
  });
});

describe("the catalog", () => {
  it("names labels, their values, series and metadata", async () => {
    expect((await get("/api/v1/labels")).body.data).toEqual(["__name__", "code", "http_request_method", "service", "service_name", "value"]);
    expect((await get("/api/v1/labels", { "match[]": "odd" })).body.data).toEqual(["__name__", "value"]);
    expect((await get("/api/v1/label/__name__/values")).body.data).toEqual(["http_requests_total", "http_server_active_requests", "latency", "odd"]);
    expect((await get("/api/v1/label/service/values", { "match[]": 'http_requests_total{code="500"}' })).body.data).toEqual(["api"]);
    expect((await get("/api/v1/label/service_name/values")).body.data).toEqual(["api"]);
    expect((await get("/api/v1/series", { "match[]": 'http_requests_total{service="web"}' })).body.data).toEqual([{ __name__: "http_requests_total", code: "200", service: "web" }]);
    expect((await get("/api/v1/metadata", { metric: "http_requests_total" })).body.data).toEqual({ http_requests_total: [{ type: "counter", help: "Requests.", unit: "" }] });
    expect(await get("/api/v1/series")).toMatchObject({ status: 400, body: { error: "no match[] parameter provided" } });
  });

  it("is each tenant's own, and so are samples", async () => {
    const { headers } = await test.key(["query"], OPERATOR_TENANT);
    expect(JSON.stringify((await get("/api/v1/label/service/values", {}, headers)).body.data)).not.toContain("secret");
    for (const query of ['{service="secret"}', '{service=~"se.*"}', 'http_requests_total{code="200", service!~"api|web"}', `{service="secret\\" OR 1=1 --"}`])
      expect(await instant(query)).toEqual({ resultType: "vector", result: [] });
    expect((await get("/api/v1/query", { query: "1" }, {})).status).toBe(401);
  });
});

const promtool = async (...args: string[]): Promise<string> => (await promisify(execFile)("promtool", ["query", ...args])).stdout;

it("answers promtool", { timeout: 60_000 }, async () => {
  const server = url.replace("//", `//obs:${authorization.replace("Bearer ", "")}@`);
  expect(await promtool("instant", `--time=${NOW}`, server, "round(sum(rate(http_requests_total[5m])), 0.001)")).toBe(`{} => 3.5 @[${NOW}]\n`);
  expect(await promtool("range", `--start=${NOW - 60}`, `--end=${NOW}`, "--step=30s", server, 'http_requests_total{service="web"}')).toBe(
    `http_requests_total{code="200", service="web"} =>\n3540 @[${NOW - 60}]\n3570 @[${NOW - 30}]\n3600 @[${NOW}]\n`,
  );
  expect(await promtool("labels", server, "service")).toBe("api\nweb\n");
  expect(await promtool("series", "--match=odd", server)).toBe('{__name__="odd", value="infinite"}\n');
  await expect(promtool("instant", server, "rate(up)")).rejects.toThrow(/expected type range vector/);
});

/** The same samples in memory. */
const memory = (given: readonly Given[]): SeriesSource => {
  const all = given.map(({ metric, labels, samples }): RawSeries => {
    const sorted = samples.toSorted(([one], [other]) => other - one);
    return { labels: Labels.from({ ...labels, [METRIC_NAME]: metric }), times: Float64Array.from(sorted, ([ago]) => NOW_MS - ago), kinds: new Uint8Array(sorted.length).fill(FLOAT), floats: Float64Array.from(sorted, ([, value]) => value) };
  });
  return { select: async ({ matchers }) => all.filter(({ labels }) => matchers.every((matcher) => compileMatcher(matcher)(labels.get(matcher.name)))) };
};
const plain = (answer: Answer): unknown =>
  answer.type === "vector" ? answer.series.map(({ labels, kinds, floats }) => [labels.toString(), [...kinds], [...floats]]) : answer;

const overStore = (tenant: string, limits: { readonly maxSeries: number; readonly maxSamples: number }): Engine =>
  new Engine({ source: new StoreSource({ store: test.app.backend.store, scope: new TenantScope(tenant), maxExecutionSeconds: 10, ...limits }), allowExperimental: true });

describe("the store as a source", () => {
  it("answers as the same samples in memory", { timeout: 60_000 }, async () => {
    let tenant = 0;
    const samples = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 1_200_000 }), fc.oneof(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 50 }))), { selector: ([ago]) => ago, minLength: 1, maxLength: 60 });
    const given = fc.uniqueArray(fc.record({ metric: fc.constantFrom("a", "b_total"), labels: fc.dictionary(fc.constantFrom("x", "y"), fc.constantFrom("1", "2", "ü")), samples }), { selector: ({ metric, labels }) => JSON.stringify([metric, Object.entries(labels).sort()]), minLength: 1, maxLength: 6 });
    const query = fc.constantFrom("a", "sum(a)", "rate(b_total[5m])", "changes(a[3m])", "resets(b_total[10m] offset 1m)", "max by (y) (delta(a[4m]))", "count(irate(b_total[5m]))", "idelta(a[5m])", "avg(rate(a[2m])) by (x, __name__)", 'sum by (x) (increase({y="1"}[3m]))', "a - on(x, y) b_total", "max_over_time(a[10m:30s])", 'count({__name__=~".+", x!="2"})', "a offset 2m > 0", "topk(1, b_total) by (x)", 'avg_over_time({x=~"1|ü"}[4m])', "a @ end()");
    await fc.assert(
      fc.asyncProperty(given, query, async (series, text) => {
        const name = `property-${++tenant}`;
        await store(name, series);
        const fromStore = overStore(name, { maxSeries: 100, maxSamples: 10_000 });
        const fromMemory = new Engine({ source: memory(series), allowExperimental: true });
        const ask = (engine: Engine): Promise<unknown> => engine.range(text, NOW_MS - 900_000, NOW_MS, 60_000).then(plain, (error: Error) => error.message);
        expect(rounded(await ask(fromStore))).toEqual(rounded(await ask(fromMemory)));
      }),
      { numRuns: 40 },
    );
  });

  it("refuses what would be too much", async () => {
    await expect(overStore(OPERATOR_TENANT, { maxSeries: 2, maxSamples: 1e6 }).instant("http_requests_total", NOW_MS)).rejects.toThrow(/more than 2 series/);
    const few = (maxSamples: number): Engine => overStore(OPERATOR_TENANT, { maxSeries: 100, maxSamples });
    const hour = (engine: Engine, query: string): Promise<Answer> => engine.range(query, NOW_MS - 3_600_000, NOW_MS, 60_000);
    await expect(few(100).instant("deriv(http_requests_total[1h])", NOW_MS)).rejects.toThrow(/too many samples/);
    // 61 steps of three series, and of their sum.
    await expect(hour(few(182), "rate(http_requests_total[5m])")).rejects.toThrow(/too many samples/);
    await expect(hour(few(183), "rate(http_requests_total[5m])")).resolves.toBeDefined();
    await expect(hour(few(60), "sum(rate(http_requests_total[5m]))")).rejects.toThrow(/too many samples/);
    await expect(hour(few(61), "sum(rate(http_requests_total[5m]))")).resolves.toBeDefined();
    await expect(hour(few(121), "sum(rate(http_requests_total[5m])) / sum(rate(http_requests_total[5m]))")).rejects.toThrow(/too many samples/);
    // 241 samples each, and only what the first has left for the second.
    await expect(few(2 * 3 * 240 - 1).instant("deriv(http_requests_total[1h]) + deriv(http_requests_total[1h])", NOW_MS)).rejects.toThrow(/too many samples/);
    await expect(few(2 * 3 * 240).instant("deriv(http_requests_total[1h]) + deriv(http_requests_total[1h])", NOW_MS)).resolves.toBeDefined();
  });
});
