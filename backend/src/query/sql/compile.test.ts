/** What becomes of a statement: SQL in which nothing stands that somebody wrote. */

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ApiError } from "../../errors.ts";
import { isStatement, TenantScope, type Statement } from "../../sql/sql.ts";
import { lowerAscii, wordsOf } from "../words.ts";
import { Compiler } from "./compile-query.ts";
import { parseSql } from "./parse.ts";

const NOW_NS = BigInt(Date.UTC(2026, 10, 22, 10)) * 1_000_000n;
const scope = new TenantScope("acme");

const compile = (text: string): Statement => {
  const parsed = parseSql(text);
  if (parsed.kind !== "query") throw new Error("no query");
  return new Compiler({ scope, nowNs: NOW_NS, text, bounds: {} }).statement(parsed.query, 100).statement;
};

const MINE = "zqx";

/** Throws what is no refusal. */
const outcomeOf = (text: string): "handed on" | "written anew" | "refused" => {
  try {
    return compile(text).text.includes(MINE) ? "handed on" : "written anew";
  } catch (error) {
    if (error instanceof ApiError && error.code === "invalid_query") return "refused";
    throw error;
  }
};

describe("nothing that was written is handed on", () => {
  it.each([
    `SELECT host AS ${MINE}, '${MINE}', attributes['${MINE}'], ${MINE}.${MINE}1, count(*) AS "${MINE}' OR 1 --" FROM logs AS ${MINE}t GROUP BY ${MINE}, attributes['${MINE}'], ${MINE}.${MINE}1`,
    `WITH ${MINE}(${MINE}c) AS (SELECT host FROM logs WHERE message ~ '${MINE}') SELECT ${MINE}c FROM ${MINE} AS ${MINE}2 /* ${MINE} */ -- ${MINE}`,
    `SELECT arrayMap(${MINE} -> upper(${MINE}), mapKeys(attributes)), row_number() OVER ${MINE}w FROM logs WINDOW ${MINE}w AS (ORDER BY timestamp)`,
    `SELECT * FROM (SELECT metric_name AS "${MINE}\`" FROM metrics WHERE metric_name IN ('${MINE}', 'x') AND host LIKE '${MINE}%') AS "${MINE};"`,
    `SELECT 1 AS ${MINE} UNION ALL SELECT 2 ORDER BY ${MINE}`,
    `SELECT COUNT(l.*), "${MINE}".host FROM metrics "${MINE}" LEFT JOIN logs l ON l.host = "${MINE}".host AND l.timestamp > "${MINE}".timestamp - 5m GROUP BY "${MINE}".host`,
    `SELECT CASE WHEN service = '${MINE}' THEN '${MINE}a' ELSE '${MINE}b' END FROM spans WHERE trace_id IN ('${MINE}')`,
  ])("%s", (text) => {
    const statement = compile(text);
    expect(isStatement(statement)).toBe(true);
    expect(statement.text).not.toContain(MINE);
    expect(statement.text).toMatch(/^[\x20-\x7e\n]*$/);
  });

  const { expression } = fc.letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom("host", "level", "timestamp", "severity", `l.attributes['${MINE}']`, `${MINE}.${MINE}`, `'${MINE}'`, `"${MINE}"`, "1.5", "5m", "now()", "NULL", `INTERVAL '1 hour'`, `(SELECT max(value) AS ${MINE} FROM metrics ${MINE})`),
      fc.tuple(tie("expression"), fc.constantFrom("+", "-", "*", "/", "%", "=", "<", "AND", "OR", "||", "LIKE", "~"), tie("expression")).map(([left, operator, right]) => `(${left} ${operator} ${right})`),
      fc.tuple(fc.constantFrom("upper", "round", "length", "toString", "toInt64", "coalesce", "max", MINE), tie("expression")).map(([name, argument]) => `${name}(${argument})`),
      fc.tuple(tie("expression"), tie("expression"), tie("expression")).map(([a, b, c]) => `CASE WHEN ${a} THEN ${b} ELSE ${c} END`),
      fc.tuple(tie("expression"), fc.constantFrom(`IN ('${MINE}', 'x')`, "BETWEEN 1 AND 2", "IS NOT NULL", "::text", "IN (SELECT host FROM metrics)")).map((parts) => parts.join(" ")),
    ),
  }));
  it("whatever is put together", () => {
    const outcomes = new Map<string, number>();
    fc.assert(
      fc.property(fc.array(expression, { minLength: 1, maxLength: 3 }), fc.option(expression), fc.constantFrom("logs l", "logs l LEFT JOIN metrics m USING (host)", `(SELECT * FROM logs ${MINE}) l`), (items, where, from) => {
        const outcome = outcomeOf(`SELECT ${items.map((item, i) => `${item} AS ${MINE}${i}`).join(", ")} FROM ${from}${where === null ? "" : ` WHERE ${where}`}`);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        return outcome !== "handed on";
      }),
      { numRuns: 3_000 },
    );
    expect([...outcomes.keys()].toSorted()).toEqual(["refused", "written anew"]);
    expect(outcomes.get("written anew")).toBeGreaterThan(300);
  });
});

