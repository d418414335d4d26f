/**
 * What was heard between two flushes, as series. Counters, counts and sums only ever grow while a
 * series is known, so a flush that comes late loses nothing: the next one says the same and more. A
 * series that begins gives a 0 at the start of its window, so that its first increase is seen too.
 */

import type { Observation, Scrape } from "../../core/contracts.ts";
import type { MetricKind } from "@obs/wire";
import { parseTags, type StatsdLine, type StatsdType } from "./parse.ts";

export type Refusal = "series_dropped" | "type_conflicts" | "negative_counts" | "set_members_dropped";

export interface AggregatorOptions {
  readonly maxSeries: number;
  readonly forgetAfterMs: number;
  /** Labels of series whose tags do not have them. */
  readonly labels: Readonly<Record<string, string>>;
  readonly count: (event: Refusal) => void;
}

interface Series {
  readonly name: string;
  readonly type: StatsdType;
  readonly labels: Readonly<Record<string, string>>;
  /** Under which texts it is known. */
  readonly texts: string[];
  heardMs: number;
  isNew: boolean;
  /** The counter, the gauge, or the count of values. */
  value: number;
  sum: number;
  min: number;
  max: number;
  members: Set<string>;
}

/** Distinct members of one set in one window. */
const MAX_MEMBERS = 100_000;

const HELP: Readonly<Record<StatsdType, string>> = { counter: "StatsD counter.", gauge: "StatsD gauge.", timer: "StatsD timer, histogram or distribution.", set: "StatsD set: distinct members in one flush interval." };

export class Aggregator {
  readonly #options: AggregatorOptions;
  /** By name and sorted tags. */
  readonly #series = new Map<string, Series>();
  /** By name and tags as sent: spares reading tags that were read before. */
  readonly #byText = new Map<string, Series>();
  #windowStartMs: number;

  constructor(options: AggregatorOptions, nowMs: number) {
    this.#options = options;
    this.#windowStartMs = nowMs;
  }

  get size(): number {
    return this.#series.size;
  }

  add(line: StatsdLine, nowMs: number): void {
    const series = this.#seriesOf(line, nowMs);
    if (!series) return;
    if (series.type !== line.type) return this.#options.count("type_conflicts");
    series.heardMs = nowMs;
    if (line.type === "set") return this.#addMember(series, line.member);
    for (const value of line.values) {
      // A counter that went down would be read as one that began again.
      if (line.type === "counter" && value < 0) this.#options.count("negative_counts");
      else addValue(series, value, line);
    }
  }

  /** One sample of each series, and the zeros where counters began; forgets what was silent for long. */
  flush(nowMs: number): Scrape[] {
    const observations: Observation[] = [];
    const zeros: Observation[] = [];
    for (const [key, series] of this.#series) {
      if (nowMs - series.heardMs >= this.#options.forgetAfterMs) {
        this.#series.delete(key);
        for (const text of series.texts) this.#byText.delete(text);
        continue;
      }
      observe(series, observations, series.isNew ? zeros : undefined);
      series.isNew = false;
      series.min = Number.POSITIVE_INFINITY;
      series.max = Number.NEGATIVE_INFINITY;
      if (series.members.size > 0) series.members = new Set();
    }
    const startMs = Math.min(this.#windowStartMs, nowMs - 1);
    this.#windowStartMs = nowMs;
    return [
      { timestampMs: startMs, observations: zeros },
      { timestampMs: nowMs, observations },
    ].filter((scrape) => scrape.observations.length > 0);
  }

  #seriesOf({ name, type, tags }: StatsdLine, nowMs: number): Series | undefined {
    const text = `${name}|${tags}`;
    const known = this.#byText.get(text);
    if (known) return known;
    const labels = { ...this.#options.labels, ...parseTags(tags) };
    const key = JSON.stringify([name, labels]);
    let series = this.#series.get(key);
    if (!series) {
      if (this.#series.size >= this.#options.maxSeries) {
        this.#options.count("series_dropped");
        return undefined;
      }
      series = { name, type, labels, texts: [], heardMs: nowMs, isNew: true, value: 0, sum: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, members: new Set() };
      this.#series.set(key, series);
    }
    // Tags in ever new orders are read again and again rather than remembered.
    if (series.texts.length < MAX_TEXTS) {
      series.texts.push(text);
      this.#byText.set(text, series);
    }
    return series;
  }

  #addMember(series: Series, member: string): void {
    if (series.members.size < MAX_MEMBERS || series.members.has(member)) series.members.add(member);
    else this.#options.count("set_members_dropped");
  }
}

const MAX_TEXTS = 4;

const addValue = (series: Series, value: number, { type, isDelta, rate }: StatsdLine): void => {
  if (type === "gauge") {
    series.value = isDelta ? series.value + value : value;
  } else if (type === "counter") {
    series.value += value / rate;
  } else {
    series.value += 1 / rate;
    series.sum += value / rate;
    series.min = Math.min(series.min, value);
    series.max = Math.max(series.max, value);
  }
};

const observe = ({ name, type, labels, value, sum, min, max, members }: Series, into: Observation[], zeros: Observation[] | undefined): void => {
  const help = HELP[type];
  const push = (suffix: string, kind: MetricKind, number: number): void => {
    const observation = { metric: name + suffix, labels, kind, unit: "", help, value: number };
    into.push(observation);
    if (kind === "counter") zeros?.push({ ...observation, value: 0 });
  };
  if (type === "set") return push("", "gauge", members.size);
  if (type !== "timer") return push("", type, value);
  push(".count", "counter", value);
  push(".sum", "counter", sum);
  if (min > max) return;
  push(".min", "gauge", min);
  push(".max", "gauge", max);
};
