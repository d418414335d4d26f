/**
 * The gateway's sender hands its batches to delivery in this process, where an agent's go over
 * HTTP: same batches, same attempts, same outcomes.
 */

import { parseBatchKey, schemaVersionOf } from "@obs/wire";
import type { BufferedBatch, Delivery, Transport } from "obs-agent";
import type { BatchDelivery } from "../core/contracts.ts";
import type { AgentRegistry, PolicyOf } from "../core/metadata.ts";
import { ApiError } from "../errors.ts";

/** Owner of the gateway's agent id: no key, so that no agent can take it over. It is seen in batch ids. */
const OWNER = "gateway";
/** Rows of the doors come from this process; who posted them is not known per batch. */
const SOURCE_IP = "::1";

const bytesOf = (body: Uint8Array): Buffer => Buffer.from(body.buffer, body.byteOffset, body.byteLength);

/** A refusal of the batch itself is permanent; whatever has to do with the moment passes. */
const outcomeOf = (error: unknown): Delivery => {
  if (!(error instanceof ApiError)) return { kind: "retry", reason: String(error) };
  const reason = `${error.code}: ${error.message}`;
  if (error.code === "too_large") return { kind: "too_large", reason, condemns: true };
  if (error.status < 500 && error.code !== "rate_limited") return { kind: "permanent", reason };
  return { kind: "retry", reason, ...(error.retryAfterSeconds !== undefined && { afterMs: error.retryAfterSeconds * 1000 }) };
};

export interface DeliveryTransportOptions {
  readonly delivery: BatchDelivery;
  readonly policyOf: PolicyOf;
  readonly agents: Pick<AgentRegistry, "claim">;
}

export const createDeliveryTransport = ({ delivery, policyOf, agents }: DeliveryTransportOptions): Transport => {
  const accept = async (batch: BufferedBatch): Promise<Delivery> => {
    const policy = await policyOf(batch.tenant);
    if (!policy) return { kind: "permanent", reason: `there is no tenant "${batch.tenant}"` };
    const key = parseBatchKey(batch.key);
    if (!key) return { kind: "permanent", reason: `"${batch.key}" is not a batch key` };
    await agents.claim({ tenant: batch.tenant, agent: batch.key.slice(0, 16), keyId: OWNER, address: SOURCE_IP });
    const { stream, part, rows, rawBytes, attempt, firstNs, lastNs } = batch;
    const ack = await delivery.accept({ policy, stream, schema: schemaVersionOf(stream, part !== undefined), key, part, rows, rawBytes, attempt, firstNs, lastNs, body: bytesOf(batch.body), sourceIp: SOURCE_IP });
    return { kind: "acknowledged", ack };
  };
  return {
    deliver: async (batch) => {
      try {
        return await accept(batch);
      } catch (error) {
        return outcomeOf(error);
      }
    },
    close: async () => undefined,
  };
};
