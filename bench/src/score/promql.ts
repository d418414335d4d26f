/** PromQL's acceptance cases (corpora README): loads into memory, runs the engine that ships, and compares by the rules of the original runner. */

import { compileMatcher, CUSTOM_SCHEMA, FLOAT, hintAfter, HISTOGRAM, Labels, METRIC_NAME, PromqlError, STALE, type Answer, type Engine, type FloatHistogram, type RawSeries, type Selection, type SeriesSource } from "obs-backend/promql";

export type CorpusValue = number | "NaN" | "+Inf" | "-Inf" | "stale" | { readonly hist: Readonly<Record<string, unknown>> };

export interface Load {
  readonly with_nhcb: boolean;
  readonly series: readonly { readonly labels: Readonly<Record<string, string>>; readonly samples: readonly (readonly [number, CorpusValue])[]; readonly start_ts?: readonly (readonly [number, number])[] }[];
}

type Text = { readonly any: true } | { readonly msg: string } | { readonly regex: string };

export interface Case {
  readonly id: string;
  readonly loads: readonly string[];
  readonly type: "instant" | "range";
  readonly expr: string;
  readonly time_ms?: number;
  readonly start_ms?: number;
  readonly end_ms?: number;
  readonly step_ms?: number;
  readonly expect: {
    readonly kind: "vector" | "matrix" | "scalar" | "string" | "fail" | "range_vector";
    readonly ordered: boolean;
    readonly series: readonly { readonly labels: Readonly<Record<string, string>>; readonly points: readonly (readonly [number, CorpusValue])[] }[];
    readonly scalar?: CorpusValue;
    readonly string?: string;
    readonly fail?: readonly Text[];
    readonly warn?: readonly Text[];
    readonly info?: readonly Text[];
    readonly no_warn?: boolean;
    readonly no_info?: boolean;
  };
  readonly needs: readonly string[];
}

export interface Corpus {
  readonly loads: Readonly<Record<string, Load>>;
  readonly cases: readonly Case[];
}

const TOLERANCE = 1e-6;

const numberOf = (value: unknown): number => (value === "NaN" ? Number.NaN : value === "+Inf" ? Number.POSITIVE_INFINITY : value === "-Inf" ? Number.NEGATIVE_INFINITY : Number(value));

const bucketsOf = (counts: unknown, offset: unknown): FloatHistogram["positive"] => {
  const values = ((counts ?? []) as unknown[]).map(numberOf);
  const first = Number(offset ?? 0);
  return { indexes: values.map((_count, index) => first + index), counts: values };
};

export const histogramOf = (hist: Readonly<Record<string, unknown>>): FloatHistogram => ({
  schema: hist["schema"] === undefined ? 0 : Number(hist["schema"]),
  zeroThreshold: numberOf(hist["z_bucket_w"] ?? 0),
  zeroCount: numberOf(hist["z_bucket"] ?? 0),
  count: numberOf(hist["count"] ?? 0),
  sum: numberOf(hist["sum"] ?? 0),
  positive: bucketsOf(hist["buckets"], hist["offset"]),
  negative: bucketsOf(hist["n_buckets"], hist["n_offset"]),
  customValues: ((hist["custom_values"] ?? []) as unknown[]).map(numberOf),
  hint: ({ gauge: "gauge", reset: "reset", not_reset: "not_reset" } as const)[String(hist["counter_reset_hint"])] ?? "unknown",
});

// ---- loads

interface Collected {
  readonly labels: Labels;
  readonly samples: Map<number, CorpusValue | FloatHistogram>;
  readonly starts: Map<number, number>;
}

/** Classic buckets as native ones with custom bounds, under the metric's own name. */
const addNative = (load: Load, add: (labels: Labels, ms: number, value: FloatHistogram) => void): void => {
  interface Parts {
    labels: Labels;
    bounds: Map<number, number>;
    sum?: number;
    count?: number;
  }
  const groups = new Map<string, Map<number, Parts>>();
  for (const { labels: record, samples } of load.series) {
    const name = record[METRIC_NAME] ?? "";
    const suffix = /_(bucket|sum|count)$/.exec(name)?.[1];
    if (suffix === undefined || (suffix === "bucket") !== (record["le"] !== undefined)) continue;
    const { le, ...rest } = record;
    const labels = Labels.from({ ...rest, [METRIC_NAME]: name.replace(/_(bucket|sum|count)$/, "") });
    let group = groups.get(labels.key);
    if (!group) groups.set(labels.key, (group = new Map()));
    for (const [ms, value] of samples) {
      if (value === "stale" || typeof value === "object") continue;
      let parts = group.get(ms);
      if (!parts) group.set(ms, (parts = { labels, bounds: new Map() }));
      if (suffix === "bucket") parts.bounds.set(numberOf(le === "+Inf" || le === "Inf" ? "+Inf" : le), numberOf(value));
      else parts[suffix as "sum" | "count"] = numberOf(value);
    }
  }
  for (const group of groups.values())
    for (const [ms, { labels, bounds, sum, count }] of group) {
      if (bounds.size === 0) continue;
      const uppers = [...bounds.keys()].sort((one, other) => one - other);
      const total = count ?? bounds.get(Number.POSITIVE_INFINITY) ?? bounds.get(uppers.at(-1)!)!;
      const finite = uppers.filter(Number.isFinite);
      const cumulative = [...finite.map((upper) => bounds.get(upper)!), total];
      const counts = cumulative.map((value, index) => value - (index > 0 ? cumulative[index - 1]! : 0));
      add(labels, ms, { schema: CUSTOM_SCHEMA, zeroThreshold: 0, zeroCount: 0, count: total, sum: sum ?? 0, positive: { indexes: counts.map((_count, index) => index), counts }, negative: { indexes: [], counts: [] }, customValues: finite, hint: "unknown" });
    }
};

