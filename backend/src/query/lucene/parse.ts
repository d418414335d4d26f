/**
 * Lucene query strings -> LogFilter. Recursive descent over this grammar (docs/search.md is the
 * reference for people):
 *
 *     any   = all { ("OR" | "||") all }
 *     all   = unary { [ "AND" | "&&" ] unary }          two terms side by side: both
 *     unary = ( "NOT" | "!" | "-" | "+" ) unary | term
 *     term  = "(" any ")" | field ":" value | word | quoted
 *     value = "(" any ")" | range | ( ">=" | ">" | "<=" | "<" ) bound | regex | word | quoted
 *     regex = "/" ... "/"                           what follows the second slash ends a word
 *     range = ( "[" | "{" ) bound "TO" bound ( "]" | "}" )
 *
 * Unlike Lucene, side by side means AND, and AND binds closer than OR. By `defaultOperator: "or"`, side by
 * side is as in Lucene: what `+` or an AND asks for must match, what NOT or `-` names must not, and of the
 * rest one must match where nothing is asked for.
 */

import { ConditionError } from "../condition-error.ts";
import { equalTo, existing, matching, matchingRegex, within, type ConditionContext, type TextBound } from "../field-conditions.ts";
import { resolveField, type QueryField } from "../fields.ts";
import { allOf, anyOf, EVERY_ROW, negate, type LogFilter, type Pattern } from "../filter.ts";
import { Scanner, syntaxError, type Word } from "./scanner.ts";

/** Bounds on what one query may cost to parse and to run. A condition has at most four parameters, of 1,000. */
export const MAX_QUERY_LENGTH = 8_192;
export const MAX_CONDITIONS = 200;
export const MAX_DEPTH = 32;

const MESSAGE: QueryField = { kind: "message" };
const COMPARISON = /(?:>=|<=|>|<)/y;

export interface LuceneOptions {
  /** What terms side by side mean; AND when it is not said. */
  readonly defaultOperator?: "and" | "or";
  /** Where text is looked for that names no field: in one of these; the message when it is not said. */
  readonly defaultFields?: readonly QueryField[];
}

/** One of the terms that stand side by side. */
interface Clause {
  readonly filter: LogFilter;
  readonly kind: "must" | "must-not" | "should";
}

/** Throws ApiError(invalid_query) with `{ offset, length, hint }`. An empty query is every row. */
export const parseLucene = (text: string, context: ConditionContext, options: LuceneOptions = {}): LogFilter => {
  if (text.length > MAX_QUERY_LENGTH) throw syntaxError("The query is too long", MAX_QUERY_LENGTH, text.length - MAX_QUERY_LENGTH, `It may have ${MAX_QUERY_LENGTH} characters.`);
  return new LuceneParser(text, context, options).parse();
};

class LuceneParser {
  readonly #scanner: Scanner;
  readonly #context: ConditionContext;
  readonly #options: LuceneOptions;
  #conditions = 0;
  #depth = 0;

  constructor(text: string, context: ConditionContext, options: LuceneOptions) {
    this.#scanner = new Scanner(text);
    this.#context = context;
    this.#options = options;
  }

  parse(): LogFilter {
    const scanner = this.#scanner;
    scanner.skipSpace();
    if (scanner.atEnd) return EVERY_ROW;
    const filter = this.#any(MESSAGE);
    if (!scanner.atEnd) throw syntaxError("This parenthesis closes nothing", scanner.offset, 1, "Remove it, or write \\) for the character itself.");
    return filter;
  }

  #any(field: QueryField): LogFilter {
    const items = [this.#all(field)];
    while (this.#takeOperator("OR", "||")) items.push(this.#all(field));
    return anyOf(items);
  }

  #all(field: QueryField): LogFilter {
    const clauses = [this.#clause(field)];
    for (;;) {
      this.#scanner.skipSpace();
      const ended = this.#scanner.atEnd || this.#scanner.here === ")" || this.#scanner.atWord("OR", "||");
      if (ended) return this.#joined(clauses);
      const isAnd = this.#takeOperator("AND", "&&");
      if (isAnd) clauses.push(required(clauses.pop()!));
      const clause = this.#clause(field);
      clauses.push(isAnd ? required(clause) : clause);
    }
  }

  #clause(field: QueryField): Clause {
    this.#scanner.skipSpace();
    const isNot = this.#scanner.atWord("NOT");
    const sign = this.#sign;
    const filter = this.#unary(field);
    return { filter, kind: isNot || sign === "-" || sign === "!" ? "must-not" : sign === "+" ? "must" : "should" };
  }

