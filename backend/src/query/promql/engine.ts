/** PromQL over any source of samples: text in, values with their annotations out. */

import { Annotations } from "./annotations.ts";
import { check } from "./check.ts";
import { executionError, PromqlError } from "./errors.ts";
import { Evaluator } from "./evaluate.ts";
import { merge } from "./binary.ts";
import { parse } from "./parse.ts";
import { plan } from "./plan.ts";
import { pushDown } from "./push-down.ts";
import type { RawSeries, SeriesSource } from "./source.ts";
import { positionOf, TYPE_NAMES, unwrap, type Expr, type VectorSelector } from "./syntax.ts";
import { STALE, type Grid, type GridSeries, type Value } from "./values.ts";

export interface EngineOptions {
  readonly source: SeriesSource;
  /** What Prometheus has behind flags. */
  readonly allowExperimental?: boolean;
  /** How far back a value still holds; 5 minutes by default. */
  readonly lookbackMs?: number;
  /** Step of subqueries without one; a minute by default. */
  readonly subqueryStepMs?: number;
  /** Values that one query may hold at a time. */
  readonly maxSamples?: number;
}

export type Answer = { readonly warnings: readonly string[]; readonly infos: readonly string[] } & (Value | { readonly type: "matrix"; readonly series: readonly RawSeries[] });

const LOOKBACK_MS = 300_000;
const SUBQUERY_STEP_MS = 60_000;
const MAX_SAMPLES = 50_000_000;

interface Checked {
  readonly expr: Expr;
  readonly type: "scalar" | "string" | "vector" | "matrix";
}

export class Engine {
  readonly #options: EngineOptions;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** Throws PromqlError(bad_data). */
  check(query: string): Checked {
    const expr = parse(query);
    return { expr, type: check(expr, { query, allowExperimental: this.#options.allowExperimental ?? false }) };
  }

  /** At one time, ms. Throws PromqlError. */
  async instant(query: string, timeMs: number): Promise<Answer> {
    const { expr, type } = this.check(query);
    const grid: Grid = { startMs: timeMs, stepMs: 0, steps: 1 };
    if (type === "matrix") return this.#range(query, expr, grid);
    return this.#run(query, expr, grid);
  }

  /** At every step from `startMs` to `endMs`. Throws PromqlError. */
  async range(query: string, startMs: number, endMs: number, stepMs: number): Promise<Answer> {
    const { expr, type } = this.check(query);
    if (type !== "scalar" && type !== "vector") throw new PromqlError("bad_data", `invalid expression type ${JSON.stringify(TYPE_NAMES[type])} for range query, must be Scalar or instant Vector`);
    return this.#run(query, expr, { startMs, stepMs, steps: Math.floor((endMs - startMs) / stepMs) + 1 });
  }

  async #run(query: string, expr: Expr, grid: Grid): Promise<Answer> {
    const annotations = new Annotations(query);
    const evaluator = await this.#evaluator(expr, grid, annotations);
    const value = evaluator.evaluate(expr, grid);
    const { warnings, infos } = { warnings: annotations.warnings, infos: annotations.infos };
    if (value.type !== "vector") return { ...value, warnings, infos };
    return { type: "vector", series: finish(value.series, grid, expr), warnings, infos };
  }

  async #evaluator(expr: Expr, grid: Grid, annotations: Annotations): Promise<Evaluator> {
    const { source, lookbackMs = LOOKBACK_MS, subqueryStepMs = SUBQUERY_STEP_MS, maxSamples = MAX_SAMPLES } = this.#options;
    const known = await pushDown(expr, grid, source, annotations);
    const selections = plan(expr, { grid, lookbackMs, subqueryStepMs }, (part) => known.has(part));
    const samples = new Map<VectorSelector, readonly RawSeries[]>();
    // In turn: each may read what the ones before it have left of the limit.
    for (const selection of selections) samples.set(selection.selector, await source.select(selection));
    return new Evaluator({ samplesOf: (selector) => samples.get(selector) ?? [], known, annotations, lookbackMs, subqueryStepMs, grid, maxSamples });
  }

  /** A range vector by itself: its samples as they are. */
  async #range(query: string, expr: Expr, grid: Grid): Promise<Answer> {
    const annotations = new Annotations(query);
    const evaluator = await this.#evaluator(expr, grid, annotations);
    const inner = unwrap(expr);
    if (inner.kind !== "matrix" && inner.kind !== "subquery") throw executionError(`no range vector at ${positionOf(query, expr.from)}`);
    const series = evaluator.samplesIn(inner, grid).map(({ raw, fromMs, toMs, dropsName }) => cut(raw, fromMs, toMs, dropsName)).filter(({ times }) => times.length > 0);
    return { type: "matrix", series: series.toSorted((one, other) => one.labels.compare(other.labels)), warnings: annotations.warnings, infos: annotations.infos };
  }
}

/** Names that are to go, go; then no two series may be the same. */
const finish = (series: readonly GridSeries[], { steps }: Grid, expr: Expr): GridSeries[] => {
  const named = series.map((one) => (one.dropsName ? one.relabelled(one.labels.withoutName(), false) : one.relabelled(one.labels, false)));
  const merged = merge(named, steps);
  return steps === 1 && isOrdered(expr) ? merged : merged.toSorted((one, other) => one.labels.compare(other.labels));
};

/**
 * An expression whose leaves are known, for languages that have PromQL's operators over series of their own.
 * Throws PromqlError(execution).
 */
export const evaluateKnown = (expr: Expr, grid: Grid, known: ReadonlyMap<Expr, readonly GridSeries[]>, query: string, maxSamples = MAX_SAMPLES): Value & { readonly warnings: readonly string[] } => {
  const annotations = new Annotations(query);
  const evaluator = new Evaluator({ samplesOf: () => [], known, annotations, lookbackMs: LOOKBACK_MS, subqueryStepMs: SUBQUERY_STEP_MS, grid, maxSamples });
  const value = evaluator.evaluate(expr);
  return value.type === "vector" ? { type: "vector", series: finish(value.series, grid, expr), warnings: annotations.warnings } : { ...value, warnings: annotations.warnings };
};

const cut = (raw: RawSeries, afterMs: number, untilMs: number, dropsName: boolean): RawSeries => {
  const kept = [...raw.times.keys()].filter((index) => raw.times[index]! > afterMs && raw.times[index]! <= untilMs && raw.kinds[index] !== STALE);
  return {
    labels: dropsName ? raw.labels.withoutName() : raw.labels,
    times: Float64Array.from(kept, (index) => raw.times[index]!),
    kinds: Uint8Array.from(kept, (index) => raw.kinds[index]!),
    floats: Float64Array.from(kept, (index) => raw.floats[index]!),
    ...(raw.histograms && { histograms: kept.map((index) => raw.histograms![index]) }),
  };
};

const ORDERED = new Set(["sort", "sort_desc", "sort_by_label", "sort_by_label_desc", "topk", "bottomk"]);

/** Whether the order of an instant vector says something. */
const isOrdered = (expr: Expr): boolean => {
  const inner = unwrap(expr);
  return (inner.kind === "call" && ORDERED.has(inner.name)) || (inner.kind === "aggregation" && ORDERED.has(inner.operator));
};
