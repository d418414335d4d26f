import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeNative, encodeExemplars, encodeHistograms, encodeLogs, encodeSamples, encodeSeries, encodeSpans, NativeFormatError, takeRows } from "../index.ts";
import { GOLDEN } from "../../testdata/golden.ts";

const { key } = GOLDEN;
const repeated = <Row>(rows: readonly Row[], count: number): Row[] => Array.from({ length: count }, (_, index) => rows[index % rows.length]!);

/** A block of so many rows, in each form that travels. */
const ENCODERS: Readonly<Record<string, (count: number) => Buffer>> = {
  logs: (count) => encodeLogs(repeated(GOLDEN.logs, count), key),
  "logs with their ordinals in planes": (count) => encodeLogs(repeated(GOLDEN.logs, count), key, 0xffff, "planes"),
  samples: (count) => encodeSamples(repeated(GOLDEN.samples, count), key),
  series: (count) => encodeSeries(repeated(GOLDEN.series, count), key),
  spans: (count) => encodeSpans(repeated(GOLDEN.spans, count), key),
  histograms: (count) => encodeHistograms(repeated(GOLDEN.histograms, count), key),
  exemplars: (count) => encodeExemplars(repeated(GOLDEN.exemplars, count), key),
};

describe.each(Object.entries(ENCODERS))("takeRows of %s", (_name, encode) => {
  it("gives the rows of the span, and no others", () => {
    const span = fc.tuple(fc.integer({ min: 1, max: 300 }), fc.nat(), fc.nat()).map(([rows, one, other]) => ({ rows, from: Math.min(one % rows, other % rows), to: Math.max(one % rows, other % rows) + 1 }));
    fc.assert(
      fc.property(span, ({ rows, from, to }) => {
        const body = encode(rows);
        const [whole] = decodeNative(body);
        const [taken] = decodeNative(takeRows(body, from, to));
        expect(taken!.rows).toBe(to - from);
        expect(taken!.columns).toEqual(Object.fromEntries(Object.entries(whole!.columns).map(([name, values]) => [name, values.slice(from, to)])));
      }),
      { numRuns: 25 },
    );
  });

  it("gives all rows as the bytes that they were", () => {
    const body = encode(40);
    expect(takeRows(body, 0, 40).equals(body)).toBe(true);
  });

  it("refuses what is cut, what is two blocks, and rows that are not there", () => {
    const body = encode(3);
    for (let length = 1; length < body.length; length++) expect(() => takeRows(body.subarray(0, length), 0, 1)).toThrow(NativeFormatError);
    expect(() => takeRows(Buffer.concat([body, body]), 0, 1)).toThrow(NativeFormatError);
    for (const [from, to] of [[0, 4], [2, 2], [-1, 1], [3, 4]] as const) expect(() => takeRows(body, from, to)).toThrow(NativeFormatError);
  });
});

it("leaves bytes that are not UTF-8 as they are", () => {
  const body = encodeLogs(repeated(GOLDEN.logs.slice(0, 1), 2), key);
  const damaged = Buffer.from(body.toString("latin1").replaceAll("hello", "h\xffll\xfe"), "latin1");
  expect(takeRows(damaged, 1, 2).toString("latin1")).toContain("h\xffll\xfe");
});

it("takes no more than the keys that its rows use", () => {
  const rows = Array.from({ length: 70_000 }, (_, row) => ({ metric: `metric-${row}`, series: 1n, timestamp: 0, value: row }));
  const body = encodeSamples(rows, key);
  const one = takeRows(body, 69_999, 70_000);
  expect(one.length).toBeLessThan(500);
  expect(decodeNative(one)[0]!.columns["metric"]).toEqual(["metric-69999"]);
});
