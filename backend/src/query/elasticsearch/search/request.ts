/** The body and the address of a search -> what is to be read. */

import { illegalArgument, parsingError, type ElasticsearchRequest, type Parameters } from "../../../core/elasticsearch.ts";
import { allOf, EVERY_ROW, type LogFilter } from "../../filter.ts";
import type { AggregationNode } from "../aggregations/node.ts";
import { parseAggregations } from "../aggregations/parse.ts";
import { checkConditions, type DslContext } from "../dsl/context.ts";
import { parseQuery } from "../dsl/query.ts";
import { luceneQuery } from "../dsl/query-string.ts";
import { indexIs, selectIndices, type IndexSelection } from "../index-names.ts";
import { asBoolean, asInteger, asList, asObject, asText, isObject, type JsonObject } from "../json.ts";
import { fieldRequests, sourceFilter, type FieldRequest } from "./document.ts";
import { parseHighlight, type Highlight } from "./highlight.ts";
import { readPointInTime, type Snapshot } from "./snapshot.ts";
import { parseSearchAfter, parseSort, planSort, type After, type SortPlan } from "./sort.ts";

/** As Elasticsearch has it (`index.max_result_window`). */
export const MAX_WINDOW = 10_000;
const DEFAULT_SIZE = 10;
const DEFAULT_TRACKED = 10_000;
const MOST_TRACKED = 2 ** 31 - 1;
const BUDGET_MS = 30_000;

export interface Search {
  readonly index: IndexSelection;
  /** A name that is not there is no error. */
  readonly ignoreUnavailable: boolean;
  /** Indices and query: what is counted and aggregated. */
  readonly filter: LogFilter;
  /** Which of those are hits. */
  readonly hitFilter: LogFilter;
  readonly size: number;
  readonly from: number;
  readonly sort: SortPlan;
  /** Its id, which the answer repeats. */
  readonly pointInTime: string | undefined;
  /** False when the request named no order: then hits carry no `sort`. */
  readonly isSorted: boolean;
  readonly after: After | undefined;
  /** Rows that are counted: all, none, or up to so many. */
  readonly tracked: true | false | number;
  readonly totalAsNumber: boolean;
  readonly typedKeys: boolean;
  readonly source: ((name: string) => boolean) | undefined;
  readonly fields: readonly FieldRequest[];
  readonly highlight: Highlight | undefined;
  readonly aggregations: readonly AggregationNode[];
  readonly budgetMs: number;
}

/** Members that are taken and change nothing here. */
const IGNORED = ["version", "seq_no_primary_term", "profile", "track_scores", "indices_boost", "stats", "stored_fields", "terminate_after", "ext"];
/** Members that are taken only when there is nothing in them. */
const EMPTY_ONLY: Readonly<Record<string, string>> = {
  script_fields: "scripts are not run",
  runtime_mappings: "scripts are not run",
  collapse: "use a [terms] aggregation with [top_hits]",
  rescore: "nothing is scored",
  suggest: "there are no suggesters",
  knn: "there are no vectors",
  slice: "read one search with [search_after]",
};
const READ = ["aggs", "aggregations", "query", "post_filter", "size", "from", "sort", "search_after", "track_total_hits", "_source", "fields", "docvalue_fields", "highlight", "timeout", "pit"];

const isEmpty = (value: unknown): boolean => value === undefined || value === null || (Array.isArray(value) && value.length === 0) || (isObject(value) && Object.keys(value).length === 0);

const checkMembers = (body: JsonObject): void => {
  if (body["explain"] === true) throw illegalArgument("[explain] is not supported: nothing is scored");
  if (Number(body["min_score"] ?? 0) > 1) throw illegalArgument("[min_score] is not supported: every hit scores 1");
  for (const [name, value] of Object.entries(body)) {
    if (READ.includes(name) || name === "explain" || name === "min_score" || IGNORED.includes(name)) continue;
    if (!Object.hasOwn(EMPTY_ONLY, name)) throw parsingError(`unknown key [${name.slice(0, 100)}] in a search`);
    if (!isEmpty(value)) throw illegalArgument(`[${name}] is not supported: ${EMPTY_ONLY[name]}`);
  }
};

/** Of the address; repeated ones as a list with commas. */
export const parameter = (parameters: Parameters, name: string): string | undefined => {
  const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
  return typeof value === "object" ? value.join(",") : value;
};

export const bodyOf = ({ body }: ElasticsearchRequest): JsonObject => (body === undefined || body === null ? {} : asObject(body, "the body"));

/** `?q=` of the address, and `query` of the body: both must match. */
export const queryOf = (body: JsonObject, parameters: Parameters, context: DslContext): LogFilter => {
  const text = parameter(parameters, "q");
  const filters = [
    ...(isEmpty(body["query"]) ? [] : [parseQuery(body["query"], context)]),
    ...(text === undefined ? [] : [luceneQuery(text, { operator: parameter(parameters, "default_operator") ?? "or", fields: parameter(parameters, "df") }, context)]),
  ];
  return filters.length === 0 ? EVERY_ROW : allOf(filters);
};

