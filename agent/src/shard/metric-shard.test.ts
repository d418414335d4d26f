import { describe, expect, it } from "vitest";
import type { MetricSeries } from "@obs/wire";
import type { Observation } from "../core/contracts.ts";
import { RecordingBuffer } from "./fixtures.ts";
import { ScrapeShard } from "./metric-shard.ts";

const observation: Observation = { metric: "cpu", labels: { host: "a" }, kind: "gauge", unit: "1", help: "", value: 1 };

const encoded = (rows: readonly unknown[]): Uint8Array => Buffer.alloc(rows.length);

const build = (newSeries: MetricSeries[] = [], tenant?: string) => {
  const buffer = new RecordingBuffer();
  const table = {
    observe: (timestampMs: number, observations: readonly Observation[]) => ({ samples: observations.map(({ value }) => ({ metric: "cpu", series: 1n, timestamp: timestampMs, value })), histograms: [], series: newSeries }),
  };
  const shard = new ScrapeShard({ table, encodeSamples: encoded, encodeHistograms: encoded, encodeSeries: encoded, compress: (bytes) => bytes, buffer, ...(tenant !== undefined && { tenant }) });
  return { buffer, shard };
};

const series: MetricSeries = { metric: "cpu", series: 1n, labels: {}, kind: "gauge", unit: "1", help: "", firstSeen: 0, lastSeen: 0 };

describe("metric shard", () => {
  it("makes samples and new series durable in one commit, series first", async () => {
    const { buffer, shard } = build([series], "acme");
    const keys = await shard.take([
      { timestampMs: 9, observations: [observation] },
      { timestampMs: 5, observations: [observation] },
    ]);
    expect(buffer.commits).toHaveLength(1);
    expect(buffer.commits[0]!.batches).toMatchObject([
      { stream: "series", rows: 2, tenant: "acme", key: keys[0] },
      { stream: "samples", rows: 2, tenant: "acme", key: keys[1], rawBytes: 2, firstNs: 5_000_000n, lastNs: 9_000_000n },
    ]);
  });

  it("commits nothing for a scrape without observations", async () => {
    const { buffer, shard } = build();
    await shard.observe([{ timestampMs: 5, observations: [] }]);
    expect(buffer.commits).toEqual([]);
  });
});
