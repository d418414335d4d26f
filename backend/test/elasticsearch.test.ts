/** Elasticsearch's API over a real store: what its official client asks, and what the answers are. */

import type { AddressInfo } from "node:net";
import { deflateRawSync } from "node:zlib";
import { Client, errors } from "@elastic/elasticsearch";
import type { LogRecord } from "@obs/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OPERATOR_TENANT } from "../src/core/metadata.ts";
import { startTestApp, type TestApp } from "./app-fixture.ts";
import { logRecord, storeLogs } from "./query-rows.ts";

const NOW_MS = Math.floor(Date.now() / 3_600_000) * 3_600_000;
const NOW_NS = BigInt(NOW_MS) * 1_000_000n;
const MINUTE_NS = 60_000_000_000n;
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

let test: TestApp;
let client: Client;
let node: string;
let secret: string;

const ROWS: readonly (Partial<LogRecord> & { minutesAgo: bigint })[] = [
  { minutesAgo: 1n, message: "Database timeout after 30 s", severity: 17, service: "api", host: "web-01", traceId: TRACE, attributes: { status: "500", "http.route": "/users", "user.id": "7" } },
  { minutesAgo: 2n, message: "GET /users took 12 ms", severity: 9, service: "api", host: "web-02", attributes: { status: "200", "http.route": "/users", duration: "12" } },
  { minutesAgo: 3n, message: "GET /orders took 40 ms", severity: 9, service: "api", host: "web-01", attributes: { status: "404", "http.route": "/orders", duration: "40" } },
  { minutesAgo: 4n, message: "worker started", severity: 5, service: "worker", host: "job-01", attributes: { pid: "12" } },
  { minutesAgo: 5n, message: "Connection refused, timeout soon", severity: 13, service: "worker", host: "job-01", environment: "prod", attributes: { "service.version": "1.2.3" } },
];

beforeAll(async () => {
  test = await startTestApp();
  ({ secret } = await test.key(["query", "ingest"]));
  await test.app.listen({ port: 0, host: "127.0.0.1" });
  node = `http://127.0.0.1:${(test.app.server.address() as AddressInfo).port}/es`;
  client = new Client({ node, auth: { apiKey: secret }, maxRetries: 0 });
  await storeLogs(test.app.backend.store, OPERATOR_TENANT, ROWS.map(({ minutesAgo, ...row }) => logRecord({ ...row, timestamp: NOW_NS - minutesAgo * MINUTE_NS + 123_456n })));
}, 60_000);
afterAll(async () => {
  await client?.close();
  await test?.stop();
});

/** Minutes ago of the rows that are found. */
const found = async (query: object): Promise<number[]> => {
  const { hits } = await client.search({ index: "logs", query, size: 100, sort: [{ "@timestamp": "desc" }] } as never);
  return hits.hits.map(({ sort }) => (NOW_MS - Number(sort![0])) / 60_000);
};

const refusal = async (ask: Promise<unknown>): Promise<{ status: number | undefined; type: string; reason: string }> => {
  const error = await ask.then(() => undefined, (thrown: unknown) => thrown);
  if (!(error instanceof errors.ResponseError)) throw new Error(`expected a refusal, got ${String(error)}`);
  const { type, reason, root_cause: causes } = (error.body as { error: { type: string; reason: string; root_cause: { type: string; reason: string }[] } }).error;
  expect(causes[0]).toMatchObject({ type, reason });
  expect((error.body as { status: number }).status).toBe(error.statusCode);
  return { status: error.statusCode, type, reason };
};

