/**
 * The store is killed in the middle of inserts that touch many partitions, which it leaves behind
 * in part. Few kills and quick; `npm run chaos` does the long run.
 */

import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { batchKeyToUInt128 } from "@obs/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { IncomingBatch } from "../src/core/contracts.ts";
import { createDelivery, type Delivery } from "../src/delivery/index.ts";
import { memberName, queryIdOf } from "../src/delivery/fence.ts";
import { ApiError } from "../src/errors.ts";
import { sql, TenantScope } from "../src/sql/sql.ts";
import { openRemoteStore, type OpenedStore } from "../src/store/open.ts";
import { startTestStore, type TestStore } from "../src/testing.ts";
import { daysAgo, logBatch, recent } from "./delivery-batches.ts";

const quiet = { info: () => undefined, warn: () => undefined };
let test: TestStore;
beforeAll(async () => {
  test = await startTestStore();
});
afterAll(() => test?.stop());

const ROWS_PER_DAY = 30;
const DAYS = 20;

const multiDay = (tenant: string): IncomingBatch =>
  logBatch(tenant, Array.from({ length: DAYS }, (_, day) => recent(ROWS_PER_DAY, daysAgo(day))).flat());

/** What an agent does: sends until it is acknowledged, each time as a further attempt. */
const deliver = async (delivery: Delivery, batch: IncomingBatch): Promise<void> => {
  for (let attempt = 1; ; attempt++) {
    try {
      const ack = await delivery.accept({ ...batch, attempt });
      expect(ack).toMatchObject({ stored: batch.rows, refused: {} });
      return;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "store_unavailable") throw error;
      await delay(20);
    }
  }
};

const countOf = async (tenant: string): Promise<{ rows: number; distinct: number }> => {
  const [row] = await test.query<{ rows: string; distinct: string }>(
    `SELECT count() AS rows, uniqExact(batch, row) AS distinct FROM logs WHERE tenant = '${tenant}'`,
  );
  return { rows: Number(row!.rows), distinct: Number(row!.distinct) };
};

describe("kill -9 of the store in the middle of inserts", () => {
  it("loses nothing and stores nothing twice", { timeout: 60_000 }, async () => {
    const delivery = createDelivery({ store: test.store, log: quiet, limits: { minLingerMs: 10 } });
    let sent = 0;
    const killing = new AbortController();
    const writer = async (): Promise<void> => {
      while (!killing.signal.aborted) {
        sent++;
        await deliver(delivery, multiDay("killed"));
      }
    };
    const writers = Array.from({ length: 6 }, writer);
    for (let kill = 0; kill < 5; kill++) {
      const before = delivery.counters.inserts;
      await expect.poll(() => delivery.counters.inserts - before, { interval: 1, timeout: 20_000 }).toBeGreaterThan(1 + (kill % 3));
      const up = once(test.embedded, "up");
      process.kill(test.embedded.pid!, "SIGKILL");
      await up;
    }
    killing.abort();
    await Promise.all(writers);
    const expected = sent * ROWS_PER_DAY * DAYS;
    expect(await countOf("killed")).toEqual({ rows: expected, distinct: expected });
    expect(delivery.counters.repeats).toBeGreaterThan(0);
    await delivery.close();
  });
});

/** Stores the first rows of a batch some time from now, under the query id of a first attempt. */
const leaveOrphan = async (batch: IncomingBatch, seconds: number): Promise<void> => {
  const id = queryIdOf("logs", [batch.key]);
  const { username, password } = test.users.writer;
  const rows = `SELECT '${batch.policy.tenant}', toUInt128('${batchKeyToUInt128(batch.key)}'), number, fromUnixTimestamp64Nano(${batch.firstNs} + number * 1000), today() + 30 FROM numbers(20) WHERE NOT sleepEachRow(${seconds / 20})`;
  // Its answer comes when nobody waits for it any more, or never.
  void fetch(`${test.url}/?query_id=${id}&database=obs&max_block_size=1&function_sleep_max_microseconds_per_block=0`, {
    method: "POST",
    body: `INSERT INTO logs (tenant, batch, row, timestamp, expires) ${rows}`,
    headers: { "x-clickhouse-user": username, "x-clickhouse-key": password },
  }).catch(() => undefined);
  await expect.poll(() => test.query(`SELECT query_id FROM system.processes WHERE query_id LIKE '%${memberName(batch.key)}'`)).toHaveLength(1);
};

describe("a store by URL, with an insert that a dead backend left behind", () => {
  let remote: OpenedStore;
  beforeAll(async () => {
    const url = new URL(test.url);
    url.username = test.users.writer.username;
    url.password = test.users.writer.password;
    remote = openRemoteStore({ url: url.href, log: quiet });
    await remote.store.waitUntilAvailable(10_000);
  });
  afterAll(() => remote?.close());

  it("makes the repeat wait for it and store what is missing then", { timeout: 30_000 }, async () => {
    const delivery = createDelivery({ store: remote.store, log: quiet, limits: { minLingerMs: 10, beginWithinMs: 300 } });
    const batch = logBatch("orphaned", recent(50));
    await leaveOrphan(batch, 2);
    expect(await delivery.accept({ ...batch, attempt: 2 })).toMatchObject({ stored: 50, refused: {} });
    expect(await countOf("orphaned")).toEqual({ rows: 50, distinct: 50 });
    expect(delivery.counters).toMatchObject({ fenced: 1, partialRepaired: 1 });
    await delivery.close();
  });

  it("makes the repeat come again later when it takes too long", { timeout: 30_000 }, async () => {
    const delivery = createDelivery({ store: remote.store, log: quiet, limits: { minLingerMs: 10, beginWithinMs: 100, maxExecutionSeconds: 0.3 } });
    const batch = logBatch("orphaned-long", recent(50));
    await leaveOrphan(batch, 2);
    await expect(delivery.accept({ ...batch, attempt: 2 })).rejects.toMatchObject({ code: "store_unavailable" });
    expect(await countOf("orphaned-long")).toEqual({ rows: 0, distinct: 0 });
    await delivery.close();
  });

  it("cannot begin once its time is up", async () => {
    let now = Date.now();
    const delivery = createDelivery({ store: remote.store, log: quiet, clock: () => now, limits: { minLingerMs: 50 } });
    const accepted = delivery.accept(logBatch("late", recent(10, BigInt(now) * 1_000_000n)));
    now -= 60_000;
    const alsoLate = delivery.accept(logBatch("late", recent(10, BigInt(now) * 1_000_000n)));
    await expect(alsoLate).rejects.toMatchObject({ code: "store_unavailable" });
    await expect(accepted).rejects.toMatchObject({ code: "store_unavailable" });
    expect(await countOf("late")).toEqual({ rows: 0, distinct: 0 });
    await delivery.close();
  });

  it("lets nobody write who only reads", async () => {
    const scope = new TenantScope("t");
    const write = scope.statement(sql`INSERT INTO logs (tenant) SELECT ${scope.tenantValue} AS tenant`);
    await expect(remote.store.read(write)).rejects.toMatchObject({ code: "query_failed" });
  });

  it("tells the lives of a store by URL apart", async () => {
    const { bootId } = remote.store;
    expect(bootId).toMatch(/^[0-9a-f-]{36}$/);
    await remote.store.probe();
    expect(remote.store.bootId).toBe(bootId);
    await test.query("TRUNCATE TABLE store_boot");
    await remote.store.probe();
    expect(remote.store.bootId).not.toBe(bootId);
  });
});
