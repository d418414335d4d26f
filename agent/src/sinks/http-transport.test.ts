import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as fc from "fast-check";
import type { BufferedBatch } from "../core/contracts.ts";
import { backOffMs, parseRetryAfter } from "./back-off.ts";
import { HttpTransport } from "./http-transport.ts";

const batch: BufferedBatch = { stream: "samples", key: "0000000000000001-00000002-00000003", rows: 7, rawBytes: 99, firstNs: 5n, lastNs: 2n ** 62n, body: Buffer.from("body"), tenant: "", attempt: 3 };

const ACK = { stored: 7, refused: {}, serverTime: "", storeBoot: "b", policyVersion: 1 };
const error = (code: string, details?: unknown): object => ({ error: { code, message: "why", details } });

let server: Server;
let port: number;
let answer: { status: number; body: unknown; headers?: Record<string, string> };
let seen: { url: string | undefined; headers: IncomingHttpHeaders; body: string };
beforeEach(async () => {
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      seen = { url: request.url, headers: request.headers, body };
      response.writeHead(answer.status, answer.headers).end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const deliver = async (options: { of?: BufferedBatch; path?: string; onAgentIdTaken?: () => void; timeoutMs?: number; signal?: AbortSignal } = {}) => {
  const { of = batch, path = "", signal = new AbortController().signal, timeoutMs = 5_000, ...rest } = options;
  const transport = new HttpTransport({ endpoint: `http://127.0.0.1:${port}${path}`, apiKey: "obs_i_secret", connections: 1, timeoutMs, userAgent: "obs-agent/test", ...rest });
  return transport.deliver(of, signal).finally(() => transport.close());
};

describe("HTTP transport", () => {
  it("posts the body as it is, with the envelope in its headers, under the endpoint's path", async () => {
    answer = { status: 200, body: ACK };
    expect(await deliver({ path: "/obs/" })).toEqual({ kind: "acknowledged", ack: ACK });
    expect(seen.url).toBe("/obs/api/v1/batches/samples");
    expect(seen.body).toBe("body");
    expect(seen.headers).toMatchObject({
      authorization: "Bearer obs_i_secret", "content-encoding": "zstd", "content-length": "4", "x-obs-batch": batch.key, "x-obs-rows": "7", "x-obs-raw-bytes": "99",
      "x-obs-schema": "2", "x-obs-attempt": "3", "x-obs-first-ns": "5", "x-obs-last-ns": String(2n ** 62n),
    });
  });

  it.each([
    ["a batch that is malformed", 400, error("batch_malformed"), {}, { kind: "permanent", reason: "400 batch_malformed: why" }],
    ["a batch that is too large", 413, error("too_large"), {}, { kind: "too_large", reason: "413 too_large: why", condemns: true }],
    ["a batch that is too large for a proxy", 413, "<html>Request Entity Too Large</html>", {}, { kind: "too_large", condemns: false }],
    ["a 400 that is not the API's", 400, "<html>no</html>", {}, { kind: "retry", afterMs: 30_000 }],
    ["a 404 of a wrong address", 404, "nothing", {}, { kind: "retry", afterMs: 30_000 }],
    ["a refused key", 401, error("unauthorized"), {}, { kind: "retry", afterMs: 30_000 }],
    ["a key without the scope", 403, error("forbidden"), {}, { kind: "retry", afterMs: 30_000 }],
    ["an older backend", 400, error("schema_unknown"), {}, { kind: "retry", afterMs: 30_000 }],
    ["a limit", 429, error("rate_limited"), { "retry-after": "7" }, { kind: "retry", afterMs: 7_000 }],
    ["a store that is away", 503, error("store_unavailable"), { "retry-after": "2" }, { kind: "retry", afterMs: 2_000 }],
    ["a fault without more", 500, "oops", {}, { kind: "retry", reason: "500 oops" }],
    ["something else that answers 200", 200, "<html>welcome</html>", {}, { kind: "retry", afterMs: 30_000 }],
  ])("judges %s", async (_name, status, body, headers, delivery) => {
    answer = { status, body, headers };
    expect(await deliver()).toMatchObject(delivery);
  });

  it("says of a part which rows it has, in a schema that an older backend refuses; then the others go on", async () => {
    answer = { status: 200, body: ACK };
    const of = { ...batch, part: { first: 40, end: 47 } };
    expect(await deliver({ of })).toMatchObject({ kind: "acknowledged" });
    expect(seen.headers).toMatchObject({ "x-obs-batch": batch.key, "x-obs-schema": "3", "x-obs-rows": "7", "x-obs-first-row": "40", "x-obs-end-row": "47" });
    answer = { status: 400, body: error("schema_unknown") };
    expect(await deliver({ of })).toMatchObject({ kind: "retry", onlyThis: true, afterMs: 30_000 });
  });

  it("tells when the agent id belongs to another key", async () => {
    let taken = 0;
    answer = { status: 403, body: error("forbidden", { reason: "agent_id_taken" }) };
    expect(await deliver({ onAgentIdTaken: () => taken++ })).toMatchObject({ kind: "retry", onlyThis: true });
    expect(taken).toBe(1);
  });

  it("retries what never arrived, and what was cut off", async () => {
    await new Promise((resolve) => server.close(resolve));
    expect(await deliver()).toMatchObject({ kind: "retry", reason: expect.stringContaining("ECONNREFUSED") });
    const stopped = new AbortController();
    stopped.abort();
    expect(await deliver({ signal: stopped.signal })).toMatchObject({ kind: "retry" });
  });
});

describe("back-off", () => {
  it("is jittered fully, under a bound that doubles up to the longest", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
        const ms = backOffMs({ firstMs: 100, longestMs: 10_000 }, failures, () => random);
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(Math.min(10_000, 100 * 2 ** (failures - 1)));
      }),
    );
    expect(backOffMs({ firstMs: 100, longestMs: 10_000 }, 3, () => 1)).toBe(400);
  });

  it.each([["120", 120_000], [" 0 ", 0], ["Thu, 01 Jan 1970 00:00:10 GMT", 9_000], ["Thu, 01 Jan 1970 00:00:00 GMT", 0], ["soon", undefined], [undefined, undefined]])("reads Retry-After %j", (value, ms) =>
    expect(parseRetryAfter(value, 1_000)).toBe(ms));
});
