/** Results in the form of Loki's HTTP API. */

import { formatPlain, FLOAT, timeAt, type Grid, type GridSeries } from "../promql/index.ts";
import type { Entry } from "../logql/index.ts";
import type { LogResult } from "./log-query.ts";
import type { MetricResult } from "./metric-query.ts";

interface Figures {
  readonly rows: number;
  readonly bytes: number;
  readonly entries: number;
  readonly startedMs: number;
}

/** What the evaluator has looked at; what the store counted by itself is not among it. */
const statsOf = ({ rows, bytes, entries, startedMs }: Figures) => {
  const execTime = (performance.now() - startedMs) / 1_000;
  return {
    summary: {
      bytesProcessedPerSecond: Math.round(bytes / execTime), linesProcessedPerSecond: Math.round(rows / execTime), totalBytesProcessed: bytes, totalLinesProcessed: rows, execTime, queueTime: 0, subqueries: 0,
      totalEntriesReturned: entries, splits: 0, shards: 0,
    },
  };
};

const succeed = (data: unknown, warnings: readonly string[]) => ({ status: "success", data, ...(warnings.length > 0 && { warnings }) });

/** Entries with the same labels are a stream. Apart: `stream` has the stream's own, and each entry the others. */
export const streamsOf = (entries: readonly Entry[], categorize: boolean): { stream: Record<string, string>; values: unknown[][] }[] => {
  const streams = new Map<string, { stream: Record<string, string>; values: unknown[][] }>();
  for (const entry of entries) {
    const labels = [...entry.labels(...(categorize ? (["stream"] as const) : []))].sort(([one], [other]) => (one < other ? -1 : 1));
    const key = JSON.stringify(labels);
    let stream = streams.get(key);
    if (!stream) streams.set(key, (stream = { stream: Object.fromEntries(labels), values: [] }));
    stream.values.push([String(entry.timestampNs), entry.line, ...(categorize ? [apart(entry)] : [])]);
  }
  return [...streams.values()];
};

const apart = (entry: Entry): Record<string, Record<string, string>> => {
  const metadata = Object.fromEntries(entry.labels("metadata"));
  const parsed = Object.fromEntries(entry.labels("parsed"));
  return { ...(Object.keys(metadata).length > 0 && { structuredMetadata: metadata }), ...(Object.keys(parsed).length > 0 && { parsed }) };
};

export const logsAnswer = ({ entries, warnings, rows, bytes }: LogResult, categorize: boolean, startedMs: number) =>
  succeed(
    { resultType: "streams", ...(categorize && { encodingFlags: ["categorize-labels"] }), result: streamsOf(entries, categorize), stats: statsOf({ rows, bytes, entries: entries.length, startedMs }) },
    warnings,
  );

const seconds = (ms: number): number => Number((ms / 1_000).toFixed(3));

const valuesOf = ({ kinds, floats }: GridSeries, grid: Grid): [number, string][] => {
  const values: [number, string][] = [];
  for (let step = 0; step < grid.steps; step++) if (kinds[step] === FLOAT) values.push([seconds(timeAt(grid, step)), formatPlain(floats[step]!)]);
  return values;
};

export const instantAnswer = (result: MetricResult, timeMs: number, startedMs: number) => {
  const { rows, bytes, warnings } = result;
  const stats = (entries: number) => statsOf({ rows, bytes, entries, startedMs });
  if (result.type === "scalar") return succeed({ resultType: "scalar", result: [seconds(timeMs), formatPlain(result.values[0]!)], stats: stats(1) }, warnings);
  const samples = result.series.filter(({ kinds }) => kinds[0] === FLOAT).map(({ labels, floats }) => ({ metric: labels.toRecord(), value: [seconds(timeMs), formatPlain(floats[0]!)] }));
  return succeed({ resultType: "vector", result: samples, stats: stats(samples.length) }, warnings);
};

/** A number by itself is a series without labels. */
export const rangeAnswer = (result: MetricResult, grid: Grid, startedMs: number) => {
  const { rows, bytes, warnings } = result;
  const series =
    result.type === "scalar"
      ? [{ metric: {}, values: Array.from(result.values, (value, step) => [seconds(timeAt(grid, step)), formatPlain(value)]) }]
      : result.series.map((one) => ({ metric: one.labels.toRecord(), values: valuesOf(one, grid) })).filter(({ values }) => values.length > 0);
  return succeed({ resultType: "matrix", result: series, stats: statsOf({ rows, bytes, entries: series.length, startedMs }) }, warnings);
};
