/**
 * Expressions, by precedence (loosest first):
 *
 *     OR | AND | NOT | = == != <> < <= > >= LIKE ILIKE IN BETWEEN IS ~ ~* !~ !~* | || | + - | * / % | - (sign) | :: [] .
 *
 * `a -> b` is a function of one argument, only as an argument of one that takes it.
 */

import { intervalOf, parseDuration, unitOf } from "./durations.ts";
import { sqlError, type Span } from "./errors.ts";
import type { BinaryOperator, Expression, FrameBound, Name, OrderItem, Query, Window } from "./syntax.ts";
import type { Tokens } from "./tokens.ts";

const COMPARISONS: Readonly<Record<string, BinaryOperator>> = { "=": "=", "==": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "~": "~", "~*": "~*" };
const ADDITIVE = ["+", "-"] as const;
const MULTIPLICATIVE = ["*", "/", "%"] as const;

const CALLABLE = ["ANY", "LEFT", "RIGHT"];

const negatedIf = (made: Expression, negated: boolean): Expression => (negated ? { kind: "not", operand: made, at: made.at } : made);

export class ExpressionParser {
  readonly #tokens: Tokens;
  readonly #query: () => Query;

  /** `query` reads a subquery where the tokens stand. */
  constructor(tokens: Tokens, query: () => Query) {
    this.#tokens = tokens;
    this.#query = query;
  }

  parse(): Expression {
    return this.#tokens.nested(() => this.#chain("OR", "or", () => this.#chain("AND", "and", () => this.#not())));
  }

  /** `expression [ASC | DESC] [NULLS FIRST | LAST]` */
  orderItem(): OrderItem {
    const tokens = this.#tokens;
    const expression = this.parse();
    const descending = tokens.takeWords("DESC");
    if (!descending) tokens.takeWords("ASC");
    const nulls = tokens.takeWords("NULLS", "FIRST") ? ("first" as const) : tokens.takeWords("NULLS", "LAST") ? ("last" as const) : undefined;
    return { expression, descending, nulls };
  }

