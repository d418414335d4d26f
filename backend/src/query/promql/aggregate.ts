/** Aggregation operators: many series to one per group, or a choice of them. */

import { hintsCollide, MIXED, MIXED_SCHEMAS, reconciled, type Annotations } from "./annotations.ts";
import { executionError } from "./errors.ts";
import { addAll } from "./histogram/combine.ts";
import { describe } from "./histogram/describe.ts";
import type { FloatHistogram } from "./histogram/float-histogram.ts";
import { labelHash } from "./label-hash.ts";
import { METRIC_NAME, type Labels } from "./labels.ts";
import { average, extreme, formatPlain, formatShort, meanAndVariance, nanLast, quantile, sum } from "./numbers.ts";
import type { Aggregation } from "./syntax.ts";
import { ABSENT, FLOAT, GridSeries, HISTOGRAM, type Afford, type Grid, type Value } from "./values.ts";

interface Group {
  readonly labels: Labels;
  readonly dropsName: boolean;
  readonly members: readonly GridSeries[];
}

/** The parameter by step, where there is one. */
export type Parameter = Value | undefined;

const groupsOf = (series: readonly GridSeries[], { grouping, without }: Aggregation): Group[] => {
  const names = new Set(without ? [...grouping, METRIC_NAME] : grouping);
  const groups = new Map<string, { labels: Labels; dropsName: boolean; members: GridSeries[] }>();
  for (const one of series) {
    const labels = without ? one.labels.drop(names) : one.labels.keep(names);
    const group = groups.get(labels.key);
    if (group) {
      group.members.push(one);
      group.dropsName ||= one.dropsName;
    } else groups.set(labels.key, { labels, dropsName: one.dropsName, members: [one] });
  }
  return [...groups.values()];
};

/** Floats of the members at a step. */
const floatsAt = (members: readonly GridSeries[], step: number): number[] => {
  const floats: number[] = [];
  for (const { kinds, floats: values } of members) if (kinds[step] === FLOAT) floats.push(values[step]!);
  return floats;
};

const histogramsAt = (members: readonly GridSeries[], step: number): FloatHistogram[] => members.filter(({ kinds }) => kinds[step] === HISTOGRAM).map((member) => member.histogram(step));

type Summary = (floats: readonly number[], parameter: number) => number;

/** Of floats alone; histograms are left out, and noted. */
const SUMMARIES: Readonly<Record<string, Summary>> = {
  min: extreme((one, other) => one < other),
  max: extreme((one, other) => one > other),
  stddev: (floats) => Math.sqrt(meanAndVariance(floats).variance),
  stdvar: (floats) => meanAndVariance(floats).variance,
  quantile: (floats, q) => quantile(q, floats),
};

export class Aggregator {
  readonly #expr: Aggregation;
  readonly #grid: Grid;
  readonly #annotations: Annotations;
  readonly #afford: Afford;

  constructor(expr: Aggregation, grid: Grid, annotations: Annotations, afford: Afford) {
    this.#afford = afford;
    this.#expr = expr;
    this.#grid = grid;
    this.#annotations = annotations;
  }

  aggregate(series: readonly GridSeries[], parameter: Parameter): GridSeries[] {
    const { operator } = this.#expr;
    switch (operator) {
      case "topk":
      case "bottomk":
      case "limitk":
        return this.#choose(series, (parameter as { values: Float64Array }).values);
      case "limit_ratio":
        return this.#sample(series, (parameter as { values: Float64Array }).values);
      case "count_values":
        return this.#countValues(series, (parameter as { value: string }).value);
      default:
        return this.#summarize(series, parameter?.type === "scalar" ? parameter.values : undefined);
    }
  }

