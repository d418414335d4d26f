/**
 * The evaluator: what an expression is at every step of a query. The samples that selectors need are fetched
 * first (plan.ts); after that nothing waits. Semantics: prometheus.io/docs/prometheus/latest/querying
 */

import { Aggregator } from "./aggregate.ts";
import type { Annotations } from "./annotations.ts";
import { BinaryOperator } from "./binary.ts";
import { executionError, TOO_MANY_SAMPLES } from "./errors.ts";
import { multiply, withHint, type FloatHistogram } from "./histogram/float-histogram.ts";
import type { VectorFunction } from "./functions/contract.ts";
import { HISTOGRAMS } from "./functions/histograms.ts";
import { info, infoSelector } from "./functions/info.ts";
import { LABELS } from "./functions/labels.ts";
import { MATH } from "./functions/math.ts";
import { Labels, METRIC_NAME } from "./labels.ts";
import { between, extendedFunctions } from "./range-functions/extended.ts";
import type { RangeFunction } from "./range-functions/contract.ts";
import { OVER_TIME } from "./range-functions/over-time.ts";
import { delta, idelta, increase, irate, rate, resets } from "./range-functions/rates.ts";
import type { RawSeries } from "./source.ts";
import { unwrap, type At, type Call, type Duration, type Expr, type MatrixSelector, type Matcher, type Subquery, type VectorSelector } from "./syntax.ts";
import { ABSENT, constant, FLOAT, GridSeries, HISTOGRAM, STALE, timeAt, type Afford, type Grid, type Value } from "./values.ts";
import { split, Window } from "./window.ts";

const RANGE_FUNCTIONS: Readonly<Record<string, RangeFunction>> = { ...OVER_TIME, rate, increase, delta, irate, idelta, resets };
const VECTOR_FUNCTIONS: Readonly<Record<string, VectorFunction>> = { ...MATH, ...LABELS, ...HISTOGRAMS };
/** Their values are samples as they were taken. */
const KEEP_NAME: ReadonlySet<string> = new Set(["last_over_time", "first_over_time"]);

export interface EvaluatorOptions {
  /** Samples of each selector (plan.ts). */
  readonly samplesOf: (selector: VectorSelector) => readonly RawSeries[];
  /** What is known already (push-down.ts). */
  readonly known?: ReadonlyMap<Expr, readonly GridSeries[]>;
  readonly annotations: Annotations;
  /** How far back a value still holds, ms. */
  readonly lookbackMs: number;
  /** Step of subqueries without one, ms. */
  readonly subqueryStepMs: number;
  /** The query's own. */
  readonly grid: Grid;
  readonly maxSamples: number;
}

/** Times at which a selector or subquery looks, by step. */
export const shiftedTime = (grid: Grid, query: Grid, { at, offset }: { readonly at?: At; readonly offset?: Duration }, context: { readonly stepMs: number; readonly rangeMs: number }) => {
  const offsetMs = offset?.(context) ?? 0;
  const fixed = at && (at.kind === "time" ? at.ms : at.kind === "start" ? query.startMs : timeAt(query, query.steps - 1));
  return (step: number): number => (fixed ?? timeAt(grid, step)) - offsetMs;
};

export const contextOf = (query: Grid): { readonly stepMs: number; readonly rangeMs: number } => ({ stepMs: query.stepMs, rangeMs: timeAt(query, query.steps - 1) - query.startMs });

/** The steps of a subquery: multiples of its own step, left-open like every range. */
export const subqueryGrid = (expr: Subquery, grid: Grid, query: Grid, defaultStepMs: number): Grid => {
  const context = contextOf(query);
  const timeOf = shiftedTime(grid, query, expr, context);
  const stepMs = expr.step?.(context) ?? defaultStepMs;
  const after = timeOf(0) - expr.range(context);
  let startMs = Math.floor(after / stepMs) * stepMs;
  if (startMs <= after) startMs += stepMs;
  const endMs = timeOf(grid.steps - 1);
  return { startMs, stepMs, steps: endMs < startMs ? 0 : Math.floor((endMs - startMs) / stepMs) + 1 };
};

export class Evaluator {
  readonly #options: EvaluatorOptions;
  #values = 0;

  constructor(options: EvaluatorOptions) {
    this.#options = options;
  }

  evaluate(expr: Expr, grid: Grid = this.#options.grid): Value {
    const value = this.#evaluate(expr, grid);
    if (value.type === "vector") this.#spend(value.series.length * grid.steps);
    return value;
  }

