/**
 * Adds up deltas to values that only grow: one kind of counter for all queries. Forgetting a series,
 * as a restart does, lets it begin again at 0, which queries see as a reset.
 */

import type { Observation } from "../../core/contracts.ts";

export interface DeltaPoint {
  readonly observation: Observation;
  readonly startMs: number;
  readonly timeMs: number;
}

interface Total {
  value: number;
  timeMs: number;
}

const MAX_SERIES = 100_000;
/** A start longer ago says nothing about the window that is looked at. */
const MAX_WINDOW_MS = 3_600_000;

export class Deltas {
  /** In the order of last use. */
  readonly #totals = new Map<string, Total>();
  readonly #maxSeries: number;

  constructor(maxSeries = MAX_SERIES) {
    this.#maxSeries = maxSeries;
  }

  /** The sample of the total, after a 0 at the start of a counter that is new. */
  add({ observation, startMs, timeMs }: DeltaPoint): { readonly timeMs: number; readonly observation: Observation }[] {
    const key = JSON.stringify([observation.metric, observation.labels]);
    const known = this.#totals.get(key);
    const total = known ?? { value: 0, timeMs: 0 };
    this.#totals.delete(key);
    this.#totals.set(key, total);
    if (this.#totals.size > this.#maxSeries) this.#totals.delete(this.#totals.keys().next().value!);
    if (Number.isFinite(observation.value)) total.value += observation.value;
    // A total is never older than what was said before: it would look like a reset.
    total.timeMs = Math.max(total.timeMs, timeMs);
    const sample = { timeMs: total.timeMs, observation: { ...observation, value: total.value } };
    const { exemplars: _, ...series } = observation;
    const hasStart = !known && observation.kind === "counter" && startMs > 0 && startMs < timeMs && timeMs - startMs <= MAX_WINDOW_MS;
    return hasStart ? [{ timeMs: startMs, observation: { ...series, value: 0 } }, sample] : [sample];
  }
}