describe("the official client", () => {
  it("knows the product", async () => {
    const { version, tagline } = await client.info();
    expect(version.number).toMatch(/^9\./);
    expect(tagline).toBe("You Know, for Search");
    expect(await client.ping()).toBe(true);
    expect((await client.cluster.health()).status).toBe("green");
  });

  it("signs in with a key as ApiKey, as Bearer, with an id, or as a password", async () => {
    const { id } = await test.key(["query"]);
    for (const auth of [{ apiKey: { id, api_key: secret } }, { bearer: secret }, { username: "elastic", password: secret }]) {
      const other = new Client({ node, auth, maxRetries: 0 });
      expect((await other.count()).count).toBe(ROWS.length);
      await other.close();
    }
    const nobody = new Client({ node, auth: { apiKey: "obs_q_wrong" }, maxRetries: 0 });
    expect(await refusal(nobody.search({}))).toMatchObject({ status: 401, type: "security_exception" });
    await nobody.close();
  });

  it("gets hits as documents", async () => {
    const { hits, _shards, timed_out: timedOut } = await client.search({ index: "logs-*", query: { match_phrase: { message: "database timeout" } } });
    expect([_shards, timedOut, hits.total, hits.max_score]).toEqual([{ total: 1, successful: 1, skipped: 0, failed: 0 }, false, { value: 1, relation: "eq" }, 1]);
    const timestamp = `${new Date(NOW_MS - 60_000).toISOString().slice(0, -1)}123456Z`;
    expect(hits.hits).toEqual([
      {
        _index: `logs-${timestamp.slice(0, 10).replaceAll("-", ".")}`,
        _id: expect.stringMatching(/^[0-9a-f]{16}-[0-9a-f]{8}-[0-9a-f]{8}-0$/),
        _score: 1,
        _source: {
          "@timestamp": timestamp, message: "Database timeout after 30 s", level: "ERROR", severity: 17, service: "api", host: "web-01", trace_id: TRACE,
          observed: timestamp, received: expect.any(String), status: "500", "http.route": "/users", "user.id": "7",
        },
      },
    ]);
  });
});

