import { describe, expect, it } from "vitest";
import { formatNs } from "../../time.ts";
import { dateFormatsOf, formatDate } from "./date-format.ts";
import { DEFAULT_FORMATS, readDateMath } from "./date-math.ts";
import { timeZoneOf } from "./time-zone.ts";

const NOW_MS = Date.UTC(2026, 10, 22, 10, 30);
const read = (text: string | number, { format, zone = "UTC", end = false }: { format?: string; zone?: string; end?: boolean } = {}) =>
  formatNs(readDateMath(text, { nowMs: NOW_MS, formats: format === undefined ? DEFAULT_FORMATS : dateFormatsOf(format), zone: timeZoneOf(zone), end })).replace(/(\.\d*?)0+Z$/, "$1Z").replace(".Z", "Z");

const iso = (ms: number): string => new Date(ms).toISOString();

describe("dates", () => {
  it.each([
    ["now", {}, "2026-11-22T10:30:00Z"],
    ["now-1h/h", {}, "2026-11-22T09:00:00Z"],
    ["now/d", { zone: "America/New_York" }, "2026-11-22T05:00:00Z"],
    ["now/d", { end: true }, "2026-11-22T23:59:59.999999999Z"],
    ["now/w", {}, "2026-11-16T00:00:00Z"],
    ["now+1M-1y/M", {}, "2025-12-01T00:00:00Z"],
    ["2026-01-31||+1M", {}, "2026-02-28T00:00:00Z"],
    ["2026-01-01||+1M/d", {}, "2026-02-01T00:00:00Z"],
    ["2026-11-22", { end: true }, "2026-11-22T23:59:59.999999999Z"],
    ["2026-11", { end: true }, "2026-11-30T23:59:59.999999999Z"],
    ["2026", {}, "2026-01-01T00:00:00Z"],
    ["2024-02", { end: true }, "2024-02-29T23:59:59.999999999Z"],
    ["2026-11-22T10:00:00.5+02:00", {}, "2026-11-22T08:00:00.5Z"],
    ["2026-11-22T10:00", { zone: "+05:30", end: true }, "2026-11-22T04:30:59.999999999Z"],
    ["1795341600000", {}, "2026-11-22T10:00:00Z"],
    [1_795_341_600_000, { end: true }, "2026-11-22T10:00:00.000999999Z"],
    [1_795_341_600, { format: "epoch_second" }, "2026-11-22T10:00:00Z"],
    ["22/11/2026 10:05", { format: "dd/MM/yyyy HH:mm" }, "2026-11-22T10:05:00Z"],
    ["20261122", { format: "yyyy-MM-dd||basic_date" }, "2026-11-22T00:00:00Z"],
  ] as [string | number, object, string][])("%s %j", (text, options, expected) => {
    expect(read(text, options)).toBe(expected);
  });

  it.each(["yesterday", "2026-02-30", "2026-13-01", "now-1q", "now--", "||/d", "", "2300-01-01", "now+999999999y", "NaN", "99999999999999999999"])("refuses %s", (text) => {
    expect(() => read(text)).toThrow(/failed to parse date/);
  });

  it("are cut where clocks change: a day of 25 hours, an hour that comes twice, one that is left out", () => {
    const berlin = timeZoneOf("europe/berlin");
    expect([iso(berlin.toUtc(Date.UTC(2026, 9, 25))), iso(berlin.toUtc(Date.UTC(2026, 9, 26)))]).toEqual(["2026-10-24T22:00:00.000Z", "2026-10-25T23:00:00.000Z"]);
    expect(iso(berlin.toUtc(Date.UTC(2026, 9, 25, 2, 30)))).toBe("2026-10-25T00:30:00.000Z");
    expect(iso(berlin.toUtc(Date.UTC(2026, 2, 29, 2, 30)))).toBe("2026-03-29T01:30:00.000Z");
  });

  it("are written in formats and zones", () => {
    const ms = Date.UTC(2026, 10, 2, 3, 4, 5, 67);
    const written = (format: string, zone: string): string => formatDate(ms, dateFormatsOf(format)[0]!, timeZoneOf(zone));
    expect(["strict_date_optional_time", "epoch_millis", "epoch_second", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "d.M.yy H:m", "''yyyy"].map((format) => written(format, "Asia/Kolkata"))).toEqual(["2026-11-02T08:34:05.067+05:30", String(ms), String(Math.floor(ms / 1_000)), "2026-11-02T08:34:05.067+05:30", "2.11.26 8:34", "'2026"]);
    expect(() => written("yyyy QQQ", "UTC")).toThrow(/Unknown pattern letter/);
    expect(() => timeZoneOf("Mars/Olympus")).toThrow(/no time zone/);
  });
});
