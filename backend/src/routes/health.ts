/** How the backend is: for orchestrators, for Prometheus, for people. */

import type { FastifyPluginAsync } from "fastify";
import type { RequireScope } from "../core/request.ts";
import type { Status } from "../core/status.ts";
import type { Telemetry } from "../core/telemetry.ts";

export interface HealthRouteOptions {
  readonly status: () => Promise<Status>;
  readonly telemetry: Telemetry;
  readonly requireScope: RequireScope;
}

export const healthRoutes = ({ status, telemetry, requireScope }: HealthRouteOptions): FastifyPluginAsync => async (app) => {
  /** The process answers. It stays alive while the store is away: a restart would not help. */
  app.get("/livez", async () => ({ status: "ok" }));

  /** 503 while requests for data would be answered with 503. */
  app.get("/readyz", async (_request, reply) => {
    const { store, metadata } = await status();
    const ready = store.up && metadata.up;
    return reply.code(ready ? 200 : 503).send({ status: ready ? "ok" : "unavailable", checks: { store: store.up, metadata: metadata.up } });
  });

  app.get("/healthz", async () => {
    const { store, metadata } = await status();
    return { status: store.up && metadata.up ? "ok" : "degraded", checks: { store: store.up, metadata: metadata.up } };
  });

  app.get("/metrics", async (_request, reply) => reply.type("text/plain; version=0.0.4; charset=utf-8").send(await telemetry.text()));

  app.get("/api/v1/status", { onRequest: requireScope("query") }, status);
};
