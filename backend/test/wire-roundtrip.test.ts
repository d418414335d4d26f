/** What the wire's encoders write, read back by the real ClickHouse: equal, at every edge. */

import { STREAMS, decodeNative, encodeExemplars, encodeHistograms, encodeLogs, encodeSamples, encodeSeries, encodeSpans, seriesId, xxHash64, type LogRecord, type MetricSample, type MetricSeries, type Stream } from "@obs/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GOLDEN } from "../../agent/wire/testdata/golden.ts";
import { startTestStore, type TestStore } from "../src/testing.ts";

const KEY = { agent: 0xffff_ffff_ffff_ffffn, epoch: 0xffff_ffff, seq: 0xffff_ffff };
const LAST_NS = 0x7fff_ffff_ffff_ffffn;
const MAX_64 = 0xffff_ffff_ffff_ffffn;
const MEBIBYTE = 1024 * 1024;

const log = (fields: Partial<LogRecord> = {}): LogRecord => ({
  timestamp: 1_700_000_000_123_456_789n,
  observed: 1_700_000_001_000_000_000n,
  severity: 9,
  service: "api",
  host: "web-01",
  environment: "prod",
  message: "hello",
  traceId: "e21213e17af35d876317b74b510a1b46",
  spanId: "193a26cc1d3c3d61",
  pattern: 0n,
  weight: 1,
  attributes: { "context.endpoint": "/api/users" },
  ...fields,
});

const LOGS: Readonly<Record<string, LogRecord[]>> = {
  "no rows": [],
  "one row": [log()],
  "nothing but empty values": [log({ service: "", host: "", environment: "", message: "", traceId: "", spanId: "", attributes: {}, severity: 0 })],
  "the first and the last moment": [log({ timestamp: 0n, observed: LAST_NS }), log({ timestamp: LAST_NS, observed: 0n })],
  "0 and 2^64-1, and weights": [log({ pattern: 0n, weight: 0 }), log({ pattern: MAX_64, weight: 12.5 })],
  "NUL, four-byte UTF-8, line ends": [log({ message: "\0a\r\n\u{1f600}\ufffd", service: "\u{1f600}", attributes: { "": "", "k\0": "\0", ключ: "\u{1f600}" } })],
  "a message of 1 MB": [log({ message: "\u{1f600}".repeat(MEBIBYTE / 4), attributes: { long: "v".repeat(MEBIBYTE) } })],
  "rows with and without attributes": [log({ attributes: {} }), log({ attributes: { a: "1", b: "2" } }), log({ attributes: {} }), log()],
  "more than 256 services and keys": Array.from({ length: 700 }, (_, row) => log({ service: `s${row}`, attributes: { [`k${row}`]: String(row), same: "x" } })),
  "more than 65,536 rows and keys": Array.from({ length: 66_000 }, (_, row) => log({ message: "", service: `s${row}`, attributes: { [`k${row}`]: "" } })),
};

const SAMPLES: MetricSample[] = [
  { metric: "m", series: 0n, timestamp: 0, value: 0 },
  { metric: "", series: MAX_64, timestamp: 9_223_372_036_854, value: Number.MAX_VALUE },
  { metric: "\u{1f600}", series: 1n, timestamp: 1_700_000_000_123, value: -5e-324 },
];

const SERIES: MetricSeries[] = [
  { metric: "m", series: 0n, labels: {}, kind: "gauge", unit: "", help: "", firstSeen: 0, lastSeen: 0 },
  { metric: "", series: MAX_64, labels: { "": "", device: "\u{1f600}\0" }, kind: "counter", unit: "By", help: "\0", firstSeen: 1, lastSeen: 9_223_372_036_854 },
];

let store: TestStore;
beforeAll(async () => {
  store = await startTestStore();
});
afterAll(() => store.stop());

const post = async (text: string, body?: Uint8Array): Promise<Buffer> => {
  const { writer } = store.users;
  const response = await fetch(`${store.url}/?database=obs&query=${encodeURIComponent(text)}`, {
    method: "POST",
    headers: { "x-clickhouse-user": writer.username, "x-clickhouse-key": writer.password },
    ...(body && { body }),
  });
  const answer = Buffer.from(await response.arrayBuffer());
  if (!response.ok) throw new Error(answer.toString());
  return answer;
};

