import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeNative } from "@obs/wire";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decompress } from "./codec/zstd.ts";
import type { BufferedBatch, Delivery, Transport } from "./core/contracts.ts";
import { createGateway, type MetricPoint } from "./gateway.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "obs-gateway-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const transport = (answer: (batch: BufferedBatch) => Delivery = ({ rows }) => ({ kind: "acknowledged", ack: { stored: rows, refused: {}, serverTime: "", storeBoot: "b", policyVersion: 1 } })) => {
  const batches: BufferedBatch[] = [];
  const own: Transport = {
    deliver: async (batch) => {
      batches.push(batch);
      return answer(batch);
    },
    close: async () => {},
  };
  return { batches, transport: own };
};

const columnsOf = ({ body }: BufferedBatch): Record<string, unknown[]> => decodeNative(decompress(body, 1 << 26))[0]!.columns;

const point = (value: number, timestampMs: number): MetricPoint => ({ metric: "cpu.usage", labels: { host: "web-01" }, kind: "gauge", unit: "1", value, timestampMs });

describe("gateway", () => {
  it("makes records durable under their tenant, masked, and delivers them", async () => {
    const { batches, transport: own } = transport();
    const gateway = await createGateway({ dataDir: folder, transport: own });
    const { key } = await gateway.ingestLogs("acme", [{ message: "mail to bob@example.com", severity: 17 }, { message: "plain", service: "other", attributes: { "a.b": "c" } }], { service: "api", host: "h" });
    await expect.poll(() => batches).toHaveLength(1);
    expect(batches[0]).toMatchObject({ key, tenant: "acme", stream: "logs", rows: 2, attempt: 1 });
    expect(columnsOf(batches[0]!)).toMatchObject({ message: ["mail to [EMAIL]", "plain"], service: ["api", "other"], host: ["h", "h"], severity: [17, 0] });
    await expect.poll(() => gateway.state().batches).toBe(0);
    await gateway.close();
  });

  it("splits what does not fit into one block", async () => {
    const { batches, transport: own } = transport();
    const gateway = await createGateway({ dataDir: folder, transport: own });
    const { batches: told } = await gateway.ingestLogs("acme", Array.from({ length: 20_000 }, (_, index) => ({ message: `m ${index}` })), { service: "api" });
    await expect.poll(() => batches.reduce((rows, batch) => rows + batch.rows, 0)).toBe(20_000);
    expect(batches.length).toBe(2);
    expect(told).toEqual(batches.map(({ key, rows }) => ({ key, rows })));
    await gateway.close();
  });

  it("sends points of several times as one batch of samples, and a series once per tenant", async () => {
    const { batches, transport: own } = transport();
    const gateway = await createGateway({ dataDir: folder, transport: own });
    await gateway.ingestMetrics("acme", [point(1, 2_000), point(2, 1_000)]);
    await gateway.ingestMetrics("acme", [point(3, 3_000)]);
    await gateway.ingestMetrics("other", [point(4, 3_000)]);
    await expect.poll(() => batches.length).toBe(5);
    expect(batches.map(({ stream, tenant, rows }) => `${stream} ${tenant} ${rows}`).sort()).toEqual(["samples acme 1", "samples acme 2", "samples other 1", "series acme 1", "series other 1"]);
    expect(batches.find(({ rows }) => rows === 2)).toMatchObject({ firstNs: 1_000_000_000n, lastNs: 2_000_000_000n });
    await gateway.close();
  });

  it("keeps what could not be delivered, and delivers it as a repeat after the next start", async () => {
    const first = await createGateway({ dataDir: folder, transport: transport(() => ({ kind: "retry", reason: "503" })).transport });
    const { key } = await first.ingestLogs("acme", [{ message: "kept" }], {});
    await first.close();
    const { batches, transport: own } = transport();
    const second = await createGateway({ dataDir: folder, transport: own });
    await expect.poll(() => batches).toHaveLength(1);
    expect(batches[0]).toMatchObject({ key, tenant: "acme", attempt: 2 });
    await second.close();
  });

  it("refuses when its buffer is full, and when it is closed", async () => {
    const gateway = await createGateway({ dataDir: folder, transport: transport(() => ({ kind: "retry", reason: "503" })).transport, maxBytes: 1_000 });
    await gateway.ingestLogs("acme", [{ message: "x".repeat(100) }], {});
    await gateway.ingestLogs("acme", [{ message: "y" }], {});
    await expect(gateway.ingestLogs("acme", [{ message: "z" }], {})).rejects.toMatchObject({ code: "buffer_full" });
    await gateway.close();
    await expect(gateway.ingestLogs("acme", [{ message: "z" }], {})).rejects.toMatchObject({ code: "closed" });
  });
});
