import { describe, expect, it } from "vitest";
import type { IncomingBatch } from "../core/contracts.ts";
import { ApiError } from "../errors.ts";
import { countDelivery, createTelemetry } from "./index.ts";

describe("telemetry", () => {
  it("adds, sets, asks collectors, and escapes labels", async () => {
    const telemetry = createTelemetry("1.2.3");
    telemetry.add("obs_door_items_total", { signal: 'a"b\\c\n', outcome: "accepted" }, 2);
    telemetry.add("obs_door_items_total", { signal: 'a"b\\c\n', outcome: "accepted" });
    telemetry.onCollect(async () => telemetry.set("obs_store_up", {}, 1));
    const text = await telemetry.text();
    expect(text).toContain('obs_door_items_total{signal="a\\"b\\\\c\\n",outcome="accepted"} 3\n');
    expect(text).toContain("# TYPE obs_store_up gauge\nobs_store_up 1\n");
    expect(text).toContain('obs_backend_info{version="1.2.3"} 1\n');
  });

  it("knows only the names of its table", () => {
    expect(() => createTelemetry("1").add("obs_typo_total", {})).toThrow("BUG:");
  });

  it("counts what delivery did with each batch", async () => {
    const telemetry = createTelemetry("1");
    const batch = { stream: "logs", body: Buffer.alloc(10) } as unknown as IncomingBatch;
    const ack = { stored: 5, refused: { too_old: 2 }, serverTime: "", storeBoot: "", policyVersion: 1 };
    await countDelivery({ accept: async () => ack }, telemetry).accept(batch);
    const away = countDelivery({ accept: () => Promise.reject(new ApiError("store_unavailable", "away")) }, telemetry);
    await expect(away.accept(batch)).rejects.toThrow("away");
    const text = await telemetry.text();
    for (const line of [
      'obs_ingest_rows_total{stream="logs",outcome="stored"} 5',
      'obs_ingest_rows_total{stream="logs",outcome="too_old"} 2',
      'obs_ingest_bytes_total{stream="logs"} 10',
      'obs_ingest_batches_total{stream="logs",outcome="stored"} 1',
      'obs_ingest_batches_total{stream="logs",outcome="store_unavailable"} 1',
    ])
      expect(text).toContain(`${line}\n`);
  });
});
