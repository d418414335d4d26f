/** `_search` and `_count`: the hits and their number are read side by side. */

import type { ElasticsearchRequest } from "../../../core/elasticsearch.ts";
import { INDEX_ATTRIBUTE } from "../../../core/elasticsearch-names.ts";
import type { Store } from "../../../core/store.ts";
import { param, sql, type TenantScope } from "../../../sql/sql.ts";
import { allOf } from "../../filter.ts";
import { runAggregations } from "../aggregations/run.ts";
import { withTypedKeys } from "../aggregations/typed-keys.ts";
import { checkConditions } from "../dsl/context.ts";
import { indexNotFound, selectIndices, type IndexSelection } from "../index-names.ts";
import { refuseUnknown } from "../json.ts";
import { readHits, readTotal, type Total } from "./hits.ts";
import { createReading, type Reading } from "./reading.ts";
import { timeBounds } from "./time-bounds.ts";
import { bodyOf, dslContext, flag, parseSearch, queryOf, type Search } from "./request.ts";

export interface Asking {
  readonly store: Store;
  readonly scope: TenantScope;
  readonly nowMs: number;
  readonly signal: AbortSignal | undefined;
}

export const SHARDS = { total: 1, successful: 1, skipped: 0, failed: 0 };

export const search = async (asking: Asking, request: ElasticsearchRequest): Promise<object> => runSearch(asking, parseSearch(request, asking.nowMs));

export const runSearch = async ({ store, scope, nowMs, signal }: Asking, asked: Search): Promise<object> => {
  const started = performance.now();
  // When one read fails the others are not waited for, and not left running.
  const ended = new AbortController();
  const reading = createReading({ store, scope, budgetMs: asked.budgetMs, signal: AbortSignal.any([ended.signal, ...(signal ? [signal] : [])]) });
  try {
    const aggregated = asked.aggregations.length === 0 ? undefined : runAggregations({ reading, filter: asked.filter, range: timeBounds(asked.filter, nowMs) }, asked.aggregations);
    const [hits, total, aggregations] = await Promise.all([readHits(reading, asked, nowMs), readTotal(reading, asked, nowMs), aggregated]);
    if (hits.length === 0 && !asked.ignoreUnavailable) await checkWritten(reading, asked.index);
    return {
      ...(asked.pointInTime !== undefined && { pit_id: asked.pointInTime }),
      took: Math.round(performance.now() - started),
      timed_out: reading.timedOut,
      _shards: SHARDS,
      hits: { ...totalOf(total, asked, hits.length), max_score: asked.isSorted || hits.length === 0 ? null : 1, hits },
      ...(aggregations && { aggregations: asked.typedKeys ? withTypedKeys(asked.aggregations, aggregations) : aggregations }),
      ...(total && { completeness: { weights: total.weighted, partial: reading.timedOut || total.relation === "gte", estimated_total: total.estimated } }),
    };
  } finally {
    ended.abort();
  }
};

/** Without a count, the hits are what is known. */
const totalOf = (total: Total | undefined, { tracked, totalAsNumber, from }: Search, hits: number): { total?: unknown } => {
  if (tracked === false) return {};
  const value = total?.value ?? from + hits;
  return { total: totalAsNumber ? value : { value, relation: total?.relation ?? "gte" } };
};

/** Throws index_not_found_exception for a name that no row was written to. */
export const checkWritten = async ({ read, scope }: Reading, { written }: IndexSelection): Promise<void> => {
  for (const name of written) {
    const found = await read(scope.statement(sql`SELECT 1 AS found ${scope.from("logs")} AND attributes[${param.string(INDEX_ATTRIBUTE)}] = ${param.string(name)} LIMIT 1`));
    if (found?.length === 0) throw indexNotFound(name);
  }
};

const COUNT_BUDGET_MS = 30_000;

export const count = async ({ store, scope, nowMs, signal }: Asking, request: ElasticsearchRequest): Promise<object> => {
  const body = bodyOf(request);
  refuseUnknown(body, "[count]", ["query"]);
  const index = selectIndices(request.index, nowMs);
  const filter = allOf([queryOf(body, request.parameters, dslContext(nowMs)), index.filter]);
  checkConditions([filter]);
  const reading = createReading({ store, scope, budgetMs: COUNT_BUDGET_MS, signal });
  const total = await readTotal(reading, { ...parseSearch({ parameters: {} }, nowMs), filter, tracked: true }, nowMs);
  if (total?.value === 0 && !flag(request.parameters, "ignore_unavailable")) await checkWritten(reading, index);
  return { count: total?.value ?? 0, ...(reading.timedOut && { terminated_early: true }), _shards: SHARDS };
};
