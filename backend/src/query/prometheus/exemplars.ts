/**
 * Exemplars of the series that an expression selects, as `/api/v1/query_exemplars` has them.
 * Source: prometheus.io/docs/prometheus/latest/querying/api/#querying-exemplars
 */

import type { Store } from "../../core/store.ts";
import { or, param, sql, type TenantScope } from "../../sql/sql.ts";
import { millis } from "../metrics/series-source.ts";
import { PromqlError, type Labels, type Matcher } from "../promql/index.ts";
import { textOf } from "./answer.ts";
import { numberOf, type JsonNumber } from "./json-number.ts";
import { labelName } from "./names.ts";
import { findSeries, matchingSeries, type Range } from "./series.ts";

const MAX_SELECTORS = 50;
const MAX_SERIES = 20_000;
/** What a chart can show is far less. */
const MAX_EXEMPLARS = 10_000;

export interface ExemplarRequest {
  readonly selectors: readonly (readonly Matcher[])[];
  readonly range: Range;
  /** Exemplars in the answer, the newest. */
  readonly limit: number | undefined;
  readonly maxExecutionSeconds: number;
}

interface Exemplar {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
}

export interface SeriesExemplars {
  readonly seriesLabels: Readonly<Record<string, string>>;
  readonly exemplars: readonly Exemplar[];
}

interface Row {
  readonly id: string;
  readonly ms: number;
  readonly v: JsonNumber;
  readonly trace: string;
  readonly span: string;
  readonly found_attributes: Readonly<Record<string, string>>;
}

/** Throws PromqlError. `isCut`: there are more than the answer has. */
export const exemplarsOf = async (store: Store, scope: TenantScope, { selectors: given, range, limit = MAX_EXEMPLARS, maxExecutionSeconds }: ExemplarRequest, signal?: AbortSignal): Promise<{ readonly answer: SeriesExemplars[]; readonly isCut: boolean }> => {
  // What stands twice in an expression, as in a ratio, is asked for once.
  const selectors = [...new Map(given.map((matchers) => [JSON.stringify(matchers), matchers])).values()];
  if (selectors.length > MAX_SELECTORS) throw new PromqlError("bad_data", `the query has more than ${MAX_SELECTORS} selectors`);
  const labels = await seriesOf(store, scope, selectors, range, signal);
  if (labels.size === 0) return { answer: [], isCut: false };
  const most = Math.min(limit, MAX_EXEMPLARS);
  const rows = await newest(store, scope, { selectors, range, most, maxExecutionSeconds }, signal);
  const bySeries = Map.groupBy(rows.slice(0, most).reverse(), ({ id }) => labels.get(id)?.key);
  const answer = [...bySeries].flatMap(([key, found]) => (key === undefined ? [] : [{ key, seriesLabels: labels.get(found[0]!.id)!.toRecord(), exemplars: found.map(exemplarOf) }]));
  return { answer: answer.sort((one, other) => (one.key < other.key ? -1 : 1)).map(({ seriesLabels, exemplars }) => ({ seriesLabels, exemplars })), isCut: rows.length > most };
};

/** Labels by the id of each series that any of the selectors means. */
const seriesOf = async (store: Store, scope: TenantScope, selectors: ExemplarRequest["selectors"], range: Range, signal: AbortSignal | undefined): Promise<Map<string, Labels>> => {
  const labels = new Map<string, Labels>();
  for (const matchers of selectors) {
    for (const series of await findSeries(store, scope, matchers, range, MAX_SERIES, signal)) labels.set(series.id, series.labels);
    if (labels.size > MAX_SERIES) throw new PromqlError("execution", `the query matches more than ${MAX_SERIES} series: narrow it`);
  }
  return labels;
};

/** At most `most` and one more, newest first. What was told twice, as after a restart of its source, stands once. */
const newest = (store: Store, scope: TenantScope, { selectors, range, most, maxExecutionSeconds }: Omit<ExemplarRequest, "limit"> & { readonly most: number }, signal: AbortSignal | undefined): Promise<Row[]> => {
  const ofSelectors = (column: ReturnType<typeof sql>) => or(selectors.map((matchers) => sql`${column} GLOBAL IN (SELECT ${column} ${matchingSeries(scope, matchers, range)})`));
  return store.read<Row>(
    scope.statement(sql`
      SELECT toString(series) AS id, toFloat64(toUnixTimestamp64Milli(timestamp)) AS ms, value AS v, lower(hex(trace_id)) AS trace, lower(hex(span_id)) AS span, attributes AS found_attributes
      ${scope.from("exemplars")} AND timestamp >= ${millis(Math.floor(range.startMs))} AND timestamp <= ${millis(Math.ceil(range.endMs))}
        AND (${ofSelectors(sql`metric`)}) AND (${ofSelectors(sql`series`)})
      ORDER BY timestamp DESC, series, value, trace_id, span_id LIMIT 1 BY timestamp, series, value, trace_id, span_id LIMIT ${param.uint32(most + 1)}`),
    { maxExecutionSeconds, settings: { output_format_json_quote_denormals: 1 }, upToMs: range.endMs, ...(signal && { signal }) },
  );
};

const idOf = (hex: string): string => (/^0*$/.test(hex) ? "" : hex);

const exemplarOf = ({ ms, v, trace, span, found_attributes: attributes }: Row): Exemplar => {
  const [traceId, spanId] = [idOf(trace), idOf(span)];
  const others = Object.entries(attributes).map(([name, value]) => [labelName(name), value] as const);
  return {
    labels: Object.fromEntries([...others, ...(traceId === "" ? [] : [["trace_id", traceId] as const]), ...(spanId === "" ? [] : [["span_id", spanId] as const])]),
    value: textOf(numberOf(v)),
    timestamp: ms / 1_000,
  };
};
