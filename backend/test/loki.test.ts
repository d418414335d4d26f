/** Loki's HTTP API over a real store: what clients of Loki ask. */

import type { LogRecord } from "@obs/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OPERATOR_TENANT } from "../src/core/metadata.ts";
import { startTestApp, type TestApp } from "./app-fixture.ts";
import { logRecord, storeLogs } from "./query-rows.ts";

const NOW_MS = Math.floor(Date.now() / 60_000) * 60_000;
const MINUTE = 60_000;
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

let test: TestApp;
let authorization: string;

const at = (agoMs: number): bigint => BigInt(NOW_MS - agoMs) * 1_000_000n;
const given = (agoMs: number, record: Partial<LogRecord>): LogRecord => logRecord({ timestamp: at(agoMs), service: "api", host: "web-1", environment: "prod", severity: 9, ...record });

const ROWS: readonly LogRecord[] = [
  given(10 * MINUTE, { message: '{"method":"GET","path":"/a","took":"12ms","size":"2KB","deep":{"user":"eve"},"status":200}', attributes: { "http.status": "200" } }),
  given(9 * MINUTE, { message: '{"method":"POST","path":"/b","took":"1.5s","size":"10KB","status":500}', severity: 17, traceId: TRACE, attributes: { "http.status": "500" } }),
  given(8 * MINUTE, { message: "level=warn msg=\"slow query\" took=3s user=bob", severity: 13, attributes: { "http.status": "none", duration_ms: "250" } }),
  given(7 * MINUTE, { message: "plain error from 10.1.2.3 port 80", severity: 17, host: "web-2", attributes: { duration_ms: "750" } }),
  given(6 * MINUTE, { message: "GET /index 200", service: "web", host: "", severity: 9 }),
  given(5 * MINUTE, { message: "no service", service: "", host: "", environment: "", severity: 0, weight: 4 }),
];

beforeAll(async () => {
  test = await startTestApp();
  ({ authorization } = (await test.key(["query"])).headers);
  await storeLogs(test.app.backend.store, OPERATOR_TENANT, ROWS);
  await storeLogs(test.app.backend.store, "another", [given(MINUTE, { message: "secret" })]);
}, 60_000);
afterAll(() => test?.stop());

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly body: { readonly status?: string; readonly data?: never; readonly warnings?: readonly string[] };
}

const ask = async (path: string, parameters: Record<string, string | string[]> = {}, headers: Record<string, string> = {}): Promise<Reply> => {
  const response = await test.app.inject({ url: `/loki/api/v1/${path}`, query: parameters, headers: { authorization, ...headers } });
  return { status: response.statusCode, text: response.body, body: response.headers["content-type"]?.toString().startsWith("application/json") ? response.json() : {} };
};
const RANGE = { start: String(at(15 * MINUTE)), end: String(at(0)) };

interface Streams {
  readonly resultType: "streams";
  readonly result: readonly { readonly stream: Record<string, string>; readonly values: readonly (readonly [string, string, unknown?])[] }[];
}
const linesOf = async (query: string, more: Record<string, string> = {}): Promise<string[]> => {
  const { status, text, body } = await ask("query_range", { query, ...RANGE, ...more });
  if (status !== 200) throw new Error(text);
  return (body.data as unknown as Streams).result.flatMap(({ values }) => values).sort(([one], [other]) => (one < other ? -1 : 1)).map(([, line]) => line);
};
const vectorOf = async (query: string, more: Record<string, string> = {}): Promise<Record<string, string>> => {
  const { status, text, body } = await ask("query", { query, time: String(at(0)), ...more });
  if (status !== 200) throw new Error(text);
  const { result } = body.data as unknown as { result: { metric: Record<string, string>; value: [number, string] }[] };
  return Object.fromEntries(result.map(({ metric, value }) => [Object.entries(metric).map((pair) => pair.join("=")).join(","), value[1]]));
};

