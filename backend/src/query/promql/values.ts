/** Values on a grid of times: what an expression is at each step of a query. */

import type { FloatHistogram } from "./histogram/float-histogram.ts";
import type { Labels } from "./labels.ts";

export const ABSENT = 0;
export const FLOAT = 1;
export const HISTOGRAM = 2;
/** Of samples in a store: the series ended here. */
export const STALE = 3;

/** `steps` times, the first at `startMs`. An instant query has one. */
export interface Grid {
  readonly startMs: number;
  readonly stepMs: number;
  readonly steps: number;
}

/** Throws PromqlError(execution) when a query may not hold so many values more than it does. */
export type Afford = (values: number) => void;

export const timeAt = ({ startMs, stepMs }: Grid, step: number): number => startMs + step * stepMs;

/** A series with at most one value per step. */
export class GridSeries {
  readonly labels: Labels;
  /** The metric's name goes once the whole query is evaluated: until then it can still be matched by. */
  readonly dropsName: boolean;
  /** ABSENT, FLOAT or HISTOGRAM by step. */
  readonly kinds: Uint8Array;
  readonly floats: Float64Array;
  #histograms: (FloatHistogram | undefined)[] | undefined;

  constructor(labels: Labels, steps: number, dropsName: boolean) {
    this.labels = labels;
    this.dropsName = dropsName;
    this.kinds = new Uint8Array(steps);
    this.floats = new Float64Array(steps);
  }

  setFloat(step: number, value: number): void {
    this.kinds[step] = FLOAT;
    this.floats[step] = value;
  }

  setHistogram(step: number, histogram: FloatHistogram): void {
    this.kinds[step] = HISTOGRAM;
    (this.#histograms ??= Array.from({ length: this.kinds.length }))[step] = histogram;
  }

  /** Of a step whose kind is HISTOGRAM. */
  histogram(step: number): FloatHistogram {
    return this.#histograms![step]!;
  }

  copy(step: number, from: GridSeries): void {
    if (from.kinds[step] === FLOAT) this.setFloat(step, from.floats[step]!);
    else if (from.kinds[step] === HISTOGRAM) this.setHistogram(step, from.histogram(step));
  }

  remove(step: number): void {
    this.kinds[step] = ABSENT;
  }

  get isEmpty(): boolean {
    return !this.kinds.some((kind) => kind !== ABSENT);
  }

  /** The same values under other labels. */
  relabelled(labels: Labels, dropsName: boolean): GridSeries {
    const series = new GridSeries(labels, this.kinds.length, dropsName);
    for (let step = 0; step < this.kinds.length; step++) series.copy(step, this);
    return series;
  }
}

export type Value =
  | { readonly type: "scalar"; readonly values: Float64Array }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "vector"; readonly series: readonly GridSeries[] };

export const constant = (value: number, { steps }: Grid): Float64Array => new Float64Array(steps).fill(value);
