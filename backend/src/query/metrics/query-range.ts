/**
 * `GET /api/v1/metrics/query_range`: one metric over time, one function, grouped by labels.
 *
 * Without `by` every series is its own line with all its labels; with `by` (which may be empty)
 * series that agree in these labels become one. functions.ts says what is computed.
 */

import { z } from "zod";
import type { MetricRangeAnswer } from "../../core/queries.ts";
import type { Store } from "../../core/store.ts";
import { ApiError } from "../../errors.ts";
import { param, sql, type Fragment, type TenantScope } from "../../sql/sql.ts";
import { invalidRequest, time, timeRange, validate, type TimeRange } from "../validate.ts";
import { METRIC_FUNCTIONS, rateWindowSeconds, STEP_FUNCTIONS, type MetricFunction, type StepFunction } from "./functions.ts";
import { parseMatcher, type Matcher } from "./matchers.ts";
import { millis, seriesAlive } from "./series-source.ts";
import { defaultStepSeconds, gridOf, MAX_POINTS, parseStep, type Grid } from "./step.ts";

export const MAX_SERIES = 1_000;
/** Series read to compute the answer, before grouping. */
const MAX_SERIES_READ = 20_000;
const MAX_VALUES = 1_000_000;
const MAX_MATCHERS = 32;
const MAX_GROUP_LABELS = 16;
const BUDGET_SECONDS = 20;

const list = z.union([z.string(), z.array(z.string())]).transform((value) => (typeof value === "string" ? [value] : value));

const rangeQuery = z.strictObject({
  metric: z.string().min(1).max(512),
  start: time.optional(),
  end: time.optional(),
  step: z.string().refine((text) => parseStep(text) !== undefined, { error: "is no step: whole seconds, or 30s, 5m, 1h" }).optional(),
  fn: z.enum(METRIC_FUNCTIONS).default("avg"),
  by: list.optional(),
  match: list.refine((texts) => texts.every((text) => parseMatcher(text)), { error: "must be label:value or label!:value" }).default([]),
});

export interface MetricRange {
  readonly metric: string;
  readonly range: TimeRange;
  readonly grid: Grid;
  readonly fn: MetricFunction;
  /** undefined: every series for itself. */
  readonly by: readonly string[] | undefined;
  readonly matchers: readonly Matcher[];
}

/** Throws ApiError: invalid_request; query_failed when the grid has too many points. */
export const parseMetricRange = (query: unknown, nowMs: number): MetricRange => {
  const request = validate(rangeQuery, query);
  const range = timeRange(request, nowMs);
  const by = request.by?.flatMap((names) => names.split(",")).map((name) => name.trim()).filter((name) => name !== "");
  const matchers = request.match.map((text) => parseMatcher(text)!);
  if (matchers.length > MAX_MATCHERS) throw invalidRequest([{ path: "match", message: `${MAX_MATCHERS} are the most` }]);
  if (by && by.length > MAX_GROUP_LABELS) throw invalidRequest([{ path: "by", message: `${MAX_GROUP_LABELS} labels are the most` }]);
  const step = request.step === undefined ? defaultStepSeconds(range) : parseStep(request.step)!;
  const grid = gridOf(range, step);
  if (grid.points > MAX_POINTS)
    throw tooMuch(`${grid.points} points are more than ${MAX_POINTS}: take a longer step.`, { points: grid.points, max_points: MAX_POINTS });
  return { metric: request.metric, range, grid, fn: request.fn, by, matchers };
};

const tooMuch = (message: string, details: unknown): ApiError => new ApiError("query_failed", message, { details });

interface Line {
  readonly labels: Record<string, string>;
  readonly values: readonly (readonly [number, number | null])[];
}

export const queryMetricRange = async (store: Store, scope: TenantScope, query: MetricRange, signal?: AbortSignal): Promise<MetricRangeAnswer> => {
  const started = performance.now();
  const options = { maxExecutionSeconds: BUDGET_SECONDS, upToMs: Number(query.range.endNs / 1_000_000n), ...(signal && { signal }) };
  const answer = (lines: readonly Line[]): MetricRangeAnswer => ({
    metric: query.metric,
    fn: query.fn,
    step_seconds: query.grid.step,
    result: lines.map(({ labels, values }) => ({ labels, values: values.filter((value): value is readonly [number, number] => value[1] !== null) })),
    took_ms: Math.round(performance.now() - started),
  });
  if (query.grid.points === 0) return answer([]);

  const [size] = await store.read<{ series: number; lines: number }>(sizeStatement(scope, query), options);
  const { series = 0, lines = 0 } = size ?? {};
  if (lines === 0) return answer([]);
  checkSize(series, lines, query.grid);

  const settings = query.fn === "rate" ? { allow_experimental_time_series_aggregate_functions: 1 } : {};
  const rows = await store.read<Line>(query.fn === "rate" ? rateStatement(scope, query) : stepStatement(scope, query, query.fn), { ...options, settings });
  return answer(rows.filter(({ values }) => values.some(([, value]) => value !== null)));
};

