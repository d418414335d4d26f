/** Two embedded ClickHouse processes as two shards: schema, ingest and search through Distributed. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDelivery, type Delivery } from "../src/delivery/index.ts";
import { sql, TenantScope } from "../src/sql/sql.ts";
import { learnBootId } from "../src/store/boot-id.ts";
import { type ClusterNode, randomUsers } from "../src/store/embedded/config-files.ts";
import { freePort, LOOPBACK } from "../src/store/embedded/listener.ts";
import { migrateStore, openEmbeddedStore, type OpenedStore } from "../src/store/open.ts";
import { daysAgo, logBatch, recent, sampleBatch, seriesBatch } from "./delivery-batches.ts";

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
  delivery = createDelivery({ store: shards[0]!.store, log: quiet, limits: { minLingerMs: 10, beginWithinMs: 300 } });
});
afterAll(async () => {
  await delivery?.close();
  for (const shard of shards ?? []) await shard.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const countOn = async (shard: number): Promise<number> => {
  const { users, url } = shards[shard]!.embedded!.endpoint!;
  const response = await fetch(`${url}/?query=SELECT+count()+FROM+obs.logs_local`, {
    headers: { "x-clickhouse-user": users.writer.username, "x-clickhouse-key": users.writer.password },
  });
  return Number(await response.text());
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
