/** `query_string`: Lucene's query strings, read by the same parser as everywhere. */

import { parsingError } from "../../../core/elasticsearch.ts";
import { ApiError } from "../../../errors.ts";
import type { LogFilter } from "../../filter.ts";
import { parseLucene } from "../../lucene/parse.ts";
import { DEFAULT_FORMATS, readDateMath } from "../dates/date-math.ts";
import { timeZoneOf } from "../dates/time-zone.ts";
import { asObject, asText, oneOf, refuseUnknown } from "../json.ts";
import { queryError, type DslContext } from "./context.ts";
import { searchedFields } from "./match.ts";

/** Taken, as they change nothing here. */
const IGNORED = ["allow_leading_wildcard", "analyze_wildcard", "analyzer", "auto_generate_synonyms_phrase_query", "boost", "enable_position_increments", "fuzziness", "fuzzy_max_expansions", "fuzzy_prefix_length", "fuzzy_transpositions", "lenient", "max_determinized_states", "quote_analyzer", "quote_field_suffix", "rewrite", "tie_breaker", "type", "_name"];

export const queryString = (body: unknown, context: DslContext): LogFilter => {
  const query = asObject(body, "[query_string] query");
  refuseUnknown(query, "[query_string] query", ["query", "default_field", "default_operator", "fields", "time_zone", "phrase_slop", ...IGNORED]);
  if (query["phrase_slop"] !== undefined && String(query["phrase_slop"]) !== "0") throw parsingError("[query_string] phrase_slop is not supported: a phrase is found as it stands");
  return luceneQuery(asText(query["query"], "[query_string] query"), { operator: query["default_operator"], fields: query["fields"] ?? query["default_field"], zone: query["time_zone"] }, context);
};

/** Dates without a zone are of this one. */
const inZone = (context: DslContext, name: string): DslContext => {
  const zone = timeZoneOf(name);
  return {
    ...context,
    parseTime: (text, end) => {
      try {
        return readDateMath(text, { nowMs: context.nowMs, formats: DEFAULT_FORMATS, zone, end });
      } catch {
        return undefined;
      }
    },
  };
};

/** Throws query_shard_exception with the place of the fault. */
export const luceneQuery = (text: string, { operator = "or", fields, zone }: { operator?: unknown; fields?: unknown; zone?: unknown }, context: DslContext): LogFilter => {
  try {
    return parseLucene(text, zone === undefined || zone === null ? context : inZone(context, asText(zone, "[query_string] time_zone")), {
      defaultOperator: oneOf(operator, "[query_string] default_operator", ["or", "and"]),
      defaultFields: searchedFields(fields, "[query_string] fields"),
    });
  } catch (error) {
    if (error instanceof ApiError && error.code === "invalid_query") throw queryError(`Failed to parse query [${text.slice(0, 200)}]: ${error.message}`);
    throw error;
  }
};