describe("a query", () => {
  const ALL = [1, 2, 3, 4, 5];
  const cases: [name: string, query: object, minutesAgo: number[]][] = [
    ["match_all", { match_all: {} }, ALL],
    ["match_none", { match_none: {} }, []],
    ["match: any word", { match: { message: "TIMEOUT worker" } }, [1, 4, 5]],
    ["match: all words", { match: { message: { query: "timeout soon", operator: "AND" } } }, [5]],
    ["match: some words", { match: { message: { query: "GET took 12 nothing", minimum_should_match: "75%" } } }, [2]],
    ["match on another field", { match: { service: "api" } }, [1, 2, 3]],
    ["match_phrase", { match_phrase: { message: { query: "Connection refused", slop: 0 } } }, [5]],
    ["match_phrase_prefix", { match_phrase_prefix: { message: "connection ref" } }, [5]],
    ["match_bool_prefix", { match_bool_prefix: { message: { query: "took ord", operator: "and" } } }, [3]],
    ["multi_match", { multi_match: { query: "worker", fields: ["service^3", "message"] } }, [4, 5]],
    ["multi_match of a phrase", { multi_match: { query: "worker started", type: "phrase", fields: "*" } }, [4]],
    ["term", { term: { "service.keyword": "worker" } }, [4, 5]],
    ["term with options", { term: { status: { value: 200, boost: 2 } } }, [2]],
    ["term of any case", { term: { service: { value: "WORKER", case_insensitive: true } } }, [4, 5]],
    ["term of an alias", { term: { "service.name": "worker" } }, [4, 5]],
    ["term of a level", { term: { "log.level": "error" } }, [1]],
    ["terms", { terms: { status: [404, "500"] } }, [1, 3]],
    ["terms of nothing", { terms: { status: [] } }, []],
    ["exists", { exists: { field: "duration" } }, [2, 3]],
    ["prefix", { prefix: { host: { value: "web-" } } }, [1, 2, 3]],
    ["wildcard", { wildcard: { "http.route.keyword": { value: "/o*s" } } }, [3]],
    ["wildcard of any case", { wildcard: { host: { wildcard: "WEB-?1", case_insensitive: true } } }, [1, 3]],
    ["wildcard in the message", { wildcard: { message: "*onnec*" } }, [5]],
    ["regexp", { regexp: { host: "web-0[12]" } }, [1, 2, 3]],
    ["regexp of the whole value", { regexp: { host: "web" } }, []],
    ["range of numbers", { range: { status: { gte: 400, lt: 500 } } }, [3]],
    ["range of text that is numbers", { range: { duration: { gt: "12" } } }, [3]],
    ["range of dates, epoch_millis", { range: { "@timestamp": { gte: NOW_MS - 180_000, lte: NOW_MS - 120_000, format: "epoch_millis" } } }, [2, 3]],
    ["range of dates, gt the same ms", { range: { "@timestamp": { gt: NOW_MS - 180_000, lte: NOW_MS } } }, [1, 2]],
    ["range of dates, from and to", { range: { "@timestamp": { from: new Date(NOW_MS - 180_000).toISOString(), to: new Date(NOW_MS - 60_000).toISOString(), include_lower: true, include_upper: false } } }, [2, 3]],
    ["range of dates, date math", { range: { "@timestamp": { gte: `${new Date(NOW_MS - 3_600_000).toISOString()}||+57m`, lt: "now+1d/d" } } }, [1, 2, 3]],
    ["range of dates, a zone", { range: { "@timestamp": { gte: new Date(NOW_MS + 3_600_000 - 180_000).toISOString().slice(0, 19), time_zone: "+01:00" } } }, [1, 2, 3]],
    ["ids", { ids: { values: ["nothing"] } }, []],
    ["constant_score", { constant_score: { filter: { term: { service: "worker" } }, boost: 1.2 } }, [4, 5]],
    ["dis_max", { dis_max: { queries: [{ term: { status: 200 } }, { term: { status: 404 } }] } }, [2, 3]],
    ["boosting", { boosting: { positive: { term: { service: "worker" } }, negative: { match_all: {} }, negative_boost: 0.2 } }, [4, 5]],
    ["bool", { bool: { must: { term: { service: "api" } }, filter: [{ exists: { field: "status" } }], must_not: [{ term: { status: 404 } }] } }, [1, 2]],
    ["bool: should alone", { bool: { should: [{ term: { status: 200 } }, { term: { status: 404 } }] } }, [2, 3]],
    ["bool: should beside must", { bool: { must: [{ term: { service: "api" } }], should: [{ term: { status: 200 } }] } }, [1, 2, 3]],
    ["bool: so many of should", { bool: { should: [{ term: { service: "api" } }, { term: { host: "web-01" } }, { term: { status: 200 } }], minimum_should_match: 2 } }, [1, 2, 3]],
    ["bool: nothing", { bool: {} }, ALL],
    ["query_string", { query_string: { query: "service:api AND status:>=400", analyze_wildcard: true } }, [1, 3]],
    ["query_string: side by side is OR", { query_string: { query: "soon started" } }, [4, 5]],
    ["query_string: + and -", { query_string: { query: "+timeout -soon whatever" } }, [1]],
    ["query_string: - alone", { query_string: { query: "-timeout" } }, [2, 3, 4]],
    ["query_string: AND by default", { query_string: { query: "timeout soon", default_operator: "AND" } }, [5]],
    ["query_string: fields", { query_string: { query: "worker", fields: ["service", "message"] } }, [4, 5]],
    ["query_string: dates of a zone", { query_string: { query: `@timestamp:>="${new Date(NOW_MS + 3_600_000 - 180_000).toISOString().slice(0, 19)}"`, time_zone: "+01:00" } }, [1, 2, 3]],
    ["query_string: *", { query_string: { query: "*" } }, ALL],
    ["simple_query_string", { simple_query_string: { query: '"took 12" | start* -soon', fields: ["message"] } }, [1, 2, 3, 4]],
    ["simple_query_string: AND", { simple_query_string: { query: "timeout -soon", default_operator: "and" } }, [1]],
    ["simple_query_string: broken text", { simple_query_string: { query: '(soon ")' } }, [5]],
  ];
  it.each(cases)("%s", async (_, query, minutesAgo) => {
    expect(await found(query)).toEqual(minutesAgo);
  });

  const refused: [name: string, query: object, type: string, reason: RegExp][] = [
    ["unknown", { foo: {} }, "parsing_exception", /unknown query \[foo\]/],
    ["nested", { nested: { path: "a", query: { match_all: {} } } }, "parsing_exception", /attributes are flat/],
    ["fuzzy", { match: { message: { query: "a", fuzziness: "AUTO" } } }, "parsing_exception", /fuzziness is not supported/],
    ["an unknown option", { match: { message: { query: "a", foo: 1 } } }, "parsing_exception", /does not support \[foo\]/],
    ["two fields", { term: { a: 1, b: 2 } }, "parsing_exception", /exactly one member/],
    ["no date", { range: { "@timestamp": { gte: "yesterday" } } }, "parse_exception", /yesterday/],
    ["no zone", { range: { "@timestamp": { gte: "now", time_zone: "Mars" } } }, "illegal_argument_exception", /Mars/],
    ["no level", { term: { level: "loud" } }, "query_shard_exception", /no level "loud"/],
    ["broken Lucene", { query_string: { query: "(a" } }, "query_shard_exception", /not closed/],
    ["a prototype", JSON.parse('{"__proto__": {"match_all": {}}}') as object, "parsing_exception", /unknown query \[__proto__\]/],
    ["Lucene's own regular expressions", { regexp: { host: "a~b" } }, "parsing_exception", /flags to NONE/],
    ["too many conditions", { terms: { status: Array.from({ length: 201 }, (_none, i) => i) } }, "too_many_nested_clauses", /200 are the most/],
    ["too deep", Array.from({ length: 40 }).reduce<object>((query) => ({ bool: { must: query } }), { match_all: {} }), "parsing_exception", /nested too deep/],
  ];
  it.each(refused)("is refused: %s", async (_, query, type, reason) => {
    const refused_ = await refusal(client.transport.request({ method: "POST", path: "/logs/_search", body: { query } }, { headers: { "content-type": "application/json" } }));
    expect(refused_).toMatchObject({ status: 400, type, reason: expect.stringMatching(reason) });
  });
});