export class MemorySource implements SeriesSource {
  readonly #series: readonly RawSeries[];

  constructor(loads: readonly Load[]) {
    const collected = new Map<string, Collected>();
    const of = (labels: Labels): Collected => {
      let series = collected.get(labels.key);
      if (!series) collected.set(labels.key, (series = { labels, samples: new Map(), starts: new Map() }));
      return series;
    };
    for (const load of loads) {
      for (const { labels, samples, start_ts } of load.series) {
        const series = of(Labels.from(labels));
        for (const [ms, value] of samples) series.samples.set(ms, value);
        for (const [ms, start] of start_ts ?? []) series.starts.set(ms, start);
      }
      if (load.with_nhcb) addNative(load, (labels, ms, value) => of(labels).samples.set(ms, value));
    }
    this.#series = [...collected.values()].map(rawOf);
  }

  async select({ matchers, afterMs, untilMs }: Selection): Promise<RawSeries[]> {
    const tests = matchers.map((matcher) => ({ name: matcher.name, test: compileMatcher(matcher) }));
    return this.#series.filter(({ labels, times }) => tests.every(({ name, test }) => test(labels.get(name))) && times.some((ms) => ms > afterMs && ms <= untilMs));
  }
}

const isHistogram = (value: CorpusValue | FloatHistogram): value is FloatHistogram | { readonly hist: Readonly<Record<string, unknown>> } => typeof value === "object";

/** As a store that has seen them come knows it. */
const withHints = (histograms: readonly (FloatHistogram | undefined)[]): (FloatHistogram | undefined)[] =>
  histograms.map((histogram, index) => histogram && { ...histogram, hint: hintAfter(histogram, histograms[index - 1]) });

const rawOf = ({ labels, samples, starts }: Collected): RawSeries => {
  const times = [...samples.keys()].sort((one, other) => one - other);
  const values = times.map((ms) => samples.get(ms)!);
  return {
    labels,
    times: Float64Array.from(times),
    kinds: Uint8Array.from(values, (value) => (value === "stale" ? STALE : isHistogram(value) ? HISTOGRAM : FLOAT)),
    floats: Float64Array.from(values, (value) => (isHistogram(value) || value === "stale" ? 0 : numberOf(value))),
    histograms: withHints(values.map((value) => (isHistogram(value) ? ("hist" in value ? histogramOf(value.hist) : value) : undefined))),
    ...(starts.size > 0 && { startTimes: Float64Array.from(times, (ms) => starts.get(ms) ?? Number.NaN) }),
  };
};

// ---- verdicts

const isClose = (one: number, other: number): boolean => {
  if (Object.is(one, other) || one === other) return true;
  if (Number.isNaN(one) && Number.isNaN(other)) return true;
  return Math.abs(one - other) <= TOLERANCE * Math.max(Math.abs(one), Math.abs(other));
};

const filled = ({ indexes, counts }: FloatHistogram["positive"]) => new Map(indexes.map((index, at) => [index, counts[at]!] as const).filter(([, count]) => Math.abs(count) > 1e-12));

const sameBuckets = (one: FloatHistogram["positive"], other: FloatHistogram["positive"]): boolean => {
  const [left, right] = [filled(one), filled(other)];
  return left.size === right.size && [...left].every(([index, count]) => right.has(index) && isClose(count, right.get(index)!));
};

const isCloseHistogram = (found: FloatHistogram, expected: FloatHistogram): boolean => {
  if (expected.hint !== "unknown" && found.hint !== expected.hint) return false;
  return (
    found.schema === expected.schema && isClose(found.count, expected.count) && isClose(found.sum, expected.sum) && isClose(found.zeroCount, expected.zeroCount) && isClose(found.zeroThreshold, expected.zeroThreshold) &&
    found.customValues.length === expected.customValues.length && found.customValues.every((bound, at) => isClose(bound, expected.customValues[at]!)) && sameBuckets(found.positive, expected.positive) && sameBuckets(found.negative, expected.negative)
  );
};

const isCloseValue = (found: number | FloatHistogram, expected: CorpusValue): boolean =>
  typeof expected === "object" ? typeof found === "object" && isCloseHistogram(found, histogramOf(expected.hist)) : typeof found === "number" && isClose(found, numberOf(expected));