  /** What may grow beyond its input asks before it does; what a node holds is spent when it is there. */
  readonly #afford: Afford = (values) => {
    if (this.#values + values > this.#options.maxSamples) throw executionError(TOO_MANY_SAMPLES);
  };

  #spend(values: number): void {
    this.#afford(values);
    this.#values += values;
  }

  #evaluate(expr: Expr, grid: Grid): Value {
    const { annotations } = this.#options;
    const known = this.#options.known?.get(expr);
    if (known) return { type: "vector", series: known };
    switch (expr.kind) {
      case "number":
        return { type: "scalar", values: constant(expr.value, grid) };
      case "string":
        return { type: "string", value: expr.value };
      case "paren":
        return this.#evaluate(expr.expr, grid);
      case "selector":
        return { type: "vector", series: this.#select(expr, grid) };
      case "unary":
        return this.#negate(expr.operator, this.evaluate(expr.expr, grid), grid);
      case "binary":
        return new BinaryOperator(expr, grid, annotations, this.#afford).apply(this.evaluate(expr.left, grid), this.evaluate(expr.right, grid));
      case "aggregation": {
        const inner = this.evaluate(expr.expr, grid);
        const parameter = expr.parameter && this.evaluate(expr.parameter, grid);
        return { type: "vector", series: new Aggregator(expr, grid, annotations, this.#afford).aggregate((inner as { series: readonly GridSeries[] }).series, parameter) };
      }
      case "call":
        return this.#call(expr, grid);
      default:
        throw executionError(`a range vector is no value here`);
    }
  }

  #negate(operator: "+" | "-", value: Value, { steps }: Grid): Value {
    if (operator === "+" || value.type === "string") return value;
    if (value.type === "scalar") return { type: "scalar", values: value.values.map((number) => -number) };
    const series = value.series.map((one) => {
      const result = new GridSeries(one.labels, steps, true);
      for (let step = 0; step < steps; step++) {
        if (one.kinds[step] === FLOAT) result.setFloat(step, -one.floats[step]!);
        else if (one.kinds[step] === HISTOGRAM) result.setHistogram(step, multiply(one.histogram(step), -1));
      }
      return result;
    });
    return { type: "vector", series };
  }

  // ---- selectors

  #select(expr: VectorSelector, grid: Grid, valueAt?: (raw: RawSeries, index: number) => number | undefined): GridSeries[] {
    const { grid: query, lookbackMs, samplesOf } = this.#options;
    const timeOf = shiftedTime(grid, query, expr, contextOf(query));
    const found = samplesOf(expr);
    this.#afford(found.length * grid.steps);
    const results: GridSeries[] = [];
    for (const raw of found) {
      const { times, kinds, floats, histograms } = raw;
      const result = new GridSeries(raw.labels, grid.steps, false);
      let next = 0;
      for (let step = 0; step < grid.steps; step++) {
        const ms = timeOf(step);
        while (next < times.length && times[next]! <= ms) next += 1;
        const index = next - 1;
        if (expr.isSmoothed) {
          const value = this.#smoothedAt(raw, index, ms, expr);
          if (typeof value === "number") result.setFloat(step, value);
          else if (value) result.setHistogram(step, value);
          continue;
        }
        if (index < 0 || times[index]! <= ms - lookbackMs || kinds[index] === STALE) continue;
        if (valueAt) {
          const value = valueAt(raw, index);
          if (value !== undefined) result.setFloat(step, value);
        } else if (kinds[index] === FLOAT) result.setFloat(step, floats[index]!);
        else result.setHistogram(step, histograms![index]!);
      }
      if (!result.isEmpty) results.push(result);
    }
    return results;
  }

  /** Between the samples around a time; the one before it where there is none behind. */
  #smoothedAt({ labels, times, kinds, floats, histograms }: RawSeries, index: number, ms: number, at: VectorSelector): number | FloatHistogram | undefined {
    const { lookbackMs, annotations } = this.#options;
    const valueOf = (of: number): number | FloatHistogram | undefined => (kinds[of] === FLOAT ? floats[of] : kinds[of] === HISTOGRAM ? histograms![of] : undefined);
    const before = index >= 0 && times[index]! > ms - lookbackMs ? valueOf(index) : undefined;
    const behind = index + 1 < times.length && times[index + 1]! <= ms + lookbackMs ? valueOf(index + 1) : undefined;
    if (before === undefined || behind === undefined || times[index] === ms) return before;
    return between({ ms: times[index]!, value: before }, { ms: times[index + 1]!, value: behind }, ms, labels.metricName, { annotations, at });
  }

  /** The series of a range vector, and the ranges in which they are looked at. */
  #ranges(expr: MatrixSelector | Subquery, grid: Grid): { readonly series: readonly RawSeries[]; readonly rangeMs: number; readonly timeOf: (step: number) => number; readonly names: ReadonlySet<RawSeries> } {
    const { grid: query, samplesOf, subqueryStepMs } = this.#options;
    const context = contextOf(query);
    const rangeMs = expr.range(context);
    if (expr.kind === "matrix") return { series: samplesOf(expr.selector), rangeMs, timeOf: shiftedTime(grid, query, expr.selector, context), names: new Set() };
    const inner = subqueryGrid(expr, grid, query, subqueryStepMs);
    this.#spend(inner.steps);
    const value = inner.steps === 0 ? { series: [] } : (this.evaluate(expr.expr, inner) as { series: readonly GridSeries[] });
    const dropped = new Set<RawSeries>();
    const series = value.series.map((one) => {
      const raw = rawOf(one, inner);
      if (one.dropsName) dropped.add(raw);
      return raw;
    });
    return { series, rangeMs, timeOf: shiftedTime(grid, query, expr, context), names: dropped };
  }

  // ---- calls

  #call(call: Call, grid: Grid): Value {
    const { annotations, grid: query } = this.#options;
    const { name, args } = call;
    switch (name) {
      case "absent":
        return { type: "vector", series: this.#absent(call, (this.evaluate(args[0]!, grid) as { series: readonly GridSeries[] }).series, grid) };
      case "absent_over_time":
        return { type: "vector", series: this.#absent(call, this.#overRanges({ ...call, name: "present_over_time" }, grid), grid) };
      case "timestamp":
        return { type: "vector", series: this.#timestamps(args[0]!, grid) };
      case "start_timestamp":
        return { type: "vector", series: this.#startTimestamps(args[0]!, grid) };
      case "info":
        return { type: "vector", series: info(call, (this.evaluate(args[0]!, grid) as { series: readonly GridSeries[] }).series, this.#select(infoSelector(call), grid), grid, this.#afford) };
      case "start":
        return { type: "scalar", values: constant(query.startMs / 1_000, grid) };
      case "end":
        return { type: "scalar", values: constant(timeAt(query, query.steps - 1) / 1_000, grid) };
      case "range":
        return { type: "scalar", values: constant(contextOf(query).rangeMs / 1_000, grid) };
      case "step":
        return { type: "scalar", values: constant(query.stepMs / 1_000, grid) };
      default:
    }
    const overVectors = VECTOR_FUNCTIONS[name];
    if (overVectors) return overVectors(args.map((arg) => this.evaluate(arg, grid)), { call, grid, annotations });
    return { type: "vector", series: this.#overRanges(call, grid) };
  }

  #overRanges(call: Call, grid: Grid): GridSeries[] {
    const { annotations, lookbackMs } = this.#options;
    const { name } = call;
    const rangeIndex = call.args.findIndex((arg) => ["matrix", "subquery"].includes(unwrap(arg).kind));
    const range = unwrap(call.args[rangeIndex]!) as MatrixSelector | Subquery;
    const scalars = call.args.filter((_arg, index) => index !== rangeIndex).map((arg) => (this.evaluate(arg, grid) as { values: Float64Array }).values);
    const { series, rangeMs, timeOf, names } = this.#ranges(range, grid);
    const extension = range.kind === "matrix" ? range.extension : undefined;
    const compute = extension ? extendedFunctions[extension][name]! : RANGE_FUNCTIONS[name]!;
    if (name === "double_exponential_smoothing") this.#checkSmoothing(scalars);
    this.#afford(series.length * grid.steps);
    const results: GridSeries[] = [];
    for (const raw of series) {
      const window = new Window(split(raw));
      const result = new GridSeries(raw.labels, grid.steps, !KEEP_NAME.has(name) || names.has(raw));
      for (let step = 0; step < grid.steps; step++) {
        const endMs = timeOf(step);
        if (extension) window.moveTo(endMs - rangeMs - lookbackMs, extension === "smoothed" ? endMs + lookbackMs : endMs);
        else window.moveTo(endMs - rangeMs, endMs);
        const context = { annotations, at: call.args[rangeIndex]!, argumentAt: call.args[rangeIndex === 0 ? 1 : 0] ?? call, rangeMs, nowMs: timeAt(grid, step), endMs, scalars: scalars.map((values) => values[step]!) };
        const value = compute(window, context);
        if (value === undefined) continue;
        if (typeof value === "number") result.setFloat(step, value);
        else result.setHistogram(step, value);
      }
      if (!result.isEmpty) results.push(result);
    }
    return results;
  }

  #checkSmoothing([levels, trends]: readonly Float64Array[]): void {
    for (const [name, values] of [["smoothing", levels!], ["trend", trends!]] as const)
      for (const factor of values) if (!(factor > 0 && factor < 1)) throw executionError(`invalid ${name} factor. Expected: 0 < ${name === "smoothing" ? "sf" : "tf"} < 1, got: ${factor}`);
  }

  #absent(call: Call, present: readonly GridSeries[], grid: Grid): GridSeries[] {
    const result = new GridSeries(labelsOfAbsent(call.args[0]!), grid.steps, false);
    for (let step = 0; step < grid.steps; step++) if (!present.some(({ kinds }) => kinds[step] !== ABSENT)) result.setFloat(step, 1);
    return result.isEmpty ? [] : [result];
  }

  /** Of a selector the times of its samples, else the time of the step. */
  #timestamps(arg: Expr, grid: Grid): GridSeries[] {
    const inner = unwrap(arg);
    if (inner.kind === "selector") return this.#select(inner, grid, (raw, index) => raw.times[index]! / 1_000).map((one) => one.relabelled(one.labels, true));
    return (this.evaluate(arg, grid) as { series: readonly GridSeries[] }).series.map((one) => {
      const result = new GridSeries(one.labels, grid.steps, true);
      for (let step = 0; step < grid.steps; step++) if (one.kinds[step] !== ABSENT) result.setFloat(step, timeAt(grid, step) / 1_000);
      return result;
    });
  }

  /** Only samples know when what they count began. */
  #startTimestamps(arg: Expr, grid: Grid): GridSeries[] {
    const inner = unwrap(arg);
    if (inner.kind !== "selector") return [];
    return this.#select(inner, grid, ({ startTimes }, index) => (Number.isNaN(startTimes?.[index] ?? Number.NaN) ? 0 : startTimes![index]! / 1_000)).map((one) => one.relabelled(one.labels, true));
  }

  /** The samples of a range vector at the last step. */
  samplesIn(expr: MatrixSelector | Subquery, grid: Grid): { readonly raw: RawSeries; readonly fromMs: number; readonly toMs: number; readonly dropsName: boolean }[] {
    const { series, rangeMs, timeOf, names } = this.#ranges(expr, grid);
    const toMs = timeOf(grid.steps - 1);
    return series.map((raw) => ({ raw, fromMs: toMs - rangeMs, toMs, dropsName: names.has(raw) }));
  }
}

