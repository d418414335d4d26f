/** Two embedded ClickHouse processes as two shards: schema, ingest and search through Distributed. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BatchAck } from "@obs/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { IncomingBatch } from "../src/core/contracts.ts";
import { createDelivery, type Delivery } from "../src/delivery/index.ts";
import type { ApiError } from "../src/errors.ts";
import { sql, TenantScope, type TenantTable } from "../src/sql/sql.ts";
import { learnBootId } from "../src/store/boot-id.ts";
import { type ClusterNode, randomUsers } from "../src/store/embedded/config-files.ts";
import { freePort, LOOPBACK } from "../src/store/embedded/listener.ts";
import { migrateStore, openEmbeddedStore, type OpenedStore } from "../src/store/open.ts";
import { daysAgo, exemplarBatch, histogramBatch, logBatch, recent, sampleBatch, seriesBatch, spanBatch } from "./delivery-batches.ts";

const quiet = { info: () => undefined, warn: () => undefined };
const CLUSTER = "obs_cluster";
const scope = new TenantScope("acme");
let folder: string;
let shards: OpenedStore[];
let delivery: Delivery;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "obs-cluster-"));
  const users = randomUsers();
  const nodes: ClusterNode[] = [];
  for (let i = 0; i < 2; i++) nodes.push({ host: LOOPBACK, tcpPort: await freePort(), user: users.writer });
  shards = await Promise.all(
    nodes.map(({ tcpPort }, i) =>
      openEmbeddedStore({ dataDir: join(folder, `shard-${i}`), log: quiet, memoryBytes: 1024 ** 3, users, tcpPort, cluster: { name: CLUSTER, shards: nodes } }),
    ),
  );
  delivery = createDelivery({ store: shards[0]!.store, log: quiet, limits: { minLingerMs: 10, beginWithinMs: 2_000 } });
});
afterAll(async () => {
  await delivery?.close();
  for (const shard of shards ?? []) await shard.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** On one shard, past Distributed. */
const runOn = async (shard: number, statement: string): Promise<string> => {
  const { users, url } = shards[shard]!.embedded!.endpoint!;
  const response = await fetch(url, { method: "POST", body: statement, headers: { "x-clickhouse-user": users.writer.username, "x-clickhouse-key": users.writer.password } });
  const answer = await response.text();
  if (!response.ok) throw new Error(answer);
  return answer;
};

const countOn = async (shard: number, table: TenantTable = "logs"): Promise<number> => Number(await runOn(shard, `SELECT count() FROM obs.${table}_local`));

/** As an agent does: again while the store is too slow to begin. */
const untilTaken = async (batch: IncomingBatch): Promise<BatchAck> => {
  let [ack, attempt]: [BatchAck | undefined, number] = [undefined, batch.attempt];
  await expect.poll(async () => (ack = await delivery.accept({ ...batch, attempt: attempt++ }).catch((error: ApiError) => (error.code === "store_unavailable" ? undefined : Promise.reject(error)))) !== undefined, { timeout: 20_000 }).toBe(true);
  return ack!;
};

const search = async (shard: number): Promise<number> => {
  const [row] = await shards[shard]!.store.read<{ n: string }>(
    scope.statement(sql`SELECT count() AS n ${scope.from("logs")} AND hasAllTokens(lower(message), ['line'])`),
  );
  return Number(row!.n);
};

