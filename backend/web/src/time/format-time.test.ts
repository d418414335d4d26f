import { describe, expect, it } from "vitest";
import { formatAge, formatFullTime, formatRowTime, toInputValue } from "./format-time.ts";

/** An ISO instant whose local reading is known in whatever zone the tests run. */
const local = (fraction: string): string => {
  const date = new Date(2026, 10, 22, 14, 3, 7);
  return `${date.toISOString().slice(0, 19)}.${fraction}Z`;
};

describe("row and full times", () => {
  it("shows milliseconds in rows", () => {
    expect(formatRowTime(local("042123456"), false)).toBe("14:03:07.042");
    expect(formatRowTime(local("042123456"), true)).toBe("11-22 14:03:07.042");
  });
  it("keeps all digits in full", () => {
    expect(formatFullTime(local("000000001"))).toMatch(/^2026-11-22 14:03:07\.000000001 [+-]\d\d:\d\d$/);
    expect(formatFullTime(local("5"))).toContain("07.5 ");
  });
  it("shows what it cannot read as it is", () => {
    expect(formatRowTime("soon", false)).toBe("soon");
    expect(formatFullTime("soon")).toBe("soon");
  });
  it("round-trips an input's value", () => {
    const ms = new Date(2026, 0, 2, 3, 4, 5).getTime();
    expect(toInputValue(ms)).toBe("2026-01-02T03:04:05");
    expect(Date.parse(toInputValue(ms))).toBe(ms);
  });
});

describe("formatAge", () => {
  it.each([
    [500, "now"],
    [5_000, "5 s ago"],
    [185_000, "3 min ago"],
    [7_300_000, "2 h ago"],
    [3 * 86_400_000, "3 d ago"],
    [-60_000, "in 1 min"],
  ])("%d ms", (age, expected) => expect(formatAge(0, age)).toBe(expected));
});
