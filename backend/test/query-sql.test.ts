/** SQL of people on a real store: what it answers, what it refuses, and both walls each on its own. */

import type { FastifyInstance, LightMyRequestResponse } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seriesId } from "@obs/wire";
import type { SqlAnswer, SqlQueries } from "../src/core/sql-queries.ts";
import { createSqlQueries } from "../src/query/index.ts";
import { SQL_TABLES } from "../src/query/sql/tables.ts";
import { param, sql, systemStatement } from "../src/sql/sql.ts";
import { openRemoteStore, type OpenedStore } from "../src/store/open.ts";
import { sqlQueryId, SQL_USER, SQL_USER_TABLES } from "../src/store/sql-user.ts";
import { startTestStore, type TestStore } from "../src/testing.ts";
import { ESCAPES, fillTenants, MARK, NOW_MS, OTHER_ROWS, OWN_ROWS, startQueryApp, TRACE } from "./isolation.ts";
import { logRecord, storeLogs, storeSamples, storeSeries } from "./query-rows.ts";

const HOSTS = ["web-01", "web-02", "web-03"];
const METRIC = "cpu.usage.percent";
const MINUTE = 60_000;

interface Sample {
  readonly host: string;
  readonly timestamp: number;
  readonly value: number;
}
interface Line {
  readonly host: string;
  readonly timestamp: number;
  readonly level: string;
}

/** An hour and ten minutes of three hosts: more errors where there is more load. */
const SAMPLES: readonly Sample[] = HOSTS.flatMap((host, h) => Array.from({ length: 70 }, (_, i) => ({ host, timestamp: NOW_MS - i * MINUTE - h * 1_000, value: h * 100 + i })));
const LINES: readonly Line[] = HOSTS.flatMap((host, h) =>
  Array.from({ length: 300 }, (_, i) => ({ host, timestamp: NOW_MS - i * 17_000 + h, level: (i * 7 + h) % 3 === 0 ? "ERROR" : "INFO" })),
);

let test: TestStore;
let app: FastifyInstance;

beforeAll(async () => {
  test = await startTestStore();
  await fillTenants(test.store);
  await storeLogs(test.store, "shop", LINES.map(({ host, timestamp, level }, i) => logRecord({ timestamp: BigInt(timestamp) * 1_000_000n, host, severity: level === "ERROR" ? 17 : 9, service: "api", message: `line ${i}`, attributes: { "context.endpoint": `/e${i % 4}`, status: String(200 + (i % 2) * 300) } })));
  for (const host of HOSTS) {
    const labels = { host, service: "api" };
    const series = seriesId(METRIC, labels);
    await storeSeries(test.store, "shop", [{ metric: METRIC, series, labels, kind: "gauge", unit: "%", help: "", firstSeen: NOW_MS - 70 * MINUTE, lastSeen: NOW_MS }]);
    await storeSamples(test.store, "shop", SAMPLES.filter((one) => one.host === host).map(({ timestamp, value }) => ({ metric: METRIC, series, timestamp, value })));
  }
  app = await startQueryApp(test.store);
});
afterAll(async () => {
  await app?.close();
  await test?.stop();
});

const ask = (query: string, more: object = {}, tenant = "shop"): Promise<LightMyRequestResponse> =>
  app.inject({ method: "POST", url: "/api/v1/query/sql", headers: { "x-tenant": tenant }, payload: { query, ...more } });

const rowsOf = async (query: string, more: object = {}, tenant = "shop"): Promise<SqlAnswer["rows"]> => {
  const response = await ask(query, more, tenant);
  expect(response.json()).toMatchObject({ rows: expect.any(Array) as unknown });
  return response.json<SqlAnswer>().rows;
};

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
  ["SELECT 1/0, 5 % 0, intDiv(1, 0), -(-3), 18446744073709551615, NULL, [1, 2][2], 'it''s', 1e3", [["inf", null, null, 3, "18446744073709551615", null, 2, "it's", 1_000]]],
  ["SELECT NOW() - INTERVAL '1 day 2 hours', NOW() = now(), today(), INTERVAL 5 MINUTE = 5m", [["2026-11-21T08:00:00.000000000Z", true, "2026-11-22T00:00:00.000000000Z", true]]],
  ["SELECT l.host FROM logs l ASOF LEFT JOIN metrics m ON l.host = m.host AND l.timestamp >= m.timestamp WHERE m.value = 269 OR m.value = 268 ORDER BY 1 LIMIT 1", [["web-03"]]],
  ["SELECT a.host, b.host FROM (SELECT 'x' AS host) a FULL JOIN (SELECT 'y' AS host) b ON a.host = b.host ORDER BY 1 NULLS LAST", [["x", null], [null, "y"]]],
  ["SELECT count(*) FROM logs WHERE NOT (level = 'ERROR') AND message ~ '^line [0-9]$' AND message LIKE 'line %' AND message !~ '[1-8]'", [[0]]],
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
    await storeLogs(test.store, "sampled", [logRecord({ timestamp: BigInt(NOW_MS) * 1_000_000n, weight: 10 })]);
    const answer = (await ask("SELECT sum(weight) FROM logs", {}, "sampled")).json<SqlAnswer>();
    expect([answer.rows, answer.completeness.weights]).toEqual([[[10]], true]);
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
    const response = await app.inject({ method: "POST", url: "/api/v1/query/sql", headers: { "x-tenant": "shop" }, payload: body });
    expect(response.json()).toMatchObject({ error: { code: "invalid_request", details: { problems: [{ path }] } } });
  });
});

