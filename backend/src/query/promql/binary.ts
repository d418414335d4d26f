/** Binary operators: between two numbers, a vector and a number, and two vectors matched by labels. */

import { hintsCollide, MIXED_SCHEMAS, reconciled, type Annotations } from "./annotations.ts";
import { executionError } from "./errors.ts";
import { add, subtract } from "./histogram/combine.ts";
import { compact, divide, isEqual, multiply, type FloatHistogram } from "./histogram/float-histogram.ts";
import { trimAbove, trimBelow } from "./histogram/trim.ts";
import { METRIC_NAME, type Labels } from "./labels.ts";
import { COMPARISONS, SET_OPERATORS, type Binary } from "./syntax.ts";
import { ABSENT, GridSeries, HISTOGRAM, type Afford, type Grid, type Value } from "./values.ts";

type Operand = number | FloatHistogram;

/** `keep` false: a comparison that does not hold. undefined: not defined for these operands. */
interface Outcome {
  readonly value: Operand;
  readonly keep: boolean;
}

const arithmetic = (operator: string, left: number, right: number): number => {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    case "%":
      return left % right;
    case "^":
      // 1 ^ NaN and 1 ^ Inf are 1 in IEEE 754, but NaN in JavaScript.
      return left === 1 || (left === -1 && Math.abs(right) === Number.POSITIVE_INFINITY) ? 1 : left ** right;
    default:
      return Math.atan2(left, right);
  }
};

const compare = (operator: string, left: number, right: number): boolean => {
  switch (operator) {
    case "==":
      return left === right;
    case "!=":
      return left !== right;
    case "<":
      return left < right;
    case ">":
      return left > right;
    case "<=":
      return left <= right;
    default:
      return left >= right;
  }
};

const scalars = (operator: string, left: number, right: number): number => (COMPARISONS.has(operator) ? Number(compare(operator, left, right)) : arithmetic(operator, left, right));

/** What is left of a histogram is still a sample of its metric. */
const TRIMS: ReadonlySet<string> = new Set(["</", ">/"]);

export class BinaryOperator {
  readonly #expr: Binary;
  readonly #grid: Grid;
  readonly #annotations: Annotations;
  readonly #afford: Afford;

  constructor(expr: Binary, grid: Grid, annotations: Annotations, afford: Afford) {
    this.#afford = afford;
    this.#expr = expr;
    this.#grid = grid;
    this.#annotations = annotations;
  }

