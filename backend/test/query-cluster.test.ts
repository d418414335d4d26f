/** Every read of the query layer on two shards: through Distributed the answers are those of one node. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seriesId } from "@obs/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LogSearchAnswer, Queries } from "../src/core/queries.ts";
import type { Store } from "../src/core/store.ts";
import { createQueries } from "../src/query/index.ts";
import { randomUsers, type ClusterNode } from "../src/store/embedded/config-files.ts";
import { freePort, LOOPBACK } from "../src/store/embedded/listener.ts";
import { openEmbeddedStore, type OpenedStore } from "../src/store/open.ts";
import { startTestStore, type TestStore } from "../src/testing.ts";
import { logRecord, storeLogs, storeSamples, storeSeries } from "./query-rows.ts";

const NOW_MS = Date.UTC(2026, 10, 22, 10);
const now = (): number => NOW_MS;
const quiet = { info: () => undefined, warn: () => undefined };
const HOSTS = Array.from({ length: 8 }, (_, i) => `web-${i}`);

let folder: string;
let single: TestStore;
let shards: OpenedStore[] = [];

/** The same batches, with the same keys, go to both. */
const fill = async (store: Store): Promise<void> => {
  for (const [i, host] of HOSTS.entries()) {
    const labels = { host, parity: i % 2 === 0 ? "even" : "odd" };
    const series = seriesId("requests", labels);
    const key = { agent: BigInt(i), epoch: 1, seq: 1 };
    const agoMs = Array.from({ length: 30 }, (_, n) => n * 10_000);
    await storeLogs(store, "acme", agoMs.map((ago, n) => logRecord({ timestamp: BigInt(NOW_MS - ago) * 1_000_000n, severity: n % 3 === 0 ? 17 : 9, host, service: `s${i % 3}`, message: `request ${n} of ${host}`, attributes: { status: String(200 + n) } })), key);
    await storeSeries(store, "acme", [{ metric: "requests", series, labels, kind: "counter", unit: "1", help: "", firstSeen: NOW_MS - 300_000, lastSeen: NOW_MS }], key);
    const samples = agoMs.map((ago) => ({ metric: "requests", series, timestamp: NOW_MS - ago, value: (300_000 - ago) * (i + 1) }));
    // A series' samples lie on both shards.
    for (const part of [0, 1, 2]) await storeSamples(store, "acme", samples.filter((_, n) => n % 3 === part), { ...key, seq: part });
  }
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "obs-query-cluster-"));
  single = await startTestStore();
  const users = randomUsers();
  const nodes: ClusterNode[] = [];
  for (let i = 0; i < 2; i++) nodes.push({ host: LOOPBACK, tcpPort: await freePort(), user: users.writer });
  shards = await Promise.all(
    nodes.map(({ tcpPort }, i) =>
      openEmbeddedStore({ dataDir: join(folder, `shard-${i}`), log: quiet, memoryBytes: 1024 ** 3, users, tcpPort, cluster: { name: "obs_cluster", shards: nodes } }),
    ),
  );
  await fill(single.store);
  await fill(shards[0]!.store);
});
afterAll(async () => {
  for (const shard of shards) await shard.close();
  await single?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** Without what differs from run to run: times, and the last digit of sums in another order. */
const stable = (answer: object): unknown =>
  JSON.parse(JSON.stringify(answer, (key, value: unknown) => (key === "received" || key === "took_ms" ? undefined : typeof value === "number" ? Number(value.toPrecision(14)) : value)));

describe("a cluster answers as one node", () => {
  const reads: [name: string, read: (queries: Queries) => Promise<object>][] = [
    ["the newest page", (queries) => queries.searchLogs("acme", { size: 20, histogram: {} })],
    ["a query", (queries) => queries.searchLogs("acme", { query: '"request 3" OR (level:error AND status:>=220 AND NOT host:web-1)', sort: [{ "@timestamp": "asc" }] })],
    ["fields", (queries) => queries.logFields("acme", {})],
    ["every series", (queries) => queries.metricRange("acme", { metric: "requests", fn: "max", step: "60" })],
    ["a group", (queries) => queries.metricRange("acme", { metric: "requests", fn: "sum", step: "60", by: "parity", match: "host!:web-7" })],
    ["a rate", (queries) => queries.metricRange("acme", { metric: "requests", fn: "rate", step: "60", by: "parity" })],
    ["names", (queries) => queries.metricNames("acme", {})],
    ["labels", (queries) => queries.metricLabels("acme", { metric: "requests" })],
    ["hosts", (queries) => queries.hosts("acme", {})],
  ];

  it.each(reads)("%s", async (_, read) => {
    const expected = stable(await read(createQueries({ store: single.store, now })));
    for (const { store } of shards) expect(stable(await read(createQueries({ store, now })))).toEqual(expected);
  });

  it("page by page", async () => {
    const queries = createQueries({ store: shards[1]!.store, now });
    const ids = new Set<string>();
    for (let after: string | null = null, more = true; more; more = after !== null) {
      const answer: LogSearchAnswer = await queries.searchLogs("acme", { size: 37, search_after: after });
      for (const { id } of answer.hits.logs) ids.add(id);
      after = answer.next;
    }
    expect(ids.size).toBe(HOSTS.length * 30);
  });
});
