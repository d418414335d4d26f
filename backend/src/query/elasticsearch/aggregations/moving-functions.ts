/**
 * What `moving_fn` and `moving_avg` compute of a window's values, oldest first.
 * Source: elastic.co/docs/reference/aggregations/search-aggregations-pipeline-movfn-aggregation
 */

import { illegalArgument } from "../../../core/elasticsearch.ts";
import type { JsonObject } from "../json.ts";

type Moving = (values: readonly number[]) => number | null;

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
const mean: Moving = (values) => (values.length === 0 ? null : sum(values) / values.length);
const linear: Moving = (values) => (values.length === 0 ? null : sum(values.map((value, i) => value * (i + 1))) / ((values.length * (values.length + 1)) / 2));

const deviation = (values: readonly number[], average: number | null): number | null => (values.length === 0 || average === null ? null : Math.sqrt(sum(values.map((value) => (value - average) ** 2)) / values.length));

const ewma = (alpha: number): Moving => (values) => (values.length === 0 ? null : values.reduce((average, value) => alpha * value + (1 - alpha) * average));

const holt = (alpha: number, beta: number): Moving => (values) => {
  if (values.length < 2) return values[0] ?? null;
  let [level, trend] = [values[0]!, values[1]! - values[0]!];
  for (const value of values.slice(1)) {
    const before = level;
    level = alpha * value + (1 - alpha) * (level + trend);
    trend = beta * (level - before) + (1 - beta) * trend;
  }
  return level;
};

const FUNCTION = /^\s*(?:return\s+)?MovingFunctions\.(\w+)\(\s*values\s*((?:,\s*[^,()]+(?:\([^()]*\))?\s*)*)\)\s*;?\s*$/;

/** `MovingFunctions.unweightedAvg(values)` and so on: these are known, other scripts are not run. */
export const movingFunction = (script: string): Moving => {
  const match = FUNCTION.exec(script.slice(0, 500));
  const fail = () => illegalArgument(`[moving_fn] script [${script.slice(0, 200)}] is not supported: there are MovingFunctions.max, min, sum, unweightedAvg, linearWeightedAvg, stdDev, ewma and holt of (values, ...)`);
  if (!match) throw fail();
  const given = match[2]!.split(",").slice(1).map((text) => text.trim());
  const number = (at: number, fallback: number): number => {
    const value = given[at] === undefined ? fallback : Number(given[at]);
    if (!Number.isFinite(value)) throw fail();
    return value;
  };
  switch (match[1]) {
    case "max":
      return (values) => (values.length === 0 ? null : values.reduce((a, b) => Math.max(a, b)));
    case "min":
      return (values) => (values.length === 0 ? null : values.reduce((a, b) => Math.min(a, b)));
    case "sum":
      return sum;
    case "unweightedAvg":
      return mean;
    case "linearWeightedAvg":
      return linear;
    case "stdDev": {
      const average = given[0] ?? "MovingFunctions.unweightedAvg(values)";
      if (/^MovingFunctions\.unweightedAvg\(\s*values\s*\)$/.test(average)) return (values) => deviation(values, mean(values));
      const fixed = number(0, 0);
      return (values) => deviation(values, fixed);
    }
    case "ewma":
      return ewma(number(0, 0.3));
    case "holt":
      return holt(number(0, 0.3), number(1, 0.1));
    default:
      throw fail();
  }
};

/** The models of `moving_avg`. */
export const movingModel = (model: string, settings: JsonObject): Moving => {
  const setting = (name: string, fallback: number): number => {
    const value = settings[name] === undefined ? fallback : Number(settings[name]);
    if (!(value >= 0 && value <= 1)) throw illegalArgument(`[moving_avg] ${name} must be from 0 to 1`);
    return value;
  };
  switch (model) {
    case "simple":
      return mean;
    case "linear":
      return linear;
    case "ewma":
      return ewma(setting("alpha", 0.3));
    case "holt":
      return holt(setting("alpha", 0.3), setting("beta", 0.1));
    default:
      throw illegalArgument(`[moving_avg] model [${model.slice(0, 100)}] is not supported: there are simple, linear, ewma, holt`);
  }
};
