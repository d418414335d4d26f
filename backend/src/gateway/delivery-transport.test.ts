import type { BufferedBatch } from "obs-agent";
import { describe, expect, it } from "vitest";
import type { IncomingBatch, TenantPolicy } from "../core/contracts.ts";
import { ApiError, type ErrorCode } from "../errors.ts";
import { createDeliveryTransport } from "./delivery-transport.ts";

const policy = { tenant: "acme" } as TenantPolicy;
const ack = { stored: 2, refused: {}, serverTime: "", storeBoot: "", policyVersion: 1 };

const batch: BufferedBatch = {
  tenant: "acme",
  stream: "logs",
  key: "00000000000000aa-0000000b-0000000c",
  rows: 2,
  rawBytes: 10,
  firstNs: 1n,
  lastNs: 2n,
  body: new Uint8Array([1, 2, 3]).subarray(1),
  attempt: 2,
};

const transport = (accept: (incoming: IncomingBatch) => typeof ack) => {
  const claims: string[] = [];
  const { deliver } = createDeliveryTransport({
    delivery: { accept: async (incoming) => accept(incoming) },
    policyOf: async (tenant) => (tenant === "acme" ? policy : undefined),
    agents: { claim: async ({ agent, keyId }) => (claims.push(`${agent} by ${keyId}`), "ok") },
  });
  return { deliver: (given: BufferedBatch) => deliver(given, new AbortController().signal), claims };
};

const failingWith = (error: unknown) =>
  transport(() => {
    throw error;
  });

describe("the gateway's transport", () => {
  it("hands a batch on as it is, under the gateway's own agent id", async () => {
    let seen: IncomingBatch | undefined;
    const { deliver, claims } = transport((incoming) => ((seen = incoming), ack));
    expect(await deliver(batch)).toEqual({ kind: "acknowledged", ack });
    expect(seen).toMatchObject({ policy, stream: "logs", key: { agent: 0xaan, epoch: 11, seq: 12 }, rows: 2, rawBytes: 10, attempt: 2, firstNs: 1n, lastNs: 2n });
    expect([...seen!.body]).toEqual([2, 3]);
    expect(claims).toEqual(["00000000000000aa by gateway"]);
  });

  it.each([
    ["store_unavailable", "retry"],
    ["internal", "retry"],
    ["query_timeout", "retry"],
    ["rate_limited", "retry"],
    ["batch_malformed", "permanent"],
    ["batch_claims_wrong", "permanent"],
  ] as [ErrorCode, string][])("takes %s for %s", async (code, kind) => {
    expect(await failingWith(new ApiError(code, "why")).deliver(batch)).toEqual({ kind, reason: `${code}: why` });
  });

  it("says of a batch that is too large that it may come in parts, and hands these on", async () => {
    expect(await failingWith(new ApiError("too_large", "why")).deliver(batch)).toEqual({ kind: "too_large", reason: "too_large: why", condemns: true });
    let seen: IncomingBatch | undefined;
    await transport((incoming) => ((seen = incoming), ack)).deliver({ ...batch, part: { first: 4, end: 6 } });
    expect(seen).toMatchObject({ schema: 3, part: { first: 4, end: 6 } });
  });

  it("waits as long as it is told to", async () => {
    expect(await failingWith(new ApiError("store_unavailable", "away", { retryAfterSeconds: 2 })).deliver(batch)).toMatchObject({ kind: "retry", afterMs: 2_000 });
  });

  it("tries again after a fault that nobody foresaw", async () => {
    expect(await failingWith(new Error("surprise")).deliver(batch)).toMatchObject({ kind: "retry" });
  });

  it.each([
    [{ tenant: "gone" }, 'there is no tenant "gone"'],
    [{ key: "damaged" }, '"damaged" is not a batch key'],
  ])("gives up on a batch with %j", async (damage, reason) => {
    expect(await failingWith(new Error("not reached")).deliver({ ...batch, ...damage })).toEqual({ kind: "permanent", reason });
  });
});
