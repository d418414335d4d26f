/** Fields of the tenant's logs: agents report them, people and tools ask for them. */

import type { FastifyPluginAsync } from "fastify";
import * as z from "zod";
import type { FieldRegistry } from "../core/metadata.ts";
import { readBody } from "../core/read-body.ts";
import type { RequireScope } from "../core/request.ts";

const MAX_REPORT_BYTES = 1024 * 1024;
const MAX_REPORTED = 5_000;
const MAX_LISTED = 5_000;
const TYPES = ["string", "integer", "number", "boolean", "array", "object"] as const;

const REPORT = z.strictObject({
  fields: z
    .array(
      z.strictObject({
        service: z.string().max(256),
        name: z.string().min(1).max(1024),
        types: z.array(z.enum(TYPES)).max(TYPES.length),
        share: z.number().min(0).max(1),
        example: z.string().max(256),
      }),
    )
    .max(MAX_REPORTED),
});

const QUERY = z.strictObject({ service: z.string().optional(), limit: z.coerce.number().int().min(1).max(MAX_LISTED).default(1_000) });

export interface FieldRouteOptions {
  readonly fields: FieldRegistry;
  readonly requireScope: RequireScope;
}

export const fieldRoutes = ({ fields, requireScope }: FieldRouteOptions): FastifyPluginAsync => async (app) => {
  app.post("/api/v1/fields", { onRequest: requireScope("ingest"), bodyLimit: MAX_REPORT_BYTES }, async ({ principal, body }) => {
    const { fields: reported } = readBody(REPORT, body);
    // One of each: of two with one name the last one counts.
    const distinct = new Map(reported.map((field) => [JSON.stringify([field.service, field.name]), field]));
    const without = await fields.report(principal.tenant, [...distinct.values()]);
    return { accepted: distinct.size - without, without_room: without };
  });

  app.get("/api/v1/fields", { onRequest: requireScope("query") }, async ({ principal, query }) => {
    const { service, limit } = readBody(QUERY, query);
    const found = await fields.list(principal.tenant, { service, limit });
    return { fields: found.map(({ firstSeen, lastSeen, ...field }) => ({ ...field, first_seen: new Date(firstSeen).toISOString(), last_seen: new Date(lastSeen).toISOString() })) };
  });
};
