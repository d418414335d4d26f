/**
 * Which key an agent id belongs to (schema.md, "Delivery", 5).
 *
 * The first key that uses an id owns it within its tenant, so that one key cannot send repeats in
 * another's name. When the owner is revoked, the next key of the tenant that uses the id takes it
 * over: keys are rotated, and batches that wait in an agent's buffer keep their ids.
 */

import type { Kysely } from "kysely";
import type { AgentClaim, AgentRegistry, Clock } from "../core/metadata.ts";
import type { Tables } from "./tables.ts";

type Claim = Parameters<AgentRegistry["claim"]>[0];

/** A claim is asked for with every batch: one that held is not written again for this long. */
const CLAIM_HOLDS_MS = 10_000;
const MAX_REMEMBERED = 100_000;

export const createAgentRegistry = (db: Kysely<Tables>, clock: Clock): AgentRegistry => {
  const held = new Map<string, number>();

  const write = async ({ tenant, agent, keyId, address }: Claim): Promise<AgentClaim> => {
    const now = clock();
    const claimed = await db
      .insertInto("agents")
      .values({ tenant, agent, key_id: keyId, address, first_seen: now, last_seen: now })
      .onConflict((conflict) =>
        conflict
          .columns(["tenant", "agent"])
          .doUpdateSet({ key_id: keyId, address, last_seen: now })
          .where((expression) =>
            expression.or([
              expression("agents.key_id", "=", keyId),
              expression.exists(
                expression
                  .selectFrom("api_keys")
                  .select("api_keys.id")
                  .whereRef("api_keys.id", "=", "agents.key_id")
                  .where("api_keys.revoked_at", "is not", null),
              ),
            ]),
          ),
      )
      .returning("agent")
      .executeTakeFirst();
    return claimed ? "ok" : "taken";
  };

  return {
    async claim(claim) {
      const name = JSON.stringify([claim.tenant, claim.agent, claim.keyId]);
      if ((held.get(name) ?? 0) > clock()) return "ok";
      const outcome = await write(claim);
      if (held.size >= MAX_REMEMBERED) held.clear();
      if (outcome === "ok") held.set(name, clock() + CLAIM_HOLDS_MS);
      return outcome;
    },

    async list(tenant) {
      const rows = await db.selectFrom("agents").selectAll().where("tenant", "=", tenant).orderBy("first_seen").execute();
      return rows.map((row) => ({ agent: row.agent, keyId: row.key_id, address: row.address, firstSeen: row.first_seen, lastSeen: row.last_seen }));
    },
  };
};
