/**
 * The metadata's schema, one list for SQLite and PostgreSQL: only types and constraints that both
 * know. A migration that has been released is never changed; a new one is added below it.
 */

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

const first: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable("tenants")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("policy_version", "integer", (column) => column.notNull())
      .addColumn("logs_retention_days", "integer", (column) => column.notNull())
      .addColumn("samples_retention_days", "integer", (column) => column.notNull())
      .addColumn("max_future_ms", "bigint", (column) => column.notNull())
      .addColumn("rows_per_minute", "bigint", (column) => column.notNull())
      .addColumn("bytes_per_minute", "bigint", (column) => column.notNull())
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .execute();
    await db.schema
      .createTable("api_keys")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("tenant", "text", (column) => column.notNull().references("tenants.id"))
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("scopes", "text", (column) => column.notNull())
      .addColumn("hash", "text", (column) => column.notNull().unique())
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .addColumn("last_used_at", "bigint")
      .addColumn("revoked_at", "bigint")
      .execute();
    await db.schema.createIndex("api_keys_tenant").on("api_keys").column("tenant").execute();
    await db.schema
      .createTable("agents")
      .addColumn("tenant", "text", (column) => column.notNull().references("tenants.id"))
      .addColumn("agent", "text", (column) => column.notNull())
      .addColumn("key_id", "text", (column) => column.notNull())
      .addColumn("address", "text", (column) => column.notNull())
      .addColumn("first_seen", "bigint", (column) => column.notNull())
      .addColumn("last_seen", "bigint", (column) => column.notNull())
      .addPrimaryKeyConstraint("agents_key", ["tenant", "agent"])
      .execute();
    await db.schema
      .createTable("sessions")
      .addColumn("hash", "text", (column) => column.primaryKey())
      .addColumn("tenant", "text", (column) => column.notNull().references("tenants.id"))
      .addColumn("scopes", "text", (column) => column.notNull())
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .addColumn("expires_at", "bigint", (column) => column.notNull())
      .execute();
    await db.schema
      .createTable("sign_in_tokens")
      .addColumn("hash", "text", (column) => column.primaryKey())
      .addColumn("tenant", "text", (column) => column.notNull().references("tenants.id"))
      .addColumn("expires_at", "bigint", (column) => column.notNull())
      .execute();
    await db.schema
      .createTable("audit")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("at", "bigint", (column) => column.notNull())
      .addColumn("tenant", "text", (column) => column.notNull())
      .addColumn("actor", "text", (column) => column.notNull())
      .addColumn("action", "text", (column) => column.notNull())
      .addColumn("subject", "text", (column) => column.notNull())
      .execute();
    await db.schema.createIndex("audit_tenant_at").on("audit").columns(["tenant", "at"]).execute();
  },
};

const fields: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable("fields")
      .addColumn("tenant", "text", (column) => column.notNull().references("tenants.id"))
      .addColumn("service", "text", (column) => column.notNull())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("types", "text", (column) => column.notNull())
      .addColumn("share", "double precision", (column) => column.notNull())
      .addColumn("example", "text", (column) => column.notNull())
      .addColumn("first_seen", "bigint", (column) => column.notNull())
      .addColumn("last_seen", "bigint", (column) => column.notNull())
      .addPrimaryKeyConstraint("fields_key", ["tenant", "service", "name"])
      .execute();
  },
};

const queryLimits: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable("tenants").addColumn("queries_at_once", "bigint", (column) => column.notNull().defaultTo(8)).execute();
    await db.schema.alterTable("tenants").addColumn("query_seconds", "bigint", (column) => column.notNull().defaultTo(60)).execute();
    await db.schema.alterTable("tenants").addColumn("query_memory_bytes", "bigint").execute();
    await db.schema.alterTable("tenants").addColumn("query_rows", "bigint").execute();
  },
};

const leases: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable("leases")
      .addColumn("name", "text", (column) => column.primaryKey())
      .addColumn("holder", "text", (column) => column.notNull())
      .addColumn("token", "bigint", (column) => column.notNull())
      .addColumn("expires_at", "bigint", (column) => column.notNull())
      .execute();
  },
};

/** Run in the order of their names. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = { "0001-first": first, "0002-fields": fields, "0003-query-limits": queryLimits, "0004-leases": leases };
