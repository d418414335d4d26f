/** A Store from what the configuration says: a data folder (embedded) or a URL. */

import { setTimeout as delay } from "node:timers/promises";
import { sql, systemStatement } from "../sql/sql.ts";
import { learnBootId } from "./boot-id.ts";
import { type Account, ClickHouseStore } from "./client.ts";
import { readerMemoryBytes, sqlMemoryBytes } from "./embedded/config-files.ts";
import { DEFAULT_MEMORY_BYTES, type EmbeddedStore, type EmbeddedStoreOptions, type Log, startEmbeddedStore } from "./embedded/supervisor.ts";
import { migrate } from "./schema/migrations.ts";
import type { Layout } from "./schema/tables.ts";
import { SQL_USER } from "./sql-user.ts";

export const DATABASE = "obs";
const PROBE_INTERVAL_MS = 1_000;

export interface OpenedStore {
  readonly store: ClickHouseStore;
  /** Undefined when the store is reached by URL. */
  readonly embedded: EmbeddedStore | undefined;
  /** Ends the embedded store too. */
  close(): Promise<void>;
}

export interface RemoteStoreOptions {
  /** `http[s]://user:password@host:8123`; several backends may share it. */
  readonly url: string;
  readonly log: Log;
  /** Of the server's user `obs_sql`, if it has one: see sql-user.ts. */
  readonly sqlPassword?: string | undefined;
  /** Tables go there, as ReplicatedMergeTree behind Distributed. */
  readonly cluster?: { readonly name: string; readonly replicated: boolean };
}

const layoutOf = (cluster: { name: string; replicated: boolean } | undefined): Layout =>
  cluster ? { kind: "cluster", ...cluster } : { kind: "single" };

/** Creates the database and its tables. May be repeated. */
export const migrateStore = (store: ClickHouseStore, layout: Layout): Promise<number[]> =>
  migrate(
    {
      command: (ddl) => store.command(ddl),
      appliedVersions: async () =>
        (await store.readSystem<{ version: number }>(systemStatement(sql`SELECT version FROM obs.schema_migrations`))).map(({ version }) => Number(version)),
    },
    DATABASE,
    layout,
  );

/** Resolves when the store answers and has its tables. */
export const openEmbeddedStore = async (options: EmbeddedStoreOptions): Promise<OpenedStore> => {
  const embedded = await startEmbeddedStore(options);
  const cluster = options.cluster && { name: options.cluster.name, replicated: false };
  const { memoryBytes = DEFAULT_MEMORY_BYTES } = options;
  const store = new ClickHouseStore({ database: DATABASE, exclusive: cluster === undefined, cluster: cluster?.name, maxReadMemoryBytes: readerMemoryBytes(memoryBytes), maxSqlMemoryBytes: sqlMemoryBytes(memoryBytes) });
  const connect = (): void => {
    const { endpoint } = embedded;
    if (!endpoint) return store.disconnect();
    store.connect({ url: endpoint.url, bootId: endpoint.bootId, ...endpoint.users });
  };
  embedded.on("up", connect).on("down", () => store.disconnect());
  connect();
  try {
    await migrateStore(store, layoutOf(cluster));
  } catch (error) {
    await embedded.stop();
    throw error;
  }
  return {
    store,
    embedded,
    close: async () => {
      await store.close();
      await embedded.stop();
    },
  };
};

const accountIn = (url: URL): Account => ({
  username: decodeURIComponent(url.username) || "default",
  password: decodeURIComponent(url.password),
});

/** Says what is wrong with the user of people's SQL, which nobody would see before they need it. */
const checkSqlUser = async (store: ClickHouseStore, log: Log): Promise<void> => {
  try {
    let lines = 0;
    for await (const batch of store.readSql(systemStatement(sql`SELECT 1 FROM logs LIMIT 1`), { format: "CSV" })) lines += batch.length;
    if (lines > 0) log.warn(`the store's user ${SQL_USER} has no row policies: give it those of deploy/clickhouse/obs-sql.xml on every node`);
  } catch (error) {
    log.warn(`the store's user ${SQL_USER} cannot be used, so SQL of people is not answered: ${(error as Error).message}`);
  }
};

/** Resolves at once: until the server is reached and has its tables, the store is not available. */
export const openRemoteStore = (options: RemoteStoreOptions): OpenedStore => {
  const url = new URL(options.url);
  const account = accountIn(url);
  const layout = layoutOf(options.cluster);
  const store = new ClickHouseStore({
    database: DATABASE,
    exclusive: false,
    cluster: options.cluster?.name,
    learnBootId: (asking) => learnBootId(asking, options.cluster?.name),
  });
  store.connect({ url: url.origin, writer: account, reader: { ...account, readonly: true }, sql: options.sqlPassword === undefined ? undefined : { username: SQL_USER, password: options.sqlPassword }, bootId: undefined });
  const stopping = new AbortController();
  const run = async (): Promise<void> => {
    let migrated = false;
    let checked = false;
    let told = "";
    while (!stopping.signal.aborted) {
      try {
        if (!migrated) await migrateStore(store, layout);
        migrated = true;
        const before = store.available;
        await store.probe();
        if (store.available && options.sqlPassword !== undefined && !checked) {
          checked = true;
          await checkSqlUser(store, options.log);
        }
        if (before && !store.available) options.log.warn(`the store at ${url.origin} is away`);
        told = "";
      } catch (error) {
        const message = (error as Error).message;
        if (message !== told) options.log.warn(`the store at ${url.origin} cannot be used yet: ${message}`);
        told = message;
      }
      await delay(PROBE_INTERVAL_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const running = run();
  return {
    store,
    embedded: undefined,
    close: async () => {
      stopping.abort();
      await running;
      await store.close();
    },
  };
};

/** The store of the configuration. */
export const openStore = (options: EmbeddedStoreOptions | RemoteStoreOptions): Promise<OpenedStore> =>
  "url" in options ? Promise.resolve(openRemoteStore(options)) : openEmbeddedStore(options);
