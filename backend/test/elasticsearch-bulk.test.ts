/** Logs that Elasticsearch's clients write: `_bulk` and `_doc` in, `_search` out, through the real gateway and store. */

import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { Client, errors } from "@elastic/elasticsearch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestApp, type TestApp } from "./app-fixture.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const NOW = new Date(Math.floor(Date.now() / 1_000) * 1_000).toISOString();

let test: TestApp;
let client: Client;
let url: string;
let authorization: string;

beforeAll(async () => {
  test = await startTestApp();
  const key = await test.key(["ingest", "query"]);
  authorization = key.headers.authorization;
  await test.app.listen({ port: 0, host: "127.0.0.1" });
  url = `http://127.0.0.1:${(test.app.server.address() as AddressInfo).port}/es`;
  client = new Client({ node: url, auth: { apiKey: key.secret }, maxRetries: 0 });
}, 60_000);
afterAll(async () => {
  await client?.close();
  await test?.stop();
});

interface Hit {
  readonly _index: string;
  readonly _id: string;
  readonly _source: Record<string, unknown>;
}

/** Once so many rows of an index are there. */
const stored = async (index: string, count: number): Promise<Hit[]> => {
  await expect.poll(async () => (await client.count({ index, ignore_unavailable: true })).count, { timeout: 20_000 }).toBe(count);
  return (await client.search({ index, size: 100, sort: ["@timestamp", "_doc"] })).hits.hits as Hit[];
};

const post = (path: string, payload: string | Buffer, headers: Record<string, string> = {}) => fetch(url + path, { method: "POST", body: payload as string, headers: { authorization, "content-type": "application/x-ndjson", ...headers } });
const ndjson = (...lines: unknown[]): string => lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join("");

