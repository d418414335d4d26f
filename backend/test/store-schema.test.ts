import { STREAM_NAMES, STREAMS } from "@obs/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Migration, MIGRATIONS, type MigrationTarget, migrate } from "../src/store/schema/migrations.ts";
import { tableDdl, TABLES } from "../src/store/schema/tables.ts";
import { startTestStore, type TestStore } from "../src/testing.ts";
import { logBatch, recent } from "./delivery-batches.ts";
import { createDelivery } from "../src/delivery/index.ts";

let test: TestStore;
beforeAll(async () => {
  test = await startTestStore();
});
afterAll(() => test?.stop());

const target = (): MigrationTarget & { commands: string[] } => {
  const commands: string[] = [];
  return {
    commands,
    command: async (ddl) => {
      commands.push(ddl);
      await test.query(ddl);
    },
    appliedVersions: async () => (await test.query<{ version: number }>("SELECT version FROM obs.schema_migrations")).map(({ version }) => version),
  };
};

describe("the tables", () => {
  it.each(STREAM_NAMES)("%s stores the wire's columns under their types", async (stream) => {
    const rows = await test.query<{ name: string; type: string }>(`SELECT name, type FROM system.columns WHERE database = 'obs' AND table = '${stream}'`);
    const types = new Map(rows.map(({ name, type }) => [name, type.replace(/^SimpleAggregateFunction\(\w+, (.*)\)$/, "$1")]));
    const merged = stream === "series" ? ["batch", "row"] : [];
    const stored = STREAMS[stream].filter(({ name }) => !merged.includes(name));
    expect(stored.map(({ name }) => [name, types.get(name)])).toEqual(stored.map(({ name, type }) => [name, type]));
  });

  it("derive the level from the severity", async () => {
    const rows = await test.query<{ levels: string[] }>(
      `SELECT arrayMap(severity -> ${(await test.query<{ expression: string }>("SELECT default_expression AS expression FROM system.columns WHERE database = 'obs' AND table = 'logs' AND name = 'level'"))[0]!.expression}, [0, 1, 4, 5, 9, 13, 17, 20, 21, 24, 25]) AS levels`,
    );
    expect(rows[0]!.levels).toEqual(["", "TRACE", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "ERROR", "FATAL", "FATAL", ""]);
  });

  it("find a token by the text index", async () => {
    const delivery = createDelivery({ store: test.store, log: { warn: () => undefined }, limits: { minLingerMs: 1 } });
    await delivery.accept(logBatch("indexed", recent(20_000)));
    await delivery.close();
    const plan = await test.query<{ explain: string }>("EXPLAIN indexes = 1 SELECT count() FROM obs.logs WHERE hasAllTokens(lower(message), ['17777'])");
    expect(plan.map(({ explain }) => explain).join("\n")).toContain("message_text");
    expect(await test.query("SELECT count() AS n FROM obs.logs WHERE hasAllTokens(lower(message), ['17777'])")).toEqual([{ n: "1" }]);
  });

  it("read the same in the DDL of a cluster", () => {
    for (const table of TABLES) {
      const [local, distributed] = tableDdl("obs", table, { kind: "cluster", name: "c", replicated: true });
      expect(local).toContain(`obs.${table.name}_local ON CLUSTER 'c'`);
      expect(local).toContain(`ENGINE = Replicated${table.engine}MergeTree`);
      expect(distributed).toContain(`ENGINE = Distributed('c', 'obs', '${table.name}_local', ${table.shardingKey})`);
    }
  });
});

describe("migrations", () => {
  it("have ascending versions", () => {
    expect(MIGRATIONS.map(({ version }: Migration) => version)).toEqual(MIGRATIONS.map((_, index) => index + 1));
  });

  it("are applied once", async () => {
    expect(await migrate(target(), "obs", { kind: "single" })).toEqual([]);
  });

  it("give the tables of an older version what came later", async () => {
    const columns = () => test.query("SELECT table, name, type, compression_codec, position FROM system.columns WHERE database = 'obs' AND table IN ('histograms', 'exemplars') ORDER BY table, position");
    const before = await columns();
    await test.query("ALTER TABLE obs.histograms DROP COLUMN bounds SETTINGS mutations_sync = 2");
    await test.query("DROP TABLE obs.exemplars SYNC");
    await test.query("ALTER TABLE obs.schema_migrations DELETE WHERE version = 3 SETTINGS mutations_sync = 2");
    expect(await migrate(target(), "obs", { kind: "single" })).toEqual([3]);
    expect(await columns()).toEqual(before);
  });

  it("go on after they were interrupted anywhere", async () => {
    await test.query("INSERT INTO obs.logs (tenant, timestamp, expires) VALUES ('kept', now64(9), today() + 10)");
    await test.query("TRUNCATE TABLE obs.schema_migrations");
    await test.query("DROP TABLE obs.batches SYNC");
    expect(await migrate(target(), "obs", { kind: "single" })).toEqual(MIGRATIONS.map(({ version }) => version));
    expect(await test.query("SELECT count() AS n FROM obs.logs WHERE tenant = 'kept'")).toEqual([{ n: "1" }]);
    expect(await test.query("SELECT count() AS n FROM obs.batches")).toEqual([{ n: "0" }]);
  });
});
