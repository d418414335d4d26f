/** Who changed what. Entries are only ever added. */

import { randomUUID } from "node:crypto";
import type { Kysely } from "kysely";
import type { AuditLog, Clock } from "../core/metadata.ts";
import type { Tables } from "./tables.ts";

export const createAuditLog = (db: Kysely<Tables>, clock: Clock): AuditLog => ({
  async record({ tenant, actor, action, subject }) {
    await db.insertInto("audit").values({ id: randomUUID(), at: clock(), tenant, actor, action, subject }).execute();
  },

  async list(tenant, limit) {
    return db
      .selectFrom("audit")
      .select(["at", "tenant", "actor", "action", "subject"])
      .where("tenant", "=", tenant)
      .orderBy("at", "desc")
      .limit(limit)
      .execute();
  },
});
