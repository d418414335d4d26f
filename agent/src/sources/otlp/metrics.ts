/**
 * A request of metrics to observations: https://opentelemetry.io/docs/specs/otel/metrics/data-model/
 * Histograms and summaries become the series that Prometheus would have of them.
 */

import type { MetricKind } from "@obs/wire";
import type { Observation, Scrape } from "../../core/contracts.ts";
import { flatten, readResource, type ResourceOf } from "./attributes.ts";
import type { Deltas } from "./deltas.ts";
import type { Message } from "./messages.ts";
import { bigIntOf, childOf, childrenOf, field, listOf, numberOf, textOf, toBigInt, toNumber } from "./read.ts";

export interface ReadMetricsOptions {
  readonly host: string;
  readonly environment: string;
  readonly nowMs: number;
  /** Attributes of the resource that are labels of each of its series. */
  readonly promote: readonly string[];
}

export interface MetricsOutcome {
  /** Points that are taken, before deltas are added up. */
  readonly points: readonly Point[];
  readonly rejected: number;
  /** Why, for people. */
  readonly reasons: ReadonlySet<string>;
  readonly exemplars: number;
  readonly withoutValue: number;
}

interface Point {
  readonly observation: Observation;
  readonly isDelta: boolean;
  readonly startMs: number;
  readonly timeMs: number;
}

const DELTA = 1;
const CUMULATIVE = 2;
const NO_RECORDED_VALUE = 1;
/** The largest time that fits into ns of 63 bits. */
const MAX_MS = 9_223_372_036_854;
const NS_PER_MS = 1_000_000n;

/** Throws MalformedRequest. */
export const readMetrics = (request: Message, options: ReadMetricsOptions): MetricsOutcome => {
  const reader = new MetricsReader(options);
  for (const resourceMetrics of childrenOf(request, "resourceMetrics")) reader.readResource(resourceMetrics);
  return reader;
};

/** Deltas are added up here, and only here: a request that is taken is added once. */
export const toScrapes = (points: readonly Point[], deltas: Deltas): Scrape[] => {
  const times = new Map<number, Observation[]>();
  const push = (timeMs: number, observation: Observation): void => {
    const observations = times.get(timeMs);
    if (observations) observations.push(observation);
    else times.set(timeMs, [observation]);
  };
  for (const point of points) {
    if (point.isDelta) for (const { timeMs, observation } of deltas.add(point)) push(timeMs, observation);
    else push(point.timeMs, point.observation);
  }
  return [...times].map(([timestampMs, observations]) => ({ timestampMs, observations }));
};

class MetricsReader implements MetricsOutcome {
  readonly points: Point[] = [];
  rejected = 0;
  readonly reasons = new Set<string>();
  exemplars = 0;
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
    const unkept = data("exponentialHistogram");
    if (unkept) this.#reject(listOf(unkept, "dataPoints").length, "exponential histograms are not kept yet");
    for (const kind of ["gauge", "sum", "histogram", "summary"] as const) {
      const numbers = data(kind);
      if (!numbers) continue;
      const points = childrenOf(numbers, "dataPoints");
      const temporality = kind === "sum" || kind === "histogram" ? numberOf(numbers, "aggregationTemporality") : CUMULATIVE;
      if (name === "") this.#reject(points.length, "a metric needs a name");
      else if (temporality !== DELTA && temporality !== CUMULATIVE) this.#reject(points.length, `${name}: the temporality is not specified`);
      else for (const point of points) this.#readPoint(new Series(name, meta, labelsOf(point, identity)), kind, point, temporality === DELTA, field(numbers, "isMonotonic") === true);
    }
  }

  #readPoint(series: Series, kind: "gauge" | "sum" | "histogram" | "summary", point: Message, isDelta: boolean, isMonotonic: boolean): void {
    this.exemplars += listOf(point, "exemplars").length;
    if ((numberOf(point, "flags") & NO_RECORDED_VALUE) !== 0) return void this.withoutValue++;
    const timeMs = msOf(point, "timeUnixNano") || this.#options.nowMs;
    const startMs = msOf(point, "startTimeUnixNano");
    if (!(timeMs > 0 && timeMs < MAX_MS)) return this.#reject(1, `${series.name}: the time is out of range`);
    const observations =
      kind === "histogram" ? histogram(series, point) : kind === "summary" ? summary(series, point) : number(series, point, kind === "gauge" ? "gauge" : isMonotonic ? "counter" : "updown");
    if (typeof observations === "string") return this.#reject(1, `${series.name}: ${observations}`);
    for (const observation of observations) this.points.push({ observation, isDelta, startMs, timeMs });
  }

  #reject(points: number, reason: string): void {
    if (points === 0) return;
    this.rejected += points;
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

const number = (series: Series, point: Message, kind: MetricKind): Observations => {
  const value = field(point, "asDouble") ?? field(point, "asInt");
  return value === undefined ? "a point has no value" : [series.observe("", kind, toNumber(value))];
};

const histogram = (series: Series, point: Message): Observations => {
  const counts = listOf(point, "bucketCounts").map((count) => Number(toBigInt(count)));
  const bounds = listOf(point, "explicitBounds").map(toNumber);
  const count = Number(bigIntOf(point, "count"));
  if (counts.length > 0 && counts.length !== bounds.length + 1) return "there must be one more count than bounds";
  if (bounds.some((bound, index) => !(Number.isFinite(bound) && (index === 0 || bound > bounds[index - 1]!)))) return "bounds must grow";
  const observations = [series.observe("_count", "counter", count)];
  const sum = field(point, "sum");
  if (sum !== undefined) observations.push(series.observe("_sum", "counter", toNumber(sum)));
  let below = 0;
  for (const [index, bound] of (counts.length > 0 ? bounds : []).entries()) observations.push(series.observe("_bucket", "counter", (below += counts[index]!), { le: String(bound) }));
  observations.push(series.observe("_bucket", "counter", count, { le: "+Inf" }));
  return observations;
};

const summary = (series: Series, point: Message): Observations => {
  const quantiles = childrenOf(point, "quantileValues").map((quantile) => series.observe("", "gauge", numberOf(quantile, "value"), { quantile: String(numberOf(quantile, "quantile")) }));
  return [series.observe("_count", "counter", Number(bigIntOf(point, "count"))), series.observe("_sum", "counter", numberOf(point, "sum")), ...quantiles];
};

