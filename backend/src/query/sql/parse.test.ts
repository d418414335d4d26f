import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ApiError } from "../../errors.ts";
import { intervalOf, parseDuration } from "./durations.ts";
import { MAX_SQL_LENGTH } from "./lexer.ts";
import { parseSql } from "./parse.ts";
import type { Expression, Select } from "./syntax.ts";

/** Where the problem is; of what parses, the whole. Throws what is no refusal. */
const placeOf = (text: string): { offset: number; length: number } => {
  try {
    parseSql(text);
    return { offset: 0, length: 1 };
  } catch (error) {
    if (error instanceof ApiError && error.code === "invalid_query") return error.details as { offset: number; length: number };
    throw error;
  }
};

const select = (text: string): Select => {
  const statement = parseSql(text);
  if (statement.kind !== "query" || statement.query.body.kind !== "select") throw new Error(`no select: ${text}`);
  return statement.query.body;
};

/** As text with every parenthesis, to see what binds to what. */
const show = (one: Expression): string => {
  switch (one.kind) {
    case "number":
      return one.text;
    case "string":
      return `'${one.value}'`;
    case "name":
      return one.path.map(({ text }) => text).join(".");
    case "binary":
      return `(${show(one.left)} ${one.operator} ${show(one.right)})`;
    case "not":
      return `(not ${show(one.operand)})`;
    case "minus":
      return `(- ${show(one.operand)})`;
    case "between":
      return `(${show(one.operand)} between ${show(one.low)} ${show(one.high)})`;
    case "in":
      return `(${show(one.operand)} in ${"body" in one.items ? "query" : one.items.map(show).join(",")})`;
    case "is-null":
      return `(${show(one.operand)} is null)`;
    case "cast":
      return `${show(one.operand)}::${one.type.text}`;
    case "index":
      return `${show(one.operand)}[${show(one.index)}]`;
    case "interval":
      return `${one.count}${one.unit}`;
    case "call":
      return `${one.name.text}${one.parameters.length > 0 ? `(${one.parameters.map(show).join(",")})` : ""}(${one.distinct ? "distinct " : ""}${one.arguments.map(show).join(",")})`;
    default:
      return one.kind;
  }
};

describe("expressions", () => {
  it.each([
    ["a OR b AND NOT c = 1 + 2 * 3", "(a or (b and (not (c = (1 + (2 * 3))))))"],
    ["a - b - c", "((a - b) - c)"],
    ["- a * b", "((- a) * b)"],
    ["- -1", "(- (- 1))"],
    ["a || b = c", "((a || b) = c)"],
    ["NOT NOT a", "(not (not a))"],
    ["a BETWEEN 1 AND 2 AND b", "((a between 1 2) and b)"],
    ["a NOT BETWEEN b - 1m AND b + 1h30m", "(not (a between (b - 1m) (b + 90m)))"],
    ["a NOT IN (1, 2) OR b IN (SELECT 1)", "((not (a in 1,2)) or (b in query))"],
    ["a IS NOT NULL AND b IS NULL", "((not (a is null)) and (b is null))"],
    ["a NOT LIKE 'x%' AND b !~* 'y'", "((not (a like 'x%')) and (not (b ~* 'y')))"],
    ["a::float / b[1]['k']::int", "(a::float / b[1]['k']::int)"],
    ["quantile(0.9)(x) <> COUNT(DISTINCT y)", "(quantile(0.9)(x) != COUNT(distinct y))"],
    ["m.attributes.http.route == 'it''s \\'q\\' \\\\'", "(m.attributes.http.route = 'it's 'q' \\')"],
    ["any(left(x, 1))", "any(left(x,1))"],
    ["INTERVAL '1 day 2 hours' + INTERVAL 90 SECOND + INTERVAL '-5' MINUTE + INTERVAL '1 year 2 months'", "(((26h + 90s) + -5m) + 14month)"],
  ])("%s", (text, tree) => {
    const [item] = select(`SELECT ${text}`).items;
    expect(item?.kind === "expression" && show(item.expression)).toBe(tree);
  });

  it("side by side are as deep as their number has digits", () => {
    const depth = (one: Expression): number => (one.kind === "binary" ? 1 + Math.max(depth(one.left), depth(one.right)) : 0);
    const text = Array.from({ length: 1_000 }, (_, i) => `a${i}`).join(" OR ");
    expect(depth(select(`SELECT 1 FROM t WHERE ${text}`).where!)).toBe(10);
  });

  it("know where they stand", () => {
    const { items, where } = select("SELECT a + b AS c FROM t WHERE x = 'y'");
    expect(items[0]).toMatchObject({ expression: { at: { start: 7, end: 12 } }, alias: { at: { start: 16, end: 17 } } });
    expect(where).toMatchObject({ at: { start: 31, end: 38 }, right: { at: { start: 35, end: 38 } } });
  });
});

