/** SQL of people on a real store: what it answers and what it refuses. Isolation: query-sql-walls.test.ts. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SqlAnswer } from "../src/core/sql-queries.ts";
import { FUNCTIONS } from "../src/query/sql/functions.ts";
import { SQL_TABLES } from "../src/query/sql/tables.ts";
import { NOW_MS, TRACE } from "./isolation.ts";
import { logRecord, storeLogs } from "./query-rows.ts";
import { LINES, METRIC, MINUTE, SAMPLES, startSqlFixture, type SqlFixture } from "./sql-fixture.ts";

let fixture: SqlFixture;
beforeAll(async () => {
  fixture = await startSqlFixture();
});
afterAll(() => fixture?.stop());

const ask: SqlFixture["ask"] = (...request) => fixture.ask(...request);
const rowsOf: SqlFixture["rowsOf"] = (...request) => fixture.rowsOf(...request);

describe("the queries of the design", () => {
  it("correlate logs and metrics as written", async () => {
    const query = `SELECT
      m.timestamp,
      m.value as cpu_usage,
      COUNT(l.*) as error_count
    FROM metrics m
    LEFT JOIN logs l
      ON m.host = l.host
      AND l.level = 'ERROR'
      AND l.timestamp BETWEEN m.timestamp - 1m AND m.timestamp + 1m
    WHERE m.metric_name = 'cpu.usage.percent'
      AND m.timestamp > NOW() - INTERVAL '1 hour'
    GROUP BY m.timestamp, m.value
    ORDER BY error_count DESC;`;
    const response = await ask(query);
    const answer = response.json<SqlAnswer>();
    expect(answer.columns).toEqual([
      { name: "timestamp", type: "DateTime64(3, 'UTC')" },
      { name: "cpu_usage", type: "Float64" },
      { name: "error_count", type: "UInt64" },
    ]);
    const expected = SAMPLES.filter(({ timestamp }) => timestamp > NOW_MS - 60 * MINUTE).map(({ host, timestamp, value }) => [
      new Date(timestamp).toISOString(),
      value,
      LINES.filter((line) => line.host === host && line.level === "ERROR" && Math.abs(line.timestamp - timestamp) <= MINUTE).length,
    ]);
    expect(expected).toHaveLength(180);
    expect(answer.rows.toSorted()).toEqual(expected.toSorted());
    const counts = answer.rows.map((row) => Number(row[2]));
    expect(counts).toEqual(counts.toSorted((a, b) => b - a));
    expect(answer.completeness).toEqual({ truncated: false, weights: false });
  });

  it("find metrics with many series", async () => {
    const query = "SELECT metric_name, COUNT(DISTINCT series_hash)\nFROM metrics\nGROUP BY metric_name\nHAVING COUNT(*) > 5000";
    expect(await rowsOf(query)).toEqual([]);
    expect(await rowsOf(query.replace("5000", "200"))).toEqual([[METRIC, 3]]);
  });
});

/** What standard SQL, or ClickHouse, says of these on the rows above. */
const ANSWERS: readonly (readonly [query: string, rows: readonly (readonly unknown[])[]])[] = [
  ["SELECT count(*), count(), COUNT(DISTINCT host) FROM logs", [[900, 900, 3]]],
  ["SELECT host, count() FILTER (WHERE level = 'ERROR') AS errors FROM logs GROUP BY host ORDER BY errors DESC, host LIMIT 2", [["web-01", 100], ["web-02", 100]]],
  ["SELECT level, countIf(host = 'web-01') FROM logs GROUP BY 1 ORDER BY 2", [["ERROR", 100], ["INFO", 200]]],
  ["SELECT context.endpoint AS e, count() FROM logs WHERE attributes['status'] = '500' GROUP BY e ORDER BY e", [["/e1", 225], ["/e3", 225]]],
  ["SELECT l.endpoint.x, attributes.status FROM logs l ORDER BY timestamp DESC, host DESC LIMIT 1", [["", "200"]]],
  ["SELECT service.name, host.name, \"@timestamp\" = timestamp FROM logs LIMIT 1", [["api", "web-01", true]]],
  ["SELECT labels['host'], max(value) FROM metrics WHERE metric_name IN ('cpu.usage.percent', 'other') GROUP BY 1 ORDER BY 1", [["web-01", 69], ["web-02", 169], ["web-03", 269]]],
  ["SELECT host, unit, kind, service FROM metrics ORDER BY host LIMIT 1 BY host LIMIT 1", [["web-01", "%", "gauge", "api"]]],
  ["SELECT count() AS value FROM metrics GROUP BY value > 100 ORDER BY value", [[71], [139]]],
  ["SELECT m.host, max(m.value) FROM metrics m WHERE m.timestamp >= '2026-11-22 09:59:00' AND m.timestamp < '2026-11-22T10:00:00Z' GROUP BY m.host ORDER BY 1", [["web-01", 1], ["web-02", 100], ["web-03", 200]]],
  ["WITH e AS (SELECT host, count() AS n FROM logs WHERE level = 'ERROR' GROUP BY host) SELECT e.host, n, count(m.*) FROM e LEFT JOIN metrics m ON m.host = e.host AND m.value > 260 GROUP BY e.host, n ORDER BY 1", [["web-01", 100, 0], ["web-02", 100, 0], ["web-03", 100, 9]]],
  ["SELECT 1 AS a UNION ALL SELECT 3 UNION ALL (SELECT 2) ORDER BY a DESC LIMIT 2", [[3], [2]]],
  ["SELECT 1 UNION SELECT 1", [[1]]],
  ["SELECT host, row_number() OVER (PARTITION BY host ORDER BY timestamp DESC) AS n, lag(value) OVER w FROM metrics WINDOW w AS (PARTITION BY host ORDER BY timestamp DESC) ORDER BY host, n LIMIT 2", [["web-01", 1, null], ["web-01", 2, 0]]],
  ["SELECT count() FROM logs WHERE host IN (SELECT host FROM metrics WHERE value > 200) AND (SELECT max(value) FROM metrics) = 269 AND EXISTS (SELECT 1 FROM logs)", [[300]]],
  ["SELECT CASE WHEN value > 200 THEN 'high' ELSE 'low' END AS load, count() FROM metrics GROUP BY load ORDER BY load", [["high", 69], ["low", 141]]],
  ["SELECT CAST(attributes['status'] AS Int64) + 1, message::float, 'x' || host FROM logs ORDER BY timestamp DESC, host LIMIT 1", [[201, null, "xweb-03"]]],
  ["SELECT date_trunc('hour', timestamp) AS h, extract(hour FROM h), count() FROM logs GROUP BY h ORDER BY h LIMIT 1", [["2026-11-22T08:00:00Z", 8, 264]]],
  ["SELECT arrayMap(k -> upper(k), mapKeys(attributes)) FROM logs LIMIT 1", [[["CONTEXT.ENDPOINT", "STATUS"]]]],
  ["SELECT max(if(value > 200, value, 0)), min(CASE WHEN value < 1 THEN 1 ELSE 2.5 END), sum(coalesce(value, -1)) FROM metrics", [[269, 1, 28245]]],
  ["SELECT 1/0, 5 % 0, intDiv(1, 0), -(-3), 18446744073709551615, NULL, [1, 2][2], 'it''s', 1e3", [["inf", null, null, 3, "18446744073709551615", null, 2, "it's", 1_000]]],
  ["SELECT NOW() - INTERVAL '1 day 2 hours', NOW() = now(), today(), INTERVAL 5 MINUTE = 5m", [["2026-11-21T08:00:00.000000000Z", true, "2026-11-22T00:00:00.000000000Z", true]]],
  ["SELECT l.host FROM logs l ASOF LEFT JOIN metrics m ON l.host = m.host AND l.timestamp >= m.timestamp WHERE m.value = 269 OR m.value = 268 ORDER BY 1 LIMIT 1", [["web-03"]]],
  ["SELECT a.host, b.host FROM (SELECT 'x' AS host) a FULL JOIN (SELECT 'y' AS host) b ON a.host = b.host ORDER BY 1 NULLS LAST", [["x", null], [null, "y"]]],
  ["SELECT count(*) FROM logs WHERE NOT (level = 'ERROR') AND message ~ '^line [0-9]$' AND message LIKE 'line %' AND message !~ '[1-8]'", [[0]]],
  ["SELECT * EXCEPT (timestamp, message, level, service, environment, trace_id, span_id, pattern, attributes, weight, observed, received, labels, series_hash) FROM logs JOIN (SELECT * FROM metrics WHERE value = 269) USING (host) WHERE severity IN (17) ORDER BY severity LIMIT 1", [["web-03", 17, METRIC, 269, "%", "gauge"]]],
  ["SELECT count() FROM metrics WHERE timestamp IN ('2026-11-22 10:00:00', '2026-11-22 09:59:59') AND timestamp <= 1795341600", [[2]]],
  ["SELECT count() FROM metrics WHERE metric_name = 'cpu.usage.percent' AND metric_name IN ('x')", [[0]]],
  ["SELECT count() FROM logs WHERE message LIKE '%ine 1_' AND message ILIKE 'LINE 1%' AND hasToken(message, 'line')", [[10]]],
  ["SELECT count() FROM metrics m LEFT JOIN logs l ON m.host = l.host WHERE l.message = 'line 7' AND m.value IN (3, 103)", [[1]]],
  ["DESC spans", expect.arrayContaining([["duration_ns", "UInt64", "how long it took, nanoseconds"]]) as never],
  ["SHOW TABLES;", SQL_TABLES.map(({ name, doc }) => [name, doc])],
];