/** Of the ways out, those that are plain statements over what a tenant may see. */
const isHarmless = (text: string): boolean => /1 OR 1|-- WHERE|'1' = '1'|1900-01-02|toInt64\(message\)/.test(text);

describe("the first wall, the compiler", () => {
  it.each(ESCAPES.filter((text) => !isHarmless(text)).map((text) => [text]))("refuses %s", async (text) => {
    expect((await ask(text, {}, "acme")).json()).toMatchObject({ error: { code: "invalid_query" } });
  });

  it.each(ESCAPES.filter(isHarmless).map((text) => [text]))("shows only the tenant's own rows to %s", async (text) => {
    const response = await ask(text, {}, "acme");
    expect(response.body).not.toContain(MARK);
    expect(response.json<SqlAnswer>().rows.length).toBeLessThanOrEqual(OWN_ROWS);
  });

  it("stands without the second: the user that reads everything sees one tenant through it", async () => {
    const rows = await test.store.read<{ n: string }>(systemStatement(sql`SELECT count() AS n FROM logs WHERE tenant != ${param.string("")}`));
    expect(Number(rows[0]!.n)).toBeGreaterThanOrEqual(OWN_ROWS + OTHER_ROWS + LINES.length);
    expect(await rowsOf("SELECT count() FROM logs", {}, "acme")).toEqual([[OWN_ROWS]]);
  });
});

/** SQL as the user of people's statements, past the compiler. */
const asSqlUser = async (text: string, queryId: string | undefined): Promise<string> => {
  const address = new URL(test.url);
  if (queryId !== undefined) address.searchParams.set("query_id", queryId);
  const response = await fetch(address, { method: "POST", body: text, headers: { "x-clickhouse-user": SQL_USER, "x-clickhouse-key": test.users.sql.password } });
  return response.text();
};

describe("the second wall, the user of the store", () => {
  it("sees of every table what the id of the query says, whatever the text says", async () => {
    const attempts = [
      "SELECT count() FROM obs.logs",
      "SELECT count() FROM obs.logs WHERE tenant = 'globex' OR 1",
      "SELECT count() FROM (SELECT 1 FROM obs.logs UNION ALL SELECT 1 FROM obs.logs WHERE tenant = 'globex' AND 0)",
      "SELECT count() FROM merge('obs', '^logs$')",
      "SELECT count() FROM view(SELECT * FROM obs.logs)",
      "WITH initialQueryID() AS x SELECT count() FROM obs.logs WHERE x != ''",
    ];
    for (const text of attempts) expect([text, await asSqlUser(text, sqlQueryId("acme"))]).toEqual([text, `${OWN_ROWS}\n`]);
    for (const id of [undefined, "globex.1", `${Buffer.from("nobody").toString("hex")}.2`, ".3"]) expect(await asSqlUser("SELECT count() FROM obs.logs", id)).toBe("0\n");
  });

  it("has a policy on every table that it may read, and may read no other", async () => {
    const tables = (await test.query<{ name: string }>("SELECT name FROM system.tables WHERE database = 'obs'")).map(({ name }) => name);
    const seen = await Promise.all(tables.map(async (table) => [table, /^0\n$|ACCESS_DENIED/.exec(await asSqlUser(`SELECT count() FROM obs.${table}`, sqlQueryId("nobody")))?.[0]] as const));
    const granted: readonly string[] = SQL_USER_TABLES;
    expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(tables.map((table) => [table, granted.includes(table) ? "0\n" : "ACCESS_DENIED"])));
    // None of them is empty, or 0 would say nothing.
    for (const table of SQL_USER_TABLES) expect(await test.query<{ n: string }>(`SELECT count() AS n FROM obs.${table}`)).not.toEqual([{ n: "0" }]);
  });

  it.each([
    ["SELECT count() FROM obs.logs SETTINGS max_threads = 1", "READONLY"],
    ["SELECT 1 SETTINGS max_execution_time = 0", "SETTING_CONSTRAINT_VIOLATION"],
    ["SELECT 1 SETTINGS max_rows_to_read = 0", "SETTING_CONSTRAINT_VIOLATION"],
    ["SET readonly = 0", "READONLY"],
    ["INSERT INTO obs.logs (tenant) VALUES ('acme')", "ACCESS_DENIED"],
    ["DROP TABLE obs.logs", "ACCESS_DENIED"],
    ["SELECT * FROM obs.batches", "ACCESS_DENIED"],
    ["SELECT * FROM system.parts", "ACCESS_DENIED"],
    ["SELECT * FROM system.processes", "ACCESS_DENIED"],
    ["SELECT * FROM url('http://127.0.0.1/', 'CSV', 'a String')", "ACCESS_DENIED"],
    ["SELECT * FROM file('/etc/passwd', 'LineAsString')", "ACCESS_DENIED"],
    ["SELECT * FROM remote('127.0.0.1', 'obs', 'logs')", "ACCESS_DENIED"],
    ["SELECT * FROM loop('obs', 'logs')", "ACCESS_DENIED"],
    ["SELECT * FROM executable('x', 'TSV', 'a String')", "ACCESS_DENIED"],
  ])("refuses %s", async (text, code) => {
    expect(await asSqlUser(text, sqlQueryId("acme"))).toContain(code);
  });

  it("looks at its tenant's rows before a condition does, so that no failure tells of others'", async () => {
    // Every message of globex would fail here.
    await storeLogs(test.store, "numbers", [logRecord({ timestamp: BigInt(NOW_MS) * 1_000_000n, message: "12" })]);
    expect(await asSqlUser("SELECT count() FROM obs.logs WHERE toInt64(message) = 12", sqlQueryId("numbers"))).toBe("1\n");
  });
});

