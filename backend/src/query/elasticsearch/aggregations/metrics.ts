/**
 * Metric aggregations as aggregate functions of the store. Percentiles are t-digests and cardinalities
 * HyperLogLogs, as in Elasticsearch: exact for few values, close for many.
 */

import { illegalArgument, parsingError } from "../../../core/elasticsearch.ts";
import { join, param, sql, type Fragment } from "../../../sql/sql.ts";
import { dateFormatsOf, formatDate } from "../dates/date-format.ts";
import { UTC } from "../dates/time-zone.ts";
import { fieldOf } from "../dsl/context.ts";
import { fieldNumber, fieldText } from "../field-values.ts";
import { asArray, asBoolean, asNumber, asObject, asText, refuseUnknown, type JsonObject } from "../json.ts";
import type { Metric } from "./node.ts";

type Parse = (body: unknown) => Metric;

const COMMON = ["field", "missing", "format"];

const read = (type: string, body: unknown, others: readonly string[] = []): JsonObject => {
  const options = asObject(body, `[${type}] aggregation`);
  if (options["script"] !== undefined) {
    // Grafana sends an inline script that says nothing but the value.
    const { script } = options;
    if (!["", "_value"].includes(String((script as JsonObject | null)?.["inline"] ?? (script as JsonObject | null)?.["source"] ?? script))) throw parsingError(`[${type}] with a script is not supported: scripts are not run`);
  }
  refuseUnknown(options, `[${type}] aggregation`, [...COMMON, "script", ...others]);
  if (options["field"] === undefined) throw parsingError(`[${type}] aggregation needs a [field]`);
  return options;
};

/** A row's number, NULL where it has none. */
const numberOf = (type: string, { field, missing }: JsonObject): Fragment => {
  const name = asText(field, `[${type}] field`);
  const number = fieldNumber(fieldOf(name));
  if (number === undefined) throw illegalArgument(`Field [${name}] is text and not supported for aggregation [${type}]`);
  return missing === undefined ? number : sql`ifNull(${number}, ${param.float64(asNumber(missing, `[${type}] missing`))})`;
};

const isDate = ({ field }: JsonObject): boolean => fieldOf(String(field)).kind === "time";

/** `value_as_string` of dates. */
const asString = (options: JsonObject, value: unknown): object => {
  if (typeof value !== "number" || !isDate(options)) return {};
  const format = options["format"] === undefined ? "iso" : dateFormatsOf(asText(options["format"], "format"))[0]!;
  return { value_as_string: formatDate(Math.round(value), format, UTC) };
};

const single = (type: string, aggregate: (number: Fragment) => Fragment, empty: number | null): Parse => (body) => {
  const options = read(type, body);
  return {
    kind: "metric",
    columns: [aggregate(numberOf(type, options))],
    shape: (values) => {
      const value = (values?.[0] as number | null | undefined) ?? empty;
      return { value, ...asString(options, value) };
    },
    place: (name) => (name === "" || name === "value" ? [0, undefined] : undefined),
  };
};

/** Of any field: rows that have it, or its different values. */
const counting = (type: string, aggregate: (text: Fragment) => Fragment, others: readonly string[] = []): Parse => (body) => {
  const options = read(type, body, others);
  const text = fieldText(fieldOf(asText(options["field"], `[${type}] field`)));
  const counted = options["missing"] === undefined ? text : sql`if(${text} = '', ${param.string(asText(options["missing"], `[${type}] missing`))}, ${text})`;
  return {
    kind: "metric",
    columns: [aggregate(counted)],
    shape: (values) => ({ value: (values?.[0] as number | undefined) ?? 0 }),
    place: (name) => (name === "" || name === "value" ? [0, undefined] : undefined),
  };
};

const STATS = ["count", "min", "max", "avg", "sum"] as const;

const statColumns = (number: Fragment): Fragment[] => [sql`toFloat64(count(${number}))`, sql`min(${number})`, sql`max(${number})`, sql`avg(${number})`, sql`sum(${number})`];

const statValues = (values: readonly unknown[] | undefined) => {
  const [count, min, max, avg, sum] = (values ?? []) as readonly (number | null)[];
  return { count: count ?? 0, min: min ?? null, max: max ?? null, avg: avg ?? null, sum: sum ?? 0 };
};

const stats: Parse = (body) => ({
  kind: "metric",
  columns: statColumns(numberOf("stats", read("stats", body))),
  shape: statValues,
  place: (name) => (STATS.includes(name as "min") ? [STATS.indexOf(name as "min"), undefined] : undefined),
});

const EXTENDED = [...STATS, "sum_of_squares", "variance", "variance_population", "variance_sampling", "std_deviation", "std_deviation_population", "std_deviation_sampling"] as const;