  /** What stands in the parentheses of OVER or WINDOW. */
  window(): Window {
    const tokens = this.#tokens;
    tokens.expectSymbol("(");
    const base = ["PARTITION", "ROWS", "RANGE", "GROUPS"].some((word) => tokens.isWord(word)) ? undefined : tokens.takeName();
    const partitionBy = tokens.takeWords("PARTITION", "BY") ? tokens.list(() => this.parse()) : [];
    const orderBy = tokens.takeWords("ORDER", "BY") ? tokens.list(() => this.orderItem()) : [];
    const unit = tokens.takeWords("ROWS") ? ("rows" as const) : tokens.takeWords("RANGE") ? ("range" as const) : undefined;
    const frame = unit && { unit, ...this.#frame() };
    tokens.expectSymbol(")");
    return { base, partitionBy, orderBy, frame };
  }

  #frame(): { from: FrameBound; to: FrameBound | undefined } {
    if (!this.#tokens.takeWords("BETWEEN")) return { from: this.#frameBound(), to: undefined };
    const from = this.#frameBound();
    this.#tokens.expectWord("AND");
    return { from, to: this.#frameBound() };
  }

  #frameBound(): FrameBound {
    const tokens = this.#tokens;
    if (tokens.takeWords("CURRENT", "ROW")) return "current";
    if (tokens.takeWords("UNBOUNDED", "PRECEDING")) return "unbounded-preceding";
    if (tokens.takeWords("UNBOUNDED", "FOLLOWING")) return "unbounded-following";
    const rows = tokens.expectCount("the size of a frame");
    if (tokens.takeWords("PRECEDING")) return { rows, direction: "preceding" };
    tokens.expectWord("FOLLOWING");
    return { rows, direction: "following" };
  }

  /** As a balanced tree: a thousand conditions in a row are ten levels deep. */
  #chain(word: "OR" | "AND", operator: BinaryOperator, operand: () => Expression): Expression {
    const operands = [operand()];
    while (this.#tokens.takeWords(word)) operands.push(operand());
    const build = (from: number, to: number): Expression => {
      if (to - from === 1) return operands[from]!;
      const middle = (from + to) >> 1;
      const [left, right] = [build(from, middle), build(middle, to)];
      return { kind: "binary", operator, left, right, at: { start: left.at.start, end: right.at.end } };
    };
    return build(0, operands.length);
  }

  #not(): Expression {
    const { at } = this.#tokens.here;
    let negated = false;
    let any = false;
    while (this.#tokens.takeWords("NOT")) [negated, any] = [!negated, true];
    const operand = this.#comparison();
    if (!any) return operand;
    const one: Expression = { kind: "not", operand, at: this.#tokens.since(at) };
    return negated ? one : { kind: "not", operand: one, at: one.at };
  }

  #comparison(): Expression {
    const tokens = this.#tokens;
    const { at } = tokens.here;
    let left = this.#concatenation();
    for (;;) {
      const token = tokens.here;
      const symbol = token.kind === "symbol" ? token.text : "";
      const negated = symbol.startsWith("!~");
      const operator = COMPARISONS[negated ? symbol.slice(1) : symbol];
      if (operator) {
        tokens.advance();
        const comparison: Expression = { kind: "binary", operator, left, right: this.#concatenation(), at: tokens.since(at) };
        left = negated ? { kind: "not", operand: comparison, at: comparison.at } : comparison;
        continue;
      }
      const predicate = this.#predicate(left, at);
      if (!predicate) return left;
      left = predicate;
    }
  }

  /** `[NOT] LIKE | ILIKE | IN | BETWEEN`, `IS [NOT] NULL` */
  #predicate(operand: Expression, start: Span): Expression | undefined {
    const tokens = this.#tokens;
    if (tokens.takeWords("IS")) {
      const negated = tokens.takeWords("NOT");
      tokens.expectWord("NULL");
      return negatedIf({ kind: "is-null", operand, at: tokens.since(start) }, negated);
    }
    const negated = ["LIKE", "ILIKE", "IN", "BETWEEN"].some((word) => tokens.isWord(word, tokens.next)) && tokens.takeWords("NOT");
    for (const operator of ["like", "ilike"] as const) {
      if (tokens.takeWords(operator.toUpperCase())) return negatedIf({ kind: "binary", operator, left: operand, right: this.#concatenation(), at: tokens.since(start) }, negated);
    }
    if (tokens.takeWords("BETWEEN")) {
      const low = this.#concatenation();
      tokens.expectWord("AND");
      return negatedIf({ kind: "between", operand, low, high: this.#concatenation(), at: tokens.since(start) }, negated);
    }
    if (!tokens.takeWords("IN")) return undefined;
    tokens.expectSymbol("(");
    const items = this.#atQuery() ? this.#query() : tokens.list(() => this.parse());
    tokens.expectSymbol(")");
    return negatedIf({ kind: "in", operand, items, at: tokens.since(start) }, negated);
  }

  #concatenation(): Expression {
    return this.#leftToRight(["||"], () => this.#leftToRight(ADDITIVE, () => this.#leftToRight(MULTIPLICATIVE, () => this.#sign())));
  }

  #leftToRight(operators: readonly BinaryOperator[], operand: () => Expression): Expression {
    const { at } = this.#tokens.here;
    let left = operand();
    for (let operator = this.#operator(operators); operator; operator = this.#operator(operators)) {
      left = { kind: "binary", operator, left, right: operand(), at: this.#tokens.since(at) };
    }
    return left;
  }

  #operator(operators: readonly BinaryOperator[]): BinaryOperator | undefined {
    return operators.find((operator) => this.#tokens.takeSymbol(operator));
  }

  #sign(): Expression {
    const { at } = this.#tokens.here;
    if (this.#tokens.takeSymbol("+")) return this.#tokens.nested(() => this.#sign());
    if (!this.#tokens.takeSymbol("-")) return this.#postfix();
    return { kind: "minus", operand: this.#tokens.nested(() => this.#sign()), at: this.#tokens.since(at) };
  }

  #postfix(): Expression {
    const tokens = this.#tokens;
    const { at } = tokens.here;
    let operand = this.#primary();
    for (;;) {
      if (tokens.takeSymbol("::")) operand = { kind: "cast", operand, type: this.#type(), at: tokens.since(at) };
      else if (tokens.takeSymbol("[")) {
        const index = this.parse();
        tokens.expectSymbol("]");
        operand = { kind: "index", operand, index, at: tokens.since(at) };
      } else return operand;
    }
  }

  /** `float`, `double precision`; the size in `varchar(20)` is read and means nothing. */
  #type(): Name {
    const tokens = this.#tokens;
    const name = tokens.expectName("a type");
    if (name.text.toLowerCase() === "double") tokens.takeWords("PRECISION");
    if (tokens.takeSymbol("(")) {
      tokens.list(() => (tokens.here.kind === "string" ? tokens.advance() : tokens.expectCount("the size of a type")));
      tokens.expectSymbol(")");
    }
    return { ...name, at: tokens.since(name.at) };
  }

  #primary(): Expression {
    const tokens = this.#tokens;
    const token = tokens.here;
    const { at } = token;
    switch (token.kind) {
      case "number":
        tokens.advance();
        return { kind: "number", text: token.text, at };
      case "string":
        tokens.advance();
        return { kind: "string", value: token.value, at };
      case "duration":
        tokens.advance();
        return { kind: "interval", count: token.count, unit: token.unit, at };
      case "symbol":
        return this.#bracketed(at);
      case "word":
        return (token.quoted ? undefined : this.#keyword(at)) ?? this.#named(at);
      default:
        throw tokens.unexpected("a value");
    }
  }

  #bracketed(at: Span): Expression {
    const tokens = this.#tokens;
    if (tokens.takeSymbol("[")) return { kind: "array", items: this.#until("]"), at: tokens.since(at) };
    if (tokens.takeSymbol("*")) return { kind: "star", of: undefined, at };
    if (!tokens.takeSymbol("(")) throw tokens.unexpected("a value");
    if (this.#atQuery()) {
      const query = this.#query();
      tokens.expectSymbol(")");
      return { kind: "subquery", query, at: tokens.since(at) };
    }
    const items = this.#until(")");
    if (items.length === 1) return items[0]!;
    if (items.length === 0) throw sqlError("These parentheses are empty", tokens.since(at));
    return { kind: "tuple", items, at: tokens.since(at) };
  }

  #until(close: string): Expression[] {
    if (this.#tokens.takeSymbol(close)) return [];
    const items = this.#tokens.list(() => this.parse());
    this.#tokens.expectSymbol(close);
    return items;
  }

  #atQuery(): boolean {
    return this.#tokens.isWord("SELECT") || this.#tokens.isWord("WITH");
  }

  /** What begins with a word that is no name here. */
  #keyword(at: Span): Expression | undefined {
    const tokens = this.#tokens;
    if (tokens.takeWords("NULL")) return { kind: "null", at };
    if (tokens.takeWords("TRUE")) return { kind: "bool", value: true, at };
    if (tokens.takeWords("FALSE")) return { kind: "bool", value: false, at };
    if (tokens.takeWords("CASE")) return this.#case(at);
    // Functions with the names of keywords.
    if (CALLABLE.some((word) => tokens.isWord(word)) && tokens.isSymbol("(", tokens.next)) return this.#call(tokens.expectPart(), at);
    if (tokens.isWord("EXISTS") && tokens.isSymbol("(", tokens.next)) {
      tokens.advance();
      tokens.advance();
      const query = this.#query();
      tokens.expectSymbol(")");
      return { kind: "exists", query, at: tokens.since(at) };
    }
    if (tokens.isWord("ARRAY") && tokens.isSymbol("[", tokens.next)) {
      tokens.advance();
      return this.#bracketed(at);
    }
    if (tokens.isWord("CAST") && tokens.isSymbol("(", tokens.next)) return this.#cast(at);
    if (tokens.isWord("EXTRACT") && tokens.isSymbol("(", tokens.next)) return this.#extract(at);
    if (tokens.isWord("INTERVAL") && (tokens.next.kind === "string" || tokens.next.kind === "number" || tokens.next.kind === "duration")) return this.#interval(at);
    if ((tokens.isWord("TIMESTAMP") || tokens.isWord("DATE")) && tokens.next.kind === "string") {
      tokens.advance();
      const text = tokens.advance() as { value: string } & Expression;
      return { kind: "timestamp", value: text.value, at: tokens.since(at) };
    }
    return undefined;
  }

  #case(at: Span): Expression {
    const tokens = this.#tokens;
    const operand = tokens.isWord("WHEN") ? undefined : this.parse();
    const branches: { when: Expression; result: Expression }[] = [];
    while (tokens.takeWords("WHEN")) {
      const when = this.parse();
      tokens.expectWord("THEN");
      branches.push({ when, result: this.parse() });
    }
    if (branches.length === 0) throw tokens.unexpected("WHEN");
    const otherwise = tokens.takeWords("ELSE") ? this.parse() : undefined;
    tokens.expectWord("END");
    return { kind: "case", operand, branches, otherwise, at: tokens.since(at) };
  }

  #cast(at: Span): Expression {
    const tokens = this.#tokens;
    tokens.advance();
    tokens.advance();
    const operand = this.parse();
    tokens.expectWord("AS");
    const type = this.#type();
    tokens.expectSymbol(")");
    return { kind: "cast", operand, type, at: tokens.since(at) };
  }

  /** `EXTRACT(hour FROM x)`; with a comma it is the function of that name. */
  #extract(at: Span): Expression | undefined {
    const tokens = this.#tokens;
    if (!tokens.isWord("FROM", tokens.ahead(3))) return undefined;
    tokens.advance();
    tokens.advance();
    const unit = tokens.expectName("a unit of time");
    tokens.expectWord("FROM");
    const operand = this.parse();
    tokens.expectSymbol(")");
    return { kind: "extract", unit, operand, at: tokens.since(at) };
  }

