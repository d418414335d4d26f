/**
 * SQL text -> Statement. Recursive descent over this grammar, which docs/sql.md explains to people;
 * expressions stand in parse-expression.ts:
 *
 *     statement = ( query | "SHOW" "TABLES" | ( "DESCRIBE" | "DESC" ) [ "TABLE" ] name ) [ ";" ]
 *     query     = [ "WITH" name [ "(" names ")" ] "AS" "(" query ")" { "," ... } ]
 *                 term { "UNION" [ "ALL" | "DISTINCT" ] term }
 *                 [ "ORDER" "BY" order { "," order } ]
 *                 [ "LIMIT" count "BY" exprs ] [ "LIMIT" [ offset "," ] count ] [ "OFFSET" count ]
 *     term      = select | "(" query ")"
 *     select    = "SELECT" [ "DISTINCT" ] item { "," item } [ "FROM" from ] [ "WHERE" expr ]
 *                 [ "GROUP" "BY" exprs ] [ "HAVING" expr ] [ "WINDOW" name "AS" window { "," ... } ]
 *     item      = "*" [ except ] | name "." "*" [ except ] | expr [ [ "AS" ] name ]
 *     except    = "EXCEPT" "(" names ")"
 *     from      = source { "," source | join source [ "ON" expr | "USING" "(" names ")" ] }
 *     join      = [ "INNER" | ( "LEFT" | "RIGHT" | "FULL" ) [ "OUTER" ] | "CROSS" | "ASOF" [ "LEFT" ] ] "JOIN"
 *     source    = ( name | "(" query ")" ) [ [ "AS" ] name ]
 */

import { sqlError, type Span } from "./errors.ts";
import { ExpressionParser } from "./parse-expression.ts";
import type { CommonTable, Expression, From, JoinKind, Name, Query, Select, SelectItem, Statement, Union } from "./syntax.ts";
import { Tokens } from "./tokens.ts";

/** Clauses of ClickHouse that are not for people, and what to do instead. */
const REFUSED: Readonly<Record<string, string>> = {
  SETTINGS: "Limits are part of the request.",
  FORMAT: 'The format is part of the request: "format": "csv".',
  INTO: "Statements only read.",
  INTERSECT: "Use a JOIN or IN (SELECT ...).",
  EXCEPT: "Use NOT IN (SELECT ...).",
  PREWHERE: "Use WHERE.",
  FINAL: "Tables are read as they are.",
  SAMPLE: "Tables are read whole.",
  QUALIFY: "Use a subquery with WHERE.",
  FETCH: "Use LIMIT.",
  FOR: "Statements only read.",
};

/** Throws ApiError(invalid_query) with `{ offset, length, hint }`. */
export const parseSql = (text: string): Statement => new Parser(text).parse();

class Parser {
  readonly #tokens: Tokens;
  readonly #expressions: ExpressionParser;

  constructor(text: string) {
    this.#tokens = new Tokens(text);
    this.#expressions = new ExpressionParser(this.#tokens, () => this.#query());
  }

