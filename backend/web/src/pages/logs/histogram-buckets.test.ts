import { describe, expect, it } from "vitest";
import { levelTotals, toColumns } from "./histogram-buckets.ts";

const MINUTE = 60_000;

describe("toColumns", () => {
  const histogram = {
    interval_ms: MINUTE,
    buckets: [
      { timestamp: 3 * MINUTE, counts: { ERROR: 2, INFO: 5 } },
      { timestamp: 5 * MINUTE, counts: { INFO: 1, STRANGE: 4 } },
    ],
  };

  it("fills the holes and keeps to the backend's grid", () => {
    const columns = toColumns(histogram, { startMs: 1.5 * MINUTE, endMs: 6.5 * MINUTE });
    expect(columns.starts).toEqual([60, 120, 180, 240, 300, 360]);
    expect(columns.series).toEqual([
      { level: "ERROR", counts: [0, 0, 2, 0, 0, 0] },
      { level: "INFO", counts: [0, 0, 5, 0, 1, 0] },
      { level: "", counts: [0, 0, 0, 0, 4, 0] },
    ]);
  });
  it("draws an empty range as empty columns", () => {
    const columns = toColumns({ interval_ms: MINUTE, buckets: [] }, { startMs: 0, endMs: 10 * MINUTE });
    expect(columns.starts).toHaveLength(10);
    expect(columns.series).toEqual([]);
  });
  it("bounds the columns, leaves out strays, keeps every count inside", () => {
    const columns = toColumns({ interval_ms: 1, buckets: [{ timestamp: 500, counts: { INFO: 3 } }, { timestamp: 9e9, counts: { INFO: 1 } }] }, { startMs: 0, endMs: 1e7 });
    expect(columns.starts.length).toBeLessThanOrEqual(2_001);
    expect(columns.series[0].counts.reduce((sum, count) => sum + count)).toBe(3);
  });
  it("sums per level", () => expect(levelTotals(histogram)).toEqual({ ERROR: 2, INFO: 6, STRANGE: 4 }));
});
