/** Functions of one number at a time. Histograms have no value in them, and go. */

import { Labels } from "../labels.ts";
import { constant, FLOAT, GridSeries, timeAt, type Grid, type Value } from "../values.ts";
import type { VectorFunction } from "./contract.ts";

export const seriesOf = (value: Value | undefined): readonly GridSeries[] => {
  if (value?.type !== "vector") throw new Error("BUG: an argument was not checked");
  return value.series;
};

export const numbersOf = (value: Value | undefined): Float64Array => {
  if (value?.type !== "scalar") throw new Error("BUG: an argument was not checked");
  return value.values;
};

export const textOf = (value: Value | undefined): string => {
  if (value?.type !== "string") throw new Error("BUG: an argument was not checked");
  return value.value;
};

/** Each float by a function of itself and its step; undefined: no value. */
export const mapFloats = (series: readonly GridSeries[], { steps }: Grid, compute: (value: number, step: number) => number | undefined): GridSeries[] =>
  series
    .map((one) => {
      const result = new GridSeries(one.labels, steps, true);
      for (let step = 0; step < steps; step++) {
        if (one.kinds[step] !== FLOAT) continue;
        const value = compute(one.floats[step]!, step);
        if (value !== undefined) result.setFloat(step, value);
      }
      return result;
    })
    .filter(({ isEmpty }) => !isEmpty);

const DEGREES = 180 / Math.PI;

const SIMPLE: Readonly<Record<string, (value: number) => number>> = {
  abs: Math.abs, acos: Math.acos, acosh: Math.acosh, asin: Math.asin, asinh: Math.asinh, atan: Math.atan, atanh: Math.atanh, ceil: Math.ceil, cos: Math.cos, cosh: Math.cosh,
  deg: (value) => value * DEGREES, exp: Math.exp, floor: Math.floor, ln: Math.log, log10: Math.log10, log2: Math.log2, rad: (value) => value / DEGREES,
  sgn: Math.sign, sin: Math.sin, sinh: Math.sinh, sqrt: Math.sqrt, tan: Math.tan, tanh: Math.tanh,
};

const simple = (compute: (value: number) => number): VectorFunction => ([vector], { grid }) => ({ type: "vector", series: mapFloats(seriesOf(vector), grid, compute) });

const clamped = (value: number, least: number, most: number): number => (Number.isNaN(least) || Number.isNaN(most) ? Number.NaN : Math.max(least, Math.min(most, value)));

/** Dates are in UTC. */
const DATES: Readonly<Record<string, (date: Date) => number>> = {
  day_of_month: (date) => date.getUTCDate(),
  day_of_week: (date) => date.getUTCDay(),
  day_of_year: (date) => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1,
  days_in_month: (date) => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate(),
  hour: (date) => date.getUTCHours(),
  minute: (date) => date.getUTCMinutes(),
  month: (date) => date.getUTCMonth() + 1,
  year: (date) => date.getUTCFullYear(),
};

const date = (part: (date: Date) => number): VectorFunction => ([vector], { grid }) => {
  if (vector) return { type: "vector", series: mapFloats(seriesOf(vector), grid, (seconds) => part(new Date(Math.floor(seconds) * 1_000))) };
  const now = withoutLabels(grid, (step) => part(new Date(Math.floor(timeAt(grid, step) / 1_000) * 1_000)));
  return { type: "vector", series: [now] };
};

/** A series without labels. */
export const withoutLabels = ({ steps }: Grid, valueOf: (step: number) => number): GridSeries => {
  const series = new GridSeries(Labels.EMPTY, steps, false);
  for (let step = 0; step < steps; step++) series.setFloat(step, valueOf(step));
  return series;
};

export const MATH: Readonly<Record<string, VectorFunction>> = {
  ...Object.fromEntries(Object.entries(SIMPLE).map(([name, compute]) => [name, simple(compute)])),
  ...Object.fromEntries(Object.entries(DATES).map(([name, part]) => [name, date(part)])),
  clamp: ([vector, least, most], { grid }) => {
    const [low, high] = [numbersOf(least), numbersOf(most)];
    return { type: "vector", series: mapFloats(seriesOf(vector), grid, (value, step) => (high[step]! < low[step]! ? undefined : clamped(value, low[step]!, high[step]!))) };
  },
  clamp_max: ([vector, most], { grid }) => ({ type: "vector", series: mapFloats(seriesOf(vector), grid, (value, step) => clamped(value, Number.NEGATIVE_INFINITY, numbersOf(most)[step]!)) }),
  clamp_min: ([vector, least], { grid }) => ({ type: "vector", series: mapFloats(seriesOf(vector), grid, (value, step) => clamped(value, numbersOf(least)[step]!, Number.POSITIVE_INFINITY)) }),
  round: ([vector, to], { grid }) => {
    const nearest = to ? numbersOf(to) : constant(1, grid);
    // By the inverse, so that 0.1 rounds to tenths.
    return { type: "vector", series: mapFloats(seriesOf(vector), grid, (value, step) => Math.floor(value * (1 / nearest[step]!) + 0.5) / (1 / nearest[step]!)) };
  },
  scalar: ([vector], { grid }) => {
    const series = seriesOf(vector);
    const values = constant(Number.NaN, grid).map((none, step) => {
      const present = series.filter(({ kinds }) => kinds[step] === FLOAT);
      return present.length === 1 ? present[0]!.floats[step]! : none;
    });
    return { type: "scalar", values };
  },
  vector: ([value], { grid }) => ({ type: "vector", series: [withoutLabels(grid, (step) => numbersOf(value)[step]!)] }),
  time: (_args, { grid }) => ({ type: "scalar", values: constant(0, grid).map((_value, step) => timeAt(grid, step) / 1_000) }),
  pi: (_args, { grid }) => ({ type: "scalar", values: constant(Math.PI, grid) }),
  min_of: ([one, other]) => ({ type: "scalar", values: numbersOf(one).map((value, step) => Math.min(value, numbersOf(other)[step]!)) }),
  max_of: ([one, other]) => ({ type: "scalar", values: numbersOf(one).map((value, step) => Math.max(value, numbersOf(other)[step]!)) }),
};
