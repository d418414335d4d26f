/** Every read of the query layer on two shards: through Distributed the answers are those of one node. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CUSTOM_BOUNDS, seriesId } from "@obs/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LogSearchAnswer, Queries } from "../src/core/queries.ts";
import type { PrometheusQueries } from "../src/core/prometheus.ts";
import type { Store } from "../src/core/store.ts";
import { GOLDEN } from "../../agent/wire/testdata/golden.ts";
import { createPrometheusQueries, createQueries, createSqlQueries } from "../src/query/index.ts";
import { randomUsers, type ClusterNode } from "../src/store/embedded/config-files.ts";
import { freePort, LOOPBACK } from "../src/store/embedded/listener.ts";
import { openEmbeddedStore, type OpenedStore } from "../src/store/open.ts";
import { sqlQueryId, SQL_USER_TABLES } from "../src/store/sql-user.ts";
import { startTestStore, type TestStore } from "../src/testing.ts";
import { logRecord, storeExemplars, storeHistograms, storeLogs, storeSamples, storeSeries, storeSpans } from "./query-rows.ts";

const NOW_MS = Date.UTC(2026, 10, 22, 10);
const now = (): number => NOW_MS;
const quiet = { info: () => undefined, warn: () => undefined };
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
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
    const latency = { metric: "latency", series: seriesId("latency", labels) };
    await storeSeries(store, "acme", [{ ...latency, labels, kind: "histogram", unit: "s", help: "", firstSeen: NOW_MS - 300_000, lastSeen: NOW_MS }], key);
    const point = (ago: number, temporality: number) => ({
      ...GOLDEN.histograms[0]!, ...latency, timestamp: NOW_MS - ago, start: temporality === 1 ? NOW_MS - ago - 60_000 : NOW_MS - 600_000, temporality,
      count: BigInt(600 - ago / 1_000), sum: i + 1, scale: CUSTOM_BOUNDS, zeroCount: 0n, positiveOffset: 0, positiveCounts: [BigInt(500 - ago / 1_000), 100n], bounds: [1],
    }); // prettier-ignore
    // Half of the hosts send deltas.
    await Promise.all([0, 60_000, 120_000, 180_000].map((ago, part) => storeHistograms(store, "acme", [point(ago, 1 + (i % 2))], { ...key, seq: part })));
    const exemplars = [1, 2, 3].map((n) => ({ ...GOLDEN.exemplars[0]!, ...latency, timestamp: BigInt(NOW_MS - n * 10_000) * 1_000_000n, value: i + n / 10 }));
    for (const [part, one] of exemplars.entries()) await storeExemplars(store, "acme", [one], { ...key, seq: part });
    const spans = [0, 1, 2].map((n) => ({ ...GOLDEN.spans[0]!, traceId: TRACE, spanId: `${i}${n}`.padStart(16, "0"), timestamp: BigInt(NOW_MS + i * 10 + n) * 1_000_000n }));
    for (const [part, one] of spans.entries()) await storeSpans(store, "acme", [one], { ...key, seq: part });
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
    ["a trace", (queries) => queries.trace("acme", TRACE)],
  ];

  it.each(reads)("%s", async (_, read) => {
    const expected = stable(await read(createQueries({ store: single.store, now })));
    for (const { store } of shards) expect(stable(await read(createQueries({ store, now })))).toEqual(expected);
  });

  const at = { time: String(NOW_MS / 1_000) };
  const over = { start: String(NOW_MS / 1_000 - 120), end: String(NOW_MS / 1_000), step: "30" };
  const asks: [name: string, rows: number, read: (prometheus: PrometheusQueries) => Promise<{ readonly data: unknown }>][] = [
    ["a rate of samples", 2, (prometheus) => prometheus.range("acme", { ...over, query: "sum by (parity) (rate(requests[2m]))" })],
    ["native histograms", 8, (prometheus) => prometheus.instant("acme", { ...at, query: "latency" })],
    ["quantiles of them, cumulative and deltas", 2, (prometheus) => prometheus.range("acme", { ...over, query: "histogram_quantile(0.9, sum by (parity) (rate(latency[2m])))" })],
    ["exemplars", 8, (prometheus) => prometheus.exemplars("acme", { ...over, query: "rate(latency[5m])" })],
    ["the newest exemplars", 5, (prometheus) => prometheus.exemplars("acme", { ...over, query: "latency", limit: "5" })],
    ["series", 16, (prometheus) => prometheus.series("acme", { ...over, "match[]": '{host=~"web.*"}' })],
  ];

  it.each(asks)("PromQL: %s", async (_, rows, read) => {
    const expected = (await read(createPrometheusQueries({ store: single.store, now }))).data;
    expect(Array.isArray(expected) ? expected : (expected as { result: unknown[] }).result).toHaveLength(rows);
    for (const { store } of shards) expect(stable({ data: (await read(createPrometheusQueries({ store, now }))).data })).toEqual(stable({ data: expected }));
  });

  const statements: [name: string, query: string][] = [
    ["groups", "SELECT host, level, count(), max(timestamp) FROM logs GROUP BY host, level ORDER BY host, level"],
    ["a join on times", "SELECT m.host, m.timestamp, count(l.*) FROM metrics m LEFT JOIN logs l ON m.host = l.host AND l.timestamp BETWEEN m.timestamp - 30s AND m.timestamp WHERE m.metric_name = 'requests' GROUP BY m.host, m.timestamp ORDER BY 1, 2"],
    ["subqueries", "SELECT count(), (SELECT max(value) FROM metrics) FROM logs WHERE host IN (SELECT host FROM metrics WHERE value > 1000000) AND EXISTS (SELECT 1 FROM spans)"],
    ["windows", "SELECT host, timestamp, row_number() OVER (PARTITION BY host ORDER BY timestamp) AS n FROM logs ORDER BY host, n LIMIT 40"],
    ["a union", "SELECT name AS what, count() FROM spans GROUP BY what UNION ALL SELECT metric_name, COUNT(DISTINCT series_hash) FROM metrics GROUP BY metric_name ORDER BY what"],
  ];

  it.each(statements)("SQL: %s", async (_, query) => {
    const expected = stable(await createSqlQueries({ store: single.store, now }).run("acme", { query }));
    for (const { store } of shards) expect(stable(await createSqlQueries({ store, now }).run("acme", { query }))).toEqual(expected);
  });

  it("shows the user of people's SQL the rows of one tenant", async () => {
    const { url, users } = shards[1]!.embedded!.endpoint!;
    const counted = async (table: string, tenant: string): Promise<string> => {
      const response = await fetch(`${url}/?query_id=${sqlQueryId(tenant)}`, { method: "POST", body: `SELECT count() FROM obs.${table} WHERE tenant = 'acme' OR 1`, headers: { "x-clickhouse-user": users.sql.username, "x-clickhouse-key": users.sql.password } });
      return response.text();
    };
    for (const table of SQL_USER_TABLES) {
      expect(await counted(table, "acme")).toMatch(/^[1-9]\d*\n$/);
      expect([await counted(table, "globex"), await counted(`${table}_local`, "globex")]).toEqual(["0\n", "0\n"]);
    }
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
