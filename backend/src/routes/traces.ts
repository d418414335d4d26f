/** Reading traces. */

import type { FastifyPluginAsync } from "fastify";
import { whenGone } from "../core/gone.ts";
import type { QueryRouteOptions } from "./search.ts";

export const traceRoutes = ({ queries, requireScope }: QueryRouteOptions): FastifyPluginAsync => async (app) => {
  app.get<{ Params: { id: string } }>("/api/v1/traces/:id", { onRequest: requireScope("query") }, ({ principal, params }, reply) => queries.trace(principal.tenant, params.id, whenGone(reply)));
};