describe("hits", () => {
  it("are sorted, and read on with search_after", async () => {
    const sort = [{ "@timestamp": { order: "desc", unmapped_type: "boolean" } }, { _doc: { order: "desc" } }] as never;
    const first = await client.search({ index: "logs", size: 2, sort });
    expect(first.hits.hits.map(({ sort: [ms] = [] }) => (NOW_MS - Number(ms)) / 60_000)).toEqual([1, 2]);
    const second = await client.search({ index: "logs", size: 10, sort, search_after: first.hits.hits.at(-1)!.sort! });
    expect(second.hits.hits.map(({ sort: [ms] = [] }) => (NOW_MS - Number(ms)) / 60_000)).toEqual([3, 4, 5]);
    expect(second.hits.total).toEqual({ value: 5, relation: "eq" });
  });

  it.each([
    ["a number among attributes", [{ duration: "desc" }], [3, 2, 5, 4, 1]],
    ["missing first", [{ duration: { order: "asc", missing: "_first" } }], [5, 4, 1, 2, 3]],
    ["level", [{ level: "asc" }, { "@timestamp": "asc" }], [4, 3, 2, 5, 1]],
    ["text, then text", ["service", { host: "desc" }, { "@timestamp": { order: "desc", format: "epoch_millis" } }], [2, 1, 3, 4, 5]],
    ["observed", [{ observed: "asc" }], [5, 4, 3, 2, 1]],
    ["_doc", ["_doc"], [5, 4, 3, 2, 1]],
    ["_score, of which there is one", ["_score", { "@timestamp": "desc" }], [1, 2, 3, 4, 5]],
  ] as [string, unknown[], number[]][])("by %s, page by page", async (_, sort, minutesAgo) => {
    const rows: { minutes: number; sort: unknown[] }[] = [];
    // The order of equals is the row's own place.
    const whole = [...sort, ...(sort[0] === "_doc" ? [] : ["_doc"])];
    for (let after: unknown[] | undefined; ; after = rows.at(-1)!.sort) {
      const { hits } = await client.search({ index: "logs", size: 2, sort: whole, ...(after && { search_after: after }), fields: [{ field: "@timestamp", format: "epoch_millis" }], _source: false } as never);
      if (hits.hits.length === 0 || rows.length > ROWS.length) break;
      rows.push(...hits.hits.map(({ fields, sort: values }) => ({ minutes: (NOW_MS - Number((fields as { "@timestamp": string[] })["@timestamp"][0])) / 60_000, sort: values! })));
    }
    expect(rows.map(({ minutes }) => minutes)).toEqual(minutesAgo);
  });

  it("have the members of _source that are asked for, and fields", async () => {
    const query = { term: { trace_id: TRACE } };
    const one = async (body: object) => (await client.search({ index: "logs", query, ...body })).hits.hits[0]!;
    expect((await one({ _source: ["http", "l*"] }))._source).toEqual({ level: "ERROR", "http.route": "/users" });
    expect((await one({ _source: { excludes: ["*"] } }))._source).toEqual({});
    const hit = await one({ _source: false, fields: ["service.name", "http.*", "nothing"], docvalue_fields: [{ field: "@timestamp", format: "yyyy-MM-dd" }] });
    expect(hit._source).toBeUndefined();
    expect(hit.fields).toEqual({ "service.name": ["api"], "http.route": ["/users"], "@timestamp": [new Date(NOW_MS - 60_000).toISOString().slice(0, 10)] });
  });

  it("are counted as far as asked", async () => {
    const total = async (tracked: boolean | number) => (await client.search({ index: "logs", size: 0, track_total_hits: tracked })).hits.total;
    expect([await total(true), await total(3), await total(false)]).toEqual([{ value: 5, relation: "eq" }, { value: 3, relation: "gte" }, undefined]);
    expect((await client.count({ index: "logs", query: { term: { service: "api" } } })).count).toBe(3);
    expect((await client.count({ index: "logs", q: "timeout" })).count).toBe(2);
  });

  it.each([
    ["too large a window", { from: 9_000, size: 2_000 }, /from \+ size/],
    ["a negative size", { size: -1 }, /\[size\]/],
    ["another sort's values", { sort: ["@timestamp"], search_after: [1, 2] }, /search_after has 2/],
    ["no cursor", { sort: ["_doc"], search_after: ["x"] }, /_doc/],
    ["scripts", { script_fields: { a: { script: "1" } } }, /scripts are not run/],
    ["an unknown member", { foo: 1 }, /unknown key \[foo\]/],
  ])("are refused by %s", async (_, body, reason) => {
    expect(await refusal(client.search({ index: "logs", ...body } as never))).toMatchObject({ status: 400, reason: expect.stringMatching(reason) });
  });
});

