import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EARLIEST_NS, formatNs, LATEST_NS, parseTime } from "./time.ts";

/** A Sunday. */
const NOW_MS = Date.UTC(2026, 10, 22, 10, 30, 15, 250);
const ns = (iso: string): bigint => BigInt(Date.parse(iso)) * 1_000_000n;
const parse = (text: string | number, end = false): bigint | undefined => parseTime(text, { nowMs: NOW_MS, end });

describe("times", () => {
  it.each<[string | number, bigint]>([
    ["now", ns("2026-11-22T10:30:15.250Z")],
    ["now-1h", ns("2026-11-22T09:30:15.250Z")],
    ["now+90m-10s", ns("2026-11-22T12:00:05.250Z")],
    ["now-250ms", ns("2026-11-22T10:30:15Z")],
    ["now-1w", ns("2026-11-15T10:30:15.250Z")],
    ["now-9M", ns("2026-02-22T10:30:15.250Z")],
    ["now-1y", ns("2025-11-22T10:30:15.250Z")],
    ["now/d", ns("2026-11-22T00:00:00Z")],
    ["now-1d/d", ns("2026-11-21T00:00:00Z")],
    ["now/w", ns("2026-11-16T00:00:00Z")],
    ["now/M", ns("2026-11-01T00:00:00Z")],
    ["now/y", ns("2026-01-01T00:00:00Z")],
    ["now/h", ns("2026-11-22T10:00:00Z")],
    ["2025-01-16", ns("2025-01-16T00:00:00Z")],
    ["2025-01-16T03:00", ns("2025-01-16T03:00:00Z")],
    ["2025-01-16 03:00:05", ns("2025-01-16T03:00:05Z")],
    ["2025-01-16T03:00:00.123456789Z", ns("2025-01-16T03:00:00Z") + 123_456_789n],
    ["2025-01-16T03:00:00,5+02:00", ns("2025-01-16T01:00:00Z") + 500_000_000n],
    ["2025-01-16T03:00:00-0530", ns("2025-01-16T08:30:00Z")],
    ["1912-06-23", ns("1912-06-23T00:00:00Z")],
    [1_705_363_200, ns("2024-01-16T00:00:00Z")],
    ["1705363200", ns("2024-01-16T00:00:00Z")],
    ["1705363200.000000001", ns("2024-01-16T00:00:00Z") + 1n],
    [1_705_363_200_123, ns("2024-01-16T00:00:00.123Z")],
    ["1705363200123456", ns("2024-01-16T00:00:00.123Z") + 456_000n],
    ["1705363200123456789", ns("2024-01-16T00:00:00.123Z") + 456_789n],
    [0, 0n],
    ["-1.5", -1_500_000_000n],
    ["  now ", ns("2026-11-22T10:30:15.250Z")],
  ])("%s", (text, expected) => expect(parse(text)).toBe(expected));

  it.each<[string, bigint]>([
    ["now/d", ns("2026-11-23T00:00:00Z") - 1n],
    ["now/M", ns("2026-12-01T00:00:00Z") - 1n],
    ["now/w", ns("2026-11-23T00:00:00Z") - 1n],
    ["2025-01-16", ns("2025-01-17T00:00:00Z") - 1n],
    ["2025-01-16T03:00", ns("2025-01-16T03:00:00Z")],
    ["now-1h", ns("2026-11-22T09:30:15.250Z")],
  ])("%s at the end of a range", (text, expected) => expect(parse(text, true)).toBe(expected));

  it("keep to the month where the day is not in it", () => {
    expect(parseTime("now-1M", { nowMs: Date.UTC(2026, 2, 31) })).toBe(ns("2026-02-28T00:00:00Z"));
    expect(parseTime("now+1y", { nowMs: Date.UTC(2024, 1, 29) })).toBe(ns("2025-02-28T00:00:00Z"));
  });

  it.each(["", "x", "now-", "now-1", "now-1x", "now1h", "now//d", "nowish", "2025-02-30", "2025-13-01", "2025-1-1", "2025-01-16T24:00", "2025-01-16T10:61", "1e9", "--1", "1.2.3", "NaN", "1899-12-31", "2300-01-01", "now-900y", "99999999999999999999"])(
    "%j is none",
    (text) => expect(parse(text)).toBeUndefined(),
  );
  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1e300])("%d is none", (value) => expect(parse(value)).toBeUndefined());

  it("never throw and never leave the years of the store", () => {
    const piece = fc.constantFrom("now", "-", "+", "/", "999999999", "1", "y", "M", "w", "d", "ms", "2025", "T", ":", ".", "Z", "e", " ");
    fc.assert(
      fc.property(fc.oneof(fc.array(piece).map((pieces) => pieces.join("")), fc.string(), fc.double()), fc.boolean(), (text, end) => {
        const time = parse(text, end);
        expect(time === undefined || (time >= EARLIEST_NS && time <= LATEST_NS)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it("are printed so that they parse back", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: EARLIEST_NS, max: LATEST_NS }), (time) => {
        expect(parse(formatNs(time))).toBe(time);
      }),
    );
    expect(formatNs(-1n)).toBe("1969-12-31T23:59:59.999999999Z");
  });
});
