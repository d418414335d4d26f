/**
 * Queries for numbers. Range aggregations are computed in the store by one statement each where their stages are
 * all conditions that it knows (conditions.ts), else by the evaluator over rows; both count into the same cells
 * (logql/window.ts). All above them is the PromQL engine's.
 */

import { param, sql, type Fragment } from "../../sql/sql.ts";
import { EVERY_ROW } from "../filter.ts";
import { logsMatching } from "../log-source.ts";
import { evaluateKnown, GridSeries, Labels, PromqlError, type Grid, type PromqlExpr } from "../promql/index.ts";
import { EARLIEST_NS, LATEST_NS } from "../time.ts";
import type { TimeRange } from "../validate.ts";
import {
  badQuery, compileLabelFilter, compileStages, Entry, foldOf, overLimit, parseBytes, parseFloatStrict, parseGoDuration, RangeSeries, rangeGrid, restOf, rightEnd, toPromql,
  type MetricExpr, type RangeAggregation, type RangeGrid, type Unwrap,
} from "../logql/index.ts";
import { conditionsOf, numberOf, type Conditions } from "./conditions.ts";
import { labelText, STREAM_LABELS, toEntry, UNKNOWN_SERVICE, type EntryRow } from "./labels.ts";
import { readOptions, RowReader, type Asking } from "./rows.ts";

const LIMITS = { maxSeries: 5_000, maxNumbers: 20_000_000 };
const ROW_LIMITS = { maxRows: 2_000_000, maxBytes: 2 * 1024 ** 3 };
/** Cells of an answer of the store. */
const MAX_CELLS = 1_000_000;
const MAX_LEAVES = 50;
const NS_PER_MS = 1_000_000n;
const NS_PER_SECOND = 1e9;

export interface Steps {
  readonly startNs: bigint;
  readonly stepNs: bigint;
  readonly steps: number;
}

export type MetricResult = { readonly warnings: readonly string[]; readonly rows: number; readonly bytes: number } & (
  | { readonly type: "scalar"; readonly values: Float64Array }
  | { readonly type: "vector"; readonly series: readonly GridSeries[] }
);

interface Leaf {
  readonly series: readonly GridSeries[];
  /** Some entries stand for more than themselves. */
  readonly isWeighted: boolean;
}

/** Throws LogqlError, and ApiError of the store. */
export const queryMetric = async (asking: Asking, query: string, expr: MetricExpr, steps: Steps): Promise<MetricResult> => {
  const { expr: promql, leaves } = toPromql(expr);
  if (leaves.size > MAX_LEAVES) throw badQuery(`too many range aggregations: ${leaves.size}, the most is ${MAX_LEAVES}`);
  const known = new Map<PromqlExpr, readonly GridSeries[]>();
  const reader = new RowReader<CellRow>(asking, ROW_LIMITS);
  let isWeighted = false;
  for (const [leaf, range] of leaves) {
    const found = await rangeAggregation(asking, range, steps, reader);
    known.set(leaf, found.series);
    isWeighted ||= found.isWeighted;
  }
  const grid: Grid = { startMs: Number(steps.startNs / NS_PER_MS), stepMs: steps.steps === 1 ? 0 : Number(steps.stepNs) / Number(NS_PER_MS), steps: steps.steps };
  const sampled = isWeighted ? ["some entries were sampled and stand for several: values are estimates, in which each counts by its weight"] : [];
  try {
    const value = evaluateKnown(promql, grid, known, query, LIMITS.maxNumbers);
    if (value.type === "string") throw new Error("BUG: no expression is text");
    const warnings = [...sampled, ...value.warnings.map((warning) => warning.replace(/^PromQL warning: /, ""))];
    return { ...value, warnings, rows: reader.rows, bytes: reader.bytes };
  } catch (error) {
    throw error instanceof PromqlError ? badQuery(error.message) : error;
  }
};

const rangeAggregation = async (asking: Asking, range: RangeAggregation, steps: Steps, reader: RowReader<CellRow>): Promise<Leaf> => {
  const grid = rangeGrid(steps, ns(range.rangeMs), ns(range.offsetMs));
  const conditions = conditionsOf(range.logs.matchers, range.logs.stages, range.unwrap);
  const leaf = (conditions.exact ? await inStore(asking, range, grid, conditions) : undefined) ?? (await overRows(range, grid, conditions, reader));
  return range.operator === "absent_over_time" ? { ...leaf, series: absent(range, leaf.series, grid.steps) } : leaf;
};

const ns = (ms: number): bigint => BigInt(Math.round(ms * 1e6));

/** The times of all ranges, as far as the store knows them. */
const timesOf = (grid: RangeGrid): TimeRange | undefined => {
  const [first, last] = [grid.leftNs + 1n, rightEnd(grid)];
  const range = { startNs: first < EARLIEST_NS ? EARLIEST_NS : first, endNs: last > LATEST_NS ? LATEST_NS : last };
  return range.startNs <= range.endNs ? range : undefined;
};

