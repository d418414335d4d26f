/** What the whole app does while a part of it is away. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestApp, type TestApp } from "./app-fixture.ts";
import { POSTGRES, startPostgres } from "./postgres-server.ts";
import { until } from "./until.ts";

const ingest = (test: TestApp, headers: Record<string, string>, message: string) =>
  test.app.inject({ method: "POST", url: "/api/v1/logs/ingest", headers, payload: { service: "faults", logs: [{ message }] } });

const totalOf = async (test: TestApp, headers: Record<string, string>): Promise<number | undefined> => {
  const answer = await test.app.inject({ method: "POST", url: "/api/v1/logs/search", headers, payload: { query: "service:faults" } });
  return answer.statusCode === 200 ? answer.json<{ hits: { total: number } }>().hits.total : undefined;
};

describe("a store that is killed", () => {
  let test: TestApp;
  beforeAll(async () => void (test = await startTestApp()));
  afterAll(async () => test?.stop());

  const REQUESTS = 30;
  const storePid = (): number => (JSON.parse(readFileSync(join(test.dataDir, "store", "store.json"), "utf8")) as { store: { pid: number } }).store.pid;

  it("costs no accepted line and doubles none; the door stays open", async () => {
    const { headers } = await test.key(["ingest", "query"]);
    for (let i = 0; i < REQUESTS; i++) {
      if (i === REQUESTS / 2) process.kill(storePid(), "SIGKILL");
      expect((await ingest(test, headers, `line ${i}`)).statusCode).toBe(202);
    }
    await until("the store is back", async () => (await test.app.inject("/readyz")).statusCode === 200);
    await until("all lines are found", async () => (await totalOf(test, headers)) === REQUESTS);
    expect((await test.app.inject("/metrics")).body).toMatch(/^obs_gateway_buffer_batches 0$/m);
  });
});

describe.skipIf(POSTGRES.isAbsent)(`metadata in ${POSTGRES.title}`, () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>> | undefined;
  let test: TestApp;
  beforeAll(async () => {
    postgres = await startPostgres();
    test = await startTestApp({ OBS_METADATA_URL: postgres.url });
  });
  afterAll(async () => {
    await test?.stop();
    await postgres?.stop();
  });

  it("carries the whole app: keys, limits, the door, search, sessions", async () => {
    const { headers } = await test.key(["ingest", "query"]);
    expect((await ingest(test, headers, "by way of PostgreSQL")).statusCode).toBe(202);
    await until("the line is found", async () => (await totalOf(test, headers)) === 1);
    const token = await test.app.backend.signIn.createToken("default");
    expect((await test.app.inject(`/signin?token=${token}`)).statusCode).toBe(303);
  });

  it("away means not ready, and nothing of the fault is told to strangers", async () => {
    expect((await test.app.inject("/readyz")).statusCode).toBe(200);
    await postgres!.stop();
    postgres = undefined;
    const answer = await test.app.inject("/readyz");
    expect([answer.statusCode, answer.json<{ checks: object }>().checks]).toEqual([503, { store: true, metadata: false }]);
    const unknown = await test.app.inject({ url: "/api/v1/hosts", headers: { authorization: "Bearer obs_q_unknown" } });
    expect([unknown.statusCode, unknown.json<{ error: object }>().error]).toEqual([503, { code: "metadata_unavailable", message: "The metadata database is away or busy." }]);
    expect(unknown.headers["retry-after"]).toBe("2");
    expect(unknown.body).not.toContain("ECONNREFUSED");
  });
});