/** Words that the text index of messages is asked for. */
const wordsAsked = (condition: string): string[] => {
  const { text, params } = compile(`SELECT count() FROM logs l WHERE ${condition}`);
  return [...text.matchAll(/hasAllTokens\(lower\(t0\.v1\), \{(p\d+):/g)].flatMap((match) => params[match[1]!] as string[]);
};

describe("what is read", () => {
  it.each([
    ["a range of time, on both sides of a join on times", "SELECT count() FROM metrics m LEFT JOIN logs l ON m.host = l.host AND l.timestamp BETWEEN m.timestamp - 1m AND m.timestamp + 1m WHERE m.timestamp > NOW() - 1h", ["2026-11-22T09:00:00Z", "2026-11-22T08:59:00Z"]],
    ["times that are compared the other way around", "SELECT count() FROM logs WHERE '2026-11-22 09:30:00' <= timestamp AND timestamp > 1795338000", ["2026-11-22T09:30:00Z"]],
    ["nothing of what holds for some rows only", "SELECT count() FROM logs WHERE timestamp > '2026-11-22 09:30:00' OR host = 'a'", []],
    ["nothing of the right side of an ASOF JOIN, whose nearest row would be another", "SELECT count() FROM metrics m ASOF JOIN logs l ON m.host = l.host AND m.timestamp >= l.timestamp WHERE l.timestamp > '2026-11-22 09:30:00'", []],
  ])("is narrowed to %s", (_, query, starts) => {
    const { text, params } = compile(query);
    const found = [...text.matchAll(/\(timestamp >= fromUnixTimestamp64Nano\(\{(p\d+):Int64\}/g)].map((match) => new Date(Number(BigInt(params[match[1]!] as string) / 1_000_000n)).toISOString().replace(".000", ""));
    expect(found).toEqual(starts);
  });

  it("is narrowed to the metrics that are named, in samples and in series", () => {
    expect(compile("SELECT host FROM metrics WHERE metric_name = 'cpu' AND value > 1").text.match(/metric IN \{p\d+:Array\(String\)\}/g)).toHaveLength(2);
  });

  it.each(["SELECT 1", "SELECT count() FROM logs", "SELECT 1 UNION ALL SELECT count(*) FROM spans"])("is read for a tenant, and waits for its turn: %s", (query) => {
    expect(compile(query).tenant).toBe("acme");
  });

  it("are labels only where they are asked for", () => {
    expect(compile("SELECT metric_name, COUNT(DISTINCT series_hash) FROM metrics GROUP BY metric_name").text).not.toContain("FROM series");
    expect(compile("SELECT labels['a'] FROM metrics").text).toContain("FROM series");
  });

  it.each([
    ["message LIKE '%Connection refused by peer%'", ["refused", "by"]],
    ["message LIKE 'GET /users%' AND host = 'a'", ["get"]],
    ["message LIKE '%50\\\\% of_disk full'", ["full"]],
    ["message = 'Timeout, 30 s' AND l.message ILIKE '% slow Größe %'", ["timeout", "30", "s", "slow"]],
    ["hasToken(message, 'Timeout')", ["timeout"]],
    ["message LIKE '%time%'", []],
    ["message LIKE '%a b c%' OR host = 'x'", []],
    ["NOT (message LIKE '%a b c%')", []],
    ["attributes['x'] LIKE '%a b c%'", []],
  ])("asks the index for words: %s", (condition, words) => expect(wordsAsked(condition)).toEqual(words));

  it("asks the index only for words of every message that matches", () => {
    const text = fc.array(fc.constantFrom("a", "B", "7", " ", "-", "é", "_", "%", "\\"), { maxLength: 8 }).map((parts) => parts.join(""));
    const wildcard = fc.constantFrom("%", "_", "");
    let matched = 0;
    fc.assert(
      fc.property(text, fc.nat(8), fc.nat(8), wildcard, wildcard, fc.boolean(), (message, from, to, before, after, insensitive) => {
        // A pattern cut out of the message, so that many match.
        const literal = message.slice(Math.min(from, to), Math.max(from, to));
        const pattern = `${before}${literal.replaceAll(/[%_\\]/g, "\\$&")}${after}`;
        const regex = new RegExp(`^${before === "%" ? ".*" : before && "."}${literal.replaceAll(/[-\\]/g, "\\$&")}${after === "%" ? ".*" : after && "."}$`, insensitive ? "is" : "s");
        if (!regex.test(message)) return;
        matched++;
        expect(wordsOf(lowerAscii(message))).toEqual(expect.arrayContaining(wordsAsked(`message ${insensitive ? "ILIKE" : "LIKE"} '${pattern.replaceAll("\\", "\\\\")}'`)));
      }),
      { numRuns: 2_000 },
    );
    expect(matched).toBeGreaterThan(200);
  });

  it("are the bytes of ids, which have an index", () => {
    expect(compile(`SELECT count() FROM logs WHERE trace_id = '${"ab".repeat(16)}'`).text).toMatch(/t0\.b6 = unhex\(/);
  });
});

describe("bounds and refusals", () => {
  it.each([
    ["names that stand for names", `SELECT 1 AS a0, ${Array.from({ length: 20 }, (_, i) => `a${i} + a${i} AS a${i + 1}`).join(", ")}`, "too large"],
    ["many of them", `SELECT ${Array.from({ length: 200 }, () => "1").join(" + ")} AS a, ${Array.from({ length: 500 }, () => "a").join(", ")}`, "too large"],
    ["a list of them", `SELECT ${Array.from({ length: 200 }, () => "1").join(" + ")} AS a FROM logs ORDER BY [${Array.from({ length: 2_000 }, () => "a").join(", ")}]`, "too large"],
    ["a long sum", `SELECT ${Array.from({ length: 300 }, () => "1").join(" + ")}`, "nested too deeply"],
    ["common tables of common tables", `WITH t0 AS (SELECT 1 AS a), ${Array.from({ length: 10 }, (_, i) => `t${i + 1} AS (SELECT x.a FROM t${i} x, t${i} y)`).join(", ")} SELECT * FROM t10`, "too many tables"],
    ["many columns", `SELECT ${Array.from({ length: 1_001 }, () => "1").join(", ")}`, "too many columns"],
    ["a time beyond all years", "SELECT NOW() + INTERVAL '13000 weeks'", "out of the years"],
    ["a span beyond all years", "SELECT INTERVAL '400 years'", "too long"],
    ["an aggregate over a union", "SELECT 1 AS a UNION ALL SELECT 2 ORDER BY count(a)", "names its columns"],
    ["a name that means itself", "SELECT a AS a", "no column"],
    ["names that mean each other", "SELECT b AS a, a AS b", "no column"],
  ])("hold for %s", (_, query, message) => expect(() => compile(query)).toThrow(message));

  it("do not hold for a long list, which is one value", () => {
    const { params } = compile(`SELECT count() FROM logs WHERE host IN (${Array.from({ length: 3_000 }, (_, i) => `'h${i}'`).join(", ")}) AND severity NOT IN (1, 2, 3)`);
    expect(Object.keys(params).length).toBeLessThan(6);
  });
});