/** What a sample says of the one before it says nothing of the step before it. */
const withoutReset = (histogram: FloatHistogram): FloatHistogram => (histogram.hint === "gauge" ? histogram : withHint(histogram, "unknown"));

const rawOf = (one: GridSeries, grid: Grid): RawSeries => {
  const steps = [...one.kinds.keys()].filter((step) => one.kinds[step] !== ABSENT);
  return {
    labels: one.labels,
    times: Float64Array.from(steps, (step) => timeAt(grid, step)),
    kinds: Uint8Array.from(steps, (step) => one.kinds[step]!),
    floats: Float64Array.from(steps, (step) => one.floats[step]!),
    histograms: steps.map((step) => (one.kinds[step] === HISTOGRAM ? withoutReset(one.histogram(step)) : undefined)),
  };
};

/** Labels that what is missing would surely have. */
const labelsOfAbsent = (arg: Expr): Labels => {
  const inner = unwrap(arg);
  const selector = inner.kind === "matrix" ? inner.selector : inner;
  if (selector.kind !== "selector") return Labels.EMPTY;
  const equal = selector.matchers.filter(({ name, operator }: Matcher) => operator === "=" && name !== METRIC_NAME);
  const times = (name: string): number => selector.matchers.filter((matcher) => matcher.name === name).length;
  return Labels.of(equal.filter(({ name }) => times(name) === 1).map(({ name, value }) => [name, value] as const));
};

