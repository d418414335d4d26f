/**
 * Cuts a time range into windows, from the end that is asked for first. The newest 100 rows of a
 * tenant are nearly always in the last minutes: asking for those first reads a few granules instead
 * of the day. How much wider the next window is follows from what the last one held, so that a rare
 * filter takes few steps (each costs some milliseconds however little it reads) and a frequent one
 * reads little: ten years with nothing in them are five windows.
 */

import type { TimeRange } from "./validate.ts";

/** The first part of the sorting key is `toStartOfTenMinutes(timestamp)`. */
const ALIGNMENT_NS = 600_000_000_000n;
const MOST_GROWTH = 64;
const LEAST_GROWTH = 2;
/** Rows come unevenly: ask for more time than the last window's density says. */
const MARGIN = 2;

export type SortOrder = "asc" | "desc";

export class TimeWindows {
  readonly #order: SortOrder;
  #widthNs = ALIGNMENT_NS;
  #lowNs: bigint;
  #highNs: bigint;

  constructor({ startNs, endNs }: TimeRange, order: SortOrder) {
    this.#order = order;
    this.#lowNs = startNs;
    this.#highNs = endNs;
  }

  /** The next window; undefined when the range is used up. Neighbours share no nanosecond. */
  next(): TimeRange | undefined {
    const [low, high] = [this.#lowNs, this.#highNs];
    if (low > high) return undefined;
    if (this.#order === "desc") {
      const from = larger(low, floor(high - this.#widthNs));
      this.#highNs = from - 1n;
      return { startNs: from, endNs: high };
    }
    const to = smaller(high, floor(low + this.#widthNs) + ALIGNMENT_NS - 1n);
    this.#lowNs = to + 1n;
    return { startNs: low, endNs: to };
  }

  /** Says what the last window held, and how many rows are still missing. */
  widen(found: number, missing: number): void {
    const wanted = found === 0 ? MOST_GROWTH : Math.ceil((MARGIN * missing) / found);
    this.#widthNs *= BigInt(Math.min(MOST_GROWTH, Math.max(LEAST_GROWTH, wanted)));
  }
}

const floor = (ns: bigint): bigint => ns - (((ns % ALIGNMENT_NS) + ALIGNMENT_NS) % ALIGNMENT_NS);
const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);
