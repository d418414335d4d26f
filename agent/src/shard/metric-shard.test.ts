import { describe, expect, it } from "vitest";
import type { ExemplarRecord, MetricSeries } from "@obs/wire";
import type { Observation } from "../core/contracts.ts";
import { RecordingBuffer } from "./fixtures.ts";
import { ScrapeShard } from "./metric-shard.ts";

const observation: Observation = { metric: "cpu", labels: { host: "a" }, kind: "gauge", unit: "1", help: "", value: 1 };

const encoded = (rows: readonly unknown[]): Uint8Array => Buffer.alloc(rows.length);

const build = (newSeries: MetricSeries[] = [], tenant?: string, exemplars: ExemplarRecord[] = []) => {
  const buffer = new RecordingBuffer();
  const table = {
    observe: (timestampMs: number, observations: readonly Observation[]) => ({ samples: observations.map(({ value }) => ({ metric: "cpu", series: 1n, timestamp: timestampMs, value })), histograms: [], exemplars, series: newSeries }),
  };
  const shard = new ScrapeShard({ table, encoders: { series: encoded, samples: encoded, histograms: encoded, exemplars: encoded }, compress: (pieces) => Buffer.concat(pieces), buffer, ...(tenant !== undefined && { tenant }) });
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

  it("claims the times that exemplars have themselves", async () => {
    const exemplar = { metric: "cpu", series: 1n, value: 1, traceId: "", spanId: "", attributes: {} };
    const { buffer, shard } = build([], undefined, [{ ...exemplar, timestamp: 7n }, { ...exemplar, timestamp: 3n }]);
    await shard.take([{ timestampMs: 9, observations: [observation] }]);
    expect(buffer.commits[0]!.batches[1]).toMatchObject({ stream: "exemplars", rows: 2, firstNs: 3n, lastNs: 7n });
  });

  it("makes several batches of what is too much for one, still in one commit", async () => {
    const { buffer, shard } = build();
    await shard.take([{ timestampMs: 9, observations: Array.from({ length: 150_000 }, () => observation) }]);
    expect(buffer.commits.map(({ batches }) => batches.map(({ rows }) => rows))).toEqual([[65_536, 65_536, 18_928]]);
  });

  it("commits nothing for a scrape without observations", async () => {
    const { buffer, shard } = build();
    await shard.observe([{ timestampMs: 5, observations: [] }]);
    expect(buffer.commits).toEqual([]);
  });
});
