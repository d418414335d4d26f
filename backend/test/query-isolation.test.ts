/**
 * Tenants never see each other's rows: through the HTTP addresses, whatever one of them writes into
 * any field of a request. Every row of the other tenant carries a mark that must not come back.
 * What is shared, and where a new address goes: isolation.ts.
 */

import * as fc from "fast-check";
import type { FastifyInstance, LightMyRequestResponse } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LogSearchAnswer, TraceAnswer } from "../src/core/queries.ts";
import { startTestStore, type TestStore } from "../src/testing.ts";
import { escape, expectOwn, fillTenants, hostile, MARK, NOW_MS, OTHER_ROWS, OWN_ROWS, QUERY_ROUTES, startQueryApp, TRACE } from "./isolation.ts";

let test: TestStore;
let app: FastifyInstance;

beforeAll(async () => {
  test = await startTestStore();
  await fillTenants(test.store);
  app = await startQueryApp(test.store);
});
afterAll(async () => {
  await app?.close();
  await test?.stop();
});

const search = (tenant: string, body: unknown): Promise<LightMyRequestResponse> =>
  app.inject({ method: "POST", url: "/api/v1/logs/search", headers: { "x-tenant": tenant, "content-type": "application/json" }, payload: JSON.stringify(body) });
const get = (tenant: string, path: string, query: Record<string, string | string[]>): Promise<LightMyRequestResponse> =>
  app.inject({ method: "GET", url: path, headers: { "x-tenant": tenant }, query });

const quoted = hostile.map((text) => `"${text.replace(/["\\]/g, "\\$&")}"`);
const escaped = hostile.map((text) => text.replace(/[^A-Za-z0-9_]/gu, "\\$&") || "x");
const term = fc.oneof(
  hostile,
  quoted,
  escaped,
  escaped.map((text) => `${text}*`),
  fc.tuple(fc.oneof(escaped, fc.constantFrom("service", "message", "level", "@timestamp", "trace_id", "context.x")), fc.oneof(hostile, quoted, escaped, escaped.map((text) => `*${text}?`), quoted.map((text) => `[${text} TO *]`), quoted.map((text) => `>=${text}`))).map(([name, value]) => `${name}:${value}`),
);
const query = fc.oneof(term, fc.tuple(term, fc.constantFrom(" AND ", " OR ", " ", " NOT ", " -"), term).map((parts) => parts.join("")), term.map((text) => `NOT (${text})`));

const totalOf = (response: LightMyRequestResponse): number => response.json<Partial<LogSearchAnswer>>().hits?.total ?? 0;

describe.each(QUERY_ROUTES)("$name", ({ ask, everything, forms }) => {
  const asTenant = (tenant: string, text: string): Promise<LightMyRequestResponse> => app.inject({ ...ask(text), headers: { "x-tenant": tenant } });

  it("finds what a tenant has, and the other's only for the other", async () => {
    const [own, other] = [await asTenant("acme", everything), await asTenant("globex", everything)];
    expect([own.statusCode, other.statusCode]).toEqual([200, 200]);
    expectOwn(own);
    expect(own.body).toContain("own");
    expect(other.body).toContain(MARK);
  });

  it("has no way out", { timeout: 120_000 }, async () => {
    const attempt = fc.tuple(escape, fc.constantFrom((text: string) => text, ...forms)).map(([text, form]) => form(text));
    await fc.assert(
      fc.asyncProperty(fc.array(attempt, { minLength: 4, maxLength: 4 }), async (texts) => {
        const answers = await Promise.all(texts.map((text) => asTenant("acme", text)));
        answers.forEach(expectOwn);
        expect(answers).toHaveLength(4);
      }),
      { numRuns: 15 },
    );
  });
});

