/** Batches as the door hands them to delivery, for tests. */

import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { type BatchKey, encodeExemplars, encodeHistograms, encodeLogs, encodeSamples, encodeSeries, encodeSpans, type LogRecord, PART_SCHEMA_VERSION, schemaVersionOf, type Stream, takeRows } from "@obs/wire";
import { GOLDEN } from "../../agent/wire/testdata/golden.ts";
import type { IncomingBatch, TenantPolicy } from "../src/core/contracts.ts";

const DAY_NS = 86_400_000_000_000n;

export const nowNs = (): bigint => BigInt(Date.now()) * 1_000_000n;
export const daysAgo = (days: number): bigint => nowNs() - BigInt(days) * DAY_NS;

export const policyOf = (tenant: string, changes: Partial<TenantPolicy> = {}): TenantPolicy => ({
  tenant,
  version: 1,
  retentionDays: { logs: 30, samples: 30 },
  maxFutureMs: 3_600_000,
  limits: { rowsPerMinute: 1e9, bytesPerMinute: 1e12 },
  queryLimits: { atOnce: 8, seconds: 60, memoryBytes: null, rows: null },
  ...changes,
});

let nextSeq = 1;
export const newKey = (): BatchKey => ({ agent: 0xa11ce5n, epoch: 7, seq: nextSeq++ });

export const logRecord = (timestamp: bigint, message: string): LogRecord => ({
  timestamp,
  observed: timestamp,
  severity: 9,
  service: "api",
  host: "web-01",
  environment: "test",
  message,
  traceId: "",
  spanId: "",
  pattern: 0n,
  weight: 1,
  attributes: { path: "/users" },
});

const envelope = (tenant: string, stream: Stream, key: BatchKey, raw: Buffer, rows: number): IncomingBatch => ({
  policy: policyOf(tenant),
  stream,
  schema: schemaVersionOf(stream, false),
  key,
  rows,
  rawBytes: raw.length,
  attempt: 1,
  firstNs: nowNs(),
  lastNs: nowNs(),
  body: zstdCompressSync(raw),
  sourceIp: "192.0.2.7",
});

/** One row per timestamp; the ordinals in planes, as agents send them, but for schema version 1. */
export const logBatch = (tenant: string, timestamps: readonly bigint[], changes: Partial<IncomingBatch> = {}): IncomingBatch => {
  const key = changes.key ?? newKey();
  const raw = encodeLogs(timestamps.map((timestamp, row) => logRecord(timestamp, `line ${key.seq}/${row}`)), key, 0, changes.schema === 1 ? "whole" : "planes");
  const sorted = timestamps.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return { ...envelope(tenant, "logs", key, raw, timestamps.length), firstNs: sorted[0]!, lastNs: sorted.at(-1)!, ...changes };
};

/** `count` rows from now on, 1 us apart. */
export const recent = (count: number, from = nowNs()): bigint[] => Array.from({ length: count }, (_, i) => from + BigInt(i) * 1000n);

export const sampleBatch = (tenant: string, timestampsMs: readonly number[]): IncomingBatch => {
  const key = newKey();
  const raw = encodeSamples(timestampsMs.map((timestamp, i) => ({ metric: "cpu", series: 42n, timestamp, value: i })), key);
  const ns = timestampsMs.map((ms) => BigInt(ms) * 1_000_000n);
  return { ...envelope(tenant, "samples", key, raw, timestampsMs.length), firstNs: ns[0]!, lastNs: ns.at(-1)! };
};

/** One span per start. */
export const spanBatch = (tenant: string, starts: readonly bigint[], traceId = "e21213e17af35d876317b74b510a1b46"): IncomingBatch => {
  const key = newKey();
  const rows = starts.map((timestamp, row) => ({ ...GOLDEN.spans[0]!, timestamp, traceId, spanId: (row + 1).toString(16).padStart(16, "0") }));
  const sorted = starts.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return { ...envelope(tenant, "spans", key, encodeSpans(rows, key), rows.length), firstNs: sorted[0]!, lastNs: sorted.at(-1)! };
};

export const histogramBatch = (tenant: string, timestampsMs: readonly number[]): IncomingBatch => {
  const key = newKey();
  const rows = timestampsMs.map((timestamp) => ({ ...GOLDEN.histograms[0]!, timestamp }));
  const ns = timestampsMs.map((ms) => BigInt(ms) * 1_000_000n);
  return { ...envelope(tenant, "histograms", key, encodeHistograms(rows, key), rows.length), firstNs: ns[0]!, lastNs: ns.at(-1)! };
};

/** One exemplar per time. */
export const exemplarBatch = (tenant: string, timestamps: readonly bigint[]): IncomingBatch => {
  const key = newKey();
  const rows = timestamps.map((timestamp) => ({ ...GOLDEN.exemplars[0]!, timestamp }));
  const sorted = timestamps.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return { ...envelope(tenant, "exemplars", key, encodeExemplars(rows, key), rows.length), firstNs: sorted[0]!, lastNs: sorted.at(-1)! };
};

export const seriesBatch = (tenant: string, series: readonly bigint[]): IncomingBatch => {
  const key = newKey();
  const rows = series.map((id) => ({
    metric: "cpu", series: id, labels: { host: "web-01" }, kind: "gauge" as const, unit: "1", help: "", firstSeen: Date.now(), lastSeen: Date.now(),
  }));
  return envelope(tenant, "series", key, encodeSeries(rows, key), series.length);
};

/** Rows `first` to `end` of a batch, as an agent sends them when the whole is too large. */
export const partOf = (batch: IncomingBatch, first: number, end: number): IncomingBatch => ({
  ...withRaw(batch, takeRows(zstdDecompressSync(batch.body), first, end)),
  part: { first, end },
  rows: end - first,
  schema: PART_SCHEMA_VERSION,
  attempt: 2,
});

/** The body of a batch replaced by other uncompressed bytes, with headers that fit them. */
export const withRaw = (batch: IncomingBatch, raw: Buffer): IncomingBatch => ({ ...batch, rawBytes: raw.length, body: zstdCompressSync(raw) });