describe("entries", () => {
  it.each<[string, string[]]>([
    ['{service="api", level=~"error|warn"}', [ROWS[1]!.message, ROWS[2]!.message, ROWS[3]!.message]],
    ['{service_name=~".+"} |= "error"', [ROWS[3]!.message]],
    ['{service_name="unknown_service"}', ["no service"]],
    ['{service=~"api|web", host!="web-1"}', [ROWS[3]!.message, ROWS[4]!.message]],
    ['{service_name=~".+", host=""}', [ROWS[4]!.message, "no service"]],
    ['{detected_level="unknown"}', ["no service"]],
    ['{service="api"} |= "took" != "POST" !~ "^level"', [ROWS[0]!.message]],
    ['{service_name=~".+"} |~ `GET|from` or "no s"', [ROWS[0]!.message, ROWS[3]!.message, ROWS[4]!.message, "no service"]],
    ['{service="api"} |> "plain <_> port <_>"', [ROWS[3]!.message]],
    ['{service="api"} !> "<_>took<_>"', [ROWS[3]!.message]],
    ['{service="api"} |= ip("10.0.0.0/8")', [ROWS[3]!.message]],
    [`{service="api"} | trace_id="${TRACE}"`, [ROWS[1]!.message]],
    ['{http_status="500"}', [ROWS[1]!.message]],
    ['{service="api"} | http_status >= 200 | __error__=""', [ROWS[0]!.message, ROWS[1]!.message]],
    ['{service="api"} | http_status < 300', [ROWS[0]!.message, ROWS[2]!.message]],
    ['{service="api"} | duration_ms > 500 or level="warn"', [ROWS[2]!.message, ROWS[3]!.message]],
    ['{service="api"} | json | status >= 500 | __error__=""', [ROWS[1]!.message]],
    ['{service="api"} | json | took > 1s | __error__=""', [ROWS[1]!.message]],
    ['{service="api"} | json | size <= 2KB | __error__="" | line_format "{{.method | ToLower}} {{.path}} {{.deep_user}}"', ["get /a eve"]],
    ['{service="api"} |= "level=" | logfmt | user="bob" | line_format "{{.msg}}:{{.level}}:{{.level_extracted}}"', ["slow query:warn:warn"]],
    ['{service="web"} | pattern "<verb> <path> <code>" | code = 200 | label_format verb=path, where=`{{.verb}}!` | line_format "{{.verb}} {{.where}}"', ["/index /index!"]],
    ['{service="web"} | regexp `(?P<verb>\\w+) (?P<path>\\S+)` | line_format "{{.verb}}"', ["GET"]],
    ['{service="api"} | json first="deep.user", second="method" | first="eve" | line_format "{{.first}} {{.second}}"', ["eve GET"]],
  ])("%s", async (query, lines) => {
    expect(await linesOf(query)).toEqual(lines);
  });

  it("are the newest or the oldest", async () => {
    expect(await linesOf('{service_name=~".+"}', { limit: "1" })).toEqual(["no service"]);
    expect(await linesOf('{service_name=~".+"}', { limit: "1", direction: "forward" })).toEqual([ROWS[0]!.message]);
  });

  it("have labels of their stream, metadata and what was parsed, together or apart", async () => {
    const parameters = { query: '{service="api"} | json | status = 500', ...RANGE, limit: "1" };
    const stream = { service_name: "api", service: "api", host: "web-1", environment: "prod", level: "error" };
    const metadata = { detected_level: "error", trace_id: TRACE, http_status: "500" };
    const parsed = { method: "POST", path: "/b", took: "1.5s", size: "10KB", status: "500" };
    const together = await ask("query_range", { ...parameters, query: `${parameters.query} | __error__=""` });
    expect((together.body.data as unknown as Streams).result).toEqual([{ stream: { ...stream, ...metadata, ...parsed }, values: [[String(at(9 * MINUTE)), ROWS[1]!.message]] }]);
    const apart = await ask("query_range", { ...parameters, query: `${parameters.query} | __error__=""` }, { "x-loki-response-encoding-flags": "categorize-labels" });
    expect(apart.body.data).toMatchObject({ encodingFlags: ["categorize-labels"], result: [{ stream, values: [[String(at(9 * MINUTE)), ROWS[1]!.message, { structuredMetadata: metadata, parsed }]] }] });
  });
});

const sorted = (record: Record<string, string>) => Object.fromEntries(Object.entries(record).map(([labels, value]) => [labels.split(",").sort().join(","), value]));

