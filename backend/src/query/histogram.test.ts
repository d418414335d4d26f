import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fillBuckets, planBuckets } from "./histogram.ts";
import { EARLIEST_NS, LATEST_NS } from "./time.ts";

const MS = 1_000_000n;

describe("buckets", () => {
  it.each([
    [3_600_000, 60, 60_000],
    [3_600_000, 30, 120_000],
    [86_400_000, 60, 1_800_000],
    [7 * 86_400_000, 100, 7_200_000],
    [1_000, 60, 20],
    [0, 60, 1],
    [100 * 365 * 86_400_000, 10, 10 * 365 * 86_400_000],
  ])("of %i ms in at most %i are %i ms long", (spanMs, atMost, intervalMs) => {
    expect(planBuckets({ startNs: 0n, endNs: BigInt(spanMs) * MS }, atMost).intervalMs).toBe(intervalMs);
  });

  it("cover the range, start on multiples of their length, and are no more than asked for and one", () => {
    const instant = fc.bigInt({ min: EARLIEST_NS, max: LATEST_NS });
    fc.assert(
      fc.property(instant, instant, fc.integer({ min: 1, max: 1_000 }), (a, b, atMost) => {
        const range = a < b ? { startNs: a, endNs: b } : { startNs: b, endNs: a };
        const { intervalMs, firstMs, count } = planBuckets(range, atMost);
        expect(Math.abs(firstMs % intervalMs)).toBe(0);
        expect(BigInt(firstMs) * MS).toBeLessThanOrEqual(range.startNs);
        expect(BigInt(firstMs + count * intervalMs) * MS).toBeGreaterThan(range.endNs);
        expect(count).toBeLessThanOrEqual(atMost + 2);
      }),
    );
  });

  it("hold the severities of a level together", () => {
    const plan = { intervalMs: 10, firstMs: 100, count: 3 };
    const counts = [
      { bucket: 0, severity: 17, count: 1 },
      { bucket: 0, severity: 20, count: 2 },
      { bucket: 2, severity: 0, count: 4 },
    ];
    expect(fillBuckets(plan, counts)).toEqual({
      interval_ms: 10,
      buckets: [
        { timestamp: 100, counts: { ERROR: 3 } },
        { timestamp: 110, counts: {} },
        { timestamp: 120, counts: { "": 4 } },
      ],
    });
  });
});