describe("a statement", () => {
  it.each(ANSWERS)("is answered: %s", async (query, rows) => {
    expect(await rowsOf(query)).toEqual(rows);
  });

  it("finds an id by its digits, in any case", async () => {
    expect(await rowsOf(`SELECT count() FROM spans WHERE trace_id = '${TRACE.toUpperCase()}' AND span_id != '${"0".repeat(15)}1'`, {}, "acme")).toEqual([[2]]);
    expect(await rowsOf(`SELECT trace_id, span_id FROM logs WHERE trace_id IN ('${TRACE}') LIMIT 1`, {}, "acme")).toEqual([[TRACE, ""]]);
    expect(await rowsOf("SELECT count() FROM logs WHERE trace_id = ''")).toEqual([[900]]);
  });

  it.each(SQL_TABLES.map(({ name }) => [name]))("reads the columns of %s with the types that are told", async (name) => {
    const { columns } = (await ask(`SELECT * FROM ${name} LIMIT 0`)).json<SqlAnswer>();
    expect(columns).toEqual(SQL_TABLES.find((table) => table.name === name)!.columns.map((column) => ({ name: column.name, type: column.type })));
  });

  it("keeps to its limit and says so", async () => {
    const answer = (await ask("SELECT * FROM logs", { limit: 10 })).json<SqlAnswer>();
    expect([answer.rows.length, answer.completeness.truncated]).toEqual([10, true]);
    expect((await ask("SELECT * FROM logs LIMIT 10", { limit: 10 })).json<SqlAnswer>().completeness.truncated).toBe(false);
    expect(await rowsOf("SELECT host FROM logs LIMIT 5 OFFSET 898")).toHaveLength(2);
  });

  it("keeps to its range of time", async () => {
    expect(await rowsOf("SELECT count() FROM metrics WHERE host = 'web-01'", { time_range: { start: NOW_MS - 2 * MINUTE, end: NOW_MS } })).toEqual([[3]]);
  });

  it("tells of rows that stand for more than themselves", async () => {
    await storeLogs(fixture.test.store, "sampled", [logRecord({ timestamp: BigInt(NOW_MS) * 1_000_000n, weight: 10 })]);
    const answer = (await ask("SELECT sum(weight) FROM logs", {}, "sampled")).json<SqlAnswer>();
    expect([answer.rows, answer.completeness.weights]).toEqual([[[10]], true]);
  });
});