describe("numbers", () => {
  it.each<[string, Record<string, string>]>([
    ["vector(1)+vector(1)", { "": "2" }],
    ['sum(count_over_time({service="api"}[15m]))', { "": "4" }],
    ['sum by (level) (count_over_time({service_name=~".+"}[15m]))', { "level=error": "2", "level=info": "2", "level=warn": "1", "": "4" }],
    ['count_over_time({service="web"}[15m])', { "level=info,service=web,service_name=web,environment=prod": "1" }],
    ['sum by (http_status) (count_over_time({service="api"} | http_status != "" [15m]))', { "http_status=200": "1", "http_status=500": "1", "http_status=none": "1" }],
    // The first of the three lies on the left end of the range.
    ['sum(rate({service="api"} |= "took" [10m]))', { "": "0.0033333333333333335" }],
    ['sum(bytes_over_time({service="web"}[15m]))', { "": "14" }],
    ['sum_over_time({service="api"} | unwrap duration_ms [15m]) ', { "environment=prod,host=web-1,level=warn,service=api,service_name=api": "250", "environment=prod,host=web-2,level=error,service=api,service_name=api": "750" }],
    ['quantile_over_time(0.5, {service="api"} | unwrap duration_ms [15m]) by (service)', { "service=api": "500" }],
    ['max_over_time({service="api"} | json | unwrap duration(took) | __error__="" [15m]) by (method)', { "method=GET": "0.012", "method=POST": "1.5" }],
    ['sum by (method) (count_over_time({service="api"} | json | __error__="" [15m]))', { "method=GET": "1", "method=POST": "1" }],
    ['absent_over_time({service="nope", x=~"y"}[15m])', { "service=nope": "1" }],
    ['absent_over_time({service="api"}[15m])', {}],
    ['topk(1, sum by (level) (count_over_time({service="api"}[15m])))', { "level=error": "2" }],
    ['sum(count_over_time({service="api"}[15m])) / sum(count_over_time({service_name=~".+"}[15m] offset 0s)) > 0.1', { "": "0.4444444444444444" }],
    ['label_replace(sum by (level) (count_over_time({service="web"}[15m])), "kind", "$1!", "level", "(.*)")', { "kind=info!,level=info": "1" }],
  ])("%s", async (query, values) => {
    expect(sorted(await vectorOf(query))).toEqual(sorted(values));
  });

  it("of sampled entries are estimates, and say so", async () => {
    const { body } = await ask("query", { query: 'count_over_time({service_name="unknown_service"}[15m])', time: String(at(0)) });
    expect(body).toMatchObject({ data: { result: [{ metric: { service_name: "unknown_service" }, value: [NOW_MS / 1_000, "4"] }] }, warnings: [expect.stringContaining("sampled")] });
  });

  it("by step have ranges that are open to the left", async () => {
    const { body } = await ask("query_range", { query: 'count_over_time({service="web"}[1m])', start: String(at(8 * MINUTE)), end: String(at(4 * MINUTE)), step: "60" });
    expect(body.data).toMatchObject({ resultType: "matrix", result: [{ values: [[NOW_MS / 1_000 - 360, "1"]] }] });
    const wide = await ask("query_range", { query: 'sum(count_over_time({service="web"}[150s]))', start: String(at(8 * MINUTE)), end: String(at(2 * MINUTE)), step: "60s" });
    expect(wide.body.data).toMatchObject({ result: [{ metric: {}, values: [360, 300, 240].map((ago) => [NOW_MS / 1_000 - ago, "1"]) }] });
  });
});

describe("faults", () => {
  it.each([
    ["query", '{service="api"}', "log queries are not supported as an instant query type"],
    ["query", 'rate({service="api"}[5m', "unexpected end of input"],
    ["query_range", "{}", "a selector needs at least one matcher"],
    ["query_range", '{service=~".*"}', "queries require at least one regexp or equality matcher"],
    ["query", 'sum(count_over_time({service="api"} | json [15m]))', "pipeline error: 'JSONParserErr'"],
    ["query", 'sum(rate({service="api"} | unwrap http_status [15m]))', "pipeline error: 'SampleExtractionErr'"],
  ])("%s %s", async (path, query, message) => {
    const { status, text } = await ask(path, { query, ...RANGE, time: String(at(0)) });
    expect([status, text]).toEqual([400, expect.stringContaining(message)]);
  });

  it.each([
    [{ start: "nope" }, "could not parse 'start'"],
    [{ start: String(at(0)), end: String(at(MINUTE)) }, "end timestamp must not be before"],
    [{ step: "-1" }, "zero or negative query resolution"],
    [{ limit: "100000" }, "max entries limit"],
    [{ limit: "x" }, "invalid limit"],
    [{ direction: "up" }, "invalid direction"],
    [{ step: "1ms" }, "exceeded maximum resolution"],
  ])("%o", async (parameters, message) => {
    const { status, text } = await ask("query_range", { query: 'rate({service="api"}[1m])', ...RANGE, ...parameters });
    expect([status, text]).toEqual([400, expect.stringContaining(message)]);
  });
});

describe("labels", () => {
  it("are those of streams", async () => {
    expect((await ask("labels", RANGE)).body).toEqual({ status: "success", data: ["environment", "host", "level", "service", "service_name"] });
    expect((await ask("labels", { ...RANGE, query: '{service_name="unknown_service"}' })).body.data).toEqual(["service_name"]);
  });

  it("have values, metadata too", async () => {
    expect((await ask("label/service_name/values", RANGE)).body.data).toEqual(["api", "unknown_service", "web"]);
    expect((await ask("label/level/values", { ...RANGE, query: '{service="api"}' })).body.data).toEqual(["error", "info", "warn"]);
    expect((await ask("label/http_status/values", RANGE)).body.data).toEqual(["200", "500", "none"]);
  });

  it("make streams", async () => {
    expect((await ask("series", { ...RANGE, "match[]": ['{service="web"}', '{service_name="unknown_service"}'] })).body.data).toEqual([
      { service_name: "unknown_service" },
      { service_name: "web", service: "web", environment: "prod", level: "info" },
    ]);
    expect((await ask("series", RANGE)).status).toBe(400);
  });
});