describe("a store by URL", () => {
  const quiet: string[] = [];
  const log = { debug: () => undefined, info: () => undefined, warn: (line: string) => void quiet.push(line), error: () => undefined };
  const remotes: OpenedStore[] = [];
  const open = async (sqlPassword: string | undefined): Promise<SqlQueries> => {
    const url = new URL(test.url);
    Object.assign(url, test.users.writer);
    const remote = openRemoteStore({ url: url.href, log, sqlPassword });
    remotes.push(remote);
    expect(await remote.store.waitUntilAvailable(10_000)).toBe(true);
    return createSqlQueries({ store: remote.store, now: () => NOW_MS });
  };
  afterAll(async () => {
    for (const remote of remotes) await remote.close();
  });

  it("answers with a user for it", async () => {
    expect(await (await open(test.users.sql.password)).run("acme", { query: "SELECT count() FROM logs" })).toMatchObject({ rows: [[OWN_ROWS]] });
    expect(quiet).toEqual([]);
  });

  it("answers without one, behind the first wall alone and within the same limits", async () => {
    const queries = await open(undefined);
    expect(await queries.run("acme", { query: "SELECT count(), max(NOW()) FROM logs" })).toMatchObject({ rows: [[OWN_ROWS, "2026-11-22T10:00:00.000000000Z"]] });
    expect(await queries.run("numbers", { query: "SELECT count() FROM logs WHERE message::Int64 = 12 AND toInt64(message) % 0 IS NULL" })).toMatchObject({ rows: [[1]] });
    expect(await queries.run("acme", { query: "SELECT l.host, m.host FROM logs l LEFT JOIN metrics m ON false LIMIT 1" })).toMatchObject({ rows: [["own-host", null]] });
  });

  it("whose user cannot be used says so", async () => {
    const queries = await open("wrong");
    await expect(queries.run("acme", { query: "SELECT count() FROM logs" })).rejects.toMatchObject({ code: "store_unavailable" });
    await expect.poll(() => quiet.join()).toContain("obs_sql cannot be used");
  });
});

/** Statements of people that run in the store. */
const running = (): Promise<{ n: string }[]> => test.query<{ n: string }>(`SELECT count() AS n FROM system.processes WHERE user = '${SQL_USER}'`);

describe("a client that goes away", () => {
  const endless = "SELECT count() FROM logs a, logs b, logs c, logs d WHERE a.message != b.message OR c.message != d.message";

  it.each(["json", "csv"])("ends its statement in the store: %s", async (format) => {
    const address = await app.listen({ host: "127.0.0.1", port: 0 }).catch(() => app.listeningOrigin);
    const gone = new AbortController();
    const asked = fetch(`${address}/api/v1/query/sql`, { method: "POST", headers: { "x-tenant": "shop", "content-type": "application/json" }, body: JSON.stringify({ query: endless, format }), signal: gone.signal }).then(() => "answered", () => "gone");
    await expect.poll(running, { timeout: 10_000 }).toEqual([{ n: "1" }]);
    gone.abort();
    expect(await asked).toBe("gone");
    await expect.poll(running, { timeout: 10_000 }).toEqual([{ n: "0" }]);
  });

  it("in the midst of its answer too", async () => {
    const address = await app.listen({ host: "127.0.0.1", port: 0 }).catch(() => app.listeningOrigin);
    const gone = new AbortController();
    const query = "SELECT a.message, b.message, c.message FROM logs a, logs b, logs c";
    const response = await fetch(`${address}/api/v1/query/sql`, { method: "POST", headers: { "x-tenant": "shop", "content-type": "application/json" }, body: JSON.stringify({ query, format: "ndjson" }), signal: gone.signal });
    expect(response.status).toBe(200);
    const { value } = await response.body!.getReader().read();
    expect(new TextDecoder().decode(value)).toContain('"message_3":');
    gone.abort();
    await expect.poll(running, { timeout: 10_000 }).toEqual([{ n: "0" }]);
  });
});