/** Arguments for every function that there is; the names behind them. */
const CALLS: readonly (readonly [args: string, names: string])[] = [
  ["timestamp", "toStartOfSecond toStartOfMinute toStartOfFiveMinutes toStartOfTenMinutes toStartOfFifteenMinutes toStartOfHour toStartOfDay toMonday toStartOfWeek toStartOfMonth toStartOfQuarter toStartOfYear toDate toYear toQuarter toMonth toDayOfMonth toDayOfWeek toDayOfYear toHour toMinute toSecond toUnixTimestamp toUnixTimestamp64Milli toUnixTimestamp64Micro toUnixTimestamp64Nano"],
  ["timestamp, INTERVAL 5 MINUTE", "toStartOfInterval"],
  ["INTERVAL '5 minutes', timestamp", "time_bucket"],
  ["'hour', timestamp", "date_trunc"],
  ["'hour', timestamp, now()", "dateDiff date_diff age"],
  ["timestamp, '%Y'", "formatDateTime"],
  ["'1795338000'", "to_timestamp"],
  ["severity", "abs sign sqrt cbrt exp exp2 exp10 ln log log2 log10 sin cos tan asin acos atan degrees radians isNaN isFinite isInfinite round floor ceil ceiling trunc"],
  ["severity, 2", "power pow atan2 intDiv div mod greatest least bitAnd bitOr bitXor"],
  ["", "pi"],
  ["message", "toFloat64 toFloat64OrNull toFloat64OrZero toInt64 toInt64OrNull toInt64OrZero toUInt64 toUInt64OrNull toDateTime toDateTime64 lower upper lcase ucase trim ltrim rtrim reverse toString hex domain path cutQueryString decodeURLComponent tryBase64Decode base64Encode length lengthUTF8 char_length character_length octet_length empty notEmpty xxHash64 cityHash64 concat coalesce isNull isNotNull"],
  ["message, 2", "substring substr mid substringUTF8 left right leftUTF8 rightUTF8"],
  ["message, 'line'", "startsWith endsWith position positionCaseInsensitive strpos match extract extractAll countSubstrings hasToken ifNull nullIf regexpExtract"],
  ["lower(message), ['line']", "hasAllTokens hasAnyTokens"],
  ["message, 'l', 'x'", "replace replaceAll replaceOne replaceRegexpOne replaceRegexpAll regexp_replace"],
  ["' ', message", "splitByChar splitByString"],
  ["message, 'key'", "JSONExtractString JSONExtractRaw JSONExtractFloat JSONExtractInt JSONExtractBool JSONHas"],
  ["severity > 1, 'a', 'b'", "if multiIf"],
  ["attributes", "mapKeys mapValues"],
  ["attributes, 'status'", "mapContains"],
  ["['b', 'a']", "arrayDistinct arraySort arrayReverseSort arrayReverse arrayUniq arrayStringConcat arrayJoin"],
  ["[1, 2]", "arraySum arrayAvg arrayMin arrayMax"],
  ["[1, 2], 1", "has indexOf arraySlice arrayElement"],
  ["[1, 2], [1]", "hasAll hasAny"],
  ["x -> x > 1, [1, 2]", "arrayMap arrayFilter arrayExists arrayAll arrayCount"],
];
const AGGREGATE_CALLS: readonly (readonly [args: string, names: string])[] = [
  ["severity", "count sum avg median stddevPop stddevSamp stddev_pop stddev_samp varPop varSamp var_pop var_samp skewPop kurtPop entropy deltaSum count_distinct stddev variance min max any anyLast any_value uniq uniqExact uniqCombined uniqHLL12 approx_count_distinct quantile quantileExact quantileTDigest groupArray groupUniqArray array_agg"],
  ["severity > 10", "countIf bool_and bool_or"],
  ["severity, severity > 10", "sumIf avgIf minIf maxIf anyIf anyLastIf uniqIf uniqExactIf quantileIf quantileExactIf"],
  ["severity, timestamp", "argMin argMax"],
  ["severity, weight", "corr covarPop covarSamp covar_pop covar_samp boundingRatio"],
];
const PARAMETRIC = ["quantiles(0.5, 0.9)(severity)", "topK(3)(severity)", "histogram(3)(severity)", "groupArray(2)(host)", "quantile(0.99)(severity)"];
const WINDOW_CALLS = ["row_number()", "rank()", "dense_rank()", "percent_rank()", "cume_dist()", "ntile(4)", "lag(host)", "lead(severity, 2)", "first_value(host)", "last_value(host)", "nth_value(host, 2)"];