describe("_bulk", () => {
  it("stores documents of ECS, of shippers and of loggers, each in its index", async () => {
    const answer = await client.bulk({
      index: "app-1",
      operations: [
        { index: {} },
        { "@timestamp": NOW, message: "Database timeout for bob@example.com", log: { level: "error" }, service: { name: "api", version: "1.2" }, host: { name: "web-01" }, trace: { id: TRACE }, http: { response: { status_code: 500 } }, tags: ["a", "b"] },
        { create: { _id: "mine" } },
        { "@timestamp": Date.parse(NOW) + 1, log: "from a container", stream: "stderr", kubernetes: { namespace_name: "shop" } },
        { index: { _index: "app-2" } },
        { msg: "no time", level: 30 },
      ],
    });
    expect(answer).toMatchObject({ errors: false, items: [{ index: { status: 201, result: "created", _index: "app-1" } }, { create: { status: 201, _id: "mine" } }, { index: { _index: "app-2" } }] });
    const [first, second] = await stored("app-1", 2);
    expect(first).toMatchObject({
      _index: "app-1",
      _id: answer.items[0]!.index!._id,
      _source: { "@timestamp": NOW.replace("Z", "000000Z"), message: "Database timeout for [EMAIL]", level: "ERROR", service: "api", host: "web-01", trace_id: TRACE, "service.version": "1.2", "http.response.status_code": "500", tags: '["a","b"]' },
    });
    expect(second).toMatchObject({ _id: "mine", _source: { message: "from a container", stream: "stderr", "kubernetes.namespace_name": "shop" } });
    const [third] = await stored("app-2", 1);
    expect(third).toMatchObject({ _source: { message: "no time", level: "INFO" } });
    expect(Math.abs(Date.parse(String(third!._source["@timestamp"])) - Date.now())).toBeLessThan(60_000);
    expect((await client.count({ index: "app-*,-app-2" })).count).toBe(2);
    expect((await client.count({ index: "logs" })).count).toBeGreaterThanOrEqual(3);
    expect((await client.search({ query: { term: { _index: "app-2" } } })).hits.hits).toHaveLength(1);
    expect((await client.search({ size: 0, index: "app-*", aggs: { by: { terms: { field: "_index", order: { _key: "asc" } } } } })).aggregations).toMatchObject({ by: { buckets: [{ key: "app-1", doc_count: 2 }, { key: "app-2", doc_count: 1 }] } });
    expect(first!._source).not.toHaveProperty("_index");
  });

  it("answers for each action", async () => {
    const old = new Date(Date.now() - 4_000 * 86_400_000).toISOString();
    const response = await post("/_bulk", ndjson({ index: { _index: "items" } }, { message: "good" }, { index: { _index: "items" } }, "{broken", { index: { _index: "items" } }, '"text"', { index: { _index: "items" } }, { "@timestamp": "yesterday", message: "m" }, { index: { _index: "items" } }, { "@timestamp": old, message: "m" }, { update: { _index: "items", _id: "1" } }, { doc: {} }, { delete: { _index: "items", _id: 1 } }, { index: { _index: "Bad Name" } }, { message: "m" }, { create: { _index: "items" } }, { message: "good too" }));
    const { errors: failed, items } = (await response.json()) as { errors: boolean; items: Record<string, { status: number; error?: { type: string; reason: string } }>[] };
    expect([response.status, failed]).toEqual([200, true]);
    expect(items.map((item) => Object.entries(item).map(([action, { status, error }]) => [action, status, error?.type ?? "", error?.reason ?? ""])[0])).toEqual([
      ["index", 201, "", ""],
      ["index", 400, "document_parsing_exception", expect.stringContaining("failed to parse")],
      ["index", 400, "document_parsing_exception", "a document must be an object"],
      ["index", 400, "document_parsing_exception", 'failed to parse field [@timestamp] of type [date]: "yesterday" is no time'],
      ["index", 400, "document_parsing_exception", expect.stringContaining("older than what is kept")],
      ["update", 400, "illegal_argument_exception", "[update] is not supported: logs are only appended"],
      ["delete", 400, "illegal_argument_exception", "[delete] is not supported: logs are only appended"],
      ["index", 400, "invalid_index_name_exception", expect.stringContaining("must be lowercase")],
      ["create", 201, "", ""],
    ]);
    expect((await stored("items", 2)).map(({ _source }) => _source["message"])).toEqual(["good", "good too"]);
  });

  it.each([
    ["nothing", "", /body is required/],
    ["no action", ndjson({ message: "m" }), /line \[1\], expected field/],
    ["two actions in a line", ndjson({ index: {}, create: {} }, {}), /one action/],
    ["no index", ndjson({ index: {} }, { message: "m" }), /index is missing/],
    ["no document", ndjson({ index: { _index: "a" } }), /is missing behind it/],
    ["a prototype", ndjson('{"__proto__":{"_index":"a"}}', {}), /found \[__proto__\]/],
  ])("is refused with %s", async (_, payload, reason) => {
    const response = await post("/_bulk", payload);
    expect([response.status, (await response.json()) as unknown]).toEqual([400, { error: expect.objectContaining({ reason: expect.stringMatching(reason) }), status: 400 }]);
  });

  it("takes gzip, hostile fields and ten thousand levels", async () => {
    const deep = `{"message":"deep","a":${"[".repeat(10_000)}${"]".repeat(10_000)}}`;
    const odd = '{"message":"odd","__proto__":{"x":1},"constructor":"c","":"empty","number":12345678901234567890,"a.b":1,"a":{"b":2},"_index":"mine","nothing":null}';
    const response = await post("/odd/_bulk", gzipSync(ndjson({ index: {} }, deep, { index: {} }, odd)), { "content-encoding": "gzip", "content-type": "application/json" });
    const { items } = (await response.json()) as { items: { index: { status: number; error?: { reason: string } } }[] };
    expect(items.map(({ index: { status, error } }) => [status, error?.reason])).toEqual([[400, "a document may be nested 100 levels deep"], [201, undefined]]);
    const [hit] = await stored("odd", 1);
    expect(hit).toMatchObject({ _index: "odd", _source: { message: "odd", constructor: "c", number: "12345678901234567890" } });
  });

  it("is what the client's helper and a shipper without the scope to query need", async () => {
    const { secret } = await test.key(["ingest"]);
    const shipper = new Client({ node: url, auth: { username: "shipper", password: secret }, maxRetries: 0 });
    expect((await shipper.info()).tagline).toBe("You Know, for Search");
    const result = await shipper.helpers.bulk({ datasource: Array.from({ length: 250 }, (_none, i) => ({ message: `line ${i}`, service: { name: "helper" } })), onDocument: () => ({ create: { _index: "helped" } }), flushBytes: 4_000 });
    expect(result).toMatchObject({ total: 250, successful: 250, failed: 0 });
    await stored("helped", 250);
    await expect(shipper.search({ index: "helped" })).rejects.toMatchObject({ statusCode: 403 });
    await shipper.close();
    const reader = new Client({ node: url, auth: { apiKey: (await test.key(["query"])).secret }, maxRetries: 0 });
    await expect(reader.index({ index: "helped", document: { message: "m" } })).rejects.toMatchObject({ statusCode: 403 });
    await reader.close();
  });
});

describe("_doc", () => {
  it("stores one document, under an id or without", async () => {
    const first = await client.index({ index: "single", document: { message: "one" } });
    expect(first).toMatchObject({ result: "created", _index: "single", _id: expect.stringMatching(/-0$/) });
    expect(await client.create({ index: "single", id: "b", document: { message: "two" } })).toMatchObject({ _id: "b" });
    expect((await stored("single", 2)).map(({ _id }) => _id).sort()).toEqual([first._id, "b"].sort());
    await expect(client.index({ index: "single", document: { "@timestamp": "never" } })).rejects.toBeInstanceOf(errors.ResponseError);
    const response = await post("/single/_doc", '{\n  "message":\n "over lines"\n}', { "content-type": "application/json" });
    expect(response.status).toBe(201);
  });
});
