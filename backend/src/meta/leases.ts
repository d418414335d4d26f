/**
 * Leases by single statements, so that of several backends one wins. Times are this process's: clocks
 * that disagree move a lease early or late, which the token makes harmless (core/metadata.ts).
 */

import type { Kysely } from "kysely";
import type { Clock, LeaseRegistry } from "../core/metadata.ts";
import type { Tables } from "./tables.ts";

export const createLeaseRegistry = (db: Kysely<Tables>, clock: Clock): LeaseRegistry => ({
  async hold({ name, holder, lifetimeMs }) {
    const now = clock();
    const renewed = await db
      .updateTable("leases")
      .set({ expires_at: now + lifetimeMs })
      .where("name", "=", name)
      .where("holder", "=", holder)
      .where("expires_at", ">", now)
      .returning("token")
      .executeTakeFirst();
    if (renewed) return { token: Number(renewed.token) };
    await db.insertInto("leases").values({ name, holder: "", token: 0, expires_at: 0 }).onConflict((conflict) => conflict.column("name").doNothing()).execute();
    const taken = await db
      .updateTable("leases")
      .set((expression) => ({ holder, expires_at: now + lifetimeMs, token: expression("token", "+", 1) }))
      .where("name", "=", name)
      .where("expires_at", "<=", now)
      .returning("token")
      .executeTakeFirst();
    return taken && { token: Number(taken.token) };
  },

  async release({ name, holder }) {
    await db.updateTable("leases").set({ holder: "", expires_at: 0 }).where("name", "=", name).where("holder", "=", holder).execute();
  },
});
