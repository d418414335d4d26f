/** The JSON doors: `POST /api/v1/logs/ingest`, `POST /api/v1/metrics/ingest`. */

import type { FastifyPluginAsync, FastifyRequest } from "fastify";
import type { TenantPolicy } from "../core/contracts.ts";
import type { IngestDoors, Signal } from "../core/ingest.ts";
import type { PolicyOf } from "../core/metadata.ts";
import type { RequireScope } from "../core/request.ts";
import type { Telemetry } from "../core/telemetry.ts";
import { ApiError } from "../errors.ts";

/** 1,000 items of a few KB each; also the bound on what a compressed body unpacks to. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

export interface IngestRouteOptions {
  readonly doors: IngestDoors;
  readonly policyOf: PolicyOf;
  readonly requireScope: RequireScope;
  readonly telemetry: Telemetry;
}

export const ingestRoutes = ({ doors, policyOf, requireScope, telemetry }: IngestRouteOptions): FastifyPluginAsync => {
  const options = { onRequest: requireScope("ingest"), bodyLimit: MAX_BODY_BYTES, config: { exactIntegers: true } };

  const policyFor = async ({ principal }: FastifyRequest): Promise<TenantPolicy> => {
    const policy = await policyOf(principal.tenant);
    if (!policy) throw new ApiError("unauthorized", "The key's tenant is gone.");
    return policy;
  };

  const count = (signal: Signal, accepted: number, rejected = 0): void => {
    telemetry.add("obs_door_items_total", { signal, outcome: "accepted" }, accepted);
    telemetry.add("obs_door_items_total", { signal, outcome: "rejected" }, rejected);
  };

  return async (app) => {
    app.post("/api/v1/logs/ingest", options, async (request, reply) => {
      const answer = await doors.logs(await policyFor(request), request.body, request.bodyBytes);
      count("logs", answer.received, answer.rejected);
      return reply.code(202).send(answer);
    });

    app.post("/api/v1/metrics/ingest", options, async (request, reply) => {
      const answer = await doors.metrics(await policyFor(request), request.body, request.bodyBytes);
      count("metrics", answer.received, answer.rejected);
      return reply.code(202).send(answer);
    });
  };
};