const calls = (table: typeof CALLS): string[] => table.flatMap(([args, names]) => names.split(" ").map((name) => `${name}(${args})`));
const nameOf = (call: string): string => call.slice(0, call.indexOf("("));

describe("functions", () => {
  it("are all called here", () => {
    const called = [...calls(CALLS), ...calls(AGGREGATE_CALLS), ...PARAMETRIC, ...WINDOW_CALLS].map(nameOf);
    expect([...new Set(called)].toSorted()).toEqual(FUNCTIONS.map(({ name }) => name).toSorted());
  });

  it("of one row are the store's", async () => {
    expect(await rowsOf(`SELECT ${calls(CALLS).join(", ")} FROM logs LIMIT 1`)).toEqual([expect.any(Array)]);
  });

  it("of many rows are the store's, also with OVER", async () => {
    const all = [...calls(AGGREGATE_CALLS), ...PARAMETRIC];
    expect(await rowsOf(`SELECT ${all.join(", ")} FROM logs`)).toEqual([expect.any(Array)]);
    const over = all.filter((call) => !/^(?:deltaSum|histogram)/.test(call)).map((call) => `${call} OVER (PARTITION BY host)`);
    expect(await rowsOf(`SELECT ${over.join(", ")}, ${WINDOW_CALLS.map((call) => `${call} OVER (ORDER BY timestamp)`).join(", ")} FROM logs LIMIT 1`)).toEqual([expect.any(Array)]);
  });

  it("fail on no value: text that is none of a number, a time, JSON, an index", async () => {
    const odd = "['', 'x', '-', '9e999', '99999999999999999999', '\\\\', '2026-99-99', '{\"a\":', 'é💩']";
    const onText = calls(CALLS.filter(([args]) => args.startsWith("message")).map(([args, names]) => [args.replace("message", "x"), names.replace("xxHash64 ", "")] as const));
    const maps = onText.filter((call) => !/^(?:concat|coalesce)/.test(call)).map((call, i) => `arrayMap(x -> ${call}, v) AS c${i}`);
    expect(await rowsOf(`SELECT ${maps.join(", ")}, arrayMap(x -> x::date::text || x::timestamp::text || x::bool::text, v), arrayMap(x -> v[x::int], v) FROM (SELECT arrayMap(x -> x, ${odd}) AS v FROM logs LIMIT 1)`)).toEqual([expect.any(Array)]);
  });
});

