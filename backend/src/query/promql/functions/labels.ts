/** Functions that change labels, or order by them. */

import { RE2JS } from "re2js";
import { isLabelName } from "../aggregate.ts";
import { merge } from "../binary.ts";
import { executionError } from "../errors.ts";
import { METRIC_NAME } from "../labels.ts";
import { ascending, nanLast } from "../numbers.ts";
import { FLOAT, type GridSeries } from "../values.ts";
import type { FunctionContext, VectorFunction } from "./contract.ts";
import { seriesOf, textOf } from "./math.ts";

/** `$1`, `${name}` and `$$` of a replacement, as Go's Expand reads them: what is not a group is empty. */
const expand = (template: string, groupOf: (name: string) => string): string =>
  template.replaceAll(/\$(?:\$|(\w+)|\{([^}]*)\})/g, (whole, name: string | undefined, braced: string | undefined) => (whole === "$$" ? "$" : groupOf(name ?? braced!)));

const replaceLabel: VectorFunction = ([vector, ...texts], { grid }) => {
  const [target, replacement, source, pattern] = texts.map(textOf) as [string, string, string, string];
  let regex: RE2JS;
  try {
    regex = RE2JS.compile(`^(?s:${pattern})$`);
  } catch (error) {
    throw executionError(`invalid regular expression in label_replace(): ${pattern}: ${(error as Error).message}`);
  }
  if (!isLabelName(target)) throw executionError(`invalid destination label name in label_replace(): ${target}`);
  const series = seriesOf(vector).map((one) => {
    const matcher = regex.matcher(one.labels.get(source));
    if (!matcher.matches()) return one;
    const groupOf = (name: string): string => {
      try {
        return (/^\d+$/.test(name) ? (Number(name) <= matcher.groupCount() ? matcher.group(Number(name)) : "") : matcher.group(name)) ?? "";
      } catch {
        return "";
      }
    };
    // A name that is given here stays.
    return one.relabelled(one.labels.set(target, expand(replacement, groupOf)), target === METRIC_NAME ? false : one.dropsName);
  });
  return { type: "vector", series: merge(series, grid.steps) };
};

const joinLabels: VectorFunction = ([vector, ...texts], { grid }) => {
  const [target, separator, ...sources] = texts.map(textOf) as [string, string, ...string[]];
  for (const source of sources) if (!isLabelName(source)) throw executionError(`invalid source label name in label_join(): ${source}`);
  if (!isLabelName(target)) throw executionError(`invalid destination label name in label_join(): ${target}`);
  const series = seriesOf(vector).map((one) =>
    one.relabelled(one.labels.set(target, sources.map((source) => one.labels.get(source)).join(separator)), target === METRIC_NAME ? false : one.dropsName));
  return { type: "vector", series: merge(series, grid.steps) };
};

const INEFFECTIVE = "sort is ineffective for range queries since results are always ordered by labels";

const warnInRange = ({ call, grid, annotations }: FunctionContext): void => {
  if (grid.steps > 1) annotations.warn(INEFFECTIVE, call);
};

const sortBy =
  (order: (one: number, other: number) => number): VectorFunction =>
  ([vector], context) => {
    warnInRange(context);
    const series = seriesOf(vector);
    if (context.grid.steps > 1) return { type: "vector", series };
    const floats = series.filter(({ kinds }) => kinds[0] === FLOAT);
    return { type: "vector", series: floats.toSorted((one, other) => order(one.floats[0]!, other.floats[0]!)) };
  };

/** Numbers within texts in the order of their values. */
const natural = new Intl.Collator("en", { numeric: true, sensitivity: "variant" });

const byLabels =
  (sign: 1 | -1): VectorFunction =>
  ([vector, ...names], context) => {
    warnInRange(context);
    const order = (one: GridSeries, other: GridSeries): number => {
      for (const name of names.map(textOf)) {
        const difference = natural.compare(one.labels.get(name), other.labels.get(name));
        if (difference !== 0) return sign * difference;
      }
      return sign * one.labels.compare(other.labels);
    };
    return { type: "vector", series: seriesOf(vector).toSorted(order) };
  };

export const LABELS: Readonly<Record<string, VectorFunction>> = {
  label_replace: replaceLabel,
  label_join: joinLabels,
  sort: sortBy(nanLast(ascending)),
  sort_desc: sortBy(nanLast((one, other) => ascending(other, one))),
  sort_by_label: byLabels(1),
  sort_by_label_desc: byLabels(-1),
};

