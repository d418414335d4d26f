/** Reading metrics: one metric over time, and what there is to read. */

import type { FastifyPluginAsync } from "fastify";
import type { QueryRouteOptions } from "./search.ts";

export const metricsRoutes = ({ queries, requireScope }: QueryRouteOptions): FastifyPluginAsync => async (app) => {
  const onRequest = requireScope("query");

  app.get("/api/v1/metrics/query_range", { onRequest }, ({ principal, query, signal }) => queries.metricRange(principal.tenant, query, signal));
  app.get("/api/v1/metrics/names", { onRequest }, ({ principal, query, signal }) => queries.metricNames(principal.tenant, query, signal));
  app.get("/api/v1/metrics/labels", { onRequest }, ({ principal, query, signal }) => queries.metricLabels(principal.tenant, query, signal));
  app.get("/api/v1/hosts", { onRequest }, ({ principal, query, signal }) => queries.hosts(principal.tenant, query, signal));
};