describe("a cluster of two shards", () => {
  it("takes its schema again without a change", async () => {
    expect(await migrateStore(shards[0]!.store, { kind: "cluster", name: CLUSTER, replicated: false })).toEqual([]);
  });

  it("is one store with one boot id", async () => {
    const ids = await Promise.all(shards.map(({ store }) => learnBootId(store, CLUSTER)));
    expect(ids[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(ids[1]).toBe(ids[0]);
  });

  it("spreads batches over the shards and finds them from either", async () => {
    const batches = Array.from({ length: 16 }, () => logBatch("acme", [...recent(20), ...recent(20, daysAgo(1))]));
    const acks = await Promise.all(batches.map((batch) => delivery.accept(batch)));
    expect(acks.map(({ stored }) => stored)).toEqual(Array(16).fill(40));
    const counts = [await countOn(0), await countOn(1)];
    expect(counts[0]! + counts[1]!).toBe(640);
    expect(Math.min(...counts)).toBeGreaterThan(0);
    expect([await search(0), await search(1)]).toEqual([640, 640]);

    const repeats = await Promise.all(batches.map((batch) => delivery.accept({ ...batch, attempt: 2 })));
    expect(repeats.map(({ stored }) => stored)).toEqual(Array(16).fill(40));
    expect(await search(1)).toBe(640);
  });

  it("completes what is missing, and counts what is refused", async () => {
    const batch = logBatch("acme", [daysAgo(100), ...recent(10)]);
    const before = await search(0);
    for (const attempt of [1, 2]) expect(await delivery.accept({ ...batch, attempt })).toMatchObject({ stored: 10, refused: { too_old: 1 } });
    expect((await search(1)) - before).toBe(10);
  });

  it("stores samples and series", async () => {
    expect(await delivery.accept(sampleBatch("acme", [Date.now()]))).toMatchObject({ stored: 1 });
    expect(await delivery.accept(seriesBatch("acme", [1n, 2n, 3n]))).toMatchObject({ stored: 3 });
    const rows = await shards[1]!.store.read(scope.statement(sql`SELECT uniqExact(series) AS n ${scope.from("series")}`));
    expect(rows).toEqual([{ n: "3" }]);
  });

  it("stores spans, histograms and exemplars on both shards, once, and completes what is missing of them", { timeout: 90_000 }, async () => {
    const nowMs = Date.now();
    const old = [...recent(2, daysAgo(1)), ...recent(1, daysAgo(100))];
    const makes = [
      ["spans", () => spanBatch("acme", [...recent(3), ...old])],
      ["histograms", () => histogramBatch("acme", [nowMs - 100 * 86_400_000, nowMs - 86_400_000, nowMs, nowMs + 1, nowMs + 2, nowMs + 3])],
      ["exemplars", () => exemplarBatch("acme", [...recent(3), ...old])],
    ] as const;
    for (const [table, make] of makes) {
      const batches = Array.from({ length: 8 }, make);
      for (const ack of await Promise.all(batches.map(untilTaken))) expect(ack).toMatchObject({ stored: 5, refused: { too_old: 1 } });
      const counts = [await countOn(0, table), await countOn(1, table)];
      expect(counts[0]! + counts[1]!).toBe(40);
      expect(Math.min(...counts)).toBeGreaterThan(0);
      // An insert over several partitions may be there in part after a crash.
      for (const shard of [0, 1]) await runOn(shard, `ALTER TABLE obs.${table}_local DELETE WHERE row = 1 SETTINGS mutations_sync = 2`);
      await Promise.all(batches.map((batch) => untilTaken({ ...batch, attempt: 2 })));
      const [found] = await shards[1]!.store.read(scope.statement(sql`SELECT count() AS n, uniqExact(batch, row) AS different ${scope.from(table)}`));
      expect(found).toEqual({ n: "40", different: "40" });
    }
  });

  it("answers 503 while a shard is away, and stores nothing twice afterwards", async () => {
    const batch = logBatch("acme", recent(30));
    const before = await search(0);
    const { embedded } = shards[1]!;
    const up = new Promise((resolve) => embedded!.once("up", resolve));
    process.kill(embedded!.pid!, "SIGKILL");
    await expect(delivery.accept({ ...batch, attempt: 2 })).rejects.toMatchObject({ code: "store_unavailable" });
    await up;
    await expect
      .poll(() => delivery.accept({ ...batch, attempt: 3 }).then(({ stored }) => stored, () => 0), { timeout: 20_000 })
      .toBe(30);
    expect((await search(1)) - before).toBe(30);
  });
});
