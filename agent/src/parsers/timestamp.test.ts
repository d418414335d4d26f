import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TimestampParser } from "./timestamp.ts";

const OFFSET = 7;

const parserOf = (text: string): TimestampParser => new TimestampParser(Buffer.concat([Buffer.from("x".repeat(OFFSET) + text), Buffer.alloc(16)]));

/** ns since 1970, or undefined. */
const parse = (text: string): bigint | undefined => {
  const parser = parserOf(text);
  return parser.parse(OFFSET, OFFSET + text.length) ? BigInt(parser.seconds) * 1_000_000_000n + BigInt(parser.nanoseconds) : undefined;
};

const NOON = 1_717_761_600; // 2024-06-07T12:00:00Z

describe("parse", () => {
  it.each([
    ["2024-06-07T12:00:00Z", NOON, 0],
    ["2024-06-07t12:00:00.5z", NOON, 500_000_000],
    ["2024-06-07 12:00:00,123Z", NOON, 123_000_000],
    ["2024-06-07T12:00:00.123456789Z", NOON, 123_456_789],
    ["2024-06-07T12:00:00.1234567891234Z", NOON, 123_456_789],
    ["2024-06-07T14:30:00+02:30", NOON, 0],
    ["2024-06-07T14:00:00 +0200", NOON, 0],
    ["2024-06-07T04:00:00-08", NOON, 0],
    ["2024-06-07T12:00Z", NOON, 0],
    ["2024-02-29T23:59:60Z", 1_709_251_200, 0],
    ["1970-01-01T00:00:00Z", 0, 0],
    ["1970-01-01T01:00:00+01:00", 0, 0],
    ["2262-04-11T23:47:16.854775807Z", 9_223_372_036, 854_775_807],
    ["1717761600", NOON, 0],
    ["1717761600.25", NOON, 250_000_000],
    ["1717761600123", NOON, 123_000_000],
    ["1717761600123.5", NOON, 123_500_000],
    ["1717761600123456", NOON, 123_456_000],
    ["1717761600123456789", NOON, 123_456_789],
    ["9223372036854775807", 9_223_372_036, 854_775_807],
    ["07/Jun/2024:14:00:00 +0200", NOON, 0],
    ["2024-06-07 12:00:00.5 UTC", NOON, 500_000_000],
    ["Fri, 07 Jun 2024 12:00:00 GMT", NOON, 0],
    ["Fri Jun  7 12:00:00 UTC 2024", NOON, 0],
    ["6/7/2024 12:00:00 PM +00:00", NOON, 0],
  ])("%s", (text, seconds, nanoseconds) => {
    expect(parse(text)).toBe(BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds));
  });

  it.each([
    "", "soon", "12", "12.5", "-1717761600", "1.7e9", "1717761600.", "17177616001234567890", "9223372036854775808", "01717761600",
    "1850-01-01T00:00:00Z", "1969-12-31T23:59:59.999Z", "2262-04-11T23:47:16.854775808Z", "9999-12-31T23:59:59Z",
    "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z", "2024-06-31T00:00:00Z", "2024-06-07T24:00:00Z", "2024-06-07T12:60:00Z",
    "2024-06-07T12:00:00X", "2024-06-07T12:00:00Z ", "2024-06-07X12:00:00Z", "2024-06-07T12:00:00+19:00", "12:00:00.000 of 3", "Jun  7 12:00:00",
  ])("refuses %j", (text) => {
    expect(parse(text)).toBeUndefined();
  }); // prettier-ignore

  it("agrees with Date on every moment and zone", () => {
    const date = fc.date({ min: new Date(0), max: new Date("2262-04-11T00:00:00Z"), noInvalidDate: true });
    fc.assert(
      fc.property(date, fc.integer({ min: -14 * 60, max: 14 * 60 }), (moment, offset) => {
        const local = new Date(moment.getTime() + offset * 60_000);
        fc.pre(local.getTime() >= 0);
        const hours = String(Math.trunc(Math.abs(offset) / 60)).padStart(2, "0");
        const minutes = String(Math.abs(offset) % 60).padStart(2, "0");
        const zone = `${offset < 0 ? "-" : "+"}${hours}:${minutes}`;
        expect(parse(local.toISOString().replace("Z", zone))).toBe(BigInt(moment.getTime()) * 1_000_000n);
        expect(parse(moment.toISOString())).toBe(BigInt(moment.getTime()) * 1_000_000n);
      }),
    );
  });

  it("takes a time without a zone as local", () => {
    fc.assert(
      fc.property(fc.date({ min: new Date("1990-01-01"), max: new Date("2030-01-01"), noInvalidDate: true }), (moment) => {
        const text = moment.toISOString().slice(0, 19);
        expect(parse(text)).toBe(BigInt(new Date(text).getTime()) * 1_000_000n);
      }),
    );
  });
});

/** Year of the time at the start of a line, read at a local time; NaN without one. */
const yearOf = (line: string, now: string): number => {
  const parser = parserOf(line);
  const end = parser.parsePrefix(OFFSET, OFFSET + line.length, new Date(now).getTime() / 1000);
  return end === OFFSET + 15 ? new Date(parser.seconds * 1000).getFullYear() : Number.NaN;
};

describe("parsePrefix", () => {
  it.each([
    ["2024-06-07T12:00:00Z INFO x", "2024-06-07T12:00:00Z"],
    ["[2024-06-07 12:00:00.000 +0000] x", "[2024-06-07 12:00:00.000 +0000"],
    ["07/Jun/2024:12:00:00 +0000 x", "07/Jun/2024:12:00:00 +0000"],
    ["1717761600.000 x", "1717761600.000"],
    ["[1717761600] x", "[1717761600"],
  ])("%s", (line, taken) => {
    const parser = parserOf(line);
    expect(parser.parsePrefix(OFFSET, OFFSET + line.length, NOON)).toBe(OFFSET + taken.length);
    expect([parser.seconds, parser.nanoseconds]).toEqual([NOON, 0]);
  });

  it.each(["", "x", "12 monkeys", "1717761600abc", "Juno 7", "Jun 99 12:00:00 h", "[error] x", "2024-06-07 is a date"])("finds none in %j", (line) => {
    expect(parserOf(line).parsePrefix(OFFSET, OFFSET + line.length, NOON)).toBe(-1);
  });

  it("gives syslog's times the year that is nearest to now", () => {
    expect(yearOf("Jun  7 12:00:00 host app: x", "2024-06-08T00:00:00")).toBe(2024);
    expect(yearOf("Dec 31 23:59:59 host app: x", "2025-01-01T00:00:05")).toBe(2024);
    expect(yearOf("Jan  1 00:00:01 host app: x", "2024-12-31T23:59:50")).toBe(2025);
    expect(yearOf("Feb 29 12:00:00 host app: x", "2025-01-15T00:00:00")).toBe(2024);
  });
});
