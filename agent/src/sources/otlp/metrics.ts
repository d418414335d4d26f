/**
 * A request of metrics to observations: https://opentelemetry.io/docs/specs/otel/metrics/data-model/
 * Summaries, and by option histograms with bounds, become the series that Prometheus would have of them;
 * other histograms stay what they are, deltas included.
 */

import type { MetricKind } from "@obs/wire";
import type { Observation, ObservedExemplar, ObservedHistogram, Scrape } from "../../core/contracts.ts";
import { flatten, readResource, type ResourceOf } from "./attributes.ts";
import type { Deltas } from "./deltas.ts";
import { readExemplars, type ReadExemplars } from "./exemplars.ts";
import { byBucket, explicitPoint, exponentialPoint, readExplicit } from "./histograms.ts";
import type { Message } from "./messages.ts";
import { bigIntOf, childOf, childrenOf, field, listOf, numberOf, textOf, toNumber } from "./read.ts";

export interface ReadMetricsOptions {
  readonly host: string;
  readonly environment: string;
  readonly nowMs: number;
  /** Attributes of the resource that are labels of each of its series. */
  readonly promote: readonly string[];
  /** Histograms with bounds stay histograms, rather than become series of samples. */
  readonly keepHistograms: boolean;
}

export interface MetricsOutcome {
  /** Points that are taken, before deltas are added up. */
  readonly points: readonly Point[];
  readonly histograms: readonly HistogramAt[];
  readonly rejected: number;
  /** Why, for people. */
  readonly reasons: ReadonlySet<string>;
  /** On points and histograms that are taken. */
  readonly exemplars: number;
  readonly exemplarsRejected: number;
  readonly withoutValue: number;
}

interface Point {
  readonly observation: Observation;
  readonly isDelta: boolean;
  readonly startMs: number;
  readonly timeMs: number;
}

interface HistogramAt {
  readonly timeMs: number;
  readonly histogram: ObservedHistogram;
}

const DELTA = 1;
const CUMULATIVE = 2;
const NO_RECORDED_VALUE = 1;
/** The largest time that fits into ns of 63 bits. */
const MAX_MS = 9_223_372_036_854;
const NS_PER_MS = 1_000_000n;
const NO_EXEMPLARS: ReadExemplars = { taken: [], rejected: 0 };

/** Throws MalformedRequest. */
export const readMetrics = (request: Message, options: ReadMetricsOptions): MetricsOutcome => {
  const reader = new MetricsReader(options);
  for (const resourceMetrics of childrenOf(request, "resourceMetrics")) reader.readResource(resourceMetrics);
  return reader;
};

/** Deltas are added up here, and only here: a request that is taken is added once. */
export const toScrapes = (points: readonly Point[], deltas: Deltas, histograms: readonly HistogramAt[] = []): Scrape[] => {
  const times = new Map<number, { observations: Observation[]; histograms: ObservedHistogram[] }>();
  const at = (timeMs: number) => {
    let scrape = times.get(timeMs);
    if (!scrape) times.set(timeMs, (scrape = { observations: [], histograms: [] }));
    return scrape;
  };
  const push = (timeMs: number, observation: Observation): void => void at(timeMs).observations.push(observation);
  for (const point of points) {
    if (point.isDelta) for (const { timeMs, observation } of deltas.add(point)) push(timeMs, observation);
    else push(point.timeMs, point.observation);
  }
  for (const { timeMs, histogram } of histograms) at(timeMs).histograms.push(histogram);
  return [...times].map(([timestampMs, { observations, histograms: found }]) => ({ timestampMs, observations, ...(found.length > 0 && { histograms: found }) }));
};

class MetricsReader implements MetricsOutcome {
  readonly points: Point[] = [];
  readonly histograms: HistogramAt[] = [];
  rejected = 0;
  readonly reasons = new Set<string>();
  exemplars = 0;
  exemplarsRejected = 0;
  withoutValue = 0;
  readonly #options: ReadMetricsOptions;

  constructor(options: ReadMetricsOptions) {
    this.#options = options;
  }