  /** `INTERVAL '1 hour 30 minutes'`, `INTERVAL '1' HOUR`, `INTERVAL 1 HOUR`, `INTERVAL '90s'` */
  #interval(at: Span): Expression {
    const tokens = this.#tokens;
    tokens.advance();
    const token = tokens.advance();
    if (token.kind === "duration") return { kind: "interval", count: token.count, unit: token.unit, at: tokens.since(at) };
    const text = token.kind === "string" ? token.value.trim() : token.kind === "number" ? token.text : "";
    if (/^[+-]?\d{1,18}$/.test(text)) {
      const word = tokens.expectName("a unit of time");
      const unit = unitOf(word.text);
      if (!unit) throw sqlError(`${JSON.stringify(word.text)} is no unit of time`, word.at, "Units go from nanosecond to year.");
      return { kind: "interval", count: BigInt(text), unit, at: tokens.since(at) };
    }
    const interval = parseDuration(text) ?? intervalOf(text);
    if (!interval) throw sqlError("This is no time span", tokens.since(at), "Write INTERVAL '90 seconds', INTERVAL 5 MINUTE or 5m.");
    return { kind: "interval", ...interval, at: tokens.since(at) };
  }

  #named(at: Span): Expression {
    const tokens = this.#tokens;
    const first = tokens.expectName("a value");
    if (tokens.isSymbol("(")) return this.#call(first, at);
    if (tokens.isSymbol("->")) {
      tokens.advance();
      return { kind: "lambda", parameter: first, body: this.parse(), at: tokens.since(at) };
    }
    const path = [first];
    while (tokens.takeSymbol(".")) {
      if (tokens.takeSymbol("*")) {
        if (path.length > 1) throw sqlError("A star follows the name of one table", tokens.since(at));
        return { kind: "star", of: first, at: tokens.since(at) };
      }
      path.push(tokens.expectPart());
    }
    return { kind: "name", path, at: tokens.since(at) };
  }

  /** `f(x)`, `f(parameter)(x)`, `f(DISTINCT x) FILTER (WHERE c) OVER w` */
  #call(name: Name, at: Span): Expression {
    const tokens = this.#tokens;
    let { distinct, items } = this.#arguments();
    let parameters: Expression[] = [];
    if (tokens.isSymbol("(")) [parameters, { distinct, items }] = [items, this.#arguments()];
    let filter: Expression | undefined;
    if (tokens.takeWords("FILTER")) {
      tokens.expectSymbol("(");
      tokens.expectWord("WHERE");
      filter = this.parse();
      tokens.expectSymbol(")");
    }
    const over = tokens.takeWords("OVER") ? (tokens.isSymbol("(") ? this.window() : tokens.expectName("a window")) : undefined;
    return { kind: "call", name, parameters, arguments: items, distinct, filter, over, at: tokens.since(at) };
  }

  #arguments(): { distinct: boolean; items: Expression[] } {
    this.#tokens.expectSymbol("(");
    const distinct = this.#tokens.takeWords("DISTINCT");
    return { distinct, items: this.#until(")") };
  }
}
