/**
 * Elasticsearch's query DSL -> LogFilter. Nothing is scored: a boost changes nothing, and what would
 * only change the order of hits is taken and left aside.
 * Source: elastic.co/docs/reference/query-languages/query-dsl
 */

import { parsingError } from "../../../core/elasticsearch.ts";
import { existing } from "../../field-conditions.ts";
import { allOf, anyOf, EVERY_ROW, negate, NO_ROW, type LogFilter } from "../../filter.ts";
import { asArray, asList, asObject, asText, onlyMember, refuseUnknown, type JsonObject } from "../json.ts";
import { condition, deeper, fieldOf, type DslContext } from "./context.ts";
import { match, matchBoolPrefix, matchPhrase, matchPhrasePrefix, multiMatch } from "./match.ts";
import { atLeast, wantedClauses } from "./minimum-should-match.ts";
import { prefix, regexp, wildcard } from "./patterns.ts";
import { queryString } from "./query-string.ts";
import { range } from "./range.ts";
import { simpleQueryString } from "./simple-query-string.ts";
import { ids, term, terms } from "./terms.ts";

type Parse = (body: unknown, context: DslContext) => LogFilter;

/** A body of these names and no others. */
const members = (body: unknown, what: string, known: readonly string[]): JsonObject => {
  const object = asObject(body, what);
  refuseUnknown(object, what, [...known, "boost", "_name"]);
  return object;
};

const clauses = (value: unknown, context: DslContext): LogFilter[] => (value === undefined || value === null ? [] : asList(value).map((clause) => parseQuery(clause, context)));

const bool: Parse = (body, context) => {
  const query = members(body, "[bool] query", ["must", "filter", "should", "must_not", "minimum_should_match", "adjust_pure_negative"]);
  const required = [...clauses(query["must"], context), ...clauses(query["filter"], context)];
  const optional = clauses(query["should"], context);
  const wanted = query["minimum_should_match"] === undefined ? Number(required.length === 0 && optional.length > 0) : wantedClauses(query["minimum_should_match"], optional.length);
  return allOf([...required, ...(wanted > 0 ? [atLeast(wanted, optional)] : []), ...clauses(query["must_not"], context).map(negate)]);
};

const exists: Parse = (body) => {
  const name = asText(members(body, "[exists] query", ["field"])["field"], "[exists] field");
  return name === "_index" || name === "_id" ? EVERY_ROW : condition("exists", () => existing(fieldOf(name)));
};

/** A query around another one, which alone decides what is found. */
const around =
  (name: string, inner: string, others: readonly string[] = []): Parse =>
  (body, context) =>
    parseQuery(members(body, `[${name}] query`, [inner, ...others])[inner], context);

const QUERIES: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  ["bool", bool],
  ["match_all", (body) => (members(body, "[match_all] query", []), EVERY_ROW)],
  ["match_none", (body) => (members(body, "[match_none] query", []), NO_ROW)],
  ["match", match],
  ["match_phrase", matchPhrase],
  ["match_phrase_prefix", matchPhrasePrefix],
  ["match_bool_prefix", matchBoolPrefix],
  ["multi_match", multiMatch],
  ["query_string", queryString],
  ["simple_query_string", simpleQueryString],
  ["term", term],
  ["terms", terms],
  ["ids", ids],
  ["range", range],
  ["exists", exists],
  ["prefix", prefix],
  ["wildcard", wildcard],
  ["regexp", regexp],
  ["constant_score", around("constant_score", "filter")],
  ["boosting", around("boosting", "positive", ["negative", "negative_boost"])],
  ["dis_max", (body, context) => anyOf(asArray(members(body, "[dis_max] query", ["queries", "tie_breaker"])["queries"], "[dis_max] queries").map((query) => parseQuery(query, context)))],
]);

/** Why some queries are refused that Elasticsearch has. */
const REFUSED: Readonly<Record<string, string>> = {
  nested: "attributes are flat: ask for them by their dotted names",
  fuzzy: "there is no fuzzy search: use [wildcard] or [regexp]",
  script: "scripts are not run",
  function_score: "nothing is scored: use the query in it",
};

/** Throws ElasticsearchError for what is no query, or one that cannot be answered here. */
export const parseQuery = (query: unknown, context: DslContext): LogFilter => {
  const [name, body] = onlyMember(query, "a query");
  const parse = QUERIES.get(name);
  if (parse) return parse(body, deeper(context));
  if (Object.hasOwn(REFUSED, name)) throw parsingError(`[${name}] query is not supported: ${REFUSED[name]}`);
  throw parsingError(`unknown query [${name.slice(0, 100)}]; there are ${[...QUERIES.keys()].join(", ")}`);
};
