/**
 * Cuts a time range into windows that widen, from the end that is asked for first. The newest 100
 * rows of a tenant are nearly always in the last minutes: asking for those first reads a few
 * granules instead of the day. Each window is eight times as wide as the one before it, so that a
 * range of ten years with nothing in it is eight queries.
 */

import type { TimeRange } from "./validate.ts";

/** The first part of the sorting key is `toStartOfTenMinutes(timestamp)`. */
const ALIGNMENT_NS = 600_000_000_000n;
const GROWTH = 8n;

export type SortOrder = "asc" | "desc";

/** Neighbours share no nanosecond, together they are the range. */
export function* timeWindows({ startNs, endNs }: TimeRange, order: SortOrder): Generator<TimeRange> {
  let widthNs = ALIGNMENT_NS;
  let [low, high] = [startNs, endNs];
  for (; low <= high; widthNs *= GROWTH) {
    if (order === "desc") {
      const from = larger(startNs, floor(high - widthNs));
      yield { startNs: from, endNs: high };
      high = from - 1n;
    } else {
      const to = smaller(endNs, floor(low + widthNs) + ALIGNMENT_NS - 1n);
      yield { startNs: low, endNs: to };
      low = to + 1n;
    }
  }
}

const floor = (ns: bigint): bigint => ns - (((ns % ALIGNMENT_NS) + ALIGNMENT_NS) % ALIGNMENT_NS);
const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);