const extendedStats: Parse = (body) => {
  const options = read("extended_stats", body, ["sigma"]);
  const sigma = options["sigma"] === undefined ? 2 : asNumber(options["sigma"], "[extended_stats] sigma");
  if (sigma < 0) throw illegalArgument("[extended_stats] sigma must not be negative");
  const number = numberOf("extended_stats", options);
  const extended = [sql`sum(${number} * ${number})`, sql`varPopStable(${number})`, sql`varPopStable(${number})`, sql`varSampStable(${number})`, sql`stddevPopStable(${number})`, sql`stddevPopStable(${number})`, sql`stddevSampStable(${number})`];
  return {
    kind: "metric",
    columns: [...statColumns(number), ...extended],
    shape: (values) => {
      const known = statValues(values);
      const rest = EXTENDED.slice(STATS.length).map((name, i) => [name, (values?.[STATS.length + i] as number | null | undefined) ?? null] as const);
      const { avg } = known;
      const bounds = (deviation: number | null): [upper: number | null, lower: number | null] => (avg === null || deviation === null ? [null, null] : [avg + sigma * deviation, avg - sigma * deviation]);
      const [[upper, lower], [upperSampling, lowerSampling]] = [bounds(rest[4]![1]), bounds(rest[6]![1])];
      return { ...known, ...Object.fromEntries(rest), std_deviation_bounds: { upper, lower, upper_population: upper, lower_population: lower, upper_sampling: upperSampling, lower_sampling: lowerSampling } };
    },
    place: (name) => (EXTENDED.includes(name as "min") ? [EXTENDED.indexOf(name as "min"), undefined] : undefined),
  };
};

const MAX_PERCENTS = 100;
const DEFAULT_PERCENTS = [1, 5, 25, 50, 75, 95, 99];

/** `95` is written `95.0`. */
export const doubleText = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : String(value));

const percentsOf = (value: unknown, what: string): number[] => {
  const percents = asArray(value, what).map((percent) => asNumber(percent, what));
  if (percents.length === 0 || percents.length > MAX_PERCENTS) throw illegalArgument(`${what} must have 1 to ${MAX_PERCENTS} values`);
  return percents;
};

const byName = (names: readonly number[], values: readonly (number | null)[] | undefined, keyed: boolean): object =>
  keyed
    ? { values: Object.fromEntries(names.map((name, i) => [doubleText(name), values?.[i] ?? null])) }
    : { values: names.map((key, i) => ({ key, value: values?.[i] ?? null })) };

const named = (names: readonly number[]) => (name: string): readonly [number, number] | undefined => {
  const index = names.findIndex((candidate) => candidate === Number(name));
  return name === "" || index < 0 ? undefined : [0, index + 1];
};

const percentiles: Parse = (body) => {
  const options = read("percentiles", body, ["percents", "keyed", "tdigest", "hdr"]);
  const percents = options["percents"] === undefined || options["percents"] === null ? DEFAULT_PERCENTS : percentsOf(options["percents"], "[percentiles] percents");
  if (percents.some((percent) => percent < 0 || percent > 100)) throw illegalArgument("[percentiles] percents must be from 0 to 100");
  const levels = join(percents.map((percent) => sql`${param.float64(percent / 100)}`), sql`, `);
  const keyed = options["keyed"] === undefined || asBoolean(options["keyed"], "[percentiles] keyed");
  return {
    kind: "metric",
    columns: [sql`quantilesTDigest(${levels})(${numberOf("percentiles", options)})`],
    shape: (values) => byName(percents, values?.[0] as (number | null)[] | undefined, keyed) as Record<string, unknown>,
    place: named(percents),
  };
};

const percentileRanks: Parse = (body) => {
  const options = read("percentile_ranks", body, ["values", "keyed", "tdigest", "hdr"]);
  const ranked = percentsOf(options["values"], "[percentile_ranks] values");
  const keyed = options["keyed"] === undefined || asBoolean(options["keyed"], "[percentile_ranks] keyed");
  const number = numberOf("percentile_ranks", options);
  const shares = ranked.map((value) => sql`if(count(${number}) = 0, NULL, 100 * countIf(${number} <= ${param.float64(value)}) / count(${number}))`);
  return { kind: "metric", columns: [sql`[${join(shares, sql`, `)}]`], shape: (values) => byName(ranked, values?.[0] as (number | null)[] | undefined, keyed) as Record<string, unknown>, place: named(ranked) };
};

const weightedAvg: Parse = (body) => {
  const options = asObject(body, "[weighted_avg] aggregation");
  refuseUnknown(options, "[weighted_avg] aggregation", ["value", "weight", "format"]);
  const [value, weight] = (["value", "weight"] as const).map((name) => numberOf("weighted_avg", read("weighted_avg", options[name]))) as [Fragment, Fragment];
  return {
    kind: "metric",
    columns: [sql`sum(${value} * ${weight}) / sum(if(isNull(${value}), NULL, ${weight}))`],
    shape: (values) => ({ value: (values?.[0] as number | null | undefined) ?? null }),
    place: (name) => (name === "" || name === "value" ? [0, undefined] : undefined),
  };
};

export const METRICS: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  ["avg", single("avg", (number) => sql`avg(${number})`, null)],
  ["min", single("min", (number) => sql`min(${number})`, null)],
  ["max", single("max", (number) => sql`max(${number})`, null)],
  ["sum", single("sum", (number) => sql`sum(${number})`, 0)],
  ["value_count", counting("value_count", (text) => sql`toFloat64(countIf(${text} != ''))`)],
  ["cardinality", counting("cardinality", (text) => sql`toFloat64(uniqCombined64If(${text}, ${text} != ''))`, ["precision_threshold", "rehash", "execution_hint"])],
  ["stats", stats],
  ["extended_stats", extendedStats],
  ["percentiles", percentiles],
  ["percentile_ranks", percentileRanks],
  ["weighted_avg", weightedAvg],
]);