  parse(): Statement {
    const statement = this.#statement();
    while (this.#tokens.takeSymbol(";"));
    if (this.#tokens.here.kind !== "end") throw this.#leftOver();
    return statement;
  }

  #statement(): Statement {
    const tokens = this.#tokens;
    if (tokens.takeWords("SHOW", "TABLES")) return { kind: "show-tables" };
    if (tokens.takeWords("DESCRIBE") || tokens.takeWords("DESC")) {
      tokens.takeWords("TABLE");
      return { kind: "describe", table: tokens.expectName("a table") };
    }
    if (tokens.here.kind === "end") throw sqlError("There is no statement", tokens.here.at, "Write SELECT ... FROM logs.");
    if (!tokens.isWord("SELECT") && !tokens.isWord("WITH") && !tokens.isSymbol("(")) throw sqlError("Statements are SELECT, WITH, SHOW TABLES and DESCRIBE", tokens.here.at, "They only read.");
    return { kind: "query", query: this.#query() };
  }

  #leftOver(): Error {
    const { here } = this.#tokens;
    const word = here.kind === "word" && !here.quoted ? here.text.toUpperCase() : "";
    if (Object.hasOwn(REFUSED, word)) return sqlError(`There is no ${word} here`, here.at, REFUSED[word]);
    if (this.#tokens.isSymbol(")")) return sqlError("This parenthesis closes nothing", here.at, "Remove it.");
    return this.#tokens.unexpected("the end of the statement");
  }

  #query(): Query {
    return this.#tokens.nested(() => {
      const tokens = this.#tokens;
      const { at } = tokens.here;
      const tables = tokens.takeWords("WITH") ? this.#commonTables() : [];
      const body = this.#union();
      const orderBy = tokens.takeWords("ORDER", "BY") ? tokens.list(() => this.#expressions.orderItem()) : [];
      return { with: tables, body, orderBy, ...this.#limits(), at: tokens.since(at) };
    });
  }

  #commonTables(): CommonTable[] {
    const tokens = this.#tokens;
    if (tokens.isWord("RECURSIVE")) throw sqlError("There is no recursion", tokens.here.at, "Write WITH name AS (SELECT ...).");
    return tokens.list(() => {
      const name = tokens.expectName("the name of a common table");
      const columns = this.#names();
      tokens.expectWord("AS");
      tokens.expectSymbol("(");
      const query = this.#query();
      tokens.expectSymbol(")");
      return { name, columns, query };
    });
  }

  /** `(a, b)`, or nothing. */
  #names(): Name[] {
    if (!this.#tokens.takeSymbol("(")) return [];
    const names = this.#tokens.list(() => this.#tokens.expectName("a column"));
    this.#tokens.expectSymbol(")");
    return names;
  }