  #ignored(members: readonly GridSeries[], step: number): void {
    if (members.some(({ kinds }) => kinds[step] === HISTOGRAM)) this.#annotations.info(`ignored histogram in ${this.#expr.operator} aggregation`, this.#expr.expr);
  }

  #summarize(series: readonly GridSeries[], parameter: Float64Array | undefined): GridSeries[] {
    const { operator } = this.#expr;
    const { steps } = this.#grid;
    if (operator === "quantile") for (const q of parameter!) if (!(q >= 0 && q <= 1)) this.#annotations.warn(`quantile value should be between 0 and 1, got ${formatShort(q)}`, this.#expr.parameter!);
    return groupsOf(series, this.#expr)
      .map(({ labels, dropsName, members }) => {
        const result = new GridSeries(labels, steps, dropsName);
        for (let step = 0; step < steps; step++) this.#summarizeAt(result, members, step, parameter?.[step] ?? 0);
        return result;
      })
      .filter(({ isEmpty }) => !isEmpty);
  }

  #summarizeAt(result: GridSeries, members: readonly GridSeries[], step: number, parameter: number): void {
    const { operator } = this.#expr;
    if (operator === "count" || operator === "group") {
      const count = members.reduce((total, { kinds }) => total + (kinds[step] === ABSENT ? 0 : 1), 0);
      if (count > 0) result.setFloat(step, operator === "group" ? 1 : count);
      return;
    }
    const floats = floatsAt(members, step);
    const summary = SUMMARIES[operator];
    if (summary) {
      this.#ignored(members, step);
      if (floats.length > 0) result.setFloat(step, summary(floats, parameter));
      return;
    }
    const histograms = histogramsAt(members, step);
    if (floats.length > 0 && histograms.length > 0) return this.#annotations.warn(`${MIXED} for aggregation`, this.#expr.expr);
    if (floats.length > 0) return result.setFloat(step, operator === "sum" ? sum(floats) : average(floats));
    const total = this.#sumOf(histograms, operator === "sum" ? sum : average);
    if (total) result.setHistogram(step, total);
  }

  /** undefined of nothing, and after a warning. */
  #sumOf(histograms: readonly FloatHistogram[], summarize: (values: readonly number[]) => number): FloatHistogram | undefined {
    if (histograms.length === 0) return undefined;
    const combined = addAll(histograms, summarize);
    if (!combined) {
      this.#annotations.warn(MIXED_SCHEMAS, this.#expr.expr);
      return undefined;
    }
    if (combined.hintsCollide) this.#annotations.warn(hintsCollide("aggregation"), this.#expr.expr);
    if (combined.reconciled) this.#annotations.info(reconciled("aggregation"), this.#expr.expr);
    return combined.histogram;
  }

  // ---- a choice of the series as they are

  #chosen(series: readonly GridSeries[], choose: (members: readonly GridSeries[], step: number) => Iterable<GridSeries>): GridSeries[] {
    const { steps } = this.#grid;
    const results = new Map(series.map((one) => [one, new GridSeries(one.labels, steps, one.dropsName)]));
    const order = new Set<GridSeries>();
    for (const { members } of groupsOf(series, this.#expr))
      for (let step = 0; step < steps; step++)
        for (const one of choose(members, step)) {
          results.get(one)!.copy(step, one);
          order.add(results.get(one)!);
        }
    return [...order];
  }

  #choose(series: readonly GridSeries[], parameter: Float64Array): GridSeries[] {
    const { operator } = this.#expr;
    const counts = Array.from(parameter, (k) => {
      if (Number.isNaN(k)) throw executionError("Parameter value is NaN");
      if (k >= 2 ** 63) throw executionError(`Scalar value ${formatShort(k)} overflows int64`);
      if (k < -(2 ** 63)) throw executionError(`Scalar value ${formatShort(k)} underflows int64`);
      return Math.trunc(k);
    });
    const order = operator === "topk" ? nanLast((one, other) => other - one) : nanLast((one, other) => one - other);
    return this.#chosen(series, (members, step) => {
      const k = counts[step]!;
      if (k < 1) return [];
      if (operator === "limitk") return members.filter(({ kinds }) => kinds[step] !== ABSENT).slice(0, k);
      this.#ignored(members, step);
      return members
        .filter(({ kinds }) => kinds[step] === FLOAT)
        .toSorted((one, other) => order(one.floats[step]!, other.floats[step]!))
        .slice(0, k);
    });
  }

  /** The same series in every query: by a hash of their labels. */
  #sample(series: readonly GridSeries[], parameter: Float64Array): GridSeries[] {
    const offsets = new Map(series.map((one) => [one, Number(labelHash(one.labels)) / 2 ** 64]));
    const ratios = Array.from(parameter, (ratio) => {
      if (Number.isNaN(ratio)) throw executionError("Ratio value is NaN");
      if (Math.abs(ratio) <= 1) return ratio;
      this.#annotations.warn(`ratio value should be between -1 and 1, got ${formatShort(ratio)}, capping to ${ratio > 0 ? 1 : -1}`, this.#expr.parameter!);
      return Math.sign(ratio);
    });
    return this.#chosen(series, (members, step) => {
      const ratio = ratios[step]!;
      return members.filter((one) => one.kinds[step] !== ABSENT && (ratio >= 0 ? offsets.get(one)! < ratio : offsets.get(one)! >= 1 + ratio));
    });
  }

  #countValues(series: readonly GridSeries[], label: string): GridSeries[] {
    if (!isLabelName(label)) throw executionError(`invalid label name ${JSON.stringify(label)}`);
    const { steps } = this.#grid;
    const results = new Map<string, GridSeries>();
    for (const { labels, dropsName, members } of groupsOf(series, this.#expr))
      for (let step = 0; step < steps; step++)
        for (const one of members) {
          if (one.kinds[step] === ABSENT) continue;
          const named = labels.set(label, one.kinds[step] === FLOAT ? formatPlain(one.floats[step]!) : describe(one.histogram(step)));
          let result = results.get(named.key);
          if (!result) {
            this.#afford((results.size + 1) * steps);
            results.set(named.key, (result = new GridSeries(named, steps, dropsName && label !== METRIC_NAME)));
          }
          result.setFloat(step, (result.kinds[step] === FLOAT ? result.floats[step]! : 0) + 1);
        }
    return [...results.values()];
  }
}

/** Any valid UTF-8; what was not, was replaced when the query was read. */
export const isLabelName = (name: string): boolean => name.length > 0 && !name.includes("\ufffd");
