import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  NativeFormatError,
  decodeNative,
  encodeExemplars,
  encodeHistograms,
  encodeLogs,
  encodeNative,
  encodeSamples,
  encodeSeries,
  encodeSpans,
  type ExemplarRecord,
  type HistogramPoint,
  type LogRecord,
  type MetricSample,
  type MetricSeries,
  type SpanRecord,
} from "../index.ts";
import { GOLDEN } from "../../testdata/golden.ts";

const KEY = { agent: 0xffff_0000_1234_5678n, epoch: 0xffff_ffff, seq: 1 };
const MAX_64 = 0xffff_ffff_ffff_ffffn;

const text = fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: "binary-ascii" }), fc.constant(""));
const hex = (digits: number) => fc.oneof(fc.constant(""), fc.bigInt(1n, 16n ** BigInt(digits) - 1n).map((value) => value.toString(16).padStart(digits, "0")));
const timestamp = fc.bigInt(0n, 0x7fff_ffff_ffff_ffffn);
const attributes = fc.dictionary(text, text, { maxKeys: 5, noNullPrototype: true });

const log: fc.Arbitrary<LogRecord> = fc.record({
  timestamp,
  observed: timestamp,
  severity: fc.integer({ min: 0, max: 24 }),
  service: text,
  host: text,
  environment: text,
  message: text,
  traceId: hex(32),
  spanId: hex(16),
  pattern: fc.bigInt(0n, MAX_64),
  weight: fc.float({ noNaN: true }),
  attributes,
});
const sample: fc.Arbitrary<MetricSample> = fc.record({
  metric: text,
  series: fc.bigInt(0n, MAX_64),
  timestamp: fc.integer({ min: 0 }),
  value: fc.double(),
});
const series: fc.Arbitrary<MetricSeries> = fc.record({
  metric: text,
  series: fc.bigInt(0n, MAX_64),
  labels: attributes,
  kind: fc.constantFrom("gauge", "counter", "updown"),
  unit: text,
  help: text,
  firstSeen: fc.nat(),
  lastSeen: fc.nat(),
});

const span: fc.Arbitrary<SpanRecord> = fc.record({
  timestamp,
  duration: fc.bigInt(0n, MAX_64),
  traceId: hex(32),
  spanId: hex(16),
  parentSpanId: hex(16),
  traceState: text,
  name: text,
  kind: fc.integer({ min: 0, max: 5 }),
  status: fc.integer({ min: 0, max: 2 }),
  statusMessage: text,
  service: text,
  host: text,
  environment: text,
  scope: text,
  scopeVersion: text,
  weight: fc.float({ noNaN: true }),
  attributes,
  events: fc.array(fc.record({ time: timestamp, name: text, attributes }), { maxLength: 3 }),
  links: fc.array(fc.record({ traceId: hex(32), spanId: hex(16), attributes }), { maxLength: 3 }),
});
const counts = fc.array(fc.bigInt(0n, MAX_64), { maxLength: 5 });
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const histogram: fc.Arbitrary<HistogramPoint> = fc.record({
  metric: text,
  series: fc.bigInt(0n, MAX_64),
  timestamp: fc.nat(),
  start: fc.nat(),
  temporality: fc.integer({ min: 1, max: 2 }),
  count: fc.bigInt(0n, MAX_64),
  sum: fc.double(),
  min: fc.double(),
  max: fc.double(),
  scale: int32,
  zeroCount: fc.bigInt(0n, MAX_64),
  zeroThreshold: fc.double(),
  positiveOffset: int32,
  positiveCounts: counts,
  negativeOffset: int32,
  negativeCounts: counts,
  bounds: fc.array(fc.double(), { maxLength: 5 }),
});
const exemplar: fc.Arbitrary<ExemplarRecord> = fc.record({ metric: text, series: fc.bigInt(0n, MAX_64), timestamp, value: fc.double(), traceId: hex(32), spanId: hex(16), attributes });