const checkSize = (series: number, lines: number, { points }: Grid): void => {
  if (lines > MAX_SERIES)
    throw tooMuch(`${lines} series are more than ${MAX_SERIES}: narrow them with match=label:value, or group them with by=label.`, { series: lines, max_series: MAX_SERIES });
  if (series > MAX_SERIES_READ)
    throw tooMuch(`${series} series would have to be read, ${MAX_SERIES_READ} are the most: narrow them with match=label:value.`, { series, max_series: MAX_SERIES_READ });
  if (lines * points > MAX_VALUES)
    throw tooMuch(`${lines} series of ${points} points are more than ${MAX_VALUES} values: take a longer step or fewer series.`, { values: lines * points, max_values: MAX_VALUES });
};

/** The labels that tell a line from another. A label that is "" is as good as none. */
const lineLabels = (by: readonly string[] | undefined): Fragment =>
  by === undefined
    ? sql`mapSort(labels)`
    : sql`mapFilter((name, label) -> label != '', mapFromArrays(${param.strings(by)}, arrayMap(name -> toString(labels[name]), ${param.strings(by)})))`;

/** Series with the labels of their line. A series is stored once a day and more: one row of each. */
const seriesWithLine = (scope: TenantScope, { metric, range, matchers, by }: MetricRange): Fragment => sql`
  SELECT series, any(${lineLabels(by)}) AS line ${seriesAlive(scope, range, metric, matchers)} GROUP BY series`;

const sizeStatement = (scope: TenantScope, query: MetricRange) =>
  scope.statement(sql`SELECT toFloat64(count()) AS series, toFloat64(uniqExact(line)) AS lines FROM (${seriesWithLine(scope, query)})`);

/** Samples of the series asked for, from just behind `afterSeconds`. */
const samples = (scope: TenantScope, query: MetricRange, afterSeconds: number): Fragment => sql`
  ${scope.from("samples")} AND metric = ${param.string(query.metric)}
    AND timestamp > ${millis(afterSeconds * 1_000)} AND timestamp <= ${millis(query.grid.last * 1_000)}
    AND (series GLOBAL IN (SELECT series FROM (${seriesWithLine(scope, query)})))`;

const stepStatement = (scope: TenantScope, query: MetricRange, fn: StepFunction) => {
  const { ofSeries, ofGroup } = STEP_FUNCTIONS[fn];
  const { first, step } = query.grid;
  const stepMs = param.int64(step * 1_000);
  return scope.statement(sql`
    SELECT line AS labels, arraySort(groupArray((toUInt32(t), grouped))) AS values
    FROM (
      SELECT line, t, ${ofGroup} AS grouped
      FROM (
        SELECT series, intDiv(toUnixTimestamp64Milli(timestamp) + ${stepMs} - 1, ${stepMs}) * ${param.int64(step)} AS t, ${ofSeries} AS v, max(timestamp) AS at
        ${samples(scope, query, first - step)}
        GROUP BY series, t
      ) AS stepped
      INNER JOIN (${seriesWithLine(scope, query)}) AS lines USING series
      GROUP BY line, t
    )
    GROUP BY line
    ORDER BY line`);
};

/** Per-second increase by ClickHouse's Prometheus functions (the rule of Prometheus 3: the window is open on its left). */
const rateStatement = (scope: TenantScope, query: MetricRange) => {
  const { first, last, step } = query.grid;
  const window = rateWindowSeconds(step);
  const [from, to, by] = [param.uint32(first), param.uint32(last), param.uint32(step)];
  return scope.statement(sql`
    SELECT line AS labels, arrayZip(arrayMap(t -> toUInt32(t), range(${from}, ${to} + 1, ${by})), sumForEach(rates)) AS values
    FROM (
      SELECT series, timeSeriesRateToGrid(${from}, ${to}, ${by}, ${param.uint32(window)})(timestamp, value) AS rates
      ${samples(scope, query, first - window)}
      GROUP BY series
    ) AS rated
    INNER JOIN (${seriesWithLine(scope, query)}) AS lines USING series
    GROUP BY line
    ORDER BY line`);
};
