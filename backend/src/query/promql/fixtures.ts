/** Samples in memory, for tests of the engine. */

import type { FloatHistogram } from "./histogram/float-histogram.ts";
import { Labels, METRIC_NAME } from "./labels.ts";
import { compileMatcher } from "./matchers.ts";
import type { RawSeries, SeriesSource } from "./source.ts";
import { FLOAT, HISTOGRAM, STALE } from "./values.ts";

export type TestValue = number | FloatHistogram | "stale" | undefined;

/** `name{a="b"}` and one value per minute from 0 on; undefined: none. */
export type TestSeries = readonly [name: string, values: readonly TestValue[]];

const labelsOf = (text: string): Labels => {
  const [, name, inner = ""] = /^([^{]*)(?:\{(.*)\})?$/.exec(text)!;
  return Labels.of([[METRIC_NAME, name!], ...[...inner.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, value]) => [label!, value!] as const)]);
};

export const MINUTE = 60_000;

export const memorySource = (series: readonly TestSeries[]): SeriesSource => {
  const all = series.map(([text, values]): RawSeries => {
    const present = values.map((value, index) => ({ ms: index * MINUTE, value })).filter((sample): sample is { ms: number; value: Exclude<TestValue, undefined> } => sample.value !== undefined);
    return {
      labels: labelsOf(text),
      times: Float64Array.from(present, ({ ms }) => ms),
      kinds: Uint8Array.from(present, ({ value }) => (value === "stale" ? STALE : typeof value === "number" ? FLOAT : HISTOGRAM)),
      floats: Float64Array.from(present, ({ value }) => (typeof value === "number" ? value : 0)),
      histograms: present.map(({ value }) => (typeof value === "object" ? value : undefined)),
    };
  });
  return { select: async ({ matchers }) => all.filter(({ labels }) => matchers.every((matcher) => compileMatcher(matcher)(labels.get(matcher.name)))) };
};
