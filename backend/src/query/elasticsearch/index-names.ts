/**
 * Which rows the name of an index stands for. All rows are in one table; a row's own index is the one
 * that it was written to by `_bulk` (the attribute `_index`), else `logs-YYYY.MM.DD` of its day in UTC.
 * `logs`, `obs-logs` and `logs-obs-default` are aliases of everything, so that `logs-*` and `obs-*` are
 * everything too; `logs-2026` and `logs-2026.11` are the days of a year and of a month.
 */

import { ElasticsearchError } from "../../core/elasticsearch.ts";
import { ILLEGAL_IN_INDEX_NAMES, INDEX_ALIASES, INDEX_ATTRIBUTE, indexNameError } from "../../core/elasticsearch-names.ts";
import { allOf, anyOf, EVERY_ROW, negate, NO_ROW, type Field, type LogFilter } from "../filter.ts";
import { matchesPattern } from "./name-patterns.ts";

const MAX_EXPRESSION = 4_096;
const DAY_MS = 86_400_000;
const NS_PER_MS = 1_000_000n;
/** The longest retention class, and how far ahead of the clock a row may be. */
const OLDEST_DAYS = 2_560;
const NEWEST_DAYS = 8;
const DATED = /^logs-(\d{4})(?:\.(\d{2})(?:\.(\d{2}))?)?$/;

const WRITTEN: Field & { kind: "attribute" } = { kind: "attribute", keys: [INDEX_ATTRIBUTE] };

export interface IndexSelection {
  readonly filter: LogFilter;
  /** Names without wildcards that exist only if a row was written to them. */
  readonly written: readonly string[];
}

/** `a,b-*,-b-c`; undefined is everything. */
export const selectIndices = (expression: string | undefined, nowMs: number): IndexSelection => {
  if (expression === undefined || expression === "" || expression === "_all") return { filter: EVERY_ROW, written: [] };
  if (expression.length > MAX_EXPRESSION) throw indexNameError(expression, `a list may have ${MAX_EXPRESSION} characters`);
  const written: string[] = [];
  let filters: LogFilter[] = [];
  for (const name of expression.split(",").map((item) => item.trim())) {
    if (name.startsWith("-") && filters.length > 0) filters = [allOf([anyOf(filters), negate(indexFilter(name.slice(1), nowMs, []))])];
    else filters.push(indexFilter(name, nowMs, written));
  }
  return { filter: filters.some((filter) => filter === EVERY_ROW) ? EVERY_ROW : anyOf(filters), written };
};

const indexFilter = (name: string, nowMs: number, written: string[]): LogFilter => {
  if (name === "_all" || INDEX_ALIASES.includes(name)) return EVERY_ROW;
  if (ILLEGAL_IN_INDEX_NAMES.test(name) || name === "") throw indexNameError(name, name.startsWith("<") ? "date math is not supported in names: name the days" : 'must not be empty or contain \\ / ? " < > | space # :');
  if (name.startsWith("_")) throw indexNameError(name, "must not start with '_'");
  if (name.includes("*")) return patternFilter(name, nowMs);
  const equal: LogFilter = { kind: "equals", field: WRITTEN, value: name };
  const range = datedRange(name);
  if (!range) {
    written.push(name);
    return equal;
  }
  return anyOf([equal, unwritten(...range)]);
};

/** Rows of agents and other doors, from an instant to before another one. */
const unwritten = (fromMs: number, toMs: number): LogFilter =>
  allOf([{ kind: "time-range", column: "timestamp", interval: { from: { value: BigInt(fromMs) * NS_PER_MS, inclusive: true }, to: { value: BigInt(toMs) * NS_PER_MS, inclusive: false } } }, negate({ kind: "exists", field: WRITTEN })]);

const datedRange = (name: string): [fromMs: number, toMs: number] | undefined => {
  const match = DATED.exec(name);
  if (!match) return undefined;
  const [year, month, day] = match.slice(1).map((digits: string | undefined) => (digits === undefined ? undefined : Number(digits))) as [number, number?, number?];
  const from = Date.UTC(year, (month ?? 1) - 1, day ?? 1);
  const isReal = year >= 1901 && year <= 2261 && (month === undefined || new Date(from).getUTCMonth() === month - 1);
  if (!isReal) return undefined;
  return [from, month === undefined ? Date.UTC(year + 1, 0, 1) : day === undefined ? Date.UTC(year, month, 1) : from + DAY_MS];
};

const patternFilter = (pattern: string, nowMs: number): LogFilter => {
  if (INDEX_ALIASES.some((alias) => matchesPattern(pattern, alias))) return EVERY_ROW;
  const parts = pattern.split(/\*+/).flatMap((literal, i) => [...(i > 0 ? (["any"] as const) : []), ...(literal === "" ? [] : [{ literal }])]);
  return anyOf([{ kind: "pattern", field: WRITTEN, pattern: parts }, ...daysMatching(pattern, nowMs).map(([from, to]) => unwritten(from, to))]);
};

/** Days that there may be rows of, as ranges. */
const daysMatching = (pattern: string, nowMs: number): [fromMs: number, toMs: number][] => {
  const today = Math.floor(nowMs / DAY_MS) * DAY_MS;
  const ranges: [number, number][] = [];
  for (let day = today - OLDEST_DAYS * DAY_MS; day <= today + NEWEST_DAYS * DAY_MS; day += DAY_MS) {
    if (!matchesPattern(pattern, dayIndex(day))) continue;
    if (ranges.at(-1)?.[1] === day) ranges.at(-1)![1] = day + DAY_MS;
    else ranges.push([day, day + DAY_MS]);
  }
  return ranges;
};

/** `logs-2026.11.22` */
export const dayIndex = (ms: number): string => `logs-${new Date(ms).toISOString().slice(0, 10).replaceAll("-", ".")}`;

/** Whether a single name is met by a query on `_index`. */
export const indexIs = (expression: string, nowMs: number): LogFilter => (expression === "" ? NO_ROW : selectIndices(expression, nowMs).filter);

export const indexNotFound = (name: string): ElasticsearchError =>
  new ElasticsearchError(404, "index_not_found_exception", `no such index [${name}]`, { "resource.type": "index_or_alias", "resource.id": name, index: name });