/** ns since the left end of the first range, and the cell of a row. */
const positionOf = ({ leftNs }: RangeGrid): Fragment => sql`toUnixTimestamp64Nano(timestamp) - ${param.int64(leftNs)}`;
const cellOf = (grid: RangeGrid): Fragment => {
  const [position, step, rest] = [positionOf(grid), param.int64(grid.stepNs), param.int64(restOf(grid))];
  return sql`2 * intDiv(${position} - 1, ${step}) + (${position} - intDiv(${position} - 1, ${step}) * ${step} > ${rest})`;
};
/** Between ranges that do not touch lie times of none. */
const inRange = (grid: RangeGrid): Fragment => (grid.rangeNs < grid.stepNs ? sql` AND (${cellOf(grid)} % 2 = 0)` : sql``);
const counted = ({ operator }: RangeAggregation): Fragment => (operator === "absent_over_time" ? sql`` : sql` AND weight > 0`);

// ---- in the store

const WEIGHT = sql`toFloat64(weight)`;

const stateOf = ({ operator, unwrap }: RangeAggregation, grid: RangeGrid): Fragment => {
  const value = unwrap ? numberOf(labelText(unwrap.label)) : operator.startsWith("bytes_") ? sql`length(message)` : sql`1`;
  const at = sql`(${positionOf(grid)}) / ${param.float64(NS_PER_SECOND)}`;
  switch (operator) {
    case "count_over_time":
    case "absent_over_time":
    case "rate":
    case "bytes_rate":
    case "bytes_over_time":
    case "sum_over_time":
      return sql`[sum(${WEIGHT} * ${value})]`;
    case "min_over_time":
      return sql`[min(${value})]`;
    case "max_over_time":
      return sql`[max(${value})]`;
    case "avg_over_time":
      return sql`[sum(${WEIGHT} * ${value}), sum(${WEIGHT})]`;
    case "first_over_time":
      return sql`[argMin(${value}, tuple(timestamp, ${value})), min(${at})]`;
    case "last_over_time":
      return sql`[argMax(${value}, tuple(timestamp, ${value})), max(${at})]`;
    case "rate_counter":
      return sql`arrayFlatten(groupArray([${value}, ${at}]))`;
    default:
      return sql`arrayFlatten(groupArray([${value}, ${WEIGHT}]))`;
  }
};

/** Labels that series have; undefined where the parsers decide. */
const labelsOf = ({ grouping, unwrap }: RangeAggregation): readonly string[] => {
  if (grouping && !grouping.without) return [...new Set(grouping.labels)];
  const left = new Set([...(grouping?.labels ?? []), ...(unwrap ? [unwrap.label] : [])]);
  return STREAM_LABELS.filter((name) => !left.has(name));
};

interface CellState {
  readonly labels: readonly string[];
  readonly cell: string;
  readonly state: readonly (number | string)[];
  readonly is_weighted: number;
  readonly doubts: string;
}

/** undefined: some rows are in doubt. */
const inStore = async (asking: Asking, range: RangeAggregation, grid: RangeGrid, { where, doubt }: Conditions): Promise<Leaf | undefined> => {
  const { store, scope } = asking;
  const times = timesOf(grid);
  if (!times) return { series: [], isWeighted: false };
  const names = labelsOf(range);
  // What follows from another label need not be grouped by.
  const isDerived = (name: string): boolean => name === "service_name" && names.includes("service");
  const keys = names.filter((name) => !isDerived(name));
  const key = keys.length === 0 ? sql`emptyArrayString()` : sql`[${listOf(keys.map(labelText))}]`;
  const rows = await store.read<CellState>(
    scope.statement(sql`
      SELECT ${key} AS labels, toInt64(${cellOf(grid)}) AS cell, ${stateOf(range, grid)} AS state, max(weight != 1) AS is_weighted, countIf(${doubt ?? sql`0`}) AS doubts
      ${logsMatching(scope, times, EVERY_ROW)} AND (${where})${inRange(grid)}${counted(range)}
      GROUP BY labels, cell
      LIMIT ${param.uint32(MAX_CELLS + 1)}`),
    readOptions(asking, times),
  );
  if (rows.length > MAX_CELLS) throw overLimit(`the query has more than ${MAX_CELLS} values by series and step: narrow its time range, make its step longer, or group by fewer labels`);
  if (rows.some(({ doubts }) => doubts !== "0")) return undefined;
  const series = new RangeSeries(foldOf(range), grid, LIMITS);
  for (const { labels, cell, state } of rows) {
    const pairs = keys.map((name, index) => [name, labels[index]!] as const);
    const service = pairs.find(([name]) => name === "service")?.[1];
    series.addState(Labels.of(names.some(isDerived) ? [["service_name", service || UNKNOWN_SERVICE] as const, ...pairs] : pairs), Number(cell), state.map(fromJson));
  }
  return { series: series.result(), isWeighted: rows.some(({ is_weighted }) => is_weighted === 1) };
};

