/** Reading metrics: one metric over time, and what there is to read. */

import type { FastifyPluginAsync } from "fastify";
import { whenGone } from "../core/gone.ts";
import type { QueryRouteOptions } from "./search.ts";

export const metricsRoutes = ({ queries, requireScope }: QueryRouteOptions): FastifyPluginAsync => async (app) => {
  const onRequest = requireScope("query");

  app.get("/api/v1/metrics/query_range", { onRequest }, ({ principal, query }, reply) => queries.metricRange(principal.tenant, query, whenGone(reply)));
  app.get("/api/v1/metrics/names", { onRequest }, ({ principal, query }, reply) => queries.metricNames(principal.tenant, query, whenGone(reply)));
  app.get("/api/v1/metrics/labels", { onRequest }, ({ principal, query }, reply) => queries.metricLabels(principal.tenant, query, whenGone(reply)));
  app.get("/api/v1/hosts", { onRequest }, ({ principal, query }, reply) => queries.hosts(principal.tenant, query, whenGone(reply)));
};
