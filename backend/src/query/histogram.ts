/** Counts over time by level: the interval, the buckets, and the empty ones among them. */

import { levelOf } from "@obs/wire";
import type { Histogram } from "../core/queries.ts";
import type { TimeRange } from "./validate.ts";

const NS_PER_MS = 1_000_000n;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Lengths that people read off an axis. */
const NICE_INTERVALS_MS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500,
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 30, 90, 365].map((n) => n * DAY),
];

export interface BucketPlan {
  readonly intervalMs: number;
  /** Start of the first bucket, a multiple of the interval. */
  readonly firstMs: number;
  readonly count: number;
}

/** Counts of one bucket and severity, as the store gives them. */
export interface SeverityCount {
  readonly bucket: number;
  readonly severity: number;
  readonly count: number;
}

/** BigInt division rounds towards 1970. */
const floorMs = (ns: bigint): number => Number(ns / NS_PER_MS) - (ns % NS_PER_MS < 0n ? 1 : 0);

/** The shortest nice interval that needs no more than `atMost` buckets (one more where the range is not aligned). */
export const planBuckets = ({ startNs, endNs }: TimeRange, atMost: number): BucketPlan => {
  const startMs = floorMs(startNs);
  const endMs = floorMs(endNs);
  const longest = NICE_INTERVALS_MS.at(-1)!;
  const intervalMs = NICE_INTERVALS_MS.find((interval) => (endMs - startMs) / interval <= atMost) ?? longest * Math.ceil((endMs - startMs) / longest / atMost);
  const firstMs = Math.floor(startMs / intervalMs) * intervalMs;
  return { intervalMs, firstMs, count: Math.floor((endMs - firstMs) / intervalMs) + 1 };
};

export const fillBuckets = ({ intervalMs, firstMs, count }: BucketPlan, counts: readonly SeverityCount[]): Histogram => {
  const buckets = Array.from({ length: count }, (_, i) => ({ timestamp: firstMs + i * intervalMs, counts: {} as Record<string, number> }));
  for (const { bucket, severity, count: rows } of counts) {
    const levels = buckets[bucket]!.counts;
    levels[levelOf(severity)] = (levels[levelOf(severity)] ?? 0) + rows;
  }
  return { interval_ms: intervalMs, buckets };
};
