/**
 * A target's pages to observations. What the text of a series comes to, after relabelling, is kept
 * from one scrape to the next: reading and relabelling labels is most of the work.
 */

import type { RelabelConfig, ScrapeConfig } from "../../config/metric-sources.ts";
import type { Observation, Scrape } from "../../core/contracts.ts";
import { observedExemplar } from "./exemplar.ts";
import { Families, type SampleMeta } from "./families.ts";
import { PageError, parsePage, parseSeries, type PageFormat } from "./page.ts";
import type { Labels, Relabel } from "./relabel.ts";
import type { Target } from "./target.ts";

export type PageEvent = "samples" | "exemplars" | "exemplars_repeated" | "exemplars_dropped" | "samples_repeated" | "samples_of_odd_time" | "samples_dropped";

interface KnownSeries {
  /** Undefined: relabelling drops it. */
  readonly observed: (SampleMeta & Pick<Observation, "metric" | "labels">) | undefined;
  lastScrape: number;
  /** Times that the page gave itself: on the page that is being read, and on the last one taken. */
  ownMs: number | undefined;
  takenMs: number | undefined;
  /** The exemplar as it stands on the page that is being read, and on the last one taken. */
  ownExemplar: string | undefined;
  takenExemplar: string | undefined;
}

/** Where a sample went. */
interface Place {
  readonly known: KnownSeries;
  readonly observations: Observation[];
  readonly atMs: number;
}

export interface PageFigures {
  readonly scrapes: Scrape[];
  /** On the page, and after relabelling. */
  readonly scraped: number;
  readonly kept: number;
}

/** The largest time that fits into ns of 63 bits. */
const MAX_MS = 9_223_372_036_854;
const MAX_NS = BigInt(MAX_MS) * 1_000_000n;

export class TargetSamples {
  readonly #target: Target;
  readonly #config: Pick<ScrapeConfig, "honor_labels" | "honor_timestamps" | "sample_limit"> & { readonly metric_relabel_configs: readonly RelabelConfig[] };
  readonly #relabel: Relabel;
  readonly #count: (event: PageEvent, by: number) => void;
  #known = new Map<string, KnownSeries>();
  #scrape = 0;

  constructor(target: Target, config: ScrapeConfig, relabel: Relabel, count: (event: PageEvent, by: number) => void) {
    this.#target = target;
    this.#config = config;
    this.#relabel = relabel;
    this.#count = count;
  }

  /** Throws PageError, and counts nothing, when the page cannot be taken whole. */
  read(page: string, format: PageFormat, timestampMs: number): PageFigures {
    const scrape = ++this.#scrape;
    const families = new Families();
    const times = new Map<number, Observation[]>();
    const events = new Map<PageEvent, number>();
    const count = (event: PageEvent): void => void events.set(event, (events.get(event) ?? 0) + 1);
    let scraped = 0;
    let kept = 0;
    /** Of the sample before; undefined when it was left out. */
    let place: Place | undefined;
    parsePage(page, format, {
      metadata: (what, family, text) => families.set(what, family, text),
      exemplar: (exemplar, text) => {
        if (!place) return count("exemplars_dropped");
        const { known, observations, atMs } = place;
        known.ownExemplar = text;
        // A page shows an exemplar until there is a newer one.
        if (text === known.takenExemplar) return count("exemplars_repeated");
        const observed = observedExemplar(exemplar, atMs);
        if (!(observed.timestamp > 0n && observed.timestamp < MAX_NS)) return count("exemplars_dropped");
        observations[observations.length - 1] = { ...observations.at(-1)!, exemplars: [observed] };
        count("exemplars");
      },
      sample: (text, value, ownMs) => {
        scraped++;
        place = undefined;
        const known = this.#seriesOf(text, families);
        if (!known.observed) {
          known.lastScrape = scrape;
          return count("samples_dropped");
        }
        kept++;
        const explicitMs = this.#config.honor_timestamps ? ownMs : undefined;
        // A page may say again what it said before, with its time of then.
        const isRepeated = known.lastScrape === scrape ? known.ownMs === explicitMs : explicitMs !== undefined && known.takenMs === explicitMs;
        known.lastScrape = scrape;
        known.ownMs = explicitMs;
        if (isRepeated) return count("samples_repeated");
        const atMs = explicitMs ?? timestampMs;
        if (!(atMs > 0 && atMs < MAX_MS)) return count("samples_of_odd_time");
        let observations = times.get(atMs);
        if (!observations) times.set(atMs, (observations = []));
        observations.push({ ...known.observed, value });
        place = { known, observations, atMs };
      },
    });
    const { sample_limit: limit } = this.#config;
    if (limit > 0 && kept > limit) throw new PageError(`the page has ${kept} samples, more than sample_limit`);
    for (const [text, known] of this.#known) {
      known.takenMs = known.ownMs;
      known.takenExemplar = known.ownExemplar;
      if (known.lastScrape !== scrape) this.#known.delete(text);
    }
    this.#count("samples", scraped);
    for (const [event, by] of events) this.#count(event, by);
    return { scrapes: [...times].map(([atMs, observations]) => ({ timestampMs: atMs, observations })), scraped, kept };
  }

  #seriesOf(text: string, families: Families): KnownSeries {
    let known = this.#known.get(text);
    if (!known) this.#known.set(text, (known = { observed: this.#meet(text, families), lastScrape: 0, ownMs: undefined, takenMs: undefined, ownExemplar: undefined, takenExemplar: undefined }));
    return known;
  }

  #meet(text: string, families: Families): KnownSeries["observed"] {
    const series = parseSeries(text);
    if (!series) throw new PageError(`${JSON.stringify(text.slice(0, 200))} is no series`);
    const labels: Labels = new Map([["__name__", series.name], ...series.labels]);
    for (const [name, value] of this.#target.labels) {
      const own = labels.get(name);
      if (own === undefined) labels.set(name, value);
      else if (!this.#config.honor_labels) {
        let exported = `exported_${name}`;
        while (labels.has(exported)) exported = `exported_${exported}`;
        labels.set(exported, own);
        labels.set(name, value);
      }
    }
    if (!this.#relabel(labels)) return undefined;
    const metric = labels.get("__name__");
    if (metric === undefined) return undefined;
    labels.delete("__name__");
    for (const [name, value] of this.#target.defaults) if (!labels.has(name)) labels.set(name, value);
    return { metric, labels: Object.fromEntries(labels), ...families.of(series.name) };
  }
}

/** What Prometheus tells of every scrape, whatever became of it. */
export const scrapeReport = ({ labels, defaults }: Target, up: boolean, seconds: number, { scraped, kept }: Pick<PageFigures, "scraped" | "kept">): Observation[] => {
  const all = Object.fromEntries([...defaults, ...labels]);
  const gauge = (metric: string, value: number, unit: string, help: string): Observation => ({ metric, labels: all, kind: "gauge", unit, help, value });
  return [
    gauge("up", up ? 1 : 0, "", "1 when the target was scraped, 0 when that failed."),
    gauge("scrape_duration_seconds", seconds, "s", "Duration of the scrape."),
    gauge("scrape_samples_scraped", scraped, "", "Samples on the page."),
    gauge("scrape_samples_post_metric_relabeling", kept, "", "Samples left after metric relabelling."),
  ];
};
