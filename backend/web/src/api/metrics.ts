/** Reads of metrics and hosts. */

import { get, type QueryParameters } from "./client.ts";
import type { Host, MetricAnswer } from "./types.ts";

export interface MetricQuery {
  readonly metric: string;
  readonly fn: "avg" | "min" | "max" | "sum" | "last" | "rate";
  readonly by: readonly string[];
  /** `label:value` or `label!:value`. */
  readonly match: readonly string[];
}

export interface TimeSpan {
  readonly startMs: number;
  readonly endMs: number;
}

const span = ({ startMs, endMs }: TimeSpan): QueryParameters => [
  ["start", new Date(startMs).toISOString()],
  ["end", new Date(endMs).toISOString()],
];

export const readMetric = (query: MetricQuery, range: TimeSpan, stepSeconds: number, signal: AbortSignal): Promise<MetricAnswer> =>
  get<MetricAnswer>(
    "/api/v1/metrics/query_range",
    [
      ["metric", query.metric],
      ...span(range),
      ["step", String(stepSeconds)],
      ["fn", query.fn],
      ...(query.by.length === 0 ? [] : [["by", query.by.join(",")] as const]),
      ...query.match.map((match) => ["match", match] as const),
    ],
    signal,
  );

export const readHosts = async (range: TimeSpan, signal: AbortSignal): Promise<readonly Host[]> =>
  (await get<{ hosts: readonly Host[] }>("/api/v1/hosts", span(range), signal)).hosts;