  readResource(resourceMetrics: Message): void {
    const resource = readResource(resourceMetrics);
    const identity = this.#identityOf(resource);
    for (const scopeMetrics of childrenOf(resourceMetrics, "scopeMetrics")) for (const metric of childrenOf(scopeMetrics, "metrics")) this.#readMetric(metric, identity);
    const others = [...resource.attributes].filter(([name, value]) => value !== "" && !Object.hasOwn(identity, name));
    if (others.length === 0) return;
    const labels = { ...Object.fromEntries(others), ...identity };
    const observation: Observation = { metric: "target_info", labels, kind: "gauge", unit: "", help: "Attributes of the resource.", value: 1 };
    this.points.push({ observation, isDelta: false, startMs: 0, timeMs: this.#options.nowMs });
  }

  #identityOf({ service, host, environment, attributes }: ResourceOf): Record<string, string> {
    const promoted = this.#options.promote.map((name) => [name, attributes.get(name) ?? ""]);
    const all = [...promoted, ["service", service || "unknown_service"], ["host", host || this.#options.host], ["environment", environment || this.#options.environment]];
    return Object.fromEntries(all.filter(([, value]) => value !== "")) as Record<string, string>;
  }

  #readMetric(metric: Message, identity: Readonly<Record<string, string>>): void {
    const name = textOf(metric, "name");
    const meta = { unit: textOf(metric, "unit"), help: textOf(metric, "description") };
    const data = (kind: string): Message | undefined => childOf(metric, kind);
    for (const kind of ["gauge", "sum", "histogram", "exponentialHistogram", "summary"] as const) {
      const numbers = data(kind);
      if (!numbers) continue;
      const points = childrenOf(numbers, "dataPoints");
      const temporality = kind === "sum" || kind === "histogram" || kind === "exponentialHistogram" ? numberOf(numbers, "aggregationTemporality") : CUMULATIVE;
      if (name === "") this.#reject(points, "a metric needs a name");
      else if (temporality !== DELTA && temporality !== CUMULATIVE) this.#reject(points, `${name}: the temporality is not specified`);
      else if (kind === "exponentialHistogram" || (kind === "histogram" && this.#options.keepHistograms))
        for (const point of points) this.#readHistogram({ metric: name, labels: labelsOf(point, identity), ...meta }, kind, point, temporality);
      else for (const point of points) this.#readPoint(new Series(name, meta, labelsOf(point, identity)), kind, point, temporality === DELTA, field(numbers, "isMonotonic") === true);
    }
  }

  #readPoint(series: Series, kind: "gauge" | "sum" | "histogram" | "summary", point: Message, isDelta: boolean, isMonotonic: boolean): void {
    const times = this.#timesOf(series.name, point);
    if (!times) return;
    const exemplars = kind === "summary" ? NO_EXEMPLARS : readExemplars(point, BigInt(times.timeMs) * NS_PER_MS);
    const observations =
      kind === "histogram" ? histogram(series, point, exemplars.taken) : kind === "summary" ? summary(series, point) : number(series, point, kind === "gauge" ? "gauge" : isMonotonic ? "counter" : "updown", exemplars.taken);
    if (typeof observations === "string") return this.#reject([point], `${series.name}: ${observations}`);
    for (const observation of observations) this.points.push({ observation, isDelta, ...times });
    this.#countExemplars(exemplars);
  }

  #readHistogram(series: Omit<ObservedHistogram, "point" | "exemplars">, kind: "histogram" | "exponentialHistogram", point: Message, temporality: number): void {
    const times = this.#timesOf(series.metric, point);
    if (!times) return;
    const exemplars = readExemplars(point, BigInt(times.timeMs) * NS_PER_MS);
    const explicit = kind === "histogram" ? readExplicit(point) : undefined;
    const read = explicit === undefined ? exponentialPoint(point, temporality, times.startMs) : typeof explicit === "string" ? explicit : explicitPoint(explicit, point, temporality, times.startMs);
    if (typeof read === "string") return this.#reject([point], `${series.metric}: ${read}`);
    this.histograms.push({ timeMs: times.timeMs, histogram: { ...series, point: read, ...(exemplars.taken.length > 0 && { exemplars: exemplars.taken }) } });
    this.#countExemplars(exemplars);
  }

  /** undefined, and counted: there is no value, or no time that a row can hold. */
  #timesOf(name: string, point: Message): Pick<Point, "startMs" | "timeMs"> | undefined {
    if ((numberOf(point, "flags") & NO_RECORDED_VALUE) !== 0) {
      this.withoutValue++;
      this.exemplarsRejected += listOf(point, "exemplars").length;
      return undefined;
    }
    const timeMs = msOf(point, "timeUnixNano") || this.#options.nowMs;
    const startMs = msOf(point, "startTimeUnixNano");
    if (timeMs > 0 && timeMs < MAX_MS) return { startMs: startMs > 0 && startMs < MAX_MS ? startMs : 0, timeMs };
    this.#reject([point], `${name}: the time is out of range`);
    return undefined;
  }

  #countExemplars({ taken, rejected }: ReadExemplars): void {
    this.exemplars += taken.length;
    this.exemplarsRejected += rejected;
  }