/** Stores the block in a table of the wire's own types, and reads it back in Native. */
const throughClickHouse = async (stream: Stream, block: Uint8Array) => {
  const columns = STREAMS[stream].map(({ name, type }) => `${name} ${type}`).join(", ");
  await post(`DROP TABLE IF EXISTS wire_${stream}`);
  await post(`CREATE TABLE wire_${stream} (${columns}) ENGINE = MergeTree ORDER BY row SETTINGS min_bytes_for_wide_part = 0`);
  await post(`INSERT INTO wire_${stream} SELECT * FROM input('${columns.replaceAll("'", "\\'")}') FORMAT Native`, block);
  return joined(await post(`SELECT * FROM wire_${stream} ORDER BY row FORMAT Native`));
};

/** All blocks of a body as one table of columns. */
const joined = (body: Uint8Array): Record<string, unknown[]> => {
  const columns: Record<string, unknown[]> = {};
  for (const block of decodeNative(body))
    for (const [name, values] of Object.entries(block.columns)) columns[name] = (columns[name] ?? []).concat(values);
  return columns;
};

describe("the real ClickHouse", () => {
  it.each(Object.entries(LOGS))("reads logs back equal: %s", async (_, rows) => {
    const block = encodeLogs(rows, KEY);
    expect(await throughClickHouse("logs", block)).toEqual(rows.length > 0 ? joined(block) : {});
  });

  it("reads logs back as the records that were encoded, by its own account", async () => {
    await throughClickHouse("logs", encodeLogs([log({ timestamp: LAST_NS, pattern: MAX_64, message: "\0\u{1f600}" })], KEY, 41));
    const [row] = await store.query(
      "SELECT toString(batch) AS batch, row, toString(timestamp) AS timestamp, hex(message) AS message, hex(trace_id) AS trace, toString(pattern) AS pattern, attributes['context.endpoint'] AS endpoint FROM obs.wire_logs",
    );
    expect(row).toEqual({
      batch: String(2n ** 128n - 1n),
      row: 41,
      timestamp: "2262-04-11 23:47:16.854775807",
      message: "00F09F9880",
      trace: "E21213E17AF35D876317B74B510A1B46",
      pattern: String(MAX_64),
      endpoint: "/api/users",
    });
  });

  it("reads samples and series back equal", async () => {
    const samples = encodeSamples(SAMPLES, KEY);
    expect(await throughClickHouse("samples", samples)).toEqual(joined(samples));
    const series = encodeSeries(SERIES, KEY);
    expect(await throughClickHouse("series", series)).toEqual(joined(series));
  });

  it("reads spans, histograms and exemplars back equal, with and without elements in their arrays", async () => {
    for (const rows of [GOLDEN.spans, GOLDEN.spans.slice(1, 2), GOLDEN.spans.slice(3)]) {
      const spans = encodeSpans(rows, KEY);
      expect(await throughClickHouse("spans", spans)).toEqual(joined(spans));
    }
    const histograms = encodeHistograms(GOLDEN.histograms, KEY);
    expect(await throughClickHouse("histograms", histograms)).toEqual(joined(histograms));
    const exemplars = encodeExemplars(GOLDEN.exemplars, KEY);
    expect(await throughClickHouse("exemplars", exemplars)).toEqual(joined(exemplars));
  });

  it("hashes as the wire does, at every length", async () => {
    const rows = await store.query<{ n: number; hash: string }>("SELECT toUInt32(number) AS n, toString(xxHash64(substring(repeat('aé7 ', 30), 1, number))) AS hash FROM numbers(100)");
    const bytes = Buffer.from("aé7 ".repeat(30));
    expect(rows.map(({ hash }) => hash)).toEqual(rows.map(({ n }) => String(xxHash64(bytes.subarray(0, n)))));
    const [series] = await store.query<{ id: string }>("SELECT toString(xxHash64(concat('m', '\\0', 'host', '\\0', 'b', '\\0', 'state', '\\0', 'é', '\\0'))) AS id");
    expect(series!.id).toBe(String(seriesId("m", { state: "é", host: "b" })));
  });
});