const fromJson = (value: number | string): number => (typeof value === "number" ? value : value === "inf" ? Number.POSITIVE_INFINITY : value === "-inf" ? Number.NEGATIVE_INFINITY : Number(value));

const listOf = ([first, ...rest]: readonly Fragment[]): Fragment => rest.reduce((list, item) => sql`${list}, ${item}`, first!);

// ---- over rows

interface CellRow extends EntryRow {
  readonly cell: string;
  readonly position: string;
}

const overRows = async (range: RangeAggregation, grid: RangeGrid, { where }: Conditions, reader: RowReader<CellRow>): Promise<Leaf> => {
  const times = timesOf(grid);
  if (!times) return { series: [], isWeighted: false };
  const passes = compileStages(range.logs.stages);
  const valueOf = valueReader(range);
  const labelsFor = labelReader(range);
  const series = new RangeSeries(foldOf(range), grid, LIMITS);
  let isWeighted = false;
  const more = sql`, toInt64(${cellOf(grid)}) AS cell, toInt64(${positionOf(grid)}) AS position`;
  for await (const page of reader.pages(times, sql`(${where})${inRange(grid)}${counted(range)}`, "asc", ROW_LIMITS.maxRows, more)) {
    for (const row of page) {
      const entry = new Entry(toEntry(row));
      if (!passes(entry)) continue;
      const value = valueOf(entry);
      if (value === undefined) continue;
      isWeighted ||= entry.weight !== 1;
      series.add(labelsFor(entry), Number(row.cell), { value, weight: entry.weight, at: Number(row.position) / NS_PER_SECOND });
    }
  }
  if (reader.isCut)
    throw overLimit(`the query would read more than ${ROW_LIMITS.maxRows} entries, or ${ROW_LIMITS.maxBytes / 1024 ** 3} GiB of them, through its parsers: narrow its time range, or add a stream selector or line filter in front of them`);
  return { series: series.result(), isWeighted };
};

export const SAMPLE_ERROR = "SampleExtractionErr";

/** undefined: the entry has no such value. Throws LogqlError for an entry with a fault that nothing leaves out. */
const valueReader = ({ operator, unwrap }: RangeAggregation): ((entry: Entry) => number | undefined) => {
  const unwrapped = unwrap && unwrapper(unwrap);
  return (entry) => {
    const value = unwrapped ? unwrapped(entry) : operator.startsWith("bytes_") ? Buffer.byteLength(entry.line) : 1;
    if (value !== undefined && entry.error !== "") throw pipelineError(entry);
    return value;
  };
};

const unwrapper = ({ label, conversion, filters }: Unwrap): ((entry: Entry) => number | undefined) => {
  const read = conversion === "bytes" ? parseBytes : conversion === "duration" ? parseGoDuration : parseFloatStrict;
  const tests = filters.map(compileLabelFilter);
  return (entry) => {
    const text = entry.get(label);
    if (text === "") return undefined;
    const value = read(text);
    if (value === undefined) entry.fail(SAMPLE_ERROR, `${label}: ${JSON.stringify(text.slice(0, 100))} is no ${conversion ?? "number"}`);
    return tests.every((test) => test(entry)) ? (value ?? 0) : undefined;
  };
};

const pipelineError = (entry: Entry): Error => {
  const labels = Labels.of(entry.labels("stream", "parsed")).toString();
  const error = entry.error.replaceAll(/[^\w]/g, "_");
  return badQuery(
    `pipeline error: '${error}' for series: '${labels}'.\nUse a label filter to intentionally skip this error. (e.g | __error__!="${error}").\nTo skip all potential errors you can match empty errors.(e.g __error__="")\n` +
      `The label filter can also be specified after unwrap. (e.g | unwrap latency | __error__="" )\n`,
  );
};

/** Without a grouping: the stream's labels and what stages have made. Metadata only where it is named. */
const labelReader = ({ grouping, unwrap }: RangeAggregation): ((entry: Entry) => Labels) => {
  if (grouping && !grouping.without) {
    const names = [...new Set(grouping.labels)];
    return (entry) => Labels.of(names.map((name) => [name, entry.get(name)] as const));
  }
  const left = new Set([...(grouping?.labels ?? []), ...(unwrap ? [unwrap.label] : [])]);
  return (entry) => Labels.of(entry.labels("stream", "parsed")).drop(left);
};

/** 1 where there is nothing, with the labels that it would surely have. */
const absent = ({ logs }: RangeAggregation, present: readonly GridSeries[], steps: number): GridSeries[] => {
  const equal = logs.matchers.filter(({ operator, name }) => operator === "=" && logs.matchers.filter((other) => other.name === name).length === 1);
  const result = new GridSeries(Labels.of(equal.map(({ name, value }) => [name, value] as const)), steps, false);
  for (let step = 0; step < steps; step++) if (!present.some(({ kinds }) => kinds[step] !== 0)) result.setFloat(step, 1);
  return result.isEmpty ? [] : [result];
};

