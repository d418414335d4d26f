/** Tenants and what each of them may do. */

import type { Kysely, Selectable } from "kysely";
import type { TenantPolicy } from "../core/contracts.ts";
import type { Clock, TenantRegistry, TenantSettings } from "../core/metadata.ts";
import type { Tables, TenantRow } from "./tables.ts";

/** Rows per minute: the seed's limit per tenant. Bytes: of bodies as sent, compressed. */
export const TENANT_DEFAULTS = {
  logsRetentionDays: 30,
  samplesRetentionDays: 90,
  maxFutureMs: 3_600_000,
  rowsPerMinute: 10_000_000,
  bytesPerMinute: 2 * 1024 ** 3,
  // Half of the places there are by default (limits/query-limits.ts): one tenant cannot take them all.
  queriesAtOnce: 8,
  querySeconds: 60,
  queryMemoryBytes: null,
  queryRows: null,
} as const satisfies TenantSettings;

const toPolicy = (row: Selectable<TenantRow>): TenantPolicy => ({
  tenant: row.id,
  version: row.policy_version,
  retentionDays: { logs: row.logs_retention_days, samples: row.samples_retention_days },
  maxFutureMs: row.max_future_ms,
  limits: { rowsPerMinute: row.rows_per_minute, bytesPerMinute: row.bytes_per_minute },
  queryLimits: { atOnce: row.queries_at_once, seconds: row.query_seconds, memoryBytes: row.query_memory_bytes, rows: row.query_rows },
});

const toColumns = (settings: TenantSettings) => ({
  ...(settings.logsRetentionDays !== undefined && { logs_retention_days: settings.logsRetentionDays }),
  ...(settings.samplesRetentionDays !== undefined && { samples_retention_days: settings.samplesRetentionDays }),
  ...(settings.maxFutureMs !== undefined && { max_future_ms: settings.maxFutureMs }),
  ...(settings.rowsPerMinute !== undefined && { rows_per_minute: settings.rowsPerMinute }),
  ...(settings.bytesPerMinute !== undefined && { bytes_per_minute: settings.bytesPerMinute }),
  ...(settings.queriesAtOnce !== undefined && { queries_at_once: settings.queriesAtOnce }),
  ...(settings.querySeconds !== undefined && { query_seconds: settings.querySeconds }),
  ...(settings.queryMemoryBytes !== undefined && { query_memory_bytes: settings.queryMemoryBytes }),
  ...(settings.queryRows !== undefined && { query_rows: settings.queryRows }),
});

const DEFAULT_COLUMNS = toColumns(TENANT_DEFAULTS) as Required<ReturnType<typeof toColumns>>;

export const createTenantRegistry = (db: Kysely<Tables>, clock: Clock): TenantRegistry => ({
  async create({ id, name, ...settings }) {
    const row = await db
      .insertInto("tenants")
      .values({ id, name, policy_version: 1, created_at: clock(), ...DEFAULT_COLUMNS, ...toColumns(settings) })
      .onConflict((conflict) => conflict.column("id").doNothing())
      .returningAll()
      .executeTakeFirst();
    return row && toPolicy(row);
  },

  async change(id, settings) {
    const row = await db
      .updateTable("tenants")
      .set((expression) => ({ ...toColumns(settings), policy_version: expression("policy_version", "+", 1) }))
      .where("id", "=", id)
      .returningAll()
      .executeTakeFirst();
    return row && toPolicy(row);
  },

  async policy(id) {
    const row = await db.selectFrom("tenants").selectAll().where("id", "=", id).executeTakeFirst();
    return row && toPolicy(row);
  },

  async list() {
    const rows = await db.selectFrom("tenants").select(["id", "name", "created_at"]).orderBy("id").execute();
    return rows.map(({ id, name, created_at }) => ({ id, name, createdAt: created_at }));
  },
});