  #joined(clauses: readonly Clause[]): LogFilter {
    const should = clauses.filter(({ kind }) => kind === "should");
    if (this.#options.defaultOperator !== "or") return allOf(clauses.map(({ filter }) => filter));
    const others = clauses.filter(({ kind }) => kind !== "should").map(({ filter }) => filter);
    const isOptional = should.length === 0 || clauses.some(({ kind }) => kind === "must");
    return allOf(isOptional ? others : [anyOf(should.map(({ filter }) => filter)), ...others]);
  }

  #takeOperator(...names: readonly string[]): boolean {
    const scanner = this.#scanner;
    scanner.skipSpace();
    const name = names.find((candidate) => scanner.atWord(candidate));
    if (name === undefined) return false;
    const start = scanner.offset;
    scanner.offset += name.length;
    this.#expectTerm(name, start);
    return true;
  }

  #expectTerm(after: string, start: number): void {
    const scanner = this.#scanner;
    scanner.skipSpace();
    if (scanner.atEnd || scanner.here === ")") throw syntaxError(`Something must follow ${after}`, start, after.length, `To look for the word itself, write "${after}" in quotes.`);
  }

  #unary(field: QueryField): LogFilter {
    const scanner = this.#scanner;
    scanner.skipSpace();
    const start = scanner.offset;
    if (scanner.atWord("NOT")) {
      scanner.offset += 3;
      this.#expectTerm("NOT", start);
      return negate(this.#nested(start, () => this.#unary(field)));
    }
    const sign = this.#sign;
    if (sign === undefined) return this.#term(field);
    scanner.offset++;
    const item = this.#nested(start, () => this.#unary(field));
    return sign === "+" ? item : negate(item);
  }

  /** `-`, `!` or `+` with a term right behind it. */
  get #sign(): string | undefined {
    const { here, text, offset } = this.#scanner;
    return (here === "-" || here === "!" || here === "+") && /[^\s)]/.test(text.charAt(offset + 1)) ? here : undefined;
  }

  #term(field: QueryField): LogFilter {
    const scanner = this.#scanner;
    const start = scanner.offset;
    if (scanner.here === "(") return this.#group(field);
    for (const name of ["AND", "OR", "&&", "||"])
      if (scanner.atWord(name)) throw syntaxError(`Something must stand before ${name}`, start, name.length, `To look for the word itself, write "${name}" in quotes.`);
    if (scanner.atWord("*:*")) {
      scanner.offset += 3;
      return EVERY_ROW;
    }
    const exists = scanner.text.startsWith("_exists_:", start);
    const name = scanner.takeField();
    if (name === undefined) return this.#value(field);
    scanner.skipSpace();
    if (scanner.atEnd || scanner.here === ")")
      throw syntaxError(`A value must follow ${name}:`, start, scanner.offset - start, `Give a value, ${name}:* for any value, or quote the text if no field is meant.`);
    return exists ? this.#exists() : this.#value(resolveField(name));
  }

  #group(field: QueryField): LogFilter {
    const scanner = this.#scanner;
    const start = scanner.offset++;
    return this.#nested(start, () => {
      scanner.skipSpace();
      if (scanner.here === ")") throw syntaxError("There is nothing in these parentheses", start, scanner.offset + 1 - start, 'Remove them, or quote them: "()".');
      if (scanner.atEnd) throw this.#unclosed(start);
      const filter = this.#any(field);
      if (scanner.here !== ")") throw this.#unclosed(start);
      scanner.offset++;
      return filter;
    });
  }

  #unclosed(start: number) {
    return syntaxError("This parenthesis is not closed", start, 1, "Close it with ), or write \\( for the character itself.");
  }

  #nested(start: number, inner: () => LogFilter): LogFilter {
    if (++this.#depth > MAX_DEPTH) throw syntaxError("The query is nested too deep", start, 1, `${MAX_DEPTH} levels are the most.`);
    const filter = inner();
    this.#depth--;
    return filter;
  }

  #exists(): LogFilter {
    const scanner = this.#scanner;
    const start = scanner.offset;
    const name = scanner.here === '"' ? scanner.takeQuoted() : plain(scanner.takeWord());
    if (!name) throw syntaxError("_exists_ needs the name of a field", start, scanner.offset - start, "Such as _exists_:trace_id.");
    return this.#condition(start, () => existing(resolveField(name)));
  }

  /** A value for `field`; free text is a value for the message. */
  #value(field: QueryField): LogFilter {
    const scanner = this.#scanner;
    const start = scanner.offset;
    const named = field !== MESSAGE;
    if (scanner.here === "(") return this.#group(field);
    if (scanner.here === '"') {
      const text = scanner.takeQuoted();
      if (!named && text === "") throw syntaxError("There is nothing in these quotes", start, 2, "Leave them out, or put a text in them.");
      return this.#condition(start, () => equalTo(field, text, this.#context));
    }
    const regex = scanner.takeRegex();
    if (regex !== undefined) return this.#condition(start, () => this.#inFields(field, (one) => matchingRegex(one, regex)));
    if (named && (scanner.here === "[" || scanner.here === "{")) return this.#range(field);
    COMPARISON.lastIndex = start;
    const comparison = named ? COMPARISON.exec(scanner.text)?.[0] : undefined;
    if (comparison !== undefined) return this.#comparison(field, comparison);
    const word = scanner.takeWord();
    if (!named && word.pattern.every((part) => part === "any")) return EVERY_ROW;
    const text = plain(word);
    return this.#condition(start, () => this.#inFields(field, (one) => (text === undefined ? matching(one, word.pattern) : equalTo(one, text, this.#context))));
  }

  /** Free text may be in any of the default fields. */
  #inFields(field: QueryField, of: (field: QueryField) => LogFilter): LogFilter {
    return field === MESSAGE ? anyOf((this.#options.defaultFields ?? [MESSAGE]).map(of)) : of(field);
  }

  #comparison(field: QueryField, comparison: string): LogFilter {
    const scanner = this.#scanner;
    const start = scanner.offset;
    scanner.offset += comparison.length;
    scanner.skipSpace();
    const bound = this.#bound(comparison.endsWith("="), "");
    if (bound === undefined) throw syntaxError(`A value must follow ${comparison}`, start, scanner.offset - start, `Such as ${comparison}10.`);
    return this.#condition(start, () => within(field, comparison.startsWith(">") ? { from: bound } : { to: bound }, this.#context));
  }

  #range(field: QueryField): LogFilter {
    const scanner = this.#scanner;
    const start = scanner.offset;
    const fail = () => syntaxError("This is no range", start, Math.max(1, scanner.offset - start), "Ranges are [a TO b] with both ends, {a TO b} without them; * is an open end. Quote the value if no range is meant.");
    scanner.offset++;
    scanner.skipSpace();
    const from = this.#bound(scanner.text[start] === "[", "]}", fail);
    scanner.skipSpace();
    if (!scanner.atWord("TO", "to")) throw fail();
    scanner.offset += 2;
    scanner.skipSpace();
    const upper = this.#bound(true, "]}", fail);
    scanner.skipSpace();
    if (scanner.here !== "]" && scanner.here !== "}") throw fail();
    const inclusive = scanner.here === "]";
    scanner.offset++;
    const to = upper && { ...upper, inclusive };
    if (!from && !to) return this.#condition(start, () => existing(field));
    return this.#condition(start, () => within(field, { ...(from && { from }), ...(to && { to }) }, this.#context));
  }

  /** undefined = open (`*`), or nothing there when no `fail` is given. */
  #bound(inclusive: boolean, stop: string, fail?: () => Error): TextBound | undefined {
    const scanner = this.#scanner;
    if (scanner.here === '"') return { value: scanner.takeQuoted(), inclusive, quoted: true };
    const word = scanner.takeWord(stop);
    if (word.pattern.length === 0) {
      if (fail) throw fail();
      return undefined;
    }
    if (fail && word.pattern.length === 1 && word.pattern[0] === "any") return undefined;
    const value = plain(word);
    if (value === undefined) throw syntaxError("A bound has no wildcards", word.start, word.end - word.start, "Use * alone for an open end, or escape it: \\*.");
    return { value, inclusive, quoted: false };
  }

  #condition(start: number, build: () => LogFilter): LogFilter {
    const length = this.#scanner.offset - start;
    if (++this.#conditions > MAX_CONDITIONS) throw syntaxError("The query has too many conditions", start, length, `${MAX_CONDITIONS} are the most.`);
    try {
      return build();
    } catch (error) {
      if (error instanceof ConditionError) throw syntaxError(error.message.replace(/\.$/, ""), start, length, error.hint);
      throw error;
    }
  }
}

/** Both sides of an AND. */
const required = ({ filter, kind }: Clause): Clause => ({ filter, kind: kind === "should" ? "must" : kind });

/** The word's text when it has no wildcards. */
const plain = ({ pattern }: Word): string | undefined => {
  const only = pattern[0] as Pattern[number] | undefined;
  return pattern.length === 1 && typeof only === "object" ? only.literal : undefined;
};
