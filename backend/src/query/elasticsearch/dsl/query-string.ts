/** `query_string`: Lucene's query strings, read by the same parser as everywhere. */

import { ApiError } from "../../../errors.ts";
import type { LogFilter } from "../../filter.ts";
import { parseLucene } from "../../lucene/parse.ts";
import { asObject, asText, oneOf, refuseUnknown } from "../json.ts";
import { queryError, type DslContext } from "./context.ts";
import { searchedFields } from "./match.ts";

/** Taken, as they change nothing here. */
const IGNORED = ["allow_leading_wildcard", "analyze_wildcard", "analyzer", "auto_generate_synonyms_phrase_query", "boost", "enable_position_increments", "fuzziness", "fuzzy_max_expansions", "fuzzy_prefix_length", "fuzzy_transpositions", "lenient", "max_determinized_states", "minimum_should_match", "phrase_slop", "quote_analyzer", "quote_field_suffix", "rewrite", "time_zone", "tie_breaker", "type", "_name"];

export const queryString = (body: unknown, context: DslContext): LogFilter => {
  const query = asObject(body, "[query_string] query");
  refuseUnknown(query, "[query_string] query", ["query", "default_field", "default_operator", "fields", ...IGNORED]);
  return luceneQuery(asText(query["query"], "[query_string] query"), { operator: query["default_operator"], fields: query["fields"] ?? query["default_field"] }, context);
};

/** Throws query_shard_exception with the place of the fault. */
export const luceneQuery = (text: string, { operator = "or", fields }: { operator?: unknown; fields?: unknown }, context: DslContext): LogFilter => {
  try {
    return parseLucene(text, context, {
      defaultOperator: oneOf(operator, "[query_string] default_operator", ["or", "and"]),
      defaultFields: searchedFields(fields, "[query_string] fields"),
    });
  } catch (error) {
    if (error instanceof ApiError && error.code === "invalid_query") throw queryError(`Failed to parse query [${text.slice(0, 200)}]: ${error.message}`);
    throw error;
  }
};
