/**
 * Fields of tenants' logs. Many agents tell of the same ones: the last report has share and example,
 * types add up. Bounded per tenant; a field that was not told of for 30 days goes when room is needed.
 */

import { sql, type Kysely } from "kysely";
import type { Clock, FieldRegistry } from "../core/metadata.ts";
import type { Tables } from "./tables.ts";

const MAX_FIELDS_PER_TENANT = 20_000;
const FORGOTTEN_MS = 30 * 86_400_000;
/** Rows of one statement: both databases bound the number of parameters. */
const STATEMENT_ROWS = 500;

const typesOf = (text: string): string[] => (text === "" ? [] : text.split(","));

export const createFieldRegistry = (db: Kysely<Tables>, clock: Clock): FieldRegistry => {
  const count = async (tenant: string): Promise<number> => {
    const row = await db.selectFrom("fields").select(db.fn.countAll().as("fields")).where("tenant", "=", tenant).executeTakeFirstOrThrow();
    return Number(row.fields);
  };

  const knownOf = async (tenant: string, services: readonly string[]): Promise<Map<string, string>> => {
    const rows = await db.selectFrom("fields").select(["service", "name", "types"]).where("tenant", "=", tenant).where("service", "in", services).execute();
    return new Map(rows.map(({ service, name, types }) => [JSON.stringify([service, name]), types]));
  };

  const roomFor = async (tenant: string, wanted: number): Promise<number> => {
    const room = MAX_FIELDS_PER_TENANT - (await count(tenant));
    if (room >= wanted) return wanted;
    await db.deleteFrom("fields").where("tenant", "=", tenant).where("last_seen", "<", clock() - FORGOTTEN_MS).execute();
    return Math.max(0, MAX_FIELDS_PER_TENANT - (await count(tenant)));
  };

  return {
    async report(tenant, fields) {
      if (fields.length === 0) return 0;
      const now = clock();
      const known = await knownOf(tenant, [...new Set(fields.map(({ service }) => service))]);
      const isKnown = ({ service, name }: { service: string; name: string }): boolean => known.has(JSON.stringify([service, name]));
      const fresh = fields.filter((field) => !isKnown(field));
      const room = fresh.length === 0 ? 0 : await roomFor(tenant, fresh.length);
      const kept = [...fields.filter(isKnown), ...fresh.slice(0, room)];
      const rows = kept.map(({ service, name, types, share, example }) => {
        const all = new Set([...typesOf(known.get(JSON.stringify([service, name])) ?? ""), ...types]);
        return { tenant, service, name, types: [...all].sort().join(","), share, example, first_seen: now, last_seen: now };
      });
      for (let from = 0; from < rows.length; from += STATEMENT_ROWS)
        await db
          .insertInto("fields")
          .values(rows.slice(from, from + STATEMENT_ROWS))
          .onConflict((conflict) =>
            conflict.columns(["tenant", "service", "name"]).doUpdateSet({
              types: sql.ref("excluded.types"), share: sql.ref("excluded.share"), example: sql.ref("excluded.example"), last_seen: sql.ref("excluded.last_seen"),
            }),
          )
          .execute();
      return fresh.length - Math.min(room, fresh.length);
    },

    async list(tenant, { service, limit }) {
      let query = db.selectFrom("fields").selectAll().where("tenant", "=", tenant);
      if (service !== undefined) query = query.where("service", "=", service);
      const rows = await query.orderBy("share", "desc").orderBy("service").orderBy("name").limit(limit).execute();
      return rows.map(({ service: of, name, types, share, example, first_seen, last_seen }) => ({ service: of, name, types: typesOf(types), share, example, firstSeen: Number(first_seen), lastSeen: Number(last_seen) }));
    },
  };
};
