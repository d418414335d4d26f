import { describe, expect, it } from "vitest";
import { median, percentile, rounded } from "./statistics.ts";

const HUNDRED = Array.from({ length: 100 }, (_, i) => 100 - i);

describe("statistics", () => {
  it.each([
    { values: [3], middle: 3 },
    { values: [9, 1, 5], middle: 5 },
    { values: [4, 1, 3, 2], middle: 2.5 },
  ])("median of $values", ({ values, middle }) => expect(median(values)).toBe(middle));

  it.each([
    { share: 0.5, value: 50 },
    { share: 0.95, value: 95 },
    { share: 1, value: 100 },
    { share: 0, value: 1 },
  ])("percentile $share by nearest rank", ({ share, value }) => expect(percentile(HUNDRED, share)).toBe(value));

  it("rounds", () => expect(rounded(1.23456, 2)).toBe(1.23));
});