describe("statements", () => {
  it.each([
    "SELECT 1;",
    "select all a b, c as from from t as x -- comment",
    "SELECT * EXCEPT (a, b), t.* EXCEPT c FROM t /* comment */ LEFT OUTER JOIN (SELECT 1) AS u USING a, v",
    "WITH a(x) AS (SELECT 1), b AS (SELECT 2) (SELECT * FROM a) UNION ALL SELECT * FROM b UNION DISTINCT SELECT 3 ORDER BY 1 DESC NULLS LAST LIMIT 5, 10",
    "SELECT sum(x) FILTER (WHERE y) OVER (w ROWS BETWEEN 1 PRECEDING AND UNBOUNDED FOLLOWING) FROM t WINDOW w AS (PARTITION BY a ORDER BY b)",
    "SELECT CASE a WHEN 1 THEN 2 ELSE 3 END, CAST(x AS varchar(20)), EXTRACT(hour FROM t), extract(m, 'x'), EXISTS (SELECT 1), DATE '2026-01-01', ARRAY[1, 2], (1, 2), x -> x + 1",
    "SELECT a FROM t GROUP BY a, b HAVING count(*) > 1 ORDER BY a LIMIT 1 BY a LIMIT 10 OFFSET 5 ROWS",
    "DESCRIBE TABLE logs",
  ])("are read: %s", (text) => expect(() => parseSql(text)).not.toThrow());

  it.each([
    ["SELECT 1 FROM t SETTINGS x = 1", "There is no SETTINGS here"],
    ["SELECT 1 FROM t FORMAT CSV", "There is no FORMAT here"],
    ["SELECT 1 EXCEPT SELECT 2", "There is no EXCEPT here"],
    ["SELECT 1 FROM f(1)", "no table functions"],
    ["SELECT 1 FROM a.b", "no database"],
    ["SELECT DISTINCT ON (a) b FROM t", "LIMIT 1 BY"],
    ["SELECT 1 FROM a NATURAL JOIN b", "no NATURAL JOIN"],
    ["SELECT 1 FROM a JOIN b", "ON or USING"],
    ["SELECT {x:String}", "no parameters"],
    ["SELECT $1", "no parameters"],
    ["SELECT 1)", "closes nothing"],
    ["SELECT ()", "empty"],
    ["SELECT 1 /* x", "comment is not closed"],
    ["SELECT \"\"", "cannot be empty"],
    ["SELECT select", "double quotes"],
    ["SELECT 300000d", "too long"],
    [`SELECT ${"(".repeat(65)}`, "nested too deeply"],
    [`SELECT ${"- ".repeat(66)}1`, "nested too deeply"],
    ["x".repeat(MAX_SQL_LENGTH + 1), "too long"],
    [`SELECT ${"1,".repeat(8_200)}`, "too many words"],
  ])("are refused: %.60s", (text, message) => expect(() => parseSql(text)).toThrow(message));

  const piece = fc.constantFrom(..."SELECT FROM WHERE GROUP BY ORDER LIMIT JOIN ON LEFT UNION ALL WITH AS IN NOT LIKE IS NULL CASE WHEN THEN END OVER BETWEEN AND OR INTERVAL CAST ( ) [ ] , . * + - / = :: -> ' \" ` -- /* */ ; a b.c 1 1m 'x' count(*) {x:String} \u0000 ｓｅｌｅｃｔ".split(" "));
  it("that are no SQL are refused as that, with a place in them", () => {
    fc.assert(
      fc.property(fc.oneof(fc.array(piece, { maxLength: 30 }).map((pieces) => `SELECT ${pieces.join(" ")}`), fc.string({ unit: "binary", maxLength: 40 }), fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""))), (text) => {
        const { offset, length } = placeOf(text);
        expect([offset >= 0, offset <= text.length, length > 0]).toEqual([true, true, true]);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("spans of time", () => {
  it.each([
    ["90s", { count: 90n, unit: "s" }],
    ["1h30m", { count: 90n, unit: "m" }],
    ["48h", { count: 2n, unit: "d" }],
    ["7d", { count: 1n, unit: "w" }],
    ["1500µs", { count: 1_500n, unit: "us" }],
    ["0s", { count: 0n, unit: "s" }],
    ["1x", undefined],
    ["", undefined],
    ["999999999w", undefined],
  ])("%s", (text, expected) => expect(parseDuration(text)).toEqual(expected));

  it.each([
    ["1 hour 30 minutes", { count: 90n, unit: "m" }],
    ["1 day -1 hour", { count: 23n, unit: "h" }],
    ["2 years 1 mon", { count: 25n, unit: "month" }],
    ["1 month 1 day", undefined],
    ["one hour", undefined],
  ])("in words: %s", (text, expected) => expect(intervalOf(text)).toEqual(expected));
});
