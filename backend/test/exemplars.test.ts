/** `/api/v1/query_exemplars` over a real store. */

import { seriesId, type ExemplarRecord } from "@obs/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OPERATOR_TENANT } from "../src/core/metadata.ts";
import { startTestApp, type TestApp } from "./app-fixture.ts";
import { storeExemplars, storeSeries } from "./query-rows.ts";

const NOW_MS = Math.floor(Date.now() / 60_000) * 60_000;
const NOW = NOW_MS / 1_000;
const TRACE = "5b8efff798038103d269b633813fc60c";
const SPAN = "eee19b7ec3c1b174";

let test: TestApp;
let headers: Record<string, string>;

type Given = Omit<ExemplarRecord, "metric" | "series" | "timestamp"> & { readonly agoMs: number };
const given = (agoMs: number, value: number, more: Partial<Given> = {}): Given => ({ agoMs, value, traceId: TRACE, spanId: SPAN, attributes: {}, ...more });

const store = async (tenant: string, metric: string, labels: Record<string, string>, exemplars: readonly Given[]): Promise<void> => {
  const series = seriesId(metric, labels);
  await storeSeries(test.app.backend.store, tenant, [{ metric, series, labels, kind: "counter", unit: "", help: "", firstSeen: NOW_MS - 3_600_000, lastSeen: NOW_MS }]);
  await storeExemplars(test.app.backend.store, tenant, exemplars.map(({ agoMs, ...exemplar }) => ({ metric, series, timestamp: BigInt(NOW_MS - agoMs) * 1_000_000n + 1n, ...exemplar })));
};

beforeAll(async () => {
  test = await startTestApp();
  ({ headers } = await test.key(["query"]));
  await store(OPERATOR_TENANT, "http.duration_bucket", { le: "0.5", "service.name": "api" }, [
    given(60_000, 0.25, { attributes: { "user.id": "7", trace_id: "own" } }),
    given(30_000, 0.3, { traceId: "", spanId: "", attributes: { trace_id: "KOO5S4vxi0o" } }),
    given(30_000, 0.3, { traceId: "", spanId: "", attributes: { trace_id: "KOO5S4vxi0o" } }),
    given(3_600_000, 0.1),
  ]);
  await store(OPERATOR_TENANT, "http.duration_bucket", { le: "+Inf", "service.name": "api" }, [given(10_000, Number.POSITIVE_INFINITY)]);
  await store(OPERATOR_TENANT, "errors_total", {}, [given(5_000, 1)]);
  await store("another", "errors_total", { secret: "yes" }, [given(5_000, 2)]);
}, 60_000);
afterAll(() => test?.stop());

const ask = async (parameters: Record<string, string>, path = "/api/v1/query_exemplars") => {
  const response = await test.app.inject({ method: "GET", url: `${path}?${new URLSearchParams({ start: String(NOW - 300), end: String(NOW), ...parameters }).toString()}`, headers });
  return { status: response.statusCode, body: response.json<{ status: string; data?: { seriesLabels: Record<string, string>; exemplars: { labels: Record<string, string>; value: string; timestamp: number }[] }[]; warnings?: string[]; error?: string; errorType?: string }>() };
};

const BUCKETS = [
  { seriesLabels: { __name__: "http_duration_bucket", le: "+Inf", service_name: "api" }, exemplars: [{ labels: { trace_id: TRACE, span_id: SPAN }, value: "+Inf", timestamp: NOW - 10 }] },
  {
    seriesLabels: { __name__: "http_duration_bucket", le: "0.5", service_name: "api" },
    exemplars: [
      { labels: { user_id: "7", trace_id: TRACE, span_id: SPAN }, value: "0.25", timestamp: NOW - 60 },
      { labels: { trace_id: "KOO5S4vxi0o" }, value: "0.3", timestamp: NOW - 30 },
    ],
  },
];

describe("exemplars", () => {
  it("are those of the series that an expression selects, each once, in the order of time", async () => {
    expect((await ask({ query: "histogram_quantile(0.9, sum by (le) (rate(http_duration_bucket[5m])))" })).body).toEqual({ status: "success", data: BUCKETS });
    expect((await ask({ query: 'http_duration_bucket{le="0.5"}' })).body.data).toEqual(BUCKETS.slice(1));
    expect((await ask({ query: "errors_total / on() group_left() http_duration_bucket" })).body.data).toHaveLength(3);
    expect((await ask({ query: Array.from({ length: 60 }, () => "http_duration_bucket").join(" or ") })).body.data).toEqual(BUCKETS);
    for (const query of ["nothing", "1 + 1"]) expect((await ask({ query })).body).toEqual({ status: "success", data: [] });
  });

  it("come by a form and under the prefix too", async () => {
    const payload = new URLSearchParams({ query: "http_duration_bucket", start: String(NOW - 300), end: new Date(NOW_MS).toISOString() }).toString();
    for (const url of ["/api/v1/query_exemplars", "/prometheus/api/v1/query_exemplars"]) {
      const posted = await test.app.inject({ method: "POST", url, headers: { ...headers, "content-type": "application/x-www-form-urlencoded" }, payload });
      expect(posted.json()).toEqual({ status: "success", data: BUCKETS });
    }
    expect((await ask({ query: "1", time: String(NOW) }, "/prometheus/api/v1/query")).body).toMatchObject({ status: "success", data: { resultType: "scalar" } });
  });

  it("are the newest when there are more than asked for, and a warning says so", async () => {
    const { body } = await ask({ query: "http_duration_bucket", limit: "2" });
    expect(body.data!.flatMap(({ exemplars }) => exemplars.map(({ value }) => value))).toEqual(["+Inf", "0.3"]);
    expect(body.warnings).toEqual(["results truncated: narrow the query or its range"]);
  });

  it("are each tenant's own", async () => {
    expect((await ask({ query: '{__name__=~".+"}' })).body.data).toHaveLength(3);
    expect(JSON.stringify((await ask({ query: 'errors_total{secret="yes"} or {secret!=""}' })).body)).toBe('{"status":"success","data":[]}');
  });

  it.each([
    [{ query: "" }, /"query"/],
    [{ query: "sum(" }, /parse error/],
    [{ query: "up", start: "9", end: "1" }, /"end"/],
    [{ query: Array.from({ length: 51 }, (_, n) => `up_${n}`).join(" or ") }, /more than 50 selectors/],
  ])("%j is refused", async (parameters, error) => {
    expect(await ask(parameters as Record<string, string>)).toMatchObject({ status: 400, body: { status: "error", errorType: "bad_data", error: expect.stringMatching(error) } });
  });
});
