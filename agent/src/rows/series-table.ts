/** Observations to samples of series; a series itself travels when it is new or due. */

import { seriesId, type MetricSample, type MetricSeries } from "@obs/wire";
import type { Observation } from "../core/contracts.ts";

/** A series is told again once a day, so that the store can let old ones expire. */
export const SERIES_INTERVAL_MS = 24 * 3600 * 1000;
/** Beyond this the series seen longest ago are forgotten; they only travel again. */
const MAX_SERIES = 100_000;

/** What a scrape comes to: rows of two streams. */
export interface ObservedRows {
  readonly samples: MetricSample[];
  readonly series: MetricSeries[];
}

interface KnownSeries {
  readonly id: bigint;
  readonly firstSeenMs: number;
  sentMs: number;
}

/** The series of this process: their ids, and when each was last sent. */
export class SeriesTable {
  /** Observations whose value was not finite: they have no place in a sample and were left out. */
  notFinite = 0;
  /** By metric and labels as written; the order of insertion is the order of last use. */
  readonly #known = new Map<string, KnownSeries>();
  readonly #maxSeries: number;

  constructor(maxSeries = MAX_SERIES) {
    this.#maxSeries = maxSeries;
  }

  get size(): number {
    return this.#known.size;
  }

  observe(timestampMs: number, observations: readonly Observation[]): ObservedRows {
    const rows: ObservedRows = { samples: [], series: [] };
    for (const observation of observations) {
      if (Number.isFinite(observation.value)) this.#add(rows, timestampMs, observation);
      else this.notFinite++;
    }
    return rows;
  }

  /** Every series travels again with its next sample: the store asked for them, or lost them. */
  resendAll(): void {
    for (const series of this.#known.values()) series.sentMs = Number.NEGATIVE_INFINITY;
  }

  #add(rows: ObservedRows, timestampMs: number, { metric, labels, kind, unit, help, value }: Observation): void {
    const known = this.#touch(JSON.stringify([metric, labels]), () => ({
      id: seriesId(metric, labels),
      firstSeenMs: timestampMs,
      sentMs: Number.NEGATIVE_INFINITY,
    }));
    rows.samples.push({ metric, series: known.id, timestamp: timestampMs, value });
    if (timestampMs - known.sentMs < SERIES_INTERVAL_MS) return;
    known.sentMs = timestampMs;
    rows.series.push({ metric, series: known.id, labels: { ...labels }, kind, unit, help, firstSeen: known.firstSeenMs, lastSeen: timestampMs });
  }

  /** The known series, moved to the end of the order of use; made, and the oldest forgotten, if new. */
  #touch(key: string, make: () => KnownSeries): KnownSeries {
    const known = this.#known.get(key) ?? make();
    this.#known.delete(key);
    this.#known.set(key, known);
    if (this.#known.size > this.#maxSeries) {
      const oldest = this.#known.keys().next();
      if (!oldest.done) this.#known.delete(oldest.value);
    }
    return known;
  }
}