interface FoundSeries {
  readonly labels: Labels;
  readonly points: readonly (readonly [number, number | FloatHistogram])[];
}

const foundIn = (answer: Answer, at: Case): FoundSeries[] => {
  if (answer.type === "matrix")
    return answer.series.map(({ labels, times, kinds, floats, histograms }) => ({ labels, points: Array.from(times, (ms, index) => [ms, kinds[index] === FLOAT ? floats[index]! : histograms![index]!] as const) }));
  if (answer.type !== "vector") return [];
  const timeOf = (step: number): number => (at.type === "instant" ? at.time_ms! : at.start_ms! + step * at.step_ms!);
  return answer.series.map((one) => ({
    labels: one.labels,
    points: [...one.kinds.keys()].filter((step) => one.kinds[step] !== 0).map((step) => [timeOf(step), one.kinds[step] === HISTOGRAM ? one.histogram(step) : one.floats[step]!] as const),
  }));
};

const differenceOf = (found: readonly FoundSeries[], { expect }: Case): string | undefined => {
  if (found.length !== expect.series.length) return `${found.length} series, expected ${expect.series.length}: ${found.map(({ labels, points }) => `${labels.toString()} ${JSON.stringify(points.slice(0, 2))}`).slice(0, 3).join("; ")}`;
  const remaining = new Map(found.map((one) => [one.labels.key, one]));
  for (const [index, { labels, points }] of expect.series.entries()) {
    const wanted = Labels.from(labels);
    const one = expect.ordered ? found[index]! : remaining.get(wanted.key);
    if (one?.labels.key !== wanted.key) return `no ${wanted.toString()} among ${found.map((series) => series.labels.toString()).slice(0, 5).join(" ")}`;
    if (one.points.length !== points.length) return `${wanted.toString()}: ${one.points.length} points, expected ${points.length}`;
    for (const [at, [ms, value]] of points.entries()) {
      const [foundMs, foundValue] = one.points[at]!;
      if (foundMs !== ms || !isCloseValue(foundValue, value)) return `${wanted.toString()} at ${ms}: ${JSON.stringify(foundValue)}${foundMs === ms ? "" : ` (at ${foundMs})`}, expected ${JSON.stringify(value)}`;
    }
  }
  return undefined;
};

const matchesText = (text: string, wanted: Text): boolean => ("any" in wanted ? true : "msg" in wanted ? text === wanted.msg : new RegExp(wanted.regex).test(text));

const annotationFault = (kind: "warn" | "info", texts: readonly string[], { expect }: Case): string | undefined => {
  const wanted = expect[kind];
  if (expect[`no_${kind}`] && texts.length > 0) return `no ${kind} expected, found ${texts.join("; ")}`;
  if (!wanted) return undefined;
  if (texts.length === 0) return `${kind} expected: ${JSON.stringify(wanted)}`;
  const named = wanted.filter((text) => !("any" in text));
  const stray = texts.find((text) => named.length > 0 && !named.some((one) => matchesText(text, one)));
  return stray === undefined ? undefined : `unexpected ${kind}: ${stray}, expected ${JSON.stringify(named)}`;
};

/** undefined: passed. */
export const runCase = async (engine: Engine, at: Case): Promise<string | undefined> => {
  let answer: Answer;
  try {
    answer = at.type === "instant" ? await engine.instant(at.expr, at.time_ms!) : await engine.range(at.expr, at.start_ms!, at.end_ms!, at.step_ms!);
  } catch (error) {
    if (!(error instanceof PromqlError)) return `BUG: ${(error as Error).stack}`;
    if (!at.expect.fail) return `failed: ${error.message}`;
    // Where a message begins with the place, Prometheus' may too.
    const message = error.message.replace(/^\d+:\d+: parse error: /, "");
    return at.expect.fail.every((text) => matchesText(message, text) || matchesText(error.message, text)) ? undefined : `failed with ${error.message}, expected ${JSON.stringify(at.expect.fail)}`;
  }
  if (at.expect.fail) return `a failure was expected: ${JSON.stringify(at.expect.fail)}`;
  const annotations = annotationFault("warn", answer.warnings, at) ?? annotationFault("info", answer.infos, at);
  if (annotations !== undefined) return annotations;
  if (at.expect.kind === "scalar") return answer.type === "scalar" && isCloseValue(answer.values[0]!, at.expect.scalar!) ? undefined : `${answer.type === "scalar" ? answer.values[0] : answer.type}, expected ${at.expect.scalar}`;
  if (at.expect.kind === "string") return answer.type === "string" && answer.value === at.expect.string ? undefined : `expected ${at.expect.string}`;
  if (answer.type === "scalar") return differenceOf([{ labels: Labels.EMPTY, points: Array.from(answer.values, (value, step) => [(at.time_ms ?? at.start_ms!) + step * (at.step_ms ?? 0), value] as const) }], at);
  return differenceOf(foundIn(answer, at), at);
};
