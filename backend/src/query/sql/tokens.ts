/** Walking over the tokens of a statement: what is here, and taking it. */

import { sqlError, type Span } from "./errors.ts";
import { tokenize, type Token } from "./lexer.ts";
import type { Name } from "./syntax.ts";

/** How deep expressions and queries may be nested. */
export const MAX_NESTING = 64;

/** Words that are never names, unless in quotes. */
const RESERVED = new Set(
  "ALL AND ANTI ANY ARRAY AS ASC ASOF BETWEEN BY CASE CROSS DESC DISTINCT ELSE END EXCEPT EXISTS FALSE FETCH FILTER FINAL FOR FORMAT FROM FULL GLOBAL GROUP HAVING ILIKE IN INNER INTERSECT INTO IS JOIN LEFT LIKE LIMIT NATURAL NOT NULL NULLS OFFSET ON OR ORDER OUTER OVER PREWHERE QUALIFY RIGHT SAMPLE SELECT SEMI SETTINGS THEN TRUE UNION USING WHEN WHERE WINDOW WITH".split(" "),
);

export class Tokens {
  readonly #tokens: readonly Token[];
  #position = 0;
  #nesting = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  get here(): Token {
    return this.#tokens[this.#position]!;
  }

  /** The token after this one. */
  get next(): Token {
    return this.ahead(1);
  }

  ahead(count: number): Token {
    return this.#tokens[Math.min(this.#position + count, this.#tokens.length - 1)]!;
  }

  advance(): Token {
    const token = this.here;
    if (token.kind !== "end") this.#position++;
    return token;
  }

  /** From a token that was met before to the last one taken. */
  since({ start }: Span): Span {
    return { start, end: this.#tokens[Math.max(0, this.#position - 1)]!.at.end };
  }

  isWord(word: string, token = this.here): boolean {
    return token.kind === "word" && !token.quoted && token.text.toUpperCase() === word;
  }

  isSymbol(symbol: string, token = this.here): boolean {
    return token.kind === "symbol" && token.text === symbol;
  }

  /** Takes these words, if all of them stand here in this order. */
  takeWords(...words: readonly string[]): boolean {
    if (!words.every((word, i) => this.isWord(word, this.#tokens[this.#position + i]))) return false;
    this.#position += words.length;
    return true;
  }

  takeSymbol(symbol: string): boolean {
    if (!this.isSymbol(symbol)) return false;
    this.#position++;
    return true;
  }

  expectWord(word: string): void {
    if (!this.takeWords(word)) throw this.unexpected(word);
  }

  expectSymbol(symbol: string): void {
    if (!this.takeSymbol(symbol)) throw this.unexpected(`"${symbol}"`);
  }

  /** A name that is no reserved word. */
  takeName(): Name | undefined {
    const token = this.here;
    if (token.kind !== "word" || (!token.quoted && RESERVED.has(token.text.toUpperCase()))) return undefined;
    this.#position++;
    return { text: token.text, quoted: token.quoted, at: token.at };
  }

  expectName(what: string): Name {
    return this.takeName() ?? this.#fail(what);
  }

  /** A name behind a dot, where no word is reserved. */
  expectPart(): Name {
    const token = this.advance();
    if (token.kind !== "word") throw this.unexpected("a name", token);
    return { text: token.text, quoted: token.quoted, at: token.at };
  }

  expectCount(what: string): number {
    const token = this.advance();
    if (token.kind !== "number" || !/^\d{1,15}$/.test(token.text)) throw this.unexpected(`${what}, a whole number`, token);
    return Number(token.text);
  }

  list<T>(item: () => T): T[] {
    const items = [item()];
    while (this.takeSymbol(",")) items.push(item());
    return items;
  }

  /** Runs what may come back here. */
  nested<T>(work: () => T): T {
    if (++this.#nesting > MAX_NESTING) throw sqlError("This is nested too deeply", this.here.at, `There may be ${MAX_NESTING} levels.`);
    const result = work();
    this.#nesting--;
    return result;
  }

  unexpected(wanted: string, token = this.here): Error {
    if (token.kind === "end") return sqlError(`The statement ends where ${wanted} is expected`, token.at);
    const found = token.kind === "word" || token.kind === "symbol" || token.kind === "number" ? `"${token.text}"` : token.kind === "string" ? "a text" : "a time span";
    const hint = token.kind === "word" && !token.quoted && RESERVED.has(token.text.toUpperCase()) ? "A name that is a keyword goes in double quotes." : "";
    return sqlError(`Here stands ${found} where ${wanted} is expected`, token.at, hint);
  }

  #fail(what: string): never {
    throw this.unexpected(what);
  }
}