  #union(): Select | Union {
    const tokens = this.#tokens;
    const { at } = tokens.here;
    let left = this.#term();
    while (tokens.takeWords("UNION")) {
      const all = tokens.takeWords("ALL");
      if (!all) tokens.takeWords("DISTINCT");
      left = bare({ kind: "union", all, left, right: this.#term(), at: tokens.since(at) });
    }
    // A query in parentheses with an order of its own stays a query: it is read as a union of one.
    if (left.orderBy.length === 0 && left.with.length === 0 && left.limit === undefined && left.offset === undefined && left.limitBy === undefined) return left.body;
    return starOf(left);
  }

  #term(): Query {
    const tokens = this.#tokens;
    if (tokens.isSymbol("(")) {
      return tokens.nested(() => {
        tokens.advance();
        const query = this.#query();
        tokens.expectSymbol(")");
        return query;
      });
    }
    return bare(this.#select());
  }

  #select(): Select {
    const tokens = this.#tokens;
    const { at } = tokens.here;
    tokens.expectWord("SELECT");
    const distinct = tokens.takeWords("DISTINCT");
    if (distinct && tokens.isWord("ON")) throw sqlError("There is no DISTINCT ON", tokens.here.at, "Use LIMIT 1 BY column.");
    if (!distinct) tokens.takeWords("ALL");
    const items = tokens.list(() => this.#item());
    const from = tokens.takeWords("FROM") ? this.#from() : undefined;
    const where = tokens.takeWords("WHERE") ? this.#expressions.parse() : undefined;
    const groupBy = tokens.takeWords("GROUP", "BY") ? tokens.list(() => this.#expressions.parse()) : [];
    const having = tokens.takeWords("HAVING") ? this.#expressions.parse() : undefined;
    const windows = tokens.takeWords("WINDOW") ? tokens.list(() => this.#namedWindow()) : [];
    return { kind: "select", distinct, items, from, where, groupBy, having, windows, at: tokens.since(at) };
  }

  #namedWindow(): Select["windows"][number] {
    const name = this.#tokens.expectName("the name of a window");
    this.#tokens.expectWord("AS");
    return { name, window: this.#expressions.window() };
  }

  #item(): SelectItem {
    const tokens = this.#tokens;
    const { at } = tokens.here;
    const expression = this.#expressions.parse();
    if (expression.kind === "star") {
      const except = tokens.takeWords("EXCEPT") ? (tokens.isSymbol("(") ? this.#names() : [tokens.expectName("a column")]) : [];
      return { kind: "star", of: expression.of, except, at: tokens.since(at) };
    }
    return { kind: "expression", expression, alias: this.#alias() };
  }

  #alias(): Name | undefined {
    return this.#tokens.takeWords("AS") ? this.#tokens.expectPart() : this.#tokens.takeName();
  }

  #from(): From {
    const tokens = this.#tokens;
    const { at } = tokens.here;
    let left = this.#source();
    for (;;) {
      const join = tokens.takeSymbol(",") ? "cross" : this.#join();
      if (!join) return left;
      const right = this.#source();
      const on = join !== "cross" && tokens.takeWords("ON") ? this.#expressions.parse() : undefined;
      const using = join !== "cross" && on === undefined && tokens.takeWords("USING") ? this.#using() : [];
      if (join !== "cross" && on === undefined && using.length === 0) throw tokens.unexpected("ON or USING");
      left = { kind: "join", join, left, right, on, using, at: tokens.since(at) };
    }
  }

  #using(): Name[] {
    const names = this.#names();
    return names.length > 0 ? names : [this.#tokens.expectName("a column")];
  }

  #join(): JoinKind | undefined {
    const tokens = this.#tokens;
    const { at } = tokens.here;
    if (tokens.takeWords("JOIN") || tokens.takeWords("INNER", "JOIN")) return "inner";
    for (const side of ["left", "right", "full"] as const) {
      if (!tokens.takeWords(side.toUpperCase())) continue;
      tokens.takeWords("OUTER");
      tokens.expectWord("JOIN");
      return side;
    }
    if (tokens.takeWords("CROSS", "JOIN")) return "cross";
    if (tokens.takeWords("ASOF", "JOIN")) return "asof";
    if (tokens.takeWords("ASOF", "LEFT", "JOIN")) return "asof-left";
    const word = ["NATURAL", "ASOF", "GLOBAL", "ANY", "SEMI", "ANTI", "ARRAY"].find((one) => tokens.isWord(one));
    if (word) throw sqlError(`There is no ${word} JOIN`, at, "Joins are INNER, LEFT, RIGHT, FULL, CROSS, ASOF and ASOF LEFT.");
    return undefined;
  }

  #source(): From {
    const tokens = this.#tokens;
    const { at } = tokens.here;
    if (tokens.takeSymbol("(")) {
      const query = this.#query();
      tokens.expectSymbol(")");
      return { kind: "subquery", query, alias: this.#alias(), at: tokens.since(at) };
    }
    const name = tokens.expectName("a table");
    if (tokens.isSymbol("(")) throw sqlError("There are no table functions", tokens.since(at), "Read from a table: SHOW TABLES lists them.");
    if (tokens.takeSymbol(".")) {
      tokens.expectPart();
      throw sqlError("Tables have no database in their name", tokens.since(at), "SHOW TABLES lists them.");
    }
    return { kind: "table", name, alias: this.#alias(), at };
  }

  #limits(): Pick<Query, "limitBy" | "limit" | "offset"> {
    const tokens = this.#tokens;
    let limitBy: { limit: number; by: Expression[] } | undefined;
    let limit: number | undefined;
    let offset: number | undefined;
    while (limit === undefined && tokens.takeWords("LIMIT")) {
      if (tokens.takeWords("ALL")) break;
      const count = tokens.expectCount("a limit");
      if (limitBy === undefined && tokens.takeWords("BY")) limitBy = { limit: count, by: tokens.list(() => this.#expressions.parse()) };
      else if (tokens.takeSymbol(",")) [offset, limit] = [count, tokens.expectCount("a limit")];
      else limit = count;
    }
    if (offset === undefined && tokens.takeWords("OFFSET")) {
      offset = tokens.expectCount("an offset");
      if (!tokens.takeWords("ROWS")) tokens.takeWords("ROW");
      if (limit === undefined && tokens.takeWords("LIMIT")) limit = tokens.expectCount("a limit");
    }
    return { limitBy, limit, offset };
  }
}

const bare = (body: Select | Union): Query => ({ with: [], body, orderBy: [], limitBy: undefined, limit: undefined, offset: undefined, at: body.at });

const starOf = (query: Query): Select => {
  const at: Span = query.at;
  return { kind: "select", distinct: false, items: [{ kind: "star", of: undefined, except: [], at }], from: { kind: "subquery", query, alias: undefined, at }, where: undefined, groupBy: [], having: undefined, windows: [], at };
};
