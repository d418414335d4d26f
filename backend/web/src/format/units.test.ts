import { describe, expect, it } from "vitest";
import { formatCount, formatShortCount, formatUnit } from "./units.ts";

describe("formatUnit", () => {
  it.each([
    [0, "bytes", "0 B"],
    [1_023, "bytes", "1023 B"],
    [1_024, "bytes", "1 KiB"],
    [1_610_612_736, "bytes", "1.5 GiB"],
    [1e30, "bytes", "888178419700125 PiB"],
    [0, "bytesPerSecond", "0 B/s"],
    [1_000, "bytesPerSecond", "1 kB/s"],
    [12_340_000, "bytesPerSecond", "12.3 MB/s"],
    [0, "fraction", "0 %"],
    [0.1234, "fraction", "12.3 %"],
    [1, "fraction", "100 %"],
    [0.5, "number", "0.5"],
    [123.4, "number", "123"],
    [Number.NaN, "number", "–"],
  ] as const)("%d as %s", (value, unit, expected) => expect(formatUnit(value, unit)).toBe(expected));
});

it.each([
  [7, "7"],
  [9_999, "9,999"],
  [12_345, "12.3 k"],
  [4_500_000, "4.5 M"],
])("counts %d", (value, expected) => expect(formatShortCount(value)).toBe(expected));

it("groups digits", () => expect(formatCount(1_234_567)).toBe("1,234,567"));