describe("other formats", () => {
  it("are CSV", async () => {
    const response = await ask("SELECT host AS \"a,b\", NULL AS n, 'x\ny\"z' AS t, count() FROM logs GROUP BY host ORDER BY host", { format: "csv" });
    expect(response.headers["content-type"]).toContain("text/csv");
    expect(response.body.split("\n").slice(0, 3).join("\n")).toBe('"a,b",n,t,count()\n"web-01",,"x\ny""z",300');
  });

  it("are one object per line", async () => {
    const response = await ask('SELECT host, host, 1 AS "__proto__" FROM logs GROUP BY host ORDER BY host', { format: "ndjson" });
    expect(response.body.trim().split("\n")[2]).toBe('{"host":"web-03","host_2":"web-03","__proto__":1}');
  });

  it("have names also without rows", async () => {
    expect((await ask("SELECT host FROM logs WHERE false", { format: "csv" })).body).toBe("host\n");
    expect((await ask("SELECT host FROM logs WHERE false", { format: "ndjson" })).body).toBe("");
    expect((await ask("SHOW TABLES", { format: "csv" })).body).toContain("logs,One row per log line.\n");
  });

  it("fail with a status when they fail at once", async () => {
    expect((await ask("SELECT host FROM", { format: "csv" })).statusCode).toBe(400);
    expect((await ask("SELECT message + 1 FROM logs", { format: "ndjson" })).statusCode).toBe(422);
  });
});