const SPAN_NAMES = { traceId: "trace_id", spanId: "span_id", parentSpanId: "parent_span_id", traceState: "trace_state", statusMessage: "status_message", scopeVersion: "scope_version" };
const HISTOGRAM_NAMES = { zeroCount: "zero_count", zeroThreshold: "zero_threshold", positiveOffset: "positive_offset", positiveCounts: "positive_counts", negativeOffset: "negative_offset", negativeCounts: "negative_counts" };

/** A column for each part of events and links. */
const spanColumns = (rows: readonly SpanRecord[]) => ({
  ...expectedColumns(rows.map(({ events: _events, links: _links, ...rest }) => rest), SPAN_NAMES),
  event_time: rows.map(({ events }) => events.map(({ time }) => time)),
  event_name: rows.map(({ events }) => events.map(({ name }) => name)),
  event_attributes: rows.map(({ events }) => events.map((event) => event.attributes)),
  link_trace_id: rows.map(({ links }) => links.map(({ traceId }) => traceId)),
  link_span_id: rows.map(({ links }) => links.map(({ spanId }) => spanId)),
  link_attributes: rows.map(({ links }) => links.map((link) => link.attributes)),
});

/** Records to columns under their wire names. */
const columnsOf = (rows: readonly object[], names: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.keys(rows[0] ?? {}).map((field) => [names[field] ?? field, rows.map((row) => (row as Record<string, unknown>)[field])]),
  );

/** The columns that a block should have, those of its identity included. */
const expectedColumns = (rows: readonly object[], names: Readonly<Record<string, string>> = {}) => ({
  batch: rows.map(() => 0xffff_0000_1234_5678_ffff_ffff_0000_0001n),
  row: rows.map((_, index) => index),
  ...columnsOf(rows, names),
});

const outcomeOf = (body: Uint8Array): string => {
  try {
    decodeNative(body);
    return "rows";
  } catch (error) {
    return (error as Error).name;
  }
};

describe("decodeNative", () => {
  it("gives back logs", () => {
    fc.assert(
      fc.property(fc.array(log, { minLength: 1, maxLength: 6 }), (rows) => {
        expect(decodeNative(encodeLogs(rows, KEY))[0]!.columns).toEqual(expectedColumns(rows, { traceId: "trace_id", spanId: "span_id" }));
      }),
    );
  });

  it("gives back samples", () => {
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 6 }), (rows) => {
        expect(decodeNative(encodeSamples(rows, KEY))[0]!.columns).toEqual(expectedColumns(rows));
      }),
    );
  });

  it("gives back spans, histograms and exemplars", () => {
    fc.assert(
      fc.property(fc.array(span, { minLength: 1, maxLength: 6 }), (rows) => {
        expect(decodeNative(encodeSpans(rows, KEY))[0]!.columns).toEqual(spanColumns(rows));
      }),
    );
    fc.assert(
      fc.property(fc.array(histogram, { minLength: 1, maxLength: 6 }), (rows) => {
        expect(decodeNative(encodeHistograms(rows, KEY))[0]!.columns).toEqual(expectedColumns(rows, HISTOGRAM_NAMES));
      }),
    );
    fc.assert(
      fc.property(fc.array(exemplar, { minLength: 1, maxLength: 6 }), (rows) => {
        expect(decodeNative(encodeExemplars(rows, KEY))[0]!.columns).toEqual(expectedColumns(rows, { traceId: "trace_id", spanId: "span_id" }));
      }),
    );
  });

  it("gives back series", () => {
    fc.assert(
      fc.property(fc.array(series, { minLength: 1, maxLength: 6 }), (rows) => {
        expect(decodeNative(encodeSeries(rows, KEY))[0]!.columns).toEqual(expectedColumns(rows, { firstSeen: "first_seen", lastSeen: "last_seen" }));
      }),
    );
  });

  it("gives back ordinals that travelled in planes as one column, in its place", () => {
    const planar = decodeNative(encodeLogs(GOLDEN.logs, KEY, 0xffff_fe, "planes"));
    const whole = decodeNative(encodeLogs(GOLDEN.logs, KEY, 0xffff_fe));
    expect(planar.map(({ columns }) => Object.entries(columns))).not.toEqual([]);
    expect(Object.keys(planar[0]!.columns)).toEqual(Object.keys(whole[0]!.columns));
    // Ordinals have 24 bits there; an insert has at most 500,000 rows.
    expect(planar[0]!.columns["row"]!.slice(0, 2)).toEqual(whole[0]!.columns["row"]!.slice(0, 2));
  });

  it("gives back no rows", () => {
    const [block] = decodeNative(encodeLogs([], KEY));
    expect(block!.rows).toBe(0);
    expect(Object.values(block!.columns).flat()).toEqual([]);
  });

  it("reads dictionaries of every index width, and several blocks of one body", () => {
    for (const count of [1, 256, 257, 65_537]) {
      const rows = Array.from({ length: count }, (_, row): MetricSample => ({ metric: `m${row}`, series: 1n, timestamp: 0, value: row }));
      const block = encodeSamples(rows, KEY);
      const decoded = decodeNative(Buffer.concat([block, block]));
      expect(decoded.map(({ rows: blockRows }) => blockRows)).toEqual([count, count]);
      expect(decoded[1]!.columns["metric"]).toEqual(rows.map(({ metric }) => metric));
    }
  });

  it("refuses every truncation, and never hangs or takes memory for what is not there", () => {
    const whole = encodeLogs([{ ...GOLDEN.logs[0]! }, { ...GOLDEN.logs[1]! }], KEY);
    const spans = encodeSpans(GOLDEN.spans, KEY);
    for (const body of [whole, spans]) for (let length = 1; length < body.length; length++) expect(() => decodeNative(body.subarray(0, length))).toThrow(NativeFormatError);
  });

  it("answers random damage with rows or a NativeFormatError", () => {
    const whole = encodeLogs([...GOLDEN.logs], KEY);
    fc.assert(
      fc.property(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const damaged = Buffer.from(whole);
        damaged[at] = byte;
        expect(outcomeOf(damaged)).toMatch(/^(?:rows|NativeFormatError)$/);
      }),
    );
  });
});

