/** The range of time that a filter leaves: Elasticsearch's searches have none of their own. */

import type { LogFilter } from "../../filter.ts";
import { EARLIEST_NS } from "../../time.ts";
import type { TimeRange } from "../../validate.ts";

/** Rows may be ahead of the clock by a tenant's policy, a week at most. */
const AHEAD_MS = 8 * 86_400_000;

/** Rows outside it do not match. `endNs` < `startNs`: no row does. */
export const timeBounds = (filter: LogFilter, nowMs: number): TimeRange => narrowed(filter, { startNs: EARLIEST_NS, endNs: BigInt(nowMs + AHEAD_MS) * 1_000_000n });

const narrowed = (filter: LogFilter, range: TimeRange): TimeRange => {
  if (filter.kind === "and") return filter.items.reduce((left, item) => narrowed(item, left), range);
  if (filter.kind !== "time-range" || filter.column !== "timestamp") return range;
  const { from, to } = filter.interval;
  const startNs = from === undefined ? range.startNs : larger(range.startNs, from.inclusive ? from.value : from.value + 1n);
  const endNs = to === undefined ? range.endNs : smaller(range.endNs, to.inclusive ? to.value : to.value - 1n);
  return { startNs, endNs };
};

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);