describe("a tenant", () => {
  it("sees its own rows and no others", async () => {
    const own = (await search("acme", {})).json<LogSearchAnswer>();
    expect(own.hits).toMatchObject({ total: OWN_ROWS });
    expect(own.hits.logs).toHaveLength(OWN_ROWS);
    expect((await search("globex", {})).json<LogSearchAnswer>().hits.total).toBe(OTHER_ROWS);
    expect((await search("globex", {})).body).toContain(MARK);
    expect((await search("initech", {})).json<LogSearchAnswer>().hits.total).toBe(0);
  });

  it("never finds a row of another with any query", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(query, fc.constantFrom("asc", "desc"), fc.boolean(), async (text, order, histogram) => {
        const response = await search("acme", { query: text, sort: [{ "@timestamp": order }], time_range: { start: "now-30d", end: "now" }, ...(histogram && { histogram: {} }) });
        expectOwn(response);
        expect(totalOf(response)).toBeLessThanOrEqual(OWN_ROWS);
      }),
      { numRuns: 120 },
    );
  });

  it("cannot use another's cursor to read on there", async () => {
    const foreign = (await search("globex", { size: 5 })).json<LogSearchAnswer>().next;
    const response = await search("acme", { search_after: foreign });
    expectOwn(response);
    expect(response.json<LogSearchAnswer>().hits.total).toBe(OWN_ROWS);
  });

  it("is refused whatever it puts in the other fields of a search", async () => {
    await fc.assert(
      fc.asyncProperty(hostile, fc.constantFrom("search_after", "start", "end", "sort", "direction", "size"), async (text, place) => {
        const body = {
          search_after: { search_after: text },
          start: { time_range: { start: text } },
          end: { time_range: { end: text } },
          sort: { sort: [{ [text]: "asc" }] },
          direction: { sort: [{ "@timestamp": text }] },
          size: { size: text },
        }[place];
        const response = await search("acme", body);
        expectOwn(response);
        // A number such as 500 is a time.
        const mayBeFine = place === "start" || place === "end";
        expect(mayBeFine ? [200, 400] : [400]).toContain(response.statusCode);
      }),
      { numRuns: 100 },
    );
  });

  it("never reads another's metrics", { timeout: 60_000 }, async () => {
    const matcher = fc.tuple(hostile, fc.constantFrom(":", "!:"), hostile).map((parts) => parts.join(""));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.constant("cpu"), hostile), fc.array(matcher, { maxLength: 2 }), fc.option(hostile, { nil: undefined }), fc.constantFrom("avg", "last", "rate"), async (metric, match, by, fn) => {
        expectOwn(await get("acme", "/api/v1/metrics/query_range", { metric, fn, ...(match.length > 0 && { match }), ...(by !== undefined && { by }) }));
        expectOwn(await get("acme", "/api/v1/metrics/labels", { metric }));
      }),
      { numRuns: 60 },
    );
    expect((await get("globex", "/api/v1/metrics/labels", { metric: "cpu" })).body).toContain(MARK);
  });

  it("never reads another's metrics in PromQL", { timeout: 60_000 }, async () => {
    const literal = hostile.map((value) => JSON.stringify(value));
    const text = fc.oneof(
      hostile,
      fc.tuple(fc.constantFrom("=", "!=", "=~", "!~"), literal, fc.constantFrom("__name__", "host", `"a' OR 1 --"`)).map(([operator, value, label]) => `{${label}${operator}${value}, __name__=~".+"}`),
      fc.constantFrom('{__name__=~".+"}', 'count({__name__!=""})', 'sum by (host) (rate({__name__=~".*"}[30d]))', 'label_replace({__name__=~".+"}, "x", "$1", "host", "(.*)")', 'topk(100, {__name__=~".+"})', 'absent({__name__=~".+"})'),
    );
    await fc.assert(
      fc.asyncProperty(text, hostile, async (query, other) => {
        const now = String(Math.floor(Date.now() / 1_000));
        expectOwn(await get("acme", "/api/v1/query", { query, time: now }));
        expectOwn(await get("acme", "/api/v1/query_range", { query, start: "0", end: now, step: "1d" }));
        expectOwn(await get("acme", "/api/v1/series", { "match[]": query, start: "0" }));
        expectOwn(await get("acme", "/api/v1/query_exemplars", { query, start: "0" }));
        expectOwn(await get("acme", `/api/v1/label/${encodeURIComponent(other)}/values`, { "match[]": query, start: "0" }));
        expectOwn(await get("acme", "/api/v1/metadata", { metric: other, start: "0" }));
      }),
      { numRuns: 60 },
    );
    expect((await get("globex", "/api/v1/series", { "match[]": "cpu", start: "0" })).body).toContain(MARK);
    expect((await get("globex", "/api/v1/query_exemplars", { query: "cpu", start: "0" })).body).toContain(MARK);
  });

  it.each(["/api/v1/logs/fields", "/api/v1/metrics/names", "/api/v1/hosts"])("gets only its own from %s", async (path) => {
    const own = await get("acme", path, { start: "now-30d" });
    expectOwn(own);
    expect(own.statusCode).toBe(200);
    expect(own.body).toContain("own");
    expect((await get("globex", path, { start: "now-30d" })).body).toContain(MARK);
    expectOwn(await get("acme", path, { start: "' OR 1=1 --" }));
  });

  it("gets its own spans of a trace that others have too, by start", async () => {
    const answer = await app.inject({ url: `/api/v1/traces/${TRACE.toUpperCase()}`, headers: { "x-tenant": "acme" } });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).not.toContain(MARK);
    const { trace_id: traceId, spans, cut } = answer.json<TraceAnswer>();
    expect([traceId, cut, spans.length]).toEqual([TRACE, false, 2]);
    expect(spans[0]).toMatchObject({
      span_id: "193a26cc1d3c3d61", parent_span_id: "00f067aa0ba902b7", name: "GET /users", kind: "server", start: "2026-11-22T10:00:00.000000000Z", duration_ns: "2500000", status: "error", status_message: "boom",
      service: "api", attributes: { "own-key": "own" }, events: [{ time: "2023-11-14T22:13:20.124000000Z", name: "exception", attributes: { "exception.type": "Error" } }],
      links: [{ trace_id: "0af7651916cd43dd8448eb211c80319c", span_id: "b7ad6b7169203331", attributes: { why: "batch" } }],
    });
    expect(spans[1]).toMatchObject({ parent_span_id: "193a26cc1d3c3d61", kind: "client", status: "unset", events: [], links: [] });
  });

  it.each([
    ["another's trace alone", "0af7651916cd43dd8448eb211c80319c", 404],
    ["what is no id", "x' OR 1=1 --", 400],
    ["too few digits", "4bf92f", 400],
  ])("is told that there is no trace by %s", async (_, id, status) => {
    const answer = await app.inject({ url: `/api/v1/traces/${encodeURIComponent(id)}`, headers: { "x-tenant": "acme" } });
    expect(answer.statusCode).toBe(status);
  });

  it("gets its own lines of a metric that others have too", async () => {
    const response = await get("acme", "/api/v1/metrics/query_range", { metric: "cpu", start: "now-1m", end: "now", step: "10", fn: "sum", by: "" });
    expect(response.json()).toMatchObject({ result: [{ values: [[NOW_MS / 1_000, 1]] }] });
  });

  it("named like SQL is still only a name", async () => {
    for (const tenant of ["' OR '1'='1", "globex' --", "acme') OR ('1", "\\"]) {
      const response = await search(tenant, { query: "*" });
      expect([response.statusCode, response.json<LogSearchAnswer>().hits.total]).toEqual([200, 0]);
    }
  });
});

describe("bodies that are no search", () => {
  it.each([
    ["not JSON", "{query:", 400, "invalid_json"],
    ["an array", "[]", 400, "invalid_request"],
    ["unknown keys", '{"query":"a","tenant":"globex"}', 400, "invalid_request"],
    ["a prototype", '{"__proto__":{"tenant":"globex"}}', 400, "invalid_request"],
    ["too large a body", `{"query":"${"a".repeat(70_000)}"}`, 413, "too_large"],
    ["a query that does not parse", '{"query":"a AND"}', 400, "invalid_query"],
  ])("%s", async (_, payload, status, code) => {
    const response = await app.inject({ method: "POST", url: "/api/v1/logs/search", headers: { "x-tenant": "acme", "content-type": "application/json" }, payload });
    expect(response.statusCode).toBe(status);
    expect(response.json()).toMatchObject({ error: { code } });
  });
});
