/**
 * What range aggregations keep of the entries of a cell (window.ts), and how cells become a value. Entries count
 * as often as their weight says; values of entries without an `unwrap` are 1, or their bytes.
 */

import { quantile } from "../promql/index.ts";
import type { RangeAggregation } from "./syntax.ts";

/** Numbers whose meaning is the fold's own. */
export type State = readonly number[];

export interface Sample {
  readonly value: number;
  readonly weight: number;
  /** Seconds since the left end of the first range. */
  readonly at: number;
}

export interface Fold {
  readonly of: (sample: Sample) => State;
  /** `earlier` lies before `later`, or they are of one cell and in any order. */
  readonly merge: (earlier: State, later: State) => State;
  readonly value: (state: State, window: { readonly fromSeconds: number; readonly toSeconds: number }) => number | undefined;
  /** States grow with what is in them: the cells of each range are put together anew. */
  readonly grows?: boolean;
}

const total = (valueOf: (sum: number) => number): Fold => ({
  of: ({ value, weight }) => [value * weight],
  merge: ([one], [other]) => [one! + other!],
  value: ([sum]) => valueOf(sum!),
});

const best = (choose: (one: number, other: number) => number): Fold => ({
  of: ({ value }) => [value],
  merge: ([one], [other]) => [choose(one!, other!)],
  value: ([value]) => value,
});

const average: Fold = {
  of: ({ value, weight }) => [value * weight, weight],
  merge: ([sum, weight], [otherSum, otherWeight]) => [sum! + otherSum!, weight! + otherWeight!],
  value: ([sum, weight]) => sum! / weight!,
};

/** Of the same time, the lesser value is first and the greater one last. */
const atEnd = (isFirst: boolean): Fold => ({
  of: ({ value, at }) => [value, at],
  merge: (one, other) => {
    const [value, at] = one as [number, number];
    const [otherValue, otherAt] = other as [number, number];
    const isOneFirst = at === otherAt ? value <= otherValue : at < otherAt;
    return isOneFirst === isFirst ? one : other;
  },
  value: ([value]) => value,
});

const collected = (width: number, of: (sample: Sample) => State, value: Fold["value"]): Fold => ({
  of, merge: (earlier, later) => [...earlier, ...later], value: (state, window) => (state.length < width ? undefined : value(state, window)), grows: true,
});

const pairsOf = (state: State): [number, number][] => Array.from({ length: state.length / 2 }, (_none, index) => [state[2 * index]!, state[2 * index + 1]!]);

/** Weighted, and with equal weights that of PromQL: places are (k - 1) * weight + (n - 1) * the weights before. */
export const weightedQuantile = (q: number, values: readonly (readonly [value: number, weight: number])[]): number => {
  if (new Set(values.map(([, weight]) => weight)).size <= 1 || !(q >= 0 && q <= 1)) return quantile(q, values.map(([value]) => value));
  const sorted = values.toSorted(([one], [other]) => one - other);
  let before = 0;
  const places = sorted.map(([, weight], index) => {
    const place = index * weight + (sorted.length - 1) * before;
    before += weight;
    return place;
  });
  const wanted = q * places.at(-1)!;
  const behind = places.findIndex((place) => place >= wanted);
  if (behind <= 0) return sorted[0]![0];
  const share = (wanted - places[behind - 1]!) / (places[behind]! - places[behind - 1]!);
  return sorted[behind - 1]![0] * (1 - share) + sorted[behind]![0] * share;
};

/** Of the whole population, by weight. */
const variance = (state: State): number => {
  let [weights, mean, squares] = [0, 0, 0];
  for (const [value, weight] of pairsOf(state)) {
    weights += weight;
    const delta = value - mean;
    mean += (delta * weight) / weights;
    squares += weight * delta * (value - mean);
  }
  return squares / weights;
};

/**
 * Increase per second of a counter, with what it did before its first and after its last sample taken to be as it
 * was between them, as Prometheus' rate() has it. Source: prometheus.io/docs/prometheus/latest/querying/functions/#rate
 */
const counterRate = (state: State, { fromSeconds, toSeconds }: { readonly fromSeconds: number; readonly toSeconds: number }): number | undefined => {
  const samples = pairsOf(state).sort(([, one], [, other]) => one - other);
  if (samples.length < 2) return undefined;
  const [[first, firstAt], [last, lastAt]] = [samples[0]!, samples.at(-1)!];
  let increase = last - first;
  for (const [index, [value]] of samples.entries()) if (index > 0 && value < samples[index - 1]![0]) increase += samples[index - 1]![0];
  const sampled = lastAt - firstAt;
  if (sampled === 0) return undefined;
  const between = sampled / (samples.length - 1);
  const reach = between * 1.1;
  const [before, behind] = [firstAt - fromSeconds, toSeconds - lastAt];
  // A counter is never below 0: it cannot have begun longer ago than its increase allows.
  const toZero = increase > 0 && first >= 0 ? sampled * (first / increase) : Number.POSITIVE_INFINITY;
  const extended = sampled + Math.min(before < reach ? before : between / 2, toZero) + (behind < reach ? behind : between / 2);
  return (increase * (extended / sampled)) / (toSeconds - fromSeconds);
};

const valueAndWeight = ({ value, weight }: Sample): State => [value, weight];

export const foldOf = ({ operator, rangeMs, parameter }: RangeAggregation): Fold => {
  switch (operator) {
    case "count_over_time":
    case "bytes_over_time":
    case "sum_over_time":
    case "absent_over_time":
      return total((sum) => sum);
    case "rate":
    case "bytes_rate":
      return total((sum) => sum / (rangeMs / 1_000));
    case "min_over_time":
      return best(Math.min);
    case "max_over_time":
      return best(Math.max);
    case "avg_over_time":
      return average;
    case "first_over_time":
      return atEnd(true);
    case "last_over_time":
      return atEnd(false);
    case "quantile_over_time":
      return collected(2, valueAndWeight, (state) => weightedQuantile(parameter ?? 0, pairsOf(state)));
    case "stdvar_over_time":
      return collected(2, valueAndWeight, variance);
    case "stddev_over_time":
      return collected(2, valueAndWeight, (state) => Math.sqrt(variance(state)));
    case "rate_counter":
      return collected(4, ({ value, at }) => [value, at], counterRate);
  }
};
