import { gzipSync, zstdCompressSync } from "node:zlib";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { httpSchema } from "../../config/listeners.ts";
import { systemClock } from "../../core/clock.ts";
import { KeepingCounters, KeepingLineShard, keepingLog } from "../fixtures.ts";
import { createHttpSource, type HttpSource } from "./index.ts";

const WAIT = { timeout: 10_000, interval: 5 };
const running: HttpSource[] = [];
afterEach(() => Promise.all(running.splice(0).map((source) => source.stop())));

const start = async (options: Record<string, unknown> = {}) => {
  const shard = new KeepingLineShard();
  const counters = new KeepingCounters();
  const { log, told } = keepingLog();
  const source = createHttpSource(httpSchema.parse({ listen: "127.0.0.1:0", ...options }), shard, { clock: systemClock, log, host: "here", counters });
  running.push(source);
  await source.start();
  const post = (body: string | Uint8Array, headers: Record<string, string> = {}, path = "/", method = "POST"): Promise<Response> =>
    fetch(`http://127.0.0.1:${source.port}${path}`, { method, headers: { "content-type": "text/plain", ...headers }, ...(method === "POST" && { body: body as string }) });
  return { source, shard, counters, told, post };
};

const JSON_TYPE = { "content-type": "application/json; charset=utf-8" };
const manyLines = (count: number, from = 0): string => Array.from({ length: count }, (_, index) => `line ${from + index}\n`).join("");

describe("http source", () => {
  it.each<[name: string, body: string | Uint8Array, headers: Record<string, string>, texts: string[]]>([
    ["plain lines", "one\ntwo", {}, ["one", "two"]],
    ["a JSON array", '[{"a":1},\n{"a":2}]', JSON_TYPE, ['{"a":1}', '{"a":2}']],
    ["JSON lines", '{"a":1}\n{"a":2}\n', { "content-type": "application/x-ndjson" }, ['{"a":1}', '{"a":2}']],
    ["gzip", gzipSync("one\ntwo\n"), { "content-encoding": "gzip" }, ["one", "two"]],
    ["gzip in two members", Buffer.concat([gzipSync("one\n"), gzipSync("two\n")]), { "content-encoding": "x-gzip" }, ["one", "two"]],
    ["zstd in two frames", Buffer.concat([zstdCompressSync(Buffer.from("one\n")), zstdCompressSync(Buffer.from("two\n"))]), { "content-encoding": "zstd" }, ["one", "two"]],
    ["nothing", "", {}, []],
  ])("takes %s", async (_name, body, headers, texts) => {
    const { post, shard } = await start();
    expect((await post(body, headers)).status).toBe(204);
    expect(shard.texts).toEqual(texts);
    expect(shard.flushes).toBe(texts.length > 0 ? 1 : 0);
    for (const { stream } of shard.lines) expect(stream).toMatchObject({ service: "http", host: "here", environment: "" });
  });

  it.each<[name: string, status: number, reason: string, options: Record<string, unknown>, body: string | Uint8Array, headers: Record<string, string>]>([
    ["a body that is too large", 413, "too_large", { max_body: "1KB" }, "x".repeat(2_000), {}],
    ["a body that decompresses to too much, gzip", 413, "too_large", { max_decompressed: "1KB" }, gzipSync("x".repeat(100_000)), { "content-encoding": "gzip" }],
    ["a body that decompresses to too much, zstd", 413, "too_large", { max_decompressed: "1KB" }, zstdCompressSync(Buffer.alloc(100_000)), { "content-encoding": "zstd" }],
    ["what is no gzip", 400, "malformed", {}, "hello", { "content-encoding": "gzip" }],
    ["what is no zstd", 400, "malformed", {}, "hello", { "content-encoding": "zstd" }],
    ["an encoding that is not known", 415, "encoding", {}, "hello", { "content-encoding": "br" }],
    ["what is no JSON", 400, "malformed", {}, '[{"a":1}', JSON_TYPE],
    ["no token", 401, "unauthorized", { bearer_token: "secret" }, "hello", {}],
    ["a wrong token", 401, "unauthorized", { bearer_token: "secret" }, "hello", { authorization: "Bearer secreT" }],
    ["more than may be pending", 429, "too_many", { max_pending: "1MB" }, "x".repeat(2_000_000), {}],
  ])("refuses %s", async (_name, status, reason, options, body, headers) => {
    const { post, shard, counters } = await start(options);
    const answer = await post(body, headers);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ error: { code: reason } });
    expect(answer.headers.get("retry-after")).toBe(status === 429 ? "1" : null);
    expect(shard.texts).toEqual([]);
    expect(counters.counts).toMatchObject({ requests: 1, [`requests_refused_${reason}`]: 1 });
  });

  it("refuses other paths and methods, and takes its own with a token", async () => {
    const { post, shard } = await start({ path: "/logs", bearer_token: "secret" });
    const authorization = { authorization: "bearer secret" };
    expect((await post("x", authorization)).status).toBe(404);
    expect((await post("x", authorization, "/logs", "GET")).status).toBe(405);
    expect((await post("x", authorization, "/logs?source=a")).status).toBe(204);
    expect(shard.texts).toEqual(["x"]);
  });

  it("answers after the durable write, one for requests that come together", async () => {
    const { post, shard } = await start();
    shard.hold();
    const answered: number[] = [];
    const posts = Array.from({ length: 8 }, async (_, index) => {
      const { status } = await post(manyLines(500, index * 500));
      answered.push(status);
    });
    await expect.poll(() => shard.texts.length, WAIT).toBe(4_000);
    await expect.poll(() => shard.flushes, WAIT).toBeGreaterThan(0);
    expect(answered).toEqual([]);
    shard.release();
    await Promise.all(posts);
    expect(answered).toEqual(Array.from({ length: 8 }, () => 204));
    expect(shard.flushes).toBeLessThanOrEqual(8);
    expect(new Set(shard.texts).size).toBe(4_000);
  });

  it("pushes back with 503 when there is no room, and nothing is lost or taken twice", async () => {
    const { post, shard, counters } = await start({ patience: "20ms" });
    shard.block();
    const answer = await post("one\n");
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
    shard.unblock();
    expect((await post("one\n")).status).toBe(204);
    expect(shard.texts).toEqual(["one"]);
    expect(counters.get("requests_refused_no_room")).toBe(1);
  });

  it("answers 503 when the shard has failed", async () => {
    const { post, shard, told } = await start();
    shard.flush = () => Promise.reject(new Error("the buffer was closed"));
    expect((await post("one\n")).status).toBe(503);
    expect(told.join("")).toContain("the buffer was closed");
  });

  it("survives a body that ends too soon", async () => {
    const { source, shard, counters, post } = await start();
    const socket = connect(source.port!, "127.0.0.1", () => socket.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nhalf a li", () => socket.destroy()));
    await expect.poll(() => counters.get("requests_refused_aborted"), WAIT).toBe(1);
    expect((await post("one\n")).status).toBe(204);
    expect(shard.texts).toEqual(["one"]);
  });
});
