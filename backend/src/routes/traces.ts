/** Reading traces. */

import type { FastifyPluginAsync } from "fastify";
import type { QueryRouteOptions } from "./search.ts";

export const traceRoutes = ({ queries, requireScope }: QueryRouteOptions): FastifyPluginAsync => async (app) => {
  app.get<{ Params: { id: string } }>("/api/v1/traces/:id", { onRequest: requireScope("query") }, ({ principal, params, signal }) => queries.trace(principal.tenant, params.id, signal));
};
