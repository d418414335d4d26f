/** From the backend's sparse histogram to stacked columns for the chart. */

import type { Histogram } from "../../api/types.ts";
import type { ResolvedRange } from "../../time/time-range.ts";
import { LEVELS, NO_LEVEL } from "./levels.ts";

export interface LevelColumns {
  /** Start of each bucket in epoch seconds, without holes. */
  readonly starts: readonly number[];
  readonly intervalMs: number;
  /** Most severe first: the part that must be read exactly stands on the baseline. */
  readonly series: readonly { readonly level: string; readonly counts: readonly number[] }[];
}

/** More columns than pixels help nobody; also a bound on what an answer can make us draw. */
const MAX_COLUMNS = 2_000;

export const toColumns = (histogram: Histogram, { startMs, endMs }: ResolvedRange): LevelColumns => {
  const intervalMs = Math.max(histogram.interval_ms, (endMs - startMs) / MAX_COLUMNS, 1);
  const origin = histogram.buckets[0]?.timestamp ?? startMs;
  const first = origin - Math.ceil((origin - startMs) / intervalMs) * intervalMs;
  const length = Math.max(Math.ceil((endMs - first) / intervalMs), 1);
  const counts = new Map(LEVELS.map((level) => [level, Array.from({ length }, () => 0)]));
  for (const bucket of histogram.buckets) {
    const index = Math.floor((bucket.timestamp - first) / intervalMs);
    if (index < 0 || index >= length) continue;
    for (const [level, count] of Object.entries(bucket.counts)) {
      (counts.get(level) ?? counts.get(NO_LEVEL))![index] += count;
    }
  }
  return {
    starts: Array.from({ length }, (_, i) => (first + i * intervalMs) / 1_000),
    intervalMs,
    series: LEVELS.map((level) => ({ level, counts: counts.get(level)! })).filter((s) => s.counts.some((count) => count > 0)),
  };
};

/** Lines per level over the whole range. */
export const levelTotals = (histogram: Histogram): Readonly<Record<string, number>> => {
  const totals: Record<string, number> = {};
  for (const { counts } of histogram.buckets) {
    for (const [level, count] of Object.entries(counts)) totals[level] = (totals[level] ?? 0) + count;
  }
  return totals;
};
