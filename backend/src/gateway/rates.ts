/** How much each tenant sent lately: a ring of one-second counts. */

import type { Clock } from "../core/metadata.ts";

const WINDOW_SECONDS = 10;

export interface Rates {
  /** Counts `amount` now and returns the mean per second over the last ten seconds, this one included. */
  add(tenant: string, amount: number): number;
}

interface Ring {
  /** Second of the newest count. */
  second: number;
  readonly counts: Float64Array;
}

const advance = (ring: Ring, second: number): void => {
  const steps = Math.min(second - ring.second, WINDOW_SECONDS);
  for (let i = 1; i <= steps; i++) ring.counts[(ring.second + i) % WINDOW_SECONDS] = 0;
  // More than a window later all ten are stale, wherever the ring stood.
  if (steps === WINDOW_SECONDS) ring.counts.fill(0);
  ring.second = Math.max(ring.second, second);
};

export const createRates = (clock: Clock = Date.now): Rates => {
  const rings = new Map<string, Ring>();
  return {
    add(tenant, amount) {
      const second = Math.floor(clock() / 1000);
      let ring = rings.get(tenant);
      if (!ring) rings.set(tenant, (ring = { second, counts: new Float64Array(WINDOW_SECONDS) }));
      advance(ring, second);
      ring.counts[second % WINDOW_SECONDS]! += amount;
      const sum = ring.counts.reduce((total, count) => total + count, 0);
      return Math.round((sum / WINDOW_SECONDS) * 10) / 10;
    },
  };
};
