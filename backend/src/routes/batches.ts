/** `POST /api/v1/batches/<stream>`: where agents hand over their batches. */

import { type BatchAck, isStream } from "@obs/wire";
import type { FastifyPluginAsync, FastifyRequest } from "fastify";
import type { BatchDelivery, TenantPolicy } from "../core/contracts.ts";
import type { IngestLimits } from "../core/ingest.ts";
import type { AgentRegistry, PolicyOf } from "../core/metadata.ts";
import type { RequireScope } from "../core/request.ts";
import { ApiError } from "../errors.ts";
import { type BatchEnvelope, readEnvelope } from "./batch-envelope.ts";

interface BatchRoute {
  Params: { stream: string };
}

export interface BatchRouteOptions {
  readonly delivery: BatchDelivery;
  readonly limits: Pick<IngestLimits, "takeTenant">;
  readonly policyOf: PolicyOf;
  readonly agents: Pick<AgentRegistry, "claim">;
  readonly requireScope: RequireScope;
  /** Of a body, compressed. 500 k rows of logs, the most that a batch may have, are about 40 MB. */
  readonly maxBodyBytes: number;
}

export const batchRoutes = ({ delivery, limits, policyOf, agents, requireScope, maxBodyBytes }: BatchRouteOptions): FastifyPluginAsync => {
  const policyFor = async ({ principal }: FastifyRequest): Promise<TenantPolicy> => {
    const policy = await policyOf(principal.tenant);
    if (!policy) throw new ApiError("unauthorized", "The key's tenant is gone.");
    return policy;
  };

  /** Before the body is read: an agent that may not send it need not. */
  const checkEnvelope = async (request: FastifyRequest): Promise<void> => {
    const envelope = readEnvelope(request.headers);
    request.batchEnvelope = envelope;
    const { tenant, keyId } = request.principal;
    const agent = envelope.key.agent.toString(16).padStart(16, "0");
    if ((await agents.claim({ tenant, agent, keyId, address: request.ip })) === "taken") {
      throw new ApiError("forbidden", `The agent id ${agent} belongs to another key: take a new one.`, { details: { reason: "agent_id_taken" } });
    }
  };

  const acceptBatch = async (request: FastifyRequest<BatchRoute>): Promise<BatchAck> => {
    const { stream } = request.params;
    if (!isStream(stream)) throw new ApiError("not_found", `There is no stream "${stream}".`);
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const policy = await policyFor(request);
    await limits.takeTenant(policy, { rows: request.batchEnvelope.rows, bytes: body.length });
    return delivery.accept({ ...request.batchEnvelope, policy, stream, body, sourceIp: request.ip });
  };

  return async (app) => {
    // The body stays as it is, whatever its content type says.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", { parseAs: "buffer" }, async (_request: FastifyRequest, body: Buffer) => body);
    app.decorateRequest("batchEnvelope");
    app.post<BatchRoute>("/api/v1/batches/:stream", { onRequest: [requireScope("ingest"), checkEnvelope], bodyLimit: maxBodyBytes }, acceptBatch);
  };
};

declare module "fastify" {
  interface FastifyRequest {
    /** Set on requests for batches only. */
    batchEnvelope: BatchEnvelope;
  }
}
