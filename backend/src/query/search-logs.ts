/**
 * `POST /api/v1/logs/search`: a page of rows, newest or oldest first, with the exact number of rows
 * that match and their histogram by level. The page and the counts are two reads side by side: the
 * page looks into the newest window first (time-windows.ts) and does not wait for the counts.
 */

import { z } from "zod";
import type { Completeness, LogSearchAnswer } from "../core/queries.ts";
import type { Store } from "../core/store.ts";
import { param, sql, type Fragment, type Statement, type TenantScope } from "../sql/sql.ts";
import type { LogFilter } from "./filter.ts";
import { fillBuckets, planBuckets, type BucketPlan, type SeverityCount } from "./histogram.ts";
import { beyond, formatCursor, parseCursor, type LogPosition } from "./log-cursor.ts";
import { LOG_COLUMNS, positionOf, toHit, type LogRow } from "./log-rows.ts";
import { logsMatching } from "./log-source.ts";
import { parseLucene } from "./lucene/parse.ts";
import { isTimeout } from "./timeout.ts";
import { TimeWindows, type SortOrder } from "./time-windows.ts";
import { time, timeRange, validate, type TimeRange } from "./validate.ts";

const BUDGET_SECONDS = 30;
const MAX_BUCKETS = 1_000;

const searchBody = z.strictObject({
  query: z.string().default(""),
  time_range: z.strictObject({ start: time.optional(), end: time.optional() }).default({}),
  size: z.int().min(1).max(1_000).default(100),
  sort: z.tuple([z.strictObject({ "@timestamp": z.enum(["asc", "desc"]) })]).default([{ "@timestamp": "desc" }]),
  search_after: z.string().refine((text) => parseCursor(text) !== undefined, { error: "is no cursor: hand back `next` as it was" }).nullish(),
  histogram: z.strictObject({ buckets: z.int().min(1).max(MAX_BUCKETS).default(60) }).optional(),
});

export interface LogSearch {
  readonly filter: LogFilter;
  readonly range: TimeRange;
  readonly size: number;
  readonly order: SortOrder;
  readonly after: LogPosition | undefined;
  readonly histogramBuckets: number | undefined;
}

/** The request of the HTTP API. Throws ApiError: invalid_request, invalid_query. */
export const parseLogSearch = (body: unknown, nowMs: number): LogSearch => {
  const request = validate(searchBody, body);
  const range = timeRange(request.time_range, nowMs, "time_range.");
  return {
    filter: parseLucene(request.query, { nowMs }),
    range,
    size: request.size,
    order: request.sort[0]["@timestamp"],
    after: request.search_after ? parseCursor(request.search_after) : undefined,
    histogramBuckets: request.histogram?.buckets,
  };
};

export const searchLogs = async (store: Store, scope: TenantScope, search: LogSearch, signal?: AbortSignal): Promise<LogSearchAnswer> => {
  const started = performance.now();
  // When one read fails the other is not waited for, and not left running.
  const ended = new AbortController();
  const reading = { store, scope, search, signal: AbortSignal.any([ended.signal, ...(signal ? [signal] : [])]), deadlineMs: started + BUDGET_SECONDS * 1_000 };
  try {
    const [page, counts] = await Promise.all([readPage(reading), readCounts(reading)]);
    const { total, completeness } = summarise(page, counts);
    return {
      hits: { total, logs: page.rows.map(toHit) },
      next: page.more ? formatCursor(positionOf(page.rows.at(-1)!)) : null,
      ...(counts?.plan && { histogram: fillBuckets(counts.plan, counts.counts) }),
      took_ms: Math.round(performance.now() - started),
      completeness,
    };
  } finally {
    ended.abort();
  }
};

interface Reading {
  readonly store: Store;
  readonly scope: TenantScope;
  readonly search: LogSearch;
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
}

interface Page {
  readonly rows: readonly LogRow[];
  readonly more: boolean;
  readonly timedOut: boolean;
}