export const dslContext = (nowMs: number): DslContext => ({ nowMs, depth: 0, indexFilter: (expression) => indexIs(expression, nowMs) });

const trackedOf = (value: unknown): Search["tracked"] => {
  if (value === undefined || value === null) return DEFAULT_TRACKED;
  if (value === true || value === "true" || value === -1 || value === "-1") return true;
  if (value === false || value === "false") return false;
  return asInteger(value, "[track_total_hits]", 0, MOST_TRACKED);
};

/** `30s`, `500ms`, `1m`; never more than a search may take. */
const budgetOf = (value: unknown): number => {
  if (value === undefined || value === null || value === "-1" || value === -1) return BUDGET_MS;
  const match = /^(\d{1,9})(nanos|micros|ms|s|m|h|d)$/.exec(asText(value, "[timeout]"));
  if (!match) throw illegalArgument(`failed to parse setting [timeout] with value [${String(value).slice(0, 100)}] as a time value: it is such as 500ms, 30s or 1m`);
  const unitMs = { nanos: 1e-6, micros: 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match[2] as "ms"]!;
  return Math.min(BUDGET_MS, Math.max(1, Number(match[1]) * unitMs));
};

const both = (index: IndexSelection, query: LogFilter): LogFilter => (index.filter === EVERY_ROW ? query : allOf([query, index.filter]));

/** Throws ElasticsearchError. */
export const parseSearch = (request: ElasticsearchRequest, nowMs: number, scrolled?: Snapshot): Search => {
  const body = bodyOf(request);
  const { parameters } = request;
  checkMembers(body);
  const given = (name: string): unknown => body[name] ?? parameter(parameters, name);
  const context = dslContext(nowMs);
  const pit = isEmpty(body["pit"]) ? undefined : pointInTimeOf(body["pit"], request);
  const snapshot = pit ?? scrolled;
  const index = selectIndices(pit ? pit.index : request.index, nowMs);
  const query = queryOf(body, parameters, context);
  const filter = both(index, snapshot ? allOf([query, receivedBy(snapshot)]) : query);
  const hitFilter = isEmpty(body["post_filter"]) ? EVERY_ROW : parseQuery(body["post_filter"], context);
  checkConditions([filter, hitFilter]);
  const aggregations = parseAggregations(body["aggs"] ?? body["aggregations"], context, [filter]);
  const size = asInteger(given("size") ?? DEFAULT_SIZE, "[size]", 0, MAX_WINDOW);
  const from = asInteger(given("from") ?? 0, "[from]", 0, MAX_WINDOW);
  if (from + size > MAX_WINDOW) throw illegalArgument(`Result window is too large, from + size must be less than or equal to: [${MAX_WINDOW}] but was [${from + size}]. Read on with [search_after].`);
  const keys = parseSort(given("sort"));
  const sort = planSort(keys, snapshot !== undefined);
  const isFirst = body["search_after"] === undefined || body["search_after"] === null;
  if (!isFirst && from > 0) throw illegalArgument("`from` parameter must be set to 0 when `search_after` is used");
  return {
    index,
    ignoreUnavailable: flag(parameters, "ignore_unavailable"),
    filter,
    hitFilter,
    size,
    from,
    sort,
    isSorted: keys.length > 0 || snapshot !== undefined,
    pointInTime: pit && asText(asObject(body["pit"], "[pit]")["id"], "[pit.id]"),
    after: isFirst ? undefined : parseSearchAfter(sort, body["search_after"], nowMs),
    tracked: trackedOf(given("track_total_hits")),
    typedKeys: flag(parameters, "typed_keys"),
    totalAsNumber: flag(parameters, "rest_total_hits_as_int"),
    source: sourceFilter(given("_source") ?? sourceParameters(parameters)),
    fields: [...fieldRequests(body["fields"], "[fields]"), ...fieldRequests(given("docvalue_fields"), "[docvalue_fields]")],
    highlight: parseHighlight(body["highlight"], query),
    aggregations,
    budgetMs: budgetOf(given("timeout")),
  };
};

export const flag = (parameters: Parameters, name: string): boolean => {
  const value = parameter(parameters, name);
  return value !== undefined && asBoolean(value, `[${name}]`);
};

const pointInTimeOf = (value: unknown, { index }: ElasticsearchRequest): Snapshot => {
  if (index !== undefined) throw illegalArgument("[indices] cannot be used with point in time. Do not specify any index with point in time.");
  return readPointInTime(asObject(value, "[pit]")["id"]);
};

const receivedBy = ({ receivedMs }: Snapshot): LogFilter => ({ kind: "time-range", column: "received", interval: { to: { value: BigInt(receivedMs) * 1_000_000n, inclusive: true } } });

const sourceParameters = (parameters: Parameters): JsonObject | undefined => {
  const [includes, excludes] = [parameter(parameters, "_source_includes"), parameter(parameters, "_source_excludes")];
  if (includes === undefined && excludes === undefined) return undefined;
  return { ...(includes !== undefined && { includes: asList(includes) }), ...(excludes !== undefined && { excludes: asList(excludes) }) };
};
