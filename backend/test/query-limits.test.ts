/** Limits of queries on a real store: fair under many at once, and within each tenant's bounds. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { QueryLimits } from "../src/core/contracts.ts";
import type { Store } from "../src/core/store.ts";
import { createQueryLimits } from "../src/limits/index.ts";
import { createQueries } from "../src/query/index.ts";
import { sql, systemStatement, TenantScope } from "../src/sql/sql.ts";
import { startTestStore, type TestStore } from "../src/testing.ts";
import { policyOf } from "./delivery-batches.ts";
import { logRecord, storeLogs } from "./query-rows.ts";

const NOW_MS = Date.UTC(2026, 10, 22, 10);
const TENANTS = Array.from({ length: 50 }, (_, i) => `tenant${i}`);
const ROWS = 20;

let test: TestStore;
beforeAll(async () => {
  test = await startTestStore();
  for (const tenant of TENANTS) await storeLogs(test.store, tenant, Array.from({ length: ROWS }, (_, i) => logRecord({ timestamp: BigInt(NOW_MS - i) * 1_000_000n, message: `row of ${tenant}` })));
}, 60_000);
afterAll(() => test?.stop());

const limited = (store: Store, limits: Partial<QueryLimits> = {}, options: { atOnce?: number; waitingPerTenant?: number } = {}) =>
  createQueryLimits({ store, policyOf: async (tenant) => policyOf(tenant, { queryLimits: { ...policyOf(tenant).queryLimits, ...limits } }), waitingPerTenant: 2_000, maxWaitMs: 120_000, ...options });

describe("200 queries at once of 50 tenants", () => {
  it("are all answered, each tenant with its own rows, and nobody waits behind one who asks for half of it", { timeout: 120_000 }, async () => {
    let most = 0;
    const { store, gate } = limited(test.store, {}, { atOnce: 12 });
    const queries = createQueries({ store, now: () => NOW_MS });
    const order: string[] = [];
    const ask = async (tenant: string): Promise<void> => {
      const { hits } = await queries.searchLogs(tenant, { query: "row", size: 5, time_range: { start: NOW_MS - 1_000, end: NOW_MS } });
      expect(hits.logs.map(({ message }) => message)).toEqual(Array.from({ length: 5 }, () => `row of ${tenant}`));
      expect(hits.total).toBe(ROWS);
      order.push(tenant);
      most = Math.max(most, gate.running);
    };
    const [greedy, ...others] = TENANTS;
    // The greedy one is first in every queue.
    await Promise.all([...Array.from({ length: 102 }, () => ask(greedy!)), ...others.flatMap((tenant) => Array.from({ length: 2 }, () => ask(tenant)))]);
    expect(order).toHaveLength(200);
    expect(most).toBe(12);
    expect([gate.running, gate.waiting]).toEqual([0, 0]);
    // In fair turns the greedy one has a share like any other while the others wait, so most of its answers come after theirs.
    const lastOfOthers = order.findLastIndex((tenant) => tenant !== greedy);
    expect(order.slice(0, lastOfOthers).filter((tenant) => tenant === greedy).length).toBeLessThan(20);
  });
});

describe("a tenant's limits", () => {
  const heavy = new TenantScope("tenant0").statement(sql`SELECT count() AS n FROM (SELECT number FROM numbers(100000000) GROUP BY number) WHERE 0 < (SELECT count() ${new TenantScope("tenant0").from("logs")})`);

  it.each([
    ["memory", { memoryBytes: 20_000_000 }, { code: "query_failed", message: expect.stringContaining("more memory") }],
    ["rows", { rows: 1_000_000 }, { code: "query_failed", message: expect.stringContaining("more rows") }],
    ["time", { seconds: 0.2 }, { code: "query_timeout" }],
  ] as const)("hold for its %s, with an error that says what to do", async (_what, limits, error) => {
    const { store, gate } = limited(test.store, limits);
    await expect(store.read(heavy, { settings: { max_memory_usage: 500_000_000 } })).rejects.toMatchObject(error);
    expect(gate.running).toBe(0);
  });

  it.each([
    ["memory", { memoryBytes: 20_000_000 }, { code: "query_failed", message: expect.stringContaining("more memory") }],
    ["rows", { rows: 1_000_000 }, { code: "query_failed", message: expect.stringContaining("more rows") }],
    ["time", { seconds: 0.2 }, { code: "query_timeout" }],
  ] as const)("hold for its %s in SQL of people too", async (_what, limits, error) => {
    const { store, gate } = limited(test.store, limits);
    await expect(store.readSql(heavy, { format: "CSV" })[Symbol.asyncIterator]().next()).rejects.toMatchObject(error);
    expect(gate.running).toBe(0);
  });

  it("end an answer of SQL in its midst with an error, not as if it were whole", async () => {
    const scope = new TenantScope("tenant0");
    const endless = scope.statement(sql`SELECT number, (SELECT count() ${scope.from("logs")}) AS n FROM numbers(1000000000)`);
    const batches = limited(test.store).store.readSql(endless, { format: "CSV" })[Symbol.asyncIterator]();
    expect((await batches.next()).value).toContain(`0,${ROWS}`);
    const rest = async (): Promise<void> => {
      while (!(await batches.next()).done);
    };
    await expect(rest()).rejects.toMatchObject({ code: "query_failed", message: expect.stringContaining("result exceeded") as unknown });
  });

  it("do not hold up statements that are nobody's", async () => {
    const { store } = limited(test.store, { rows: 1 }, { atOnce: 1 });
    expect(await store.read(systemStatement(sql`SELECT count() AS n FROM numbers(10)`))).toEqual([{ n: "10" }]);
  });

  it("above what the store gives to one query are the store's", async () => {
    const { store } = limited(test.store, { memoryBytes: 1e15 });
    const scope = new TenantScope("tenant1");
    expect(await store.read(scope.statement(sql`SELECT count() AS n ${scope.from("logs")}`))).toEqual([{ n: String(ROWS) }]);
  });

  it("count a query that its client has left until the store has ended it", async () => {
    const { store, gate } = limited(test.store);
    const gone = new AbortController();
    const asked = store.read(heavy, { signal: gone.signal }).then(() => undefined, (error: unknown) => error);
    await expect.poll(() => gate.running).toBe(1);
    gone.abort();
    expect(await asked).toBeInstanceOf(Error);
    expect(gate.running).toBe(0);
    await expect.poll(() => test.query("SELECT query_id FROM system.processes WHERE user = 'obs_reader'")).toEqual([]);
  });
});