  #reject(points: readonly Message[], reason: string): void {
    if (points.length === 0) return;
    this.rejected += points.length;
    for (const point of points) this.exemplarsRejected += listOf(point, "exemplars").length;
    if (this.reasons.size < 10) this.reasons.add(reason);
  }
}

const msOf = (point: Message, name: string): number => Number(bigIntOf(point, name) / NS_PER_MS);

/** Labels of a point; those that its resource has too keep the resource's value. */
const labelsOf = (point: Message, identity: Readonly<Record<string, string>>): Record<string, string> => {
  const labels: [string, string][] = [];
  for (const [name, value] of flatten(childrenOf(point, "attributes"), new Map())) if (value !== "") labels.push([Object.hasOwn(identity, name) ? `exported_${name}` : name, value]);
  return Object.fromEntries([...labels, ...Object.entries(identity)]);
};

/** A metric with the labels of one of its points. */
class Series {
  readonly name: string;
  readonly #meta: Pick<Observation, "unit" | "help">;
  readonly #labels: Readonly<Record<string, string>>;

  constructor(name: string, meta: Pick<Observation, "unit" | "help">, labels: Readonly<Record<string, string>>) {
    this.name = name;
    this.#meta = meta;
    this.#labels = labels;
  }

  observe(ending: string, kind: MetricKind, value: number, more?: Readonly<Record<string, string>>): Observation {
    return { metric: this.name + ending, labels: more ? { ...this.#labels, ...more } : this.#labels, kind, ...this.#meta, value };
  }
}

/** Observations of a point, or why it cannot be taken. */
type Observations = readonly Observation[] | string;

const number = (series: Series, point: Message, kind: MetricKind, exemplars: readonly ObservedExemplar[]): Observations => {
  const value = field(point, "asDouble") ?? field(point, "asInt");
  return value === undefined ? "a point has no value" : [withExemplars(series.observe("", kind, toNumber(value)), exemplars)];
};

/** Exemplars stand on the buckets that hold them, as Prometheus has it. */
const histogram = (series: Series, point: Message, exemplars: readonly ObservedExemplar[]): Observations => {
  const read = readExplicit(point);
  if (typeof read === "string") return read;
  const { bounds, counts, count, sum } = read;
  const ofBuckets = byBucket(bounds, exemplars);
  const observations = [series.observe("_count", "counter", Number(count))];
  if (field(point, "sum") !== undefined) observations.push(series.observe("_sum", "counter", sum));
  let below = 0;
  const bucket = (index: number, le: string, value: number): void => void observations.push(withExemplars(series.observe("_bucket", "counter", value, { le }), ofBuckets.get(index)));
  for (const [index, bound] of bounds.entries()) bucket(index, String(bound), (below += Number(counts[index]!)));
  bucket(bounds.length, "+Inf", Number(count));
  return observations;
};

const withExemplars = (observation: Observation, exemplars: readonly ObservedExemplar[] = []): Observation => (exemplars.length > 0 ? { ...observation, exemplars } : observation);

const summary = (series: Series, point: Message): Observations => {
  const quantiles = childrenOf(point, "quantileValues").map((quantile) => series.observe("", "gauge", numberOf(quantile, "value"), { quantile: String(numberOf(quantile, "quantile")) }));
  return [series.observe("_count", "counter", Number(bigIntOf(point, "count"))), series.observe("_sum", "counter", numberOf(point, "sum")), ...quantiles];
};

