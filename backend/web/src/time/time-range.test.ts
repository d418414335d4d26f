import { describe, expect, it } from "vitest";
import { absoluteRange, DEFAULT_RANGE, followsClock, QUICK_RANGES, resolveInstant, resolveRange, stepSeconds, zoomOut } from "./time-range.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");
const HOUR = 3_600_000;

describe("resolveInstant", () => {
  it.each([
    ["now", NOW],
    ["now-30s", NOW - 30_000],
    ["now-15m", NOW - 900_000],
    ["now-7d", NOW - 7 * 24 * HOUR],
    ["2026-11-22T11:00:00.250Z", NOW - HOUR + 250],
    ["now-", undefined],
    ["now-5y", undefined],
    ["yesterday-ish", undefined],
    ["", undefined],
  ])("%j", (text, expected) => expect(resolveInstant(text, NOW)).toBe(expected));
});

describe("resolveRange", () => {
  it("takes every quick range", () => {
    for (const { from } of QUICK_RANGES) expect(resolveRange({ from, to: "now" }, NOW).endMs).toBe(NOW);
  });
  it.each([
    { from: "now", to: "now-1h" },
    { from: "rubbish", to: "now" },
    { from: "now-1h", to: "" },
  ])("falls back to the default for $from .. $to", (range) => {
    expect(resolveRange(range, NOW)).toEqual(resolveRange(DEFAULT_RANGE, NOW));
  });
});

it("says which ranges move with the clock", () => {
  expect(followsClock(DEFAULT_RANGE)).toBe(true);
  expect(followsClock(absoluteRange(NOW - HOUR, NOW))).toBe(false);
});

describe("zoomOut", () => {
  it("doubles a range around its middle", () => {
    const range = zoomOut({ startMs: NOW - 10 * HOUR, endMs: NOW - 8 * HOUR }, NOW);
    expect(resolveRange(range, NOW)).toEqual({ startMs: NOW - 11 * HOUR, endMs: NOW - 7 * HOUR });
  });
  it("grows into the past when it reaches now", () => {
    const range = zoomOut({ startMs: NOW - 2 * HOUR, endMs: NOW }, NOW);
    expect(resolveRange(range, NOW)).toEqual({ startMs: NOW - 4 * HOUR, endMs: NOW });
  });
});

describe("stepSeconds", () => {
  it.each([
    [5 * 60_000, 10],
    [HOUR, 20],
    [24 * HOUR, 600],
    [7 * 24 * HOUR, 3_600],
    [10_000 * 24 * HOUR, 86_400],
  ])("%d ms in 200 points", (lengthMs, expected) => {
    expect(stepSeconds({ startMs: NOW - lengthMs, endMs: NOW }, 200)).toBe(expected);
  });
});
