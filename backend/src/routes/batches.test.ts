import { BATCH_HEADERS, formatBatchKey, PART_HEADERS } from "@obs/wire";
import Fastify, { type FastifyInstance } from "fastify";
import { beforeEach, describe, expect, it } from "vitest";
import type { IncomingBatch, TenantPolicy } from "../core/contracts.ts";
import { ApiError } from "../errors.ts";
import { batchRoutes } from "./batches.ts";

const policy: TenantPolicy = {
  tenant: "acme",
  version: 3,
  retentionDays: { logs: 30, samples: 30 },
  maxFutureMs: 1000,
  limits: { rowsPerMinute: 100, bytesPerMinute: 1000 },
  queryLimits: { atOnce: 8, seconds: 60, memoryBytes: null, rows: null },
};
const ack = { stored: 2, refused: {}, serverTime: "2026-01-01T00:00:00.000Z", storeBoot: "b", policyVersion: 3 };
const key = { agent: 0xabcn, epoch: 1, seq: 2 };

const headers = {
  "content-encoding": "zstd",
  "content-type": "application/octet-stream",
  [BATCH_HEADERS.batch]: formatBatchKey(key),
  [BATCH_HEADERS.rows]: "2",
  [BATCH_HEADERS.rawBytes]: "100",
  [BATCH_HEADERS.schema]: "1",
  [BATCH_HEADERS.attempt]: "1",
  [BATCH_HEADERS.firstNs]: "1700000000000000000",
  [BATCH_HEADERS.lastNs]: "1700000000000000001",
};

let app: FastifyInstance;
let accepted: IncomingBatch[];
let claimed: unknown[];
let taken: unknown[];

beforeEach(async () => {
  [accepted, claimed, taken] = [[], [], []];
  app = Fastify();
  app.setErrorHandler((error, _request, reply) =>
    error instanceof ApiError ? reply.code(error.status).send({ error: { code: error.code, message: error.message, details: error.details } }) : reply.send(error),
  );
  await app.register(
    batchRoutes({
      delivery: { accept: async (batch) => (accepted.push(batch), ack) },
      maxBodyBytes: 1024,
      limits: { takeTenant: async (_policy, cost) => void taken.push(cost) },
      policyOf: async () => policy,
      agents: { claim: async (claim) => (claimed.push(claim), claim.keyId === "other" ? "taken" : "ok") },
      requireScope: () => async (request) => {
        const keyId = request.headers.authorization;
        if (keyId === undefined) throw new ApiError("unauthorized", "no key");
        request.principal = { tenant: "acme", keyId, scopes: new Set(["ingest"]) };
      },
    }),
  );
});

const post = (changes: Record<string, string | undefined> = {}, stream = "logs") => {
  const all: Record<string, string | undefined> = { authorization: "key-1", ...headers, ...changes };
  const sent = Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined));
  return app.inject({ method: "POST", url: `/api/v1/batches/${stream}`, headers: sent, payload: Buffer.from("body") });
};

describe("POST /api/v1/batches/<stream>", () => {
  it("hands the batch over unopened and answers with the acknowledgement", async () => {
    const response = await post();
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual(ack);
    expect(accepted).toEqual([
      {
        policy, stream: "logs", schema: 1, key, rows: 2, rawBytes: 100, attempt: 1,
        firstNs: 1700000000000000000n, lastNs: 1700000000000000001n, body: Buffer.from("body"), sourceIp: "127.0.0.1",
      },
    ]);
    expect(taken).toEqual([{ rows: 2, bytes: 4 }]);
    expect(claimed).toEqual([{ tenant: "acme", agent: "0000000000000abc", keyId: "key-1", address: "127.0.0.1" }]);
  });

  it("hands over which rows a part of a batch has", async () => {
    expect((await post({ [BATCH_HEADERS.schema]: "3", [PART_HEADERS.firstRow]: "7", [PART_HEADERS.endRow]: "9" })).statusCode).toBe(200);
    expect(accepted).toMatchObject([{ key, schema: 3, rows: 2, part: { first: 7, end: 9 } }]);
  });

  it("takes any content type, or none", async () => {
    expect((await post({ "content-type": undefined })).statusCode).toBe(200);
    expect((await post({ "content-type": "application/json" })).statusCode).toBe(200);
    expect(accepted.map(({ body }) => body.toString())).toEqual(["body", "body"]);
  });

  it.each<[string, Record<string, string | undefined>, number, string]>([
    ["no key", { authorization: undefined }, 401, "unauthorized"],
    ["an agent id of another key", { authorization: "other" }, 403, "forbidden"],
    ["no encoding", { "content-encoding": undefined }, 415, "unsupported_media_type"],
    ["gzip", { "content-encoding": "gzip" }, 415, "unsupported_media_type"],
    ...Object.values(BATCH_HEADERS).flatMap((header): [string, Record<string, string | undefined>, number, string][] => [
      [`no ${header}`, { [header]: undefined }, 400, "invalid_request"],
      [`${header}: junk`, { [header]: "1; DROP" }, 400, "invalid_request"],
      [`${header}: a number too long`, { [header]: "9".repeat(40) }, 400, "invalid_request"],
    ]),
    ["no rows", { [BATCH_HEADERS.rows]: "0" }, 400, "invalid_request"],
    ["attempt 0", { [BATCH_HEADERS.attempt]: "0" }, 400, "invalid_request"],
    ["a part without its end", { [BATCH_HEADERS.schema]: "3", [PART_HEADERS.firstRow]: "0" }, 400, "invalid_request"],
    ["a part whose first row is junk", { [BATCH_HEADERS.schema]: "3", [PART_HEADERS.firstRow]: "-1", [PART_HEADERS.endRow]: "2" }, 400, "invalid_request"],
    ["a part in a schema that has none", { [BATCH_HEADERS.schema]: "2", [PART_HEADERS.firstRow]: "0", [PART_HEADERS.endRow]: "2" }, 400, "invalid_request"],
  ])("refuses %s", async (_, changes, status, code) => {
    const response = await post(changes);
    expect([response.statusCode, response.json().error.code]).toEqual([status, code]);
    expect(accepted).toEqual([]);
  });

  it("names every bad header at once", async () => {
    const response = await post({ [BATCH_HEADERS.rows]: "x", [BATCH_HEADERS.schema]: undefined });
    expect(response.json().error.details).toEqual([
      { header: BATCH_HEADERS.rows, problem: "is not a whole number from 1 on" },
      { header: BATCH_HEADERS.schema, problem: "is missing" },
    ]);
  });

  it("tells an agent why its id is refused", async () => {
    expect((await post({ authorization: "other" })).json().error.details).toEqual({ reason: "agent_id_taken" });
  });

  it("knows its streams", async () => {
    expect((await post({}, "profiles")).statusCode).toBe(404);
    expect((await post({}, "spans")).statusCode).toBe(200);
    expect((await post({}, "samples")).statusCode).toBe(200);
  });
});
