/**
 * Numbered migrations. Each is a list of statements that may be repeated: a migration that was
 * interrupted, or that two backends run at once, is run again from its beginning.
 */

import { addColumnDdl, addIndexDdl, databaseDdl, type Layout, RECEIVED_MINMAX, tableDdl, TABLES } from "./tables.ts";

export interface Migration {
  readonly version: number;
  readonly name: string;
  statements(database: string, layout: Layout): string[];
}

const ddlOf = (names: readonly string[], database: string, layout: Layout): string[] =>
  TABLES.filter(({ name }) => names.includes(name)).flatMap((table) => tableDdl(database, table, layout));

const addColumn = (table: string, column: string, database: string, layout: Layout): string[] =>
  TABLES.filter(({ name }) => name === table).flatMap((found) => addColumnDdl(database, found, column, layout));

export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: "logs, samples, series and the ledger of batches",
    statements: (database, layout) => ddlOf(["logs", "samples", "series", "batches"], database, layout),
  },
  {
    version: 2,
    name: "spans and histograms",
    statements: (database, layout) => ddlOf(["spans", "histograms"], database, layout),
  },
  {
    version: 3,
    name: "exemplars, and bounds of histograms",
    statements: (database, layout) => [...ddlOf(["exemplars"], database, layout), ...addColumn("histograms", "bounds", database, layout)],
  },
  {
    version: 4,
    name: "rollups of samples",
    statements: (database, layout) => [
      ...ddlOf(["samples_1m", "samples_1h", "samples_1d", "rollup_progress"], database, layout),
      addIndexDdl(database, "samples", RECEIVED_MINMAX, layout),
    ],
  },
];

/** What the migrating code asks of a store. */
export interface MigrationTarget {
  command(ddl: string): Promise<void>;
  appliedVersions(): Promise<number[]>;
}

const versionTableDdl = (database: string, layout: Layout): string => {
  const replicated = layout.kind === "cluster" && layout.replicated;
  return (
    `CREATE TABLE IF NOT EXISTS ${database}.schema_migrations${replicated ? ` ON CLUSTER '${layout.name}'` : ""} ` +
    "(version UInt32, name String, applied DateTime64(3, 'UTC') DEFAULT now64(3)) " +
    // One path for all shards: the versions are the cluster's, not a shard's.
    `ENGINE = ${replicated ? `ReplicatedMergeTree('/clickhouse/tables/obs/${database}/schema_migrations', '{shard}-{replica}')` : "MergeTree"} ORDER BY version`
  );
};

/** Brings the store to the newest version; returns the versions that were applied now. */
export const migrate = async (target: MigrationTarget, database: string, layout: Layout): Promise<number[]> => {
  await target.command(databaseDdl(database, layout));
  await target.command(versionTableDdl(database, layout));
  const applied = new Set(await target.appliedVersions());
  const pending = MIGRATIONS.filter(({ version }) => !applied.has(version));
  for (const migration of pending) {
    for (const statement of migration.statements(database, layout)) await target.command(statement);
    await target.command(`INSERT INTO ${database}.schema_migrations (version, name) VALUES (${migration.version}, '${migration.name}')`);
  }
  return pending.map(({ version }) => version);
};
