/** Counts every answer by its route's pattern, never by the address asked for: that is unbounded. */

import type { FastifyInstance } from "fastify";
import type { Telemetry } from "../core/telemetry.ts";

export const countRequests = (app: FastifyInstance, telemetry: Telemetry): void => {
  app.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "none";
    telemetry.add("obs_http_requests_total", { route, method: request.method, status: String(reply.statusCode) });
    telemetry.add("obs_http_request_seconds_total", { route }, reply.elapsedTime / 1000);
  });
};