/** Statement, where the problem is, and a piece of what is said. */
const REFUSED: readonly (readonly [query: string, offset: number, message: string])[] = [
  ["", 0, "There is no statement"],
  ["SELEC 1", 0, "Statements are SELECT"],
  ["SELECT", 6, "ends where a value is expected"],
  ["SELECT * FROM nothing", 14, "There are logs, metrics, spans"],
  ["SELECT hots FROM logs", 7, "Did you mean host?"],
  ["SELECT status FROM logs", 7, "attributes['status']"],
  ["SELECT host FROM logs GROUP BY service", 7, "neither grouped by nor in an aggregate"],
  ["SELECT host FROM logs WHERE count() > 1", 28, "use HAVING"],
  ["SELECT sum(sum(value)) FROM metrics", 11, "inside of an aggregate"],
  ["SELECT host FROM logs l JOIN metrics m ON l.host = m.host", 7, "could be of several tables"],
  ["SELECT nonsense(1)", 7, "no function"],
  ["SELECT round(1, host) FROM logs", 16, "must be written out"],
  ["SELECT count() FROM logs WHERE timestamp > 'yesterday-ish'", 43, "is no time"],
  ["SELECT INTERVAL '3 apples'", 7, "no time span"],
  ["SELECT 1x", 7, "This is no number"],
  ["SELECT 'a", 7, "not closed"],
  ["SELECT 1 UNION ALL SELECT 1, 2", 0, "1 and 2 columns"],
  ["SELECT * FROM logs LIMIT -1", 25, "a whole number"],
  ["SELECT CAST(1 AS Nothing)", 17, "no type"],
  ["SELECT (SELECT 1, 2)", 7, "one column"],
  ["SELECT host FROM logs ORDER BY 3", 31, "There is no column 3"],
  ["WITH a AS (SELECT * FROM a) SELECT * FROM a", 25, "no table"],
];

describe("a statement that is wrong", () => {
  it.each(REFUSED)("is told where: %s", async (query, offset, message) => {
    const response = await ask(query);
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({ error: { code: "invalid_query", message: expect.stringContaining(message) as unknown, details: { offset } } });
  });

  it.each([
    ["SELECT message + 1 FROM logs", "Illegal types"],
    ["SELECT if(true, 'a', 1)", "no supertype"],
    ["SELECT count() FROM logs WHERE message ~ '('", "regular expression"],
    ["SELECT 1 FROM logs l FULL JOIN metrics m ON l.timestamp > m.timestamp", "equality"],
    ["SELECT (SELECT host FROM logs) FROM logs", "more than one row"],
  ])("and found out by the store is told without its inner words: %s", async (query, message) => {
    const response = await ask(query);
    expect(response.statusCode).toBe(422);
    expect(response.json<{ error: { message: string } }>().error.message).toContain(message);
    expect(response.body).not.toMatch(/tenant|_CAST|__table|\bv\d/);
  });

  it.each([
    [{ query: 1 }, "query"],
    [{ query: "SELECT 1", limit: 0 }, "limit"],
    [{ query: "SELECT 1", limit: 20_000 }, "limit"],
    [{ query: "SELECT 1", format: "xml" }, "format"],
    [{ query: "SELECT 1", time_range: { start: "now", end: "now-1h" } }, "time_range.start"],
    [{ query: "SELECT 1", tenant: "globex" }, ""],
  ])("in its request is told by field: %j", async (body, path) => {
    const response = await fixture.app.inject({ method: "POST", url: "/api/v1/query/sql", headers: { "x-tenant": "shop" }, payload: body });
    expect(response.json()).toMatchObject({ error: { code: "invalid_request", details: { problems: [{ path }] } } });
  });
});
