/**
 * `simple_query_string`: `+` and, `|` or, `-` not, `"phrase"`, `word*`, `( )`. There is no wrong
 * text: what has no meaning where it stands is left out.
 * Source: elastic.co/docs/reference/query-languages/query-dsl/query-dsl-simple-query-string-query
 */

import { parsingError } from "../../../core/elasticsearch.ts";
import { equalTo, matching } from "../../field-conditions.ts";
import type { QueryField } from "../../fields.ts";
import { allOf, anyOf, EVERY_ROW, negate, NO_ROW, type LogFilter } from "../../filter.ts";
import { MAX_DEPTH } from "../../lucene/parse.ts";
import { asObject, asText, oneOf, refuseUnknown } from "../json.ts";
import { condition, queryError, type DslContext } from "./context.ts";
import { searchedFields } from "./match.ts";

const IGNORED = ["analyze_wildcard", "analyzer", "auto_generate_synonyms_phrase_query", "boost", "fuzzy_max_expansions", "fuzzy_prefix_length", "fuzzy_transpositions", "lenient", "quote_field_suffix", "_name"];
const MAX_LENGTH = 8_192;
/** `~2` behind a word or phrase asks for something near it. */
const TOKEN = /"((?:[^"\\]|\\.)*)"?(~\d*)?|[()|+]|-(?=\S)|((?:[^\s()|"\\]|\\.)+)/gsu;

type Token = { readonly operator: string } | { readonly phrase: string } | { readonly word: string };

export const simpleQueryString = (body: unknown, context: DslContext): LogFilter => {
  const query = asObject(body, "[simple_query_string] query");
  refuseUnknown(query, "[simple_query_string] query", ["query", "fields", "default_operator", "flags", ...IGNORED]);
  if (query["flags"] !== undefined && query["flags"] !== -1 && String(query["flags"]).toUpperCase() !== "ALL") throw parsingError("[simple_query_string] flags other than ALL are not supported: escape the operators that are none");
  const text = asText(query["query"], "[simple_query_string] query");
  if (text.length > MAX_LENGTH) throw queryError(`[simple_query_string] query is longer than ${MAX_LENGTH} characters`);
  const and = oneOf(query["default_operator"] ?? "or", "[simple_query_string] default_operator", ["or", "and"]) === "and";
  const fields = searchedFields(query["fields"], "[simple_query_string] fields");
  return condition("simple_query_string", () => new SimpleParser(tokensOf(text), fields, and, context).parse());
};

const unescape = (text: string): string => text.replace(/\\(.)/gsu, "$1");

const tokensOf = (text: string): Token[] =>
  [...text.matchAll(TOKEN)].map(([whole, phrase, _slop, word]): Token => {
    if (phrase !== undefined) return { phrase: unescape(phrase) };
    return word === undefined ? { operator: whole } : { word };
  });

class SimpleParser {
  readonly #tokens: readonly Token[];
  readonly #fields: readonly QueryField[];
  readonly #and: boolean;
  readonly #context: DslContext;
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], fields: readonly QueryField[], and: boolean, context: DslContext) {
    this.#tokens = tokens;
    this.#fields = fields;
    this.#and = and;
    this.#context = context;
  }

  parse(): LogFilter {
    let found: LogFilter | undefined;
    // A parenthesis that closes nothing is left out.
    while (this.#at < this.#tokens.length) {
      const next = this.#sequence();
      if (next) found = found ? this.#joined([found, next]) : next;
      this.#at++;
    }
    return found ?? NO_ROW;
  }

  get #operator(): string | undefined {
    const token = this.#tokens[this.#at];
    return token && "operator" in token ? token.operator : undefined;
  }

  #joined(items: readonly LogFilter[]): LogFilter {
    return this.#and ? allOf(items) : anyOf(items);
  }

  /** Up to the parenthesis that closes it, or the end; undefined when nothing is in it. */
  #sequence(): LogFilter | undefined {
    let found: LogFilter | undefined;
    let operator: string | undefined;
    while (this.#at < this.#tokens.length && this.#operator !== ")") {
      if (this.#operator === "|" || this.#operator === "+") {
        operator = this.#operator;
        this.#at++;
        continue;
      }
      const item = this.#item();
      if (!item) continue;
      if (!found) found = item;
      else found = operator === "+" ? allOf([found, item]) : operator === "|" ? anyOf([found, item]) : this.#joined([found, item]);
      operator = undefined;
    }
    return found;
  }

  #item(): LogFilter | undefined {
    const token = this.#tokens[this.#at++]!;
    if ("phrase" in token) return token.phrase === "" ? undefined : anyOf(this.#fields.map((field) => equalTo(field, token.phrase, this.#context)));
    if ("word" in token) return this.#word(token.word);
    const inner = this.#nested(token.operator);
    return inner && token.operator === "-" ? negate(inner) : inner;
  }

  #nested(operator: string): LogFilter | undefined {
    if (++this.#depth > MAX_DEPTH) throw queryError(`[simple_query_string] query is nested too deep: ${MAX_DEPTH} levels are the most`);
    let inner: LogFilter | undefined;
    if (operator === "(") {
      inner = this.#sequence();
      this.#at++;
    } else if (this.#at < this.#tokens.length && this.#operator !== ")") inner = this.#item();
    this.#depth--;
    return inner;
  }

  #word(word: string): LogFilter {
    if (word === "*") return EVERY_ROW;
    const isPrefix = word.endsWith("*") && !word.endsWith("\\*");
    const text = unescape(isPrefix ? word.slice(0, -1) : word.replace(/~\d*$/, ""));
    return anyOf(this.#fields.map((field) => (isPrefix ? matching(field, [{ literal: text }, "any"]) : equalTo(field, text, this.#context))));
  }
}
