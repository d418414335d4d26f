/** Series of a range aggregation: entries are counted into cells, and read as a value per step. */

import { GridSeries, type Labels } from "../promql/index.ts";
import { overLimit } from "./errors.ts";
import type { Fold, Sample, State } from "./folds.ts";
import { cellsOf, type RangeGrid } from "./window.ts";

const NS_PER_SECOND = 1e9;

interface Series {
  readonly labels: Labels;
  readonly cells: Map<number, number[]>;
}

export interface RangeLimits {
  readonly maxSeries: number;
  /** Numbers that all cells together may hold. */
  readonly maxNumbers: number;
}

export class RangeSeries {
  readonly #fold: Fold;
  readonly #grid: RangeGrid;
  readonly #limits: RangeLimits;
  readonly #series = new Map<string, Series>();
  #numbers = 0;

  constructor(fold: Fold, grid: RangeGrid, limits: RangeLimits) {
    this.#fold = fold;
    this.#grid = grid;
    this.#limits = limits;
  }

  add(labels: Labels, cell: number, sample: Sample): void {
    this.addState(labels, cell, this.#fold.of(sample));
  }

  /** Throws LogqlError(limit). */
  addState(labels: Labels, cell: number, state: State): void {
    let series = this.#series.get(labels.key);
    if (!series) {
      if (this.#series.size >= this.#limits.maxSeries)
        throw overLimit(`maximum of series (${this.#limits.maxSeries}) reached for a single query; consider reducing query cardinality by adding more specific stream selectors, reducing the time range, or aggregating results with functions like sum, count or topk`);
      this.#series.set(labels.key, (series = { labels, cells: new Map() }));
    }
    const known = series.cells.get(cell);
    this.#numbers += known && !this.#fold.grows ? 0 : state.length;
    if (this.#numbers > this.#limits.maxNumbers) throw overLimit(`the query would hold more than ${this.#limits.maxNumbers} values: narrow its time range, make its step longer, or group by fewer labels`);
    if (!known) series.cells.set(cell, [...state]);
    else if (this.#fold.grows) for (const number of state) known.push(number);
    else series.cells.set(cell, [...this.#fold.merge(known, state)]);
  }

  result(): GridSeries[] {
    return [...this.#series.values()].map((series) => this.#valuesOf(series)).filter(({ isEmpty }) => !isEmpty);
  }

  #valuesOf({ labels, cells }: Series): GridSeries {
    const { steps, stepNs, rangeNs } = this.#grid;
    const result = new GridSeries(labels, steps, false);
    const rangeOf = cellsOf(this.#grid);
    const ids = [...cells.keys()].sort((one, other) => one - other);
    const states = ids.map((id) => cells.get(id)!);
    const window = this.#fold.grows ? new Anew(states) : new Sliding(this.#fold, states);
    let [from, to] = [0, 0];
    for (let step = 0; step < steps; step++) {
      const [firstCell, behindCell] = rangeOf(step);
      while (to < ids.length && ids[to]! < behindCell) to += 1;
      while (from < to && ids[from]! < firstCell) from += 1;
      const state = window.of(from, to);
      if (!state) continue;
      const fromSeconds = (step * Number(stepNs)) / NS_PER_SECOND;
      const value = this.#fold.value(state, { fromSeconds, toSeconds: fromSeconds + Number(rangeNs) / NS_PER_SECOND });
      if (value !== undefined) result.setFloat(step, value);
    }
    return result;
  }
}

/** The states from one index to another, neither of which ever goes back; undefined of none. */
interface Window {
  of(from: number, to: number): State | undefined;
}

class Anew implements Window {
  readonly #states: readonly State[];

  constructor(states: readonly State[]) {
    this.#states = states;
  }

  of(from: number, to: number): State | undefined {
    return from < to ? this.#states.slice(from, to).flat() : undefined;
  }
}

/** A queue of two stacks: each state is merged a few times, however many ranges it is in. */
class Sliding implements Window {
  readonly #fold: Fold;
  readonly #states: readonly State[];
  /** Index `middle - 1 - i` at place i: all from there up to the middle, merged. */
  #front: State[] = [];
  #middle = 0;
  #back: State | undefined;
  #to = 0;

  constructor(fold: Fold, states: readonly State[]) {
    this.#fold = fold;
    this.#states = states;
  }

  of(from: number, to: number): State | undefined {
    for (; this.#to < to; this.#to++) this.#back = this.#back ? this.#fold.merge(this.#back, this.#states[this.#to]!) : this.#states[this.#to];
    if (from >= to) return undefined;
    if (from >= this.#middle) {
      this.#front = [];
      for (let index = to - 1; index >= from; index--) {
        const behind = this.#front.at(-1);
        this.#front.push(behind ? this.#fold.merge(this.#states[index]!, behind) : this.#states[index]!);
      }
      this.#middle = to;
      this.#back = undefined;
    }
    const front = this.#front[this.#middle - 1 - from];
    return front && this.#back ? this.#fold.merge(front, this.#back) : front;
  }
}