const golden = (name: string): Buffer => readFileSync(new URL(`../../testdata/${name}.native`, import.meta.url));

describe("encodeNative", () => {
  it.each([
    ["logs", () => encodeLogs(GOLDEN.logs, GOLDEN.key)],
    ["samples", () => encodeSamples(GOLDEN.samples, GOLDEN.key)],
    ["series", () => encodeSeries(GOLDEN.series, GOLDEN.key)],
    ["spans", () => encodeSpans(GOLDEN.spans, GOLDEN.key)],
    ["exemplars", () => encodeExemplars(GOLDEN.exemplars, GOLDEN.key)],
  ])("writes %s of schema version 1 as the golden file has them", (stream, encode) => {
    expect(encode().equals(golden(`${stream}-v1`))).toBe(true);
  });

  it("writes histograms of schema version 3 as the golden file has them; those of version 1 are without bounds", () => {
    expect(encodeHistograms(GOLDEN.histograms, GOLDEN.key).equals(golden("histograms-v3"))).toBe(true);
    const { bounds: _, ...columns } = decodeNative(encodeHistograms(GOLDEN.histograms.slice(0, -1), GOLDEN.key))[0]!.columns;
    expect(decodeNative(golden("histograms-v1"))[0]!.columns).toEqual(columns);
  });

  it("writes logs of schema version 2, with the ordinals in planes, as the golden file has them", () => {
    expect(encodeLogs(GOLDEN.logs, GOLDEN.key, 0, "planes").equals(golden("logs-v2"))).toBe(true);
  });

  it("writes into a buffer that is large enough, and takes columns in pieces", () => {
    const bodies = [Buffer.alloc(16), Buffer.alloc(4), [Buffer.alloc(5), Buffer.alloc(3)], Buffer.alloc(8), Buffer.alloc(8), Buffer.alloc(8)];
    const out = Buffer.alloc(1024);
    const block = encodeNative("samples", bodies, 1, out);
    expect(block.buffer).toBe(out.buffer);
    expect(encodeNative("samples", bodies, 1, Buffer.alloc(3)).equals(block)).toBe(true);
  });
});
