/** The rows of a search, and how many there are. */

import type { LogHit } from "../../../core/queries.ts";
import { join, param, sql, type Fragment, type Statement, type TenantScope } from "../../../sql/sql.ts";
import { allOf, type LogFilter } from "../../filter.ts";
import { LOG_COLUMNS, positionOf, toHit, type LogRow } from "../../log-rows.ts";
import { logsMatching } from "../../log-source.ts";
import { TimeWindows, type SortOrder } from "../../time-windows.ts";
import type { TimeRange } from "../../validate.ts";
import { fieldValues, filterSource, idOf, indexOf, sourceOf } from "./document.ts";
import { HIGHLIGHT_CHARACTERS, highlightOf } from "./highlight.ts";
import type { Reading } from "./reading.ts";
import type { Search } from "./request.ts";
import { sortValues } from "./sort.ts";
import { timeBounds } from "./time-bounds.ts";

type SortedRow = LogRow & { readonly sorted: readonly string[] };

export const readHits = async (reading: Reading, search: Search, nowMs: number): Promise<object[]> => {
  if (search.size === 0) return [];
  const rows = await readRows(reading, search, nowMs);
  const budget = { characters: HIGHLIGHT_CHARACTERS };
  return rows.slice(search.from).map((row) => hitOf(toHit(row), { ...search, budget }, search.isSorted ? sortValues(search.sort, row.sorted, positionOf(row)) : undefined));
};

const readRows = async (reading: Reading, search: Search, nowMs: number): Promise<SortedRow[]> => {
  const wanted = search.from + search.size;
  const range = behind(timeBounds(search.filter, nowMs), search);
  const rows: SortedRow[] = [];
  for (const { window, widen } of windowsOf(range, search.sort.byTime, nowMs)) {
    const found = await reading.read<SortedRow>(pageStatement(reading.scope, search, window, wanted - rows.length));
    if (found === undefined) break;
    rows.push(...found);
    if (rows.length >= wanted) break;
    widen(found.length, wanted - rows.length);
  }
  return rows;
};

/** What is left of the range behind `search_after`. */
const behind = (range: TimeRange, { after, sort }: Search): TimeRange => {
  if (after?.timeNs === undefined) return range;
  if (sort.byTime === "asc") return after.timeNs > range.startNs ? { ...range, startNs: after.timeNs } : range;
  return after.timeNs < range.endNs ? { ...range, endNs: after.timeNs } : range;
};

interface Window {
  readonly window: TimeRange;
  /** Says what the window held, and how many rows are missing. */
  widen(found: number, missing: number): void;
}

/** The whole range at once unless time comes first. What lies ahead of the clock is a window of its own: mostly empty. */
function* windowsOf(range: TimeRange, byTime: SortOrder | undefined, nowMs: number): Generator<Window> {
  if (range.startNs > range.endNs) return;
  // The end of a ms: rows of one are in one window.
  const nowNs = BigInt(nowMs) * 1_000_000n + 999_999n;
  if (byTime === undefined) {
    yield { window: range, widen: () => undefined };
    return;
  }
  const ranges = range.startNs <= nowNs && range.endNs > nowNs ? [{ startNs: nowNs + 1n, endNs: range.endNs }, { startNs: range.startNs, endNs: nowNs }] : [range];
  for (const part of byTime === "desc" ? ranges : ranges.reverse()) {
    if (part.startNs > nowNs) {
      yield { window: part, widen: () => undefined };
      continue;
    }
    const windows = new TimeWindows(part, byTime);
    for (let window = windows.next(); window; window = windows.next()) yield { window, widen: (found, missing) => windows.widen(found, missing) };
  }
}

const hitsOf = ({ filter, hitFilter }: Search): LogFilter => allOf([filter, hitFilter]);

const pageStatement = (scope: TenantScope, search: Search, window: TimeRange, limit: number): Statement => {
  const { after, sort } = search;
  const behindAfter: Fragment = after ? sql` AND (${after.condition})` : sql``;
  return scope.statement(sql`
    SELECT ${LOG_COLUMNS}, [${join(sort.selected, sql`, `)}] AS sorted
    ${logsMatching(scope, window, hitsOf(search))}${behindAfter}
    ORDER BY ${sort.orderBy}
    LIMIT ${param.uint32(limit)}`);
};

/** One hit as Elasticsearch writes it. */
export const hitOf = (hit: LogHit, { source, fields, highlight, budget }: Pick<Search, "source" | "fields"> & Partial<Pick<Search, "highlight">> & { readonly budget?: { characters: number } }, sort: readonly unknown[] | undefined): object => {
  const whole = sourceOf(hit);
  const highlighted = highlight && budget && highlightOf(whole, highlight, budget);
  const values = fields.length === 0 ? {} : fieldValues(whole, fields);
  return {
    _index: indexOf(hit),
    _id: idOf(hit),
    _score: sort === undefined ? 1 : null,
    ...(source && { _source: filterSource(whole, source) }),
    ...(Object.keys(values).length > 0 && { fields: values }),
    ...(highlighted && { highlight: highlighted }),
    ...(sort && { sort }),
  };
};

export interface Total {
  readonly value: number;
  readonly relation: "eq" | "gte";
  /** Of the rows that were counted. */
  readonly estimated: number;
  readonly weighted: boolean;
}

/** undefined when nobody asks for it, or the time ran out. */
export const readTotal = async (reading: Reading, search: Search, nowMs: number): Promise<Total | undefined> => {
  const { tracked } = search;
  if (tracked === false) return undefined;
  const range = timeBounds(search.filter, nowMs);
  if (range.startNs > range.endNs) return { value: 0, relation: "eq", estimated: 0, weighted: false };
  const rows = sql`SELECT weight ${logsMatching(reading.scope, range, hitsOf(search))}`;
  const counted = tracked === true ? rows : sql`${rows} LIMIT ${param.uint32(tracked + 1)}`;
  const answer = await reading.read<{ rows: number; weights: number; weighted: number }>(
    reading.scope.statement(sql`SELECT toFloat64(count()) AS rows, sum(toFloat64(weight)) AS weights, max(weight != 1) AS weighted FROM (${counted})`),
    range,
  );
  const counts = answer?.[0];
  if (!counts) return undefined;
  const isCut = tracked !== true && counts.rows > tracked;
  return { value: isCut ? tracked : counts.rows, relation: isCut ? "gte" : "eq", estimated: Math.round(counts.weights), weighted: counts.weighted === 1 };
};