describe("indices", () => {
  const day = new Date(NOW_MS - 300_000).toISOString().slice(0, 10).replaceAll("-", ".");
  it.each([
    ["_all", 5],
    ["*", 5],
    ["logs", 5],
    ["obs-*", 5],
    [`logs-${day.slice(0, 4)}`, 5],
    [`logs-${day.slice(0, 7)}.*`, 5],
    ["logs-2020.01.01", 0],
    ["nginx-*", 0],
    ["*,-logs", 0],
  ])("%s", async (index, count) => {
    expect((await client.count({ index })).count).toBe(count);
  });

  it("that nobody wrote to are not found", async () => {
    expect(await refusal(client.search({ index: "nothing" }))).toMatchObject({ status: 404, type: "index_not_found_exception", reason: "no such index [nothing]" });
    expect((await client.search({ index: "nothing", ignore_unavailable: true })).hits.total).toMatchObject({ value: 0 });
    expect(await refusal(client.search({ index: "a b" }))).toMatchObject({ status: 400, type: "invalid_index_name_exception" });
  });

  it("tell their fields", async () => {
    const mapping = await client.indices.getMapping({ index: "logs" });
    expect(mapping["logs"]!.mappings.properties).toMatchObject({
      "@timestamp": { type: "date" }, message: { type: "text", fields: { keyword: { type: "keyword" } } }, level: { type: "keyword" }, "service.name": { type: "keyword" }, severity: { type: "byte" },
      status: { type: "long" }, "http.route": { type: "keyword" }, "service.version": { type: "keyword" },
    });
    const { fields } = await client.fieldCaps({ index: "logs", fields: ["stat*", "@timestamp", "message*"] });
    expect(Object.keys(fields).sort()).toEqual(["@timestamp", "message", "message.keyword", "status"]);
    expect(fields["status"]).toEqual({ long: { type: "long", metadata_field: false, searchable: true, aggregatable: true } });
  });

  it("are listed and described", async () => {
    const lines = await client.cat.indices({ format: "json" });
    expect(lines.map(({ index }) => index)).toEqual([...new Set(ROWS.map(({ minutesAgo }) => `logs-${new Date(NOW_MS - Number(minutesAgo) * 60_000).toISOString().slice(0, 10).replaceAll("-", ".")}`))].sort());
    expect(lines.reduce((sum, line) => sum + Number(line["docs.count"]), 0)).toBe((await client.count()).count);
    const text = await fetch(`${node}/_cat/indices/logs-*?v&h=index,docs.count`, { headers: { authorization: `ApiKey ${secret}` } });
    expect(await text.text()).toMatch(/^index +docs\.count\nlogs-\d{4}\.\d\d\.\d\d +\d+\n/);
    expect([await client.indices.exists({ index: "logs" }), await client.indices.exists({ index: "nothing" })]).toEqual([true, false]);
    expect((await client.indices.get({ index: "logs" }))["logs"]).toMatchObject({ mappings: { properties: { message: { type: "text" } } } });
  });

  it("are no addresses of their own", async () => {
    expect(await refusal(client.transport.request({ method: "GET", path: "/logs/_foo" }))).toMatchObject({ status: 400, reason: "no handler found for uri [/logs/_foo] and method [GET]" });
  });
});

