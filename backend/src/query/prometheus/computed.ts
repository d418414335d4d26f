/**
 * Rates and what is like them, in the store: ClickHouse's timeSeries*ToGrid functions keep Prometheus 3's
 * rules, and what travels is a value per step rather than every sample. Only floats have them.
 */

import { STALE_BITS } from "../../core/samples.ts";
import type { ReadOptions, Store } from "../../core/store.ts";
import { param, sql, type Fragment, type TenantScope } from "../../sql/sql.ts";
import { millis } from "../metrics/series-source.ts";
import { Labels, METRIC_NAME, PromqlError, TOO_MANY_SAMPLES, type Computation, type Computed, type PushedAggregation, type PushedFunction } from "../promql/index.ts";
import { numberOf, type JsonNumber } from "./json-number.ts";
import { labelValue, METRIC, metricName } from "./names.ts";
import { findSeries, matchingSeries } from "./series.ts";

/** Grid functions take seconds. */
const isWholeSecond = (ms: number): boolean => ms % 1_000 === 0;

const FUNCTIONS: Readonly<Record<PushedFunction, (grid: Fragment) => Fragment>> = {
  rate: (grid) => sql`timeSeriesRateToGrid(${grid})(timestamp, value)`,
  increase: (grid) => sql`timeSeriesRateToGrid(${grid})(timestamp, value)`,
  delta: (grid) => sql`timeSeriesDeltaToGrid(${grid})(timestamp, value)`,
  irate: (grid) => sql`timeSeriesInstantRateToGrid(${grid})(timestamp, value)`,
  idelta: (grid) => sql`timeSeriesInstantDeltaToGrid(${grid})(timestamp, value)`,
  changes: (grid) => sql`timeSeriesChangesToGrid(${grid})(timestamp, value)`,
  resets: (grid) => sql`timeSeriesResetsToGrid(${grid})(timestamp, value)`,
};

/** Over arrays with a value or NULL per step. */
const AGGREGATIONS: Readonly<Record<PushedAggregation, Fragment>> = {
  sum: sql`sumForEach(v)`,
  avg: sql`avgForEach(v)`,
  min: sql`minForEach(v)`,
  max: sql`maxForEach(v)`,
  count: sql`arrayMap(n -> if(n = 0, NULL, toFloat64(n)), countForEach(v))`,
};

/** Values by series and step that the store may hold for an answer: 9 bytes each. */
const MAX_CELLS = 100_000_000;

const SETTINGS = { allow_experimental_time_series_aggregate_functions: 1, output_format_json_quote_denormals: 1 };

export interface ComputeOptions {
  readonly store: Store;
  readonly scope: TenantScope;
  readonly maxExecutionSeconds: number;
  readonly maxSeries: number;
  /** Throws when the query would read so many values more than it may. */
  readonly spend: (values: number) => void;
  readonly signal?: AbortSignal;
}

type Cell = JsonNumber | null;

interface Overview {
  readonly matching: number;
  readonly native: number;
  /** Rows of the answer. */
  readonly lines: number;
  readonly metrics: readonly string[];
}

/** undefined: native histograms, or steps between seconds, or too many series for one answer. */
export const computeInStore = async (computation: Computation, options: ComputeOptions): Promise<Computed | undefined> => {
  const { store, scope, maxExecutionSeconds, signal } = options;
  const { matchers, rangeMs, ends, by } = computation;
  const stepMs = ends.steps === 1 ? 1_000 : ends.stepMs;
  if (![ends.startMs, stepMs, rangeMs].every(isWholeSecond)) return undefined;
  const lastMs = ends.startMs + (ends.steps - 1) * stepMs;
  const range = { startMs: ends.startMs - rangeMs, endMs: lastMs };
  if (range.startMs < 0) return undefined;
  const readOptions: ReadOptions = { maxExecutionSeconds, settings: SETTINGS, upToMs: lastMs, ...(signal && { signal }) };

  const line = by && (by.labels.length === 0 ? sql`emptyArrayString()` : sql`[${listOf(by.labels.map((name) => (name === METRIC_NAME ? METRIC : labelValue(name))))}]`);
  const [overview] = await store.read<Overview>(
    scope.statement(sql`SELECT toFloat64(uniqExact(series)) AS matching, toFloat64(countIf(kind = 'histogram')) AS native, toFloat64(uniqExact(${line ?? sql`series`})) AS lines, groupUniqArray(toString(metric)) AS metrics ${matchingSeries(scope, matchers, range)}`),
    readOptions,
  );
  const { matching = 0, native = 0, lines = 0, metrics = [] } = overview ?? {};
  if (native > 0 || matching > options.maxSeries) return undefined;
  const names = [...new Set(metrics.map(metricName))].sort();
  if (matching === 0) return { series: [], metrics: [] };
  if (matching * ends.steps > MAX_CELLS) throw new PromqlError("execution", TOO_MANY_SAMPLES);
  options.spend(lines * ends.steps);

  const grid = sql`${param.uint32(ends.startMs / 1_000)}, ${param.uint32(lastMs / 1_000)}, ${param.uint32(stepMs / 1_000)}, ${param.uint32(rangeMs / 1_000)}`;
  const values = sql`
    SELECT series, ${FUNCTIONS[computation.name](grid)} AS v
    ${scope.from("samples")} AND timestamp > ${millis(range.startMs)} AND timestamp <= ${millis(lastMs)} AND (metric IN (${param.strings(metrics)}))
      AND (series GLOBAL IN (SELECT series ${matchingSeries(scope, matchers, range)})) AND (reinterpretAsUInt64(value) != ${param.uint64(STALE_BITS)})
    GROUP BY series`;
  const scale = computation.name === "increase" ? rangeMs / 1_000 : 1;
  const cells = (row: readonly Cell[]): (number | undefined)[] =>
    row.map((cell) => {
      const value = cell === null ? undefined : numberOf(cell);
      return value === undefined || by?.operator === "count" ? value : value * scale;
    });
  if (!by) {
    const [found, rows] = await Promise.all([findSeries(store, scope, matchers, range, options.maxSeries, signal), store.read<{ id: string; v: readonly Cell[] }>(scope.statement(sql`SELECT toString(series) AS id, v FROM (${values})`), readOptions)]);
    const labels = new Map(found.map(({ id, labels: of }) => [id, of]));
    return { series: rows.flatMap(({ id, v }) => (labels.has(id) ? [{ labels: labels.get(id)!, values: cells(v) }] : [])), metrics: names };
  }
  const rows = await store.read<{ line: readonly string[]; a: readonly Cell[] }>(
    scope.statement(sql`
      SELECT line, ${AGGREGATIONS[by.operator]} AS a
      FROM (${values}) AS computed
      INNER JOIN (SELECT series, any(${line!}) AS line ${matchingSeries(scope, matchers, range)} GROUP BY series) AS lines USING series
      GROUP BY line`),
    readOptions,
  );
  return { series: rows.map((row) => ({ labels: Labels.of(by.labels.map((name, index) => [name, row.line[index]!] as const)), values: cells(row.a) })), metrics: names };
};

const listOf = ([first, ...rest]: readonly Fragment[]): Fragment => rest.reduce((list, item) => sql`${list}, ${item}`, first!);
