/**
 * How far this host's clock is off, learned from the server time in acknowledgements (schema.md,
 * logs). The server's clock was read between our sending and our receiving, so one answer bounds
 * the difference from both sides, and several bound it closely (as in Marzullo's algorithm). It is
 * read when the answer is made: the truth lies near the bound that receiving gives.
 *
 * Up to a second nothing is done: delays and rounding look like skew, and times on rows should be
 * those that stand in the files. Beyond it, times that this agent makes are corrected.
 */

import type { Clock } from "./clock.ts";

/** Least skew that is corrected and told. */
export const SKEW_THRESHOLD_MS = 1_000;
/** On rows of a host whose clock is off: by how much it was ahead. */
export const SKEW_ATTRIBUTE = "obs.clock_skew_ms";
/** What is applied changes in steps no finer than this, so that rows do not differ for nothing. */
const STEP_MS = 250;
const WINDOW = 16;

export interface ServerTime {
  readonly serverMs: number;
  /** Of this host's wall clock. */
  readonly sentMs: number;
  readonly receivedMs: number;
}

interface Bounds {
  /** Of server clock less ours. */
  readonly low: number;
  readonly high: number;
}

export class ClockSkew {
  #window: Bounds[] = [];
  #offsetMs = 0;

  /** To be added to this host's time; 0 while the clock is right to a second. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** By how much this host's clock is ahead: what stands on rows. */
  get aheadMs(): number {
    return -this.#offsetMs || 0;
  }

  learn({ serverMs, sentMs, receivedMs }: ServerTime): void {
    // The clock was set meanwhile, or the answer has no time.
    if (!Number.isFinite(serverMs) || receivedMs < sentMs) return;
    const bounds = { low: serverMs - receivedMs, high: serverMs - sentMs };
    this.#window = [...this.#window.slice(1 - WINDOW), bounds];
    // Two that exclude each other: one of the clocks was set. Only the last one counts.
    if (this.#low > Math.min(...this.#window.map(({ high }) => high))) this.#window = [bounds];
    const found = Math.abs(this.#low) > SKEW_THRESHOLD_MS ? this.#low : 0;
    if (Math.abs(found - this.#offsetMs) > STEP_MS) this.#offsetMs = Math.round(found);
  }

  get #low(): number {
    return Math.max(...this.#window.map(({ low }) => low));
  }
}

/** For times on rows. Timers and intervals stay as they are. */
export const correctedClock = (clock: Clock, skew: Pick<ClockSkew, "offsetMs">): Clock => ({
  ...clock,
  nowMs: () => clock.nowMs() + skew.offsetMs,
  nowNs: () => clock.nowNs() + BigInt(skew.offsetMs) * 1_000_000n,
});
