/** Prometheus' HTTP API over the store: each answer is the `data` of its envelope. */

import type { Store } from "../../core/store.ts";
import type { PrometheusAnswer, PrometheusQueries } from "../../core/prometheus.ts";
import { TenantScope } from "../../sql/sql.ts";
import { Engine, parse, PromqlError, selectorsOf, type Matcher } from "../promql/index.ts";
import { instantData, rangeData } from "./answer.ts";
import { labelNames, labelValues, metadata, seriesOf, type CatalogRequest } from "./catalog.ts";
import { exemplarsOf } from "./exemplars.ts";
import { limitOf, many, one, positiveDurationOf, rangeRequest, required, timeOf, type Parameters } from "./request.ts";
import type { Range } from "./series.ts";
import { StoreSource } from "./store-source.ts";

export interface PrometheusQueriesOptions {
  readonly store: Store;
  /** ms since 1970. */
  readonly now: () => number;
  /** What Prometheus has behind flags. */
  readonly allowExperimental?: boolean;
}

const MAX_SERIES = 20_000;
/** Samples that a query may read: at most 41 bytes of JSON each, together less than V8's longest string (512 MB). */
const MAX_SAMPLES = 10_000_000;
/** Values that a query may hold in all its steps, 9 bytes each. */
const MAX_VALUES = 20_000_000;
const DEFAULT_TIMEOUT_MS = 60_000;
/** Catalogs look back this far when nobody says. */
const CATALOG_RANGE_MS = 12 * 3_600_000;

const secondsOf = (parameters: Parameters): number => Math.min(DEFAULT_TIMEOUT_MS, one(parameters, "timeout") === undefined ? DEFAULT_TIMEOUT_MS : positiveDurationOf(parameters, "timeout")) / 1_000;

const lookbackOf = (parameters: Parameters): { readonly lookbackMs?: number } => (one(parameters, "lookback_delta") === undefined ? {} : { lookbackMs: positiveDurationOf(parameters, "lookback_delta") });

const selectorOf = (text: string): readonly Matcher[] => {
  const expr = parse(text);
  if (expr.kind !== "selector") throw new PromqlError("bad_data", `invalid parameter "match[]": ${JSON.stringify(text)} is no series selector`);
  return expr.matchers;
};

export const createPrometheusQueries = ({ store, now, allowExperimental = true }: PrometheusQueriesOptions): PrometheusQueries => {
  const engineFor = (tenant: string, parameters: Parameters, signal: AbortSignal | undefined): Engine =>
    new Engine({
      source: new StoreSource({ store, scope: new TenantScope(tenant), maxExecutionSeconds: secondsOf(parameters), maxSeries: MAX_SERIES, maxSamples: MAX_SAMPLES, ...(signal && { signal }) }),
      allowExperimental,
      maxSamples: MAX_VALUES,
      ...lookbackOf(parameters),
    });
  const rangeOf = (parameters: Parameters): Range => {
    const endMs = timeOf(parameters, "end", now());
    const startMs = timeOf(parameters, "start", endMs - CATALOG_RANGE_MS);
    if (endMs < startMs) throw new PromqlError("bad_data", `invalid parameter "end": end timestamp must not be before start time`);
    return { startMs, endMs };
  };
  const catalogRequest = (parameters: Parameters): CatalogRequest => ({ selectors: many(parameters, "match[]").map(selectorOf), range: rangeOf(parameters), limit: limitOf(parameters) });

  return {
    async instant(tenant, parameters, signal) {
      const timeMs = timeOf(parameters, "time", now());
      const answer = await engineFor(tenant, parameters, signal).instant(required(parameters, "query"), timeMs);
      return limited({ data: instantData(answer, timeMs), warnings: answer.warnings, infos: answer.infos }, limitOf(parameters));
    },
    async range(tenant, parameters, signal) {
      const { query, startMs, endMs, stepMs } = rangeRequest(parameters, now());
      const answer = await engineFor(tenant, parameters, signal).range(query, startMs, endMs, stepMs);
      const steps = Math.floor((endMs - startMs) / stepMs) + 1;
      return limited({ data: rangeData(answer, { startMs, stepMs, steps }), warnings: answer.warnings, infos: answer.infos }, limitOf(parameters));
    },
    async labels(tenant, parameters, signal) {
      return { data: await labelNames(store, new TenantScope(tenant), catalogRequest(parameters), signal) };
    },
    async labelValues(tenant, name, parameters, signal) {
      return { data: await labelValues(store, new TenantScope(tenant), name, catalogRequest(parameters), signal) };
    },
    async series(tenant, parameters, signal) {
      const request = catalogRequest(parameters);
      if (request.selectors.length === 0) throw new PromqlError("bad_data", "no match[] parameter provided");
      return { data: await seriesOf(store, new TenantScope(tenant), request, signal) };
    },
    async exemplars(tenant, parameters, signal) {
      const query = required(parameters, "query");
      const { answer, isCut } = await exemplarsOf(store, new TenantScope(tenant), { selectors: selectorsOf(parse(query)), range: rangeOf(parameters), limit: limitOf(parameters), maxExecutionSeconds: secondsOf(parameters) }, signal);
      return { data: answer, ...(isCut && { warnings: ["results truncated: narrow the query or its range"] }) };
    },
    async metadata(tenant, parameters, signal) {
      return { data: await metadata(store, new TenantScope(tenant), one(parameters, "metric"), limitOf(parameters), rangeOf(parameters), signal) };
    },
    async formatQuery(_tenant, parameters) {
      const query = required(parameters, "query");
      parse(query);
      return { data: query.trim() };
    },
  };
};

/** Fewer series than were found, and a word about it. */
const limited = (answer: PrometheusAnswer, limit: number | undefined): PrometheusAnswer => {
  const { resultType, result } = answer.data as { resultType: string; result: unknown[] };
  if (limit === undefined || (resultType !== "vector" && resultType !== "matrix") || result.length <= limit) return answer;
  return { ...answer, data: { resultType, result: result.slice(0, limit) }, warnings: [...(answer.warnings ?? []), "results truncated due to limit"] };
};
