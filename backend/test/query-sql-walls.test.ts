/** What keeps tenants apart in SQL of people: both walls each on its own, and clients that go away. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SqlAnswer, SqlQueries } from "../src/core/sql-queries.ts";
import { createSqlQueries } from "../src/query/index.ts";
import { param, sql, systemStatement } from "../src/sql/sql.ts";
import { openRemoteStore, type OpenedStore } from "../src/store/open.ts";
import { sqlQueryId, SQL_USER, SQL_USER_TABLES } from "../src/store/sql-user.ts";
import { ESCAPES, MARK, NOW_MS, OTHER_ROWS, OWN_ROWS } from "./isolation.ts";
import { logRecord, storeLogs } from "./query-rows.ts";
import { LINES, startSqlFixture, type SqlFixture } from "./sql-fixture.ts";

let fixture: SqlFixture;
beforeAll(async () => {
  fixture = await startSqlFixture();
});
afterAll(() => fixture?.stop());

const ask: SqlFixture["ask"] = (...request) => fixture.ask(...request);
const rowsOf: SqlFixture["rowsOf"] = (...request) => fixture.rowsOf(...request);

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
    const rows = await fixture.test.store.read<{ n: string }>(systemStatement(sql`SELECT count() AS n FROM logs WHERE tenant != ${param.string("")}`));
    expect(Number(rows[0]!.n)).toBeGreaterThanOrEqual(OWN_ROWS + OTHER_ROWS + LINES.length);
    expect(await rowsOf("SELECT count() FROM logs", {}, "acme")).toEqual([[OWN_ROWS]]);
  });
});

/** SQL as the user of people's statements, past the compiler. */
const asSqlUser = async (text: string, queryId: string | undefined): Promise<string> => {
  const address = new URL(fixture.test.url);
  if (queryId !== undefined) address.searchParams.set("query_id", queryId);
  const response = await fetch(address, { method: "POST", body: text, headers: { "x-clickhouse-user": SQL_USER, "x-clickhouse-key": fixture.test.users.sql.password } });
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
    const tables = (await fixture.test.query<{ name: string }>("SELECT name FROM system.tables WHERE database = 'obs'")).map(({ name }) => name);
    const seen = await Promise.all(tables.map(async (table) => [table, /^0\n$|ACCESS_DENIED/.exec(await asSqlUser(`SELECT count() FROM obs.${table}`, sqlQueryId("nobody")))?.[0]] as const));
    const granted: readonly string[] = SQL_USER_TABLES;
    expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(tables.map((table) => [table, granted.includes(table) ? "0\n" : "ACCESS_DENIED"])));
    // None of them is empty, or 0 would say nothing.
    for (const table of SQL_USER_TABLES) expect(await fixture.test.query<{ n: string }>(`SELECT count() AS n FROM obs.${table}`)).not.toEqual([{ n: "0" }]);
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
    await storeLogs(fixture.test.store, "numbers", [logRecord({ timestamp: BigInt(NOW_MS) * 1_000_000n, message: "12" })]);
    expect(await asSqlUser("SELECT count() FROM obs.logs WHERE toInt64(message) = 12", sqlQueryId("numbers"))).toBe("1\n");
  });
});

describe("a store by URL", () => {
  const quiet: string[] = [];
  const log = { debug: () => undefined, info: () => undefined, warn: (line: string) => void quiet.push(line), error: () => undefined };
  const remotes: OpenedStore[] = [];
  const open = async (sqlPassword: string | undefined): Promise<SqlQueries> => {
    const url = new URL(fixture.test.url);
    Object.assign(url, fixture.test.users.writer);
    const remote = openRemoteStore({ url: url.href, log, sqlPassword });
    remotes.push(remote);
    expect(await remote.store.waitUntilAvailable(10_000)).toBe(true);
    return createSqlQueries({ store: remote.store, now: () => NOW_MS });
  };
  afterAll(async () => {
    for (const remote of remotes) await remote.close();
  });

  it("answers with a user for it", async () => {
    expect(await (await open(fixture.test.users.sql.password)).run("acme", { query: "SELECT count() FROM logs" })).toMatchObject({ rows: [[OWN_ROWS]] });
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
const running = (): Promise<{ n: string }[]> => fixture.test.query<{ n: string }>(`SELECT count() AS n FROM system.processes WHERE user = '${SQL_USER}'`);

describe("a client that goes away", () => {
  const endless = "SELECT count() FROM logs a, logs b, logs c, logs d WHERE a.message != b.message OR c.message != d.message";

  it.each(["json", "csv"])("ends its statement in the store: %s", async (format) => {
    const address = await fixture.app.listen({ host: "127.0.0.1", port: 0 }).catch(() => fixture.app.listeningOrigin);
    const gone = new AbortController();
    const asked = fetch(`${address}/api/v1/query/sql`, { method: "POST", headers: { "x-tenant": "shop", "content-type": "application/json" }, body: JSON.stringify({ query: endless, format }), signal: gone.signal }).then(() => "answered", () => "gone");
    await expect.poll(running, { timeout: 10_000 }).toEqual([{ n: "1" }]);
    gone.abort();
    expect(await asked).toBe("gone");
    await expect.poll(running, { timeout: 10_000 }).toEqual([{ n: "0" }]);
  });

  it("in the midst of its answer too", async () => {
    const address = await fixture.app.listen({ host: "127.0.0.1", port: 0 }).catch(() => fixture.app.listeningOrigin);
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
