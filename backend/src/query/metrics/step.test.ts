import { describe, expect, it } from "vitest";
import { defaultStepSeconds, gridOf, MAX_POINTS, parseStep } from "./step.ts";

const seconds = (startSeconds: number, endSeconds: number) => ({ startNs: BigInt(startSeconds) * 1_000_000_000n, endNs: BigInt(endSeconds) * 1_000_000_000n });

describe("a step", () => {
  it.each([
    ["15", 15],
    ["15s", 15],
    ["5m", 300],
    ["1h", 3_600],
    ["1d", 86_400],
    ["1w", 604_800],
  ])("%s", (text, expected) => expect(parseStep(text)).toBe(expected));

  it.each(["", "0", "0s", "-5", "1.5", "5x", "m", "1 m", "999999999w", "1e3"])("%j is none", (text) => expect(parseStep(text)).toBeUndefined());

  it("by default is nice, not below a sample's and within the limits for any range", () => {
    for (let span = 1; span < 400 * 365 * 86_400; span *= 3) {
      const range = seconds(0, span);
      const step = defaultStepSeconds(range);
      expect(step).toBeGreaterThanOrEqual(10);
      expect(gridOf(range, step).points).toBeLessThanOrEqual(MAX_POINTS);
    }
  });
});

describe("the grid", () => {
  it.each([
    [seconds(0, 60), 60, { first: 0, last: 60, step: 60, points: 2 }],
    [seconds(1, 119), 60, { first: 60, last: 60, step: 60, points: 1 }],
    [seconds(61, 119), 60, { first: 120, last: 60, step: 60, points: 0 }],
    [{ startNs: 1n, endNs: 59_999_999_999n }, 30, { first: 30, last: 30, step: 30, points: 1 }],
  ])("case %#", (range, step, grid) => expect(gridOf(range, step)).toEqual(grid));
});
