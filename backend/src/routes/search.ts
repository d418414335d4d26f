/** Searching logs: `POST /api/v1/logs/search`, `GET /api/v1/logs/fields`. */

import type { FastifyPluginAsync } from "fastify";
import { whenGone } from "../core/gone.ts";
import type { Queries } from "../core/queries.ts";
import type { RequireScope } from "../core/request.ts";

export interface QueryRouteOptions {
  readonly queries: Queries;
  readonly requireScope: RequireScope;
}

/** A search is a few hundred bytes; anything near this is not one. */
const MAX_SEARCH_BODY_BYTES = 64 * 1024;

export const searchRoutes = ({ queries, requireScope }: QueryRouteOptions): FastifyPluginAsync => async (app) => {
  const onRequest = requireScope("query");

  app.post("/api/v1/logs/search", { onRequest, bodyLimit: MAX_SEARCH_BODY_BYTES }, ({ principal, body }, reply) =>
    queries.searchLogs(principal.tenant, body, whenGone(reply)),
  );
  app.get("/api/v1/logs/fields", { onRequest }, ({ principal, query }, reply) => queries.logFields(principal.tenant, query, whenGone(reply)));
};