const readPage = async ({ store, scope, search, signal, deadlineMs }: Reading): Promise<Page> => {
  const rows: LogRow[] = [];
  // One row more than asked for tells whether a page follows.
  const wanted = search.size + 1;
  const windows = new TimeWindows(pageRange(search), search.order);
  for (let window = windows.next(); window && rows.length < wanted; window = windows.next()) {
    const statement = pageStatement(scope, search, window, wanted - rows.length);
    try {
      const found = await store.read<LogRow>(statement, { maxExecutionSeconds: secondsLeft(deadlineMs), signal });
      rows.push(...found);
      windows.widen(found.length, wanted - rows.length);
    } catch (error) {
      if (isTimeout(error) && rows.length > 0) return { rows: rows.slice(0, search.size), more: true, timedOut: true };
      throw error;
    }
  }
  return { rows: rows.slice(0, search.size), more: rows.length >= wanted, timedOut: false };
};

/** What is left of the range behind the cursor; its own nanosecond may hold more rows. */
const pageRange = ({ range, after, order }: LogSearch): TimeRange => {
  if (!after) return range;
  if (order === "desc") return after.timestampNs < range.endNs ? { ...range, endNs: after.timestampNs } : range;
  return after.timestampNs > range.startNs ? { ...range, startNs: after.timestampNs } : range;
};

const pageStatement = (scope: TenantScope, { filter, after, order }: LogSearch, window: TimeRange, limit: number): Statement => {
  const behind = after ? sql` AND (${beyond(after, order)})` : sql``;
  const direction: Fragment = order === "desc" ? sql`DESC` : sql`ASC`;
  return scope.statement(sql`
    SELECT ${LOG_COLUMNS}
    ${logsMatching(scope, window, filter)}${behind}
    ORDER BY timestamp ${direction}, batch ${direction}, row ${direction}
    LIMIT ${param.uint32(limit)}`);
};

interface Counts {
  readonly counts: readonly SeverityCount[];
  readonly total: number;
  readonly estimatedTotal: number;
  readonly weighted: boolean;
  readonly plan: BucketPlan | undefined;
}

/** undefined when the time ran out. */
const readCounts = async ({ store, scope, search, signal, deadlineMs }: Reading): Promise<Counts | undefined> => {
  const { range, filter, histogramBuckets } = search;
  const plan = histogramBuckets === undefined ? undefined : planBuckets(range, histogramBuckets);
  const bucket = plan
    ? sql`intDiv(toUnixTimestamp64Milli(timestamp) - ${param.int64(plan.firstMs)}, ${param.int64(plan.intervalMs)})`
    : sql`0`;
  const statement = scope.statement(sql`
    SELECT toUInt32(${bucket}) AS bucket, severity, toFloat64(count()) AS count, sum(weight) AS weights, max(weight != 1) AS weighted
    ${logsMatching(scope, range, filter)}
    GROUP BY bucket, severity`);
  try {
    const counts = await store.read<SeverityCount & { weights: number; weighted: number }>(statement, { maxExecutionSeconds: secondsLeft(deadlineMs), upToMs: Number(range.endNs / 1_000_000n), signal });
    return {
      counts,
      total: counts.reduce((sum, { count }) => sum + count, 0),
      estimatedTotal: counts.reduce((sum, { weights }) => sum + weights, 0),
      weighted: counts.some(({ weighted }) => weighted === 1),
      plan,
    };
  } catch (error) {
    if (isTimeout(error)) return undefined;
    throw error;
  }
};

/** Without counts, the page is what is known. */
const summarise = ({ rows, timedOut }: Page, counts: Counts | undefined): { total: number; completeness: Completeness } => {
  const weightOfRows = rows.reduce((sum, { weight }) => sum + weight, 0);
  const total = counts?.total ?? rows.length;
  const weights = counts?.weighted ?? rows.some(({ weight }) => weight !== 1);
  const estimated = counts?.estimatedTotal ?? weightOfRows;
  return { total, completeness: { weights, partial: timedOut || counts === undefined, estimated_total: Math.round(estimated) } };
};

const secondsLeft = (deadlineMs: number): number => Math.max(1, Math.ceil((deadlineMs - performance.now()) / 1_000));
