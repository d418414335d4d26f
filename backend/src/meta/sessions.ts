/** Browser sessions and the one-time tokens that begin them. */

import type { Kysely } from "kysely";
import type { Scope } from "../core/contracts.ts";
import type { Clock, SessionRegistry } from "../core/metadata.ts";
import type { Tables } from "./tables.ts";

export const createSessionRegistry = (db: Kysely<Tables>, clock: Clock): SessionRegistry => ({
  async createSignInToken({ hash, tenant, lifetimeMs }) {
    const now = clock();
    await db.deleteFrom("sign_in_tokens").where("expires_at", "<=", now).execute();
    await db.insertInto("sign_in_tokens").values({ hash, tenant, expires_at: now + lifetimeMs }).execute();
  },

  async redeemSignInToken(hash) {
    // One statement: of two requests with the same token only one gets the row.
    const row = await db.deleteFrom("sign_in_tokens").where("hash", "=", hash).returning(["tenant", "expires_at"]).executeTakeFirst();
    return row && row.expires_at > clock() ? { tenant: row.tenant } : undefined;
  },

  async create({ hash, tenant, scopes, lifetimeMs }) {
    const now = clock();
    await db.deleteFrom("sessions").where("expires_at", "<=", now).execute();
    const expiresAt = now + lifetimeMs;
    await db.insertInto("sessions").values({ hash, tenant, scopes: scopes.join(","), created_at: now, expires_at: expiresAt }).execute();
    return { tenant, scopes, expiresAt };
  },

  async find(hash) {
    const row = await db.selectFrom("sessions").selectAll().where("hash", "=", hash).where("expires_at", ">", clock()).executeTakeFirst();
    return row && { tenant: row.tenant, scopes: row.scopes.split(",") as Scope[], expiresAt: row.expires_at };
  },

  async end(hash) {
    await db.deleteFrom("sessions").where("hash", "=", hash).execute();
  },
});
