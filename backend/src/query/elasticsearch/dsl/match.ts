/** The `match` family. The message is cut into words, as it is in the index; other fields are looked for as a whole. */

import { parsingError } from "../../../core/elasticsearch.ts";
import { equalTo, existing, matching } from "../../field-conditions.ts";
import type { QueryField } from "../../fields.ts";
import { anyOf, EVERY_ROW, NO_ROW, type LogFilter } from "../../filter.ts";
import { wordsOf } from "../../words.ts";
import { asArray, asList, asText, isObject, oneOf, onlyMember, refuseUnknown, type JsonObject } from "../json.ts";
import { condition, fieldOf, type DslContext } from "./context.ts";
import { atLeast, wantedClauses } from "./minimum-should-match.ts";

/** Taken, as they change nothing here. */
const IGNORED = ["boost", "_name", "lenient", "max_expansions", "prefix_length", "fuzzy_transpositions", "fuzzy_rewrite", "auto_generate_synonyms_phrase_query", "cutoff_frequency", "tie_breaker"];

export interface Match {
  readonly text: string;
  readonly options: JsonObject;
}

/** `{ field: text }` or `{ field: { query: text, ... } }` */
const read = (name: string, body: unknown, known: readonly string[]): Match & { readonly field: QueryField; readonly name: string } => {
  const [fieldName, value] = onlyMember(body, `[${name}] query`);
  const options: JsonObject = isObject(value) ? value : { query: value };
  refuseUnknown(options, `[${name}] query`, ["query", "fuzziness", "analyzer", ...known, ...IGNORED]);
  checkOptions(name, options);
  return { field: fieldOf(fieldName), name: fieldName, text: asText(options["query"], `[${name}] query of [${fieldName}]`), options };
};

const checkOptions = (name: string, { fuzziness, slop, analyzer }: JsonObject): void => {
  if (fuzziness !== undefined && String(fuzziness) !== "0") throw parsingError(`[${name}] fuzziness is not supported: leave it out, or use [wildcard] or [regexp]`);
  if (slop !== undefined && String(slop) !== "0") throw parsingError(`[${name}] slop is not supported: a phrase is found as it stands`);
  if (analyzer !== undefined && analyzer !== "standard") throw parsingError(`[${name}] analyzer [${String(analyzer).slice(0, 100)}] is not supported: words are cut as the standard analyzer does it`);
};

/** A row that has the text: for the message, words of it. */
export const matchText = (field: QueryField, { text, options }: Match, context: DslContext): LogFilter => {
  if (field.kind !== "message") return equalTo(field, text, context);
  const words = wordsOf(text).map((word): LogFilter => ({ kind: "phrase", text: word }));
  if (words.length === 0) return options["zero_terms_query"] === "all" ? EVERY_ROW : NO_ROW;
  const operator = oneOf(options["operator"] ?? "or", "[match] operator", ["or", "and"]);
  if (operator === "and") return atLeast(words.length, words);
  return atLeast(options["minimum_should_match"] === undefined ? 1 : Math.max(1, wantedClauses(options["minimum_should_match"], words.length)), words);
};

export const matchPhraseText = (field: QueryField, text: string, context: DslContext): LogFilter =>
  field.kind === "message" && text.trim() === "" ? NO_ROW : equalTo(field, text, context);

const matchPrefixText = (field: QueryField, text: string): LogFilter => (text === "" ? existing(field) : matching(field, [{ literal: text }, "any"]));

/** All words, the last one as the beginning of one. */
const matchBoolPrefixText = (field: QueryField, { text, options }: Match, context: DslContext): LogFilter => {
  const words = field.kind === "message" ? wordsOf(text) : [text];
  const last = words.pop();
  if (last === undefined) return NO_ROW;
  const clauses = [...words.map((word) => equalTo(field, word, context)), matchPrefixText(field, last)];
  return atLeast(options["operator"] === "and" ? clauses.length : 1, clauses);
};

export const match = (body: unknown, context: DslContext): LogFilter => {
  const query = read("match", body, ["operator", "minimum_should_match", "zero_terms_query"]);
  if (query.name === "_index") return context.indexFilter(query.text);
  return condition("match", () => matchText(query.field, query, context));
};

export const matchPhrase = (body: unknown, context: DslContext): LogFilter => {
  const query = read("match_phrase", body, ["slop", "zero_terms_query"]);
  if (query.name === "_index") return context.indexFilter(query.text);
  return condition("match_phrase", () => matchPhraseText(query.field, query.text, context));
};

export const matchPhrasePrefix = (body: unknown): LogFilter => {
  const { field, text } = read("match_phrase_prefix", body, ["slop", "zero_terms_query"]);
  return condition("match_phrase_prefix", () => matchPrefixText(field, text));
};

export const matchBoolPrefix = (body: unknown, context: DslContext): LogFilter => {
  const query = read("match_bool_prefix", body, ["operator", "minimum_should_match"]);
  return condition("match_bool_prefix", () => matchBoolPrefixText(query.field, query, context));
};

const TYPES = ["best_fields", "most_fields", "cross_fields", "phrase", "phrase_prefix", "bool_prefix"] as const;

/** Names with a boost (`message^3`), and `*`, which is the message. */
export const searchedFields = (value: unknown, what: string): QueryField[] => {
  const names = value === undefined ? ["*"] : asArray(asList(value), what).map((name) => asText(name, what).replace(/\^[\d.]+$/, ""));
  return names.map((name) => {
    if (name === "*" || name === "_all") return { kind: "message" } as const;
    if (name.includes("*")) throw parsingError(`${what} [${name.slice(0, 100)}] is not supported: name the fields, or leave them out to look into the message`);
    return fieldOf(name);
  });
};

export const multiMatch = (body: unknown, context: DslContext): LogFilter => {
  if (!isObject(body)) throw parsingError("[multi_match] query must be an object");
  refuseUnknown(body, "[multi_match] query", ["query", "fields", "type", "operator", "minimum_should_match", "zero_terms_query", "fuzziness", "slop", "analyzer", ...IGNORED]);
  checkOptions("multi_match", body);
  const query: Match = { text: asText(body["query"], "[multi_match] query"), options: body };
  const type = oneOf(body["type"] ?? "best_fields", "[multi_match] type", TYPES);
  const one = (field: QueryField): LogFilter => {
    if (type === "phrase") return matchPhraseText(field, query.text, context);
    if (type === "phrase_prefix") return matchPrefixText(field, query.text);
    return type === "bool_prefix" ? matchBoolPrefixText(field, query, context) : matchText(field, query, context);
  };
  return condition("multi_match", () => anyOf(searchedFields(body["fields"], "[multi_match] fields").map(one)));
};
