/** Observations to samples of series; a series itself travels when it is new or due. */

import { seriesId, type ExemplarRecord, type HistogramPoint, type MetricKind, type MetricSample, type MetricSeries } from "@obs/wire";
import type { Observation, ObservedExemplar, ObservedHistogram } from "../core/contracts.ts";

/** A series is told again once a day, so that the store can let old ones expire. */
export const SERIES_INTERVAL_MS = 24 * 3600 * 1000;
const HISTOGRAM: MetricKind = "histogram";
/** Beyond this the series seen longest ago are forgotten; they only travel again. */
const MAX_SERIES = 100_000;

/** What a scrape comes to: rows of four streams. */
export interface ObservedRows {
  readonly samples: MetricSample[];
  readonly histograms: HistogramPoint[];
  readonly exemplars: ExemplarRecord[];
  readonly series: MetricSeries[];
}

type Described = Omit<Observation, "value" | "exemplars">;

export interface SeriesTableOptions {
  readonly maxSeries?: number;
  /** Masks names and labels before they are keyed; not at all by default. */
  readonly mask?: (text: string) => string;
}

interface KnownSeries {
  readonly id: bigint;
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
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

  readonly #mask: (text: string) => string;

  constructor({ maxSeries = MAX_SERIES, mask = (text) => text }: SeriesTableOptions = {}) {
    this.#maxSeries = maxSeries;
    this.#mask = mask;
  }

  get size(): number {
    return this.#known.size;
  }

  observe(timestampMs: number, observations: readonly Observation[], histograms: readonly ObservedHistogram[] = []): ObservedRows {
    const rows: ObservedRows = { samples: [], histograms: [], exemplars: [], series: [] };
    for (const observation of observations) {
      if (Number.isFinite(observation.value)) this.#add(rows, timestampMs, observation);
      else this.notFinite++;
      if (observation.exemplars) this.#addExemplars(rows, this.#tell(rows, timestampMs, observation), observation.exemplars);
    }
    for (const { point, exemplars = [], ...described } of histograms) {
      const known = this.#tell(rows, timestampMs, { ...described, kind: HISTOGRAM });
      rows.histograms.push({ metric: known.metric, series: known.id, timestamp: timestampMs, ...point });
      this.#addExemplars(rows, known, exemplars);
    }
    return rows;
  }

  /** Every series travels again with its next sample: the store asked for them, or lost them. */
  resendAll(): void {
    for (const series of this.#known.values()) series.sentMs = Number.NEGATIVE_INFINITY;
  }

  #add(rows: ObservedRows, timestampMs: number, observation: Observation): void {
    const { metric, id: series } = this.#tell(rows, timestampMs, observation);
    rows.samples.push({ metric, series, timestamp: timestampMs, value: observation.value });
  }

  #addExemplars(rows: ObservedRows, { metric, id: series }: KnownSeries, exemplars: readonly ObservedExemplar[]): void {
    for (const { attributes, ...exemplar } of exemplars) rows.exemplars.push({ metric, series, ...exemplar, attributes: this.#masked(attributes) });
  }

  #masked(texts: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(Object.entries(texts).map(([name, value]) => [this.#mask(name), this.#mask(value)]));
  }

  /** The series, which travels too when it is new or due. */
  #tell(rows: ObservedRows, timestampMs: number, described: Described): KnownSeries {
    const known = this.#touch(JSON.stringify([described.metric, described.labels]), () => this.#meet(timestampMs, described));
    if (timestampMs - known.sentMs < SERIES_INTERVAL_MS) return known;
    known.sentMs = timestampMs;
    const { kind, unit, help } = described;
    rows.series.push({ metric: known.metric, series: known.id, labels: known.labels, kind, unit, help: this.#mask(help), firstSeen: known.firstSeenMs, lastSeen: timestampMs });
    return known;
  }

  #meet(timestampMs: number, observation: Described): KnownSeries {
    const metric = this.#mask(observation.metric);
    const labels = this.#masked(observation.labels);
    return { id: seriesId(metric, labels), metric, labels, firstSeenMs: timestampMs, sentMs: Number.NEGATIVE_INFINITY };
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
