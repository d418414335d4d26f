/** Opens the metadata database by URL and brings its schema up to date. */

import { chmodSync } from "node:fs";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { Kysely, PostgresDialect, SqliteDialect, type SqliteDatabase } from "kysely";
import { Migrator } from "kysely/migration";
import { Pool, types } from "pg";
import { MIGRATIONS } from "./migrations.ts";
import type { Tables } from "./tables.ts";

const BUSY_TIMEOUT_MS = 5_000;
const PG_INT8 = 20;

const values = (parameters: readonly unknown[]): SQLInputValue[] => parameters as SQLInputValue[];

/** `node:sqlite` in the shape that Kysely's SQLite dialect was written for (better-sqlite3). */
const openSqlite = (path: string): SqliteDatabase => {
  const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  if (path !== ":memory:") chmodSync(path, 0o600);
  // WAL: the CLI (`obs-backend keys`) may read and write while the backend runs.
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON");
  return {
    close: () => db.close(),
    prepare: (sql) => {
      const statement = db.prepare(sql);
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...values(parameters)),
        run: (parameters) => statement.run(...values(parameters)),
        iterate: (parameters) => statement.iterate(...values(parameters)),
      };
    },
  };
};

const openPostgres = (url: string): Pool => {
  const pool = new Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 10_000,
    // Our bigints are times and limits, all below 2^53: numbers, as in SQLite.
    types: { getTypeParser: ((oid: number, format?: "text") => (oid === PG_INT8 ? Number : types.getTypeParser(oid, format))) as typeof types.getTypeParser },
  });
  // An idle connection that breaks (a restart of the server) is replaced by the pool; without a
  // listener the event would end the process.
  pool.on("error", () => undefined);
  // The same for one that is at work: its query fails, and is answered for where it was asked.
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
};

const isPostgres = (url: string): boolean => /^postgres(ql)?:\/\//.test(url);

/** `url`: `postgres://...`, or the path of a SQLite file, or `:memory:`. */
export const openDatabase = async (url: string): Promise<Kysely<Tables>> => {
  const dialect = isPostgres(url)
    ? new PostgresDialect({ pool: openPostgres(url) })
    : new SqliteDialect({ database: openSqlite(url) });
  const db = new Kysely<Tables>({ dialect });
  const { error } = await new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } }).migrateToLatest();
  if (error) {
    await db.destroy();
    throw error;
  }
  return db;
};
