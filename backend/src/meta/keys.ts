/** API keys: only hashes are stored (auth/secrets.ts says why a plain SHA-256 is right). */

import { randomBytes } from "node:crypto";
import type { Kysely, Selectable } from "kysely";
import type { Scope } from "../core/contracts.ts";
import type { ApiKey, Clock, KeyRegistry } from "../core/metadata.ts";
import type { ApiKeyRow, Tables } from "./tables.ts";

const toKey = (row: Selectable<Omit<ApiKeyRow, "hash">>): ApiKey => ({
  id: row.id,
  tenant: row.tenant,
  name: row.name,
  scopes: row.scopes.split(",") as Scope[],
  createdAt: row.created_at,
  lastUsedAt: row.last_used_at,
  revokedAt: row.revoked_at,
});

const PUBLIC_COLUMNS = ["id", "tenant", "name", "scopes", "created_at", "last_used_at", "revoked_at"] as const;

export const createKeyRegistry = (db: Kysely<Tables>, clock: Clock): KeyRegistry => ({
  async create({ tenant, name, scopes, hash }) {
    const row = await db
      .insertInto("api_keys")
      .values({
        id: `key_${randomBytes(8).toString("hex")}`,
        tenant,
        name,
        scopes: scopes.join(","),
        hash,
        created_at: clock(),
        last_used_at: null,
        revoked_at: null,
      })
      .returning(PUBLIC_COLUMNS)
      .executeTakeFirstOrThrow();
    return toKey(row);
  },

  async findByHash(hash) {
    const row = await db.selectFrom("api_keys").selectAll().where("hash", "=", hash).executeTakeFirst();
    return row && { ...toKey(row), hash: row.hash };
  },

  async list(tenant) {
    const rows = await db.selectFrom("api_keys").select(PUBLIC_COLUMNS).where("tenant", "=", tenant).orderBy("created_at").orderBy("id").execute();
    return rows.map(toKey);
  },

  async revoke(tenant, id) {
    const { numUpdatedRows } = await db
      .updateTable("api_keys")
      .set({ revoked_at: clock() })
      .where("tenant", "=", tenant)
      .where("id", "=", id)
      .where("revoked_at", "is", null)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  },

  async touch(id) {
    await db.updateTable("api_keys").set({ last_used_at: clock() }).where("id", "=", id).execute();
  },
});