const later = (): Promise<void> => storeLogs(test.app.backend.store, OPERATOR_TENANT, [logRecord({ timestamp: NOW_NS - 30_000_000_000n, service: "later", message: "came later" })]);
const minutes = (hits: readonly { _source?: unknown }[]): number[] => hits.map(({ _source: source }) => Math.round((NOW_MS - Date.parse((source as { "@timestamp": string })["@timestamp"])) / 60_000));

describe("reading on", () => {
  it("in a scroll and in a point in time: rows that came later are not there", async () => {
    const { id } = await client.openPointInTime({ index: "logs-*", keep_alive: "1m" });
    const first = await client.search({ index: "logs", scroll: "1m", size: 2, sort: [{ "@timestamp": "desc" }], aggs: { n: { value_count: { field: "service" } } } });
    await later();
    expect([minutes(first.hits.hits), first.aggregations]).toEqual([[1, 2], { n: { value: 5 } }]);
    const scrolled: number[] = [];
    let scroll = first._scroll_id!;
    for (let pages = 0; pages < 5; pages++) {
      const page = await client.scroll({ scroll_id: scroll, scroll: "1m" });
      if (page.hits.hits.length === 0) break;
      scrolled.push(...minutes(page.hits.hits));
      scroll = page._scroll_id!;
    }
    expect(scrolled).toEqual([3, 4, 5]);
    expect(await client.clearScroll({ scroll_id: scroll })).toEqual({ succeeded: true, num_freed: 1 });

    const paged: number[] = [];
    for (let after: unknown[] | undefined; ; ) {
      const page = await client.search({ size: 2, pit: { id, keep_alive: "1m" }, sort: ["service", { "@timestamp": "desc" }], ...(after && { search_after: after as never }) });
      expect(page.pit_id).toBe(id);
      if (page.hits.hits.length === 0) break;
      paged.push(...minutes(page.hits.hits));
      after = page.hits.hits.at(-1)!.sort;
      expect(after).toHaveLength(3);
    }
    expect(paged).toEqual([1, 2, 3, 4, 5]);
    expect((await client.search({ size: 0, track_total_hits: true })).hits.total).toMatchObject({ value: 6 });
    expect(await client.closePointInTime({ id })).toEqual({ succeeded: true, num_freed: 1 });
  });

  it.each([
    ["a scroll", () => client.scroll({ scroll_id: "bm90aGluZw" }), 404, "search_context_missing_exception"],
    ["a point in time", () => client.search({ pit: { id: "bm90aGluZw" } }), 400, "illegal_argument_exception"],
    ["both an index and a point in time", () => client.search({ index: "logs", pit: { id: "x" } }), 400, "illegal_argument_exception"],
    ["a time to keep it", () => client.openPointInTime({ index: "logs", keep_alive: "for ever" as never }), 400, "illegal_argument_exception"],
    ["a scroll from the middle", () => client.search({ index: "logs", scroll: "1m", from: 5 }), 400, "illegal_argument_exception"],
    ["a moment", () => client.search({ pit: { id: deflateRawSync(JSON.stringify({ pit: 1, receivedMs: 1.5 })).toString("base64url") } }), 400, "illegal_argument_exception"],
    ["a scroll of a search", () => client.scroll({ scroll_id: deflateRawSync(JSON.stringify({ scroll: 1, receivedMs: 1, parameters: {}, body: { query: 5 }, after: [] })).toString("base64url") }), 400, "parsing_exception"],
    ["a bomb for an id", () => client.scroll({ scroll_id: deflateRawSync(Buffer.alloc(50_000_000)).toString("base64url") }), 404, "search_context_missing_exception"],
  ])("is refused for what is no %s", async (_, ask, status, type) => {
    expect(await refusal(ask())).toMatchObject({ status, type });
  });

  it("with another tenant's ids gives one's own rows", async () => {
    await test.app.backend.metadata.tenants.create({ id: "other", name: "Other" });
    await storeLogs(test.app.backend.store, "other", [1n, 2n].map((second) => logRecord({ timestamp: NOW_NS - second * 1_000_000_000n, message: "of another" })));
    const other = new Client({ node, auth: { apiKey: (await test.key(["query"], "other")).secret }, maxRetries: 0 });
    const { id } = await client.openPointInTime({ index: "logs", keep_alive: "1m" });
    const { _scroll_id: scroll } = await client.search({ index: "logs", scroll: "1m", size: 1, sort: [{ "@timestamp": "asc" }] });
    for (const { hits } of [await other.search({ pit: { id } }), await other.scroll({ scroll_id: scroll! })]) expect(hits.hits.map(({ _source: source }) => (source as { message: string }).message)).toContain("of another");
    expect((await other.count()).count).toBe(2);
    expect((await client.count({ q: "another" })).count).toBe(0);
    await other.close();
  });

  it("one document at a time, or without waiting", async () => {
    const { hits } = await client.search({ index: "logs", query: { term: { trace_id: TRACE } } });
    const { _id: id, _index: index } = hits.hits[0]!;
    expect(await client.get({ index: "logs", id: id! })).toMatchObject({ _index: index, _id: id, found: true, _source: { trace_id: TRACE } });
    expect((await client.search({ query: { ids: { values: [id!, "other"] } } })).hits.hits).toHaveLength(1);
    expect(await found({ query_string: { query: `_id:"${id}"` } })).toEqual([1]);
    expect([await client.exists({ index: "logs", id: id! }), await client.exists({ index: "logs", id: "other" })]).toEqual([true, false]);
    expect(await refusal(client.get({ index: "logs", id: "other" }))).toMatchObject({ status: 404 });
    expect(await client.asyncSearch.submit({ index: "logs", size: 1, query: { term: { trace_id: TRACE } } })).toMatchObject({ is_running: false, is_partial: false, response: { hits: { hits: [{ _id: id }] } } });
  });
});