  apply(left: Value, right: Value): Value {
    const { operator } = this.#expr;
    if (left.type === "scalar" && right.type === "scalar") return { type: "scalar", values: left.values.map((value, step) => scalars(operator, value, right.values[step]!)) };
    if (left.type === "vector" && right.type === "vector") return { type: "vector", series: SET_OPERATORS.has(operator) ? this.#sets(left.series, right.series) : this.#vectors(left.series, right.series) };
    if (left.type === "vector" && right.type === "scalar") return { type: "vector", series: this.#withScalar(left.series, right.values, false) };
    if (left.type === "scalar" && right.type === "vector") return { type: "vector", series: this.#withScalar(right.series, left.values, true) };
    throw new Error("BUG: operands were not checked");
  }

  get #dropsName(): boolean {
    return (!COMPARISONS.has(this.#expr.operator) && !TRIMS.has(this.#expr.operator)) || this.#expr.returnsBool;
  }

  // ---- a vector and a number

  #withScalar(series: readonly GridSeries[], values: Float64Array, isScalarLeft: boolean): GridSeries[] {
    const { returnsBool } = this.#expr;
    return series
      .map((one) => {
        const result = new GridSeries(one.labels, this.#grid.steps, one.dropsName || this.#dropsName);
        for (let step = 0; step < this.#grid.steps; step++) {
          const operand = valueAt(one, step);
          if (operand === undefined) continue;
          const outcome = isScalarLeft ? this.#operate(values[step]!, operand) : this.#operate(operand, values[step]!);
          if (!outcome) continue;
          if (returnsBool) result.setFloat(step, Number(outcome.keep));
          // A comparison keeps the vector's value, whichever side it is on.
          else if (outcome.keep) set(result, step, COMPARISONS.has(this.#expr.operator) ? operand : outcome.value);
        }
        return result;
      })
      .filter(({ isEmpty }) => !isEmpty);
  }

  #operate(left: Operand, right: Operand): Outcome | undefined {
    const { operator } = this.#expr;
    const [isLeftFloat, isRightFloat] = [typeof left === "number", typeof right === "number"];
    if (typeof left === "number" && typeof right === "number") {
      if (COMPARISONS.has(operator)) return { value: left, keep: compare(operator, left, right) };
      if (operator !== "</" && operator !== ">/") return { value: arithmetic(operator, left, right), keep: true };
    } else if (typeof left === "number") {
      if (operator === "*") return { value: multiply(right as FloatHistogram, left), keep: true };
    } else if (typeof right === "number") {
      if (operator === "*") return { value: multiply(left, right), keep: true };
      if (operator === "/") return { value: divide(left, right), keep: true };
      if (operator === "</") return { value: trimAbove(left, right), keep: true };
      if (operator === ">/") return { value: trimBelow(left, right), keep: true };
    } else if (operator === "==" || operator === "!=") return { value: left, keep: isEqual(left, right) === (operator === "==") };
    else if (operator === "+" || operator === "-") return this.#combine(left, right);
    this.#annotations.info(`incompatible sample types encountered for binary operator ${JSON.stringify(operator)}: ${isLeftFloat ? "float" : "histogram"} ${operator} ${isRightFloat ? "float" : "histogram"}`, this.#expr);
    return undefined;
  }

  #combine(left: FloatHistogram, right: FloatHistogram): Outcome | undefined {
    const isAddition = this.#expr.operator === "+";
    const combined = isAddition ? add(left, right) : subtract(left, right);
    if (!combined) {
      this.#annotations.warn(MIXED_SCHEMAS, this.#expr);
      return undefined;
    }
    const name = isAddition ? "addition" : "subtraction";
    if (combined.hintsCollide) this.#annotations.warn(hintsCollide(name), this.#expr);
    if (combined.reconciled) this.#annotations.info(reconciled(name), this.#expr);
    const { positive, negative } = combined.histogram;
    return { value: { ...combined.histogram, positive: compact(positive), negative: compact(negative), ...(!isAddition && { hint: "gauge" as const }) }, keep: true };
  }

  // ---- two vectors

  #signature(labels: Labels): Labels {
    const { on, labels: names } = this.#expr.matching;
    return on ? labels.keep(new Set(names)) : labels.drop(new Set([...names, METRIC_NAME]));
  }

  #sets(left: readonly GridSeries[], right: readonly GridSeries[]): GridSeries[] {
    const { operator } = this.#expr;
    const { steps } = this.#grid;
    const keyOf = (one: GridSeries): string => this.#signature(one.labels).key;
    const presence = (series: readonly GridSeries[]): Map<string, Uint8Array> => {
      const present = new Map<string, Uint8Array>();
      for (const one of series) {
        const key = keyOf(one);
        let flags = present.get(key);
        if (!flags) present.set(key, (flags = new Uint8Array(steps)));
        for (let step = 0; step < steps; step++) if (one.kinds[step] !== ABSENT) flags[step] = 1;
      }
      return present;
    };
    const filtered = (series: readonly GridSeries[], other: ReadonlyMap<string, Uint8Array>, wanted: 0 | 1): GridSeries[] =>
      series
        .map((one) => {
          const flags = other.get(keyOf(one));
          const result = new GridSeries(one.labels, steps, one.dropsName);
          for (let step = 0; step < steps; step++) if ((flags?.[step] ?? 0) === wanted) result.copy(step, one);
          return result;
        })
        .filter(({ isEmpty }) => !isEmpty);
    if (operator === "and") return filtered(left, presence(right), 1);
    if (operator === "unless") return filtered(left, presence(right), 0);
    return merge([...left, ...filtered(right, presence(left), 0)], steps);
  }

  #vectors(left: readonly GridSeries[], right: readonly GridSeries[]): GridSeries[] {
    const { matching, returnsBool } = this.#expr;
    const { steps } = this.#grid;
    const isSwapped = matching.cardinality === "one-to-many";
    const [many, one] = isSwapped ? [right, left] : [left, right];
    const bySignature = (series: readonly GridSeries[]): Map<string, GridSeries[]> => Map.groupBy(series, ({ labels }) => this.#signature(labels).key);
    const [manySides, oneSides] = [bySignature(many), bySignature(one)];
    const results = new Map<string, { readonly series: GridSeries; readonly matched: Map<number, string> }>();
    const resultOf = (manyLabels: Labels, oneLabels: Labels): { readonly series: GridSeries; readonly matched: Map<number, string> } => {
      const labels = this.#resultLabels(manyLabels, oneLabels);
      let result = results.get(labels.key);
      if (!result) {
        this.#afford((results.size + 1) * steps);
        results.set(labels.key, (result = { series: new GridSeries(labels, steps, this.#dropsName), matched: new Map() }));
      }
      return result;
    };
    const [fillMany, fillOne] = isSwapped ? [matching.fillRight, matching.fillLeft] : [matching.fillLeft, matching.fillRight];
    const emit = (step: number, manySeries: GridSeries | undefined, oneSeries: GridSeries | undefined, signature: Labels): void => {
      const manyValue = manySeries ? valueAt(manySeries, step)! : fillMany!;
      const oneValue = oneSeries ? valueAt(oneSeries, step)! : fillOne!;
      const outcome = isSwapped ? this.#operate(oneValue, manyValue) : this.#operate(manyValue, oneValue);
      if (!outcome) return;
      const { series, matched } = resultOf(manySeries?.labels ?? signature, oneSeries?.labels ?? signature);
      if (!outcome.keep && !returnsBool) return;
      if (series.kinds[step] !== ABSENT || matched.has(step))
        throw executionError(
          matching.cardinality === "one-to-one" ? "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)" : "multiple matches for labels: grouping labels must ensure unique matches",
        );
      if (returnsBool) series.setFloat(step, Number(outcome.keep));
      else set(series, step, outcome.value);
    };
    for (let step = 0; step < steps; step++)
      for (const key of new Set([...manySides.keys(), ...oneSides.keys()])) {
        const ones = presentAt(oneSides.get(key), step);
        const manies = presentAt(manySides.get(key), step);
        if (ones.length > 1) this.#failDuplicates(ones, isSwapped ? "left" : "right");
        if (matching.cardinality === "one-to-one" && manies.length > 1 && ones.length > 0)
          throw executionError("multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)");
        const [single] = ones;
        const signature = (): Labels => this.#signature((manies[0] ?? single)!.labels);
        if (single || fillOne !== undefined) for (const member of manies) emit(step, member, single, signature());
        if (manies.length === 0 && single && fillMany !== undefined) emit(step, undefined, single, signature());
      }
    return [...results.values()].map(({ series }) => series).filter(({ isEmpty }) => !isEmpty);
  }

  #failDuplicates([one, other]: readonly GridSeries[], side: string): never {
    const signature = this.#signature(one!.labels);
    throw executionError(
      `found duplicate series for the match group ${signature.toString()} on the ${side} hand-side of the operation: [${one!.labels.toString()}, ${other!.labels.toString()}];many-to-many matching not allowed: matching labels must be unique on one side`,
    );
  }

  #resultLabels(many: Labels, one: Labels): Labels {
    const { matching } = this.#expr;
    let labels = this.#dropsName ? many.withoutName() : many;
    if (matching.cardinality === "one-to-one") {
      const names = new Set(matching.labels);
      labels = matching.on ? labels.keep(names) : labels.drop(names);
    }
    for (const name of matching.include) labels = labels.set(name, one.get(name));
    return labels;
  }
}

const presentAt = (series: readonly GridSeries[] | undefined, step: number): GridSeries[] => (series ?? []).filter(({ kinds }) => kinds[step] !== ABSENT);

const valueAt = (series: GridSeries, step: number): Operand | undefined => {
  const kind = series.kinds[step];
  return kind === ABSENT ? undefined : kind === HISTOGRAM ? series.histogram(step) : series.floats[step]!;
};

const set = (series: GridSeries, step: number, value: Operand): void => (typeof value === "number" ? series.setFloat(step, value) : series.setHistogram(step, value));

/** One series for all with the same labels. Throws when two have a value at one step. */
export const merge = (series: readonly GridSeries[], steps: number): GridSeries[] => {
  const merged = new Map<string, GridSeries>();
  for (const one of series) {
    const key = `${one.labels.key}\u0002${one.dropsName}`;
    const known = merged.get(key);
    if (!known) {
      merged.set(key, one.relabelled(one.labels, one.dropsName));
      continue;
    }
    for (let step = 0; step < steps; step++) {
      if (one.kinds[step] === ABSENT) continue;
      if (known.kinds[step] !== ABSENT) throw executionError("vector cannot contain metrics with the same labelset");
      known.copy(step, one);
    }
  }
  return [...merged.values()];
};
