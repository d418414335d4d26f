/**
 * What the tests of isolation share: two tenants with rows of every kind, an app with every address
 * that answers queries, texts that try to get out, and what must hold of an answer.
 *
 * A new query address: register it in `registerQueryRoutes`, and give it one line in `QUERY_ROUTES`.
 */

import { Writable } from "node:stream";
import { seriesId } from "@obs/wire";
import * as fc from "fast-check";
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from "fastify";
import { expect } from "vitest";
import type { Store } from "../src/core/store.ts";
import { bodyText } from "../src/http/json-body.ts";
import { createServer } from "../src/http/server.ts";
import { createElasticsearchQueries, createLokiQueries, createPrometheusQueries, createQueries, createSqlQueries } from "../src/query/index.ts";
import { elasticsearchRoutes } from "../src/routes/elasticsearch.ts";
import { lokiRoutes } from "../src/routes/loki.ts";
import { metricsRoutes } from "../src/routes/metrics.ts";
import { prometheusRoutes } from "../src/routes/prometheus.ts";
import { searchRoutes, type QueryRouteOptions } from "../src/routes/search.ts";
import { sqlRoutes } from "../src/routes/sql.ts";
import { traceRoutes } from "../src/routes/traces.ts";
import { GOLDEN } from "../../agent/wire/testdata/golden.ts";
import { logRecord, storeExemplars, storeLogs, storeSamples, storeSeries, storeSpans } from "./query-rows.ts";

export const NOW_MS = Date.UTC(2026, 10, 22, 10);
const NOW_NS = BigInt(NOW_MS) * 1_000_000n;
/** In every row of the other tenant; must not come back. */
export const MARK = "globexsecret";
export const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
export const OWN_ROWS = 20;
export const OTHER_ROWS = 25;

const fillTenant = async (store: Store, tenant: string, mark: string, rows: number): Promise<void> => {
  await storeLogs(
    store,
    tenant,
    Array.from({ length: rows }, (_, i) =>
      logRecord({
        timestamp: NOW_NS - BigInt(i) * 1_000_000_000n,
        severity: 17,
        service: `${mark}-api`,
        host: `${mark}-host`,
        message: `timeout 500 ${mark}`,
        traceId: TRACE,
        attributes: { status: "500", [`${mark}-key`]: mark },
      }),
    ),
  );
  const own = { ...GOLDEN.spans[0]!, timestamp: NOW_NS, traceId: TRACE, attributes: { [`${mark}-key`]: mark } };
  await storeSpans(store, tenant, [own, { ...own, timestamp: NOW_NS + 5n, spanId: "00000000000000a2", parentSpanId: own.spanId, kind: 3, status: 0, events: [], links: [] }]);
  const metrics = ["cpu", `${mark}.metric`];
  const labels = { host: `${mark}-host`, [`${mark}-label`]: "x" };
  await storeSeries(store, tenant, metrics.map((metric) => ({ metric, series: seriesId(metric, labels), labels, kind: "gauge", unit: "1", help: "", firstSeen: NOW_MS - 1_000, lastSeen: NOW_MS })));
  await storeSamples(store, tenant, metrics.map((metric) => ({ metric, series: seriesId(metric, labels), timestamp: NOW_MS - 1_000, value: 1 })));
  await storeExemplars(store, tenant, metrics.map((metric) => ({ ...GOLDEN.exemplars[0]!, metric, series: seriesId(metric, labels), timestamp: NOW_NS, attributes: { [`${mark}-key`]: mark } })));
};

/** acme with rows of its own, globex with marked ones. */
export const fillTenants = async (store: Store): Promise<void> => {
  await fillTenant(store, "acme", "own", OWN_ROWS);
  await fillTenant(store, "globex", MARK, OTHER_ROWS);
};

const now = (): number => NOW_MS;

const registerQueryRoutes = async (app: FastifyInstance, store: Store, requireScope: QueryRouteOptions["requireScope"]): Promise<void> => {
  const queries = createQueries({ store, now });
  await app.register(searchRoutes({ queries, requireScope }));
  await app.register(metricsRoutes({ queries, requireScope }));
  await app.register(traceRoutes({ queries, requireScope }));
  await app.register(prometheusRoutes({ prometheus: createPrometheusQueries({ store, now }), requireScope, version: "test" }));
  await app.register(lokiRoutes({ loki: createLokiQueries({ store, now }), requireScope, version: "test" }));
  await app.register(elasticsearchRoutes({ elasticsearch: createElasticsearchQueries({ store, now }), requireScope, bodyText }));
  await app.register(sqlRoutes({ sqlQueries: createSqlQueries({ store, now }), requireScope }));
};

export interface QueryRoute {
  readonly name: string;
  /** The request that asks for this text. */
  readonly ask: (text: string) => InjectOptions;
  /** Finds all that a tenant has here. */
  readonly everything: string;
  /** Where else in the language a text can stand, but alone. */
  readonly forms: readonly ((text: string) => string)[];
}

const post = (url: string, payload: object): InjectOptions => ({ method: "POST", url, payload });
const get = (url: string, query: Record<string, string>): InjectOptions => ({ method: "GET", url, query });
const NANOSECONDS = { start: String(NOW_NS - 3_600_000_000_000n), end: String(NOW_NS + 1_000_000_000n) };
const MONTH = { start: "now-30d", end: "now" };

const SQL_FORMS: QueryRoute["forms"] = [
  (text) => `SELECT * FROM logs WHERE message = '${text}'`,
  (text) => `SELECT * FROM logs WHERE message = '${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`,
  (text) => `SELECT count() AS "${text.replaceAll('"', '""')}" FROM logs GROUP BY "${text.replaceAll('"', '""')}"`,
  (text) => `SELECT * FROM (${text}) AS t`,
  (text) => `WITH t AS (${text}) SELECT * FROM t JOIN logs USING (host)`,
  (text) => `SELECT * FROM logs WHERE ${text}`,
  (text) => `SELECT ${text} FROM spans`,
  (text) => `SELECT * FROM "${text}"`,
  (text) => `SELECT attributes['${text}'] FROM logs ORDER BY ${text} LIMIT 5`,
  (text) => `${text} UNION ALL SELECT message FROM logs`,
];

/** One line per language or address that takes text: the property of isolation runs over all of them. */
export const QUERY_ROUTES: readonly QueryRoute[] = [
  { name: "Lucene", ask: (query) => post("/api/v1/logs/search", { query, time_range: MONTH }), everything: "*", forms: [(text) => `service:"${text}"`, (text) => `NOT (${text})`, (text) => `${text}:*`] },
  { name: "PromQL", ask: (query) => get("/api/v1/query", { query, time: String(NOW_MS / 1_000) }), everything: '{__name__=~".+"}', forms: [(text) => `{host=~${JSON.stringify(text)}}`, (text) => `${text}{__name__!=""}`] },
  { name: "PromQL selectors", ask: (query) => get("/api/v1/series", { "match[]": query, start: "0" }), everything: '{__name__=~".+"}', forms: [(text) => `{__name__=${JSON.stringify(text)}}`] },
  { name: "names of metrics", ask: (metric) => get("/api/v1/metrics/labels", { metric, ...MONTH }), everything: "cpu", forms: [] },
  { name: "LogQL", ask: (query) => get("/loki/api/v1/query_range", { query, ...NANOSECONDS }), everything: '{host=~".+"}', forms: [(text) => `{host=~".+"} |= ${JSON.stringify(text)}`, (text) => `{service=${JSON.stringify(text)}}`, (text) => `${text} | json`] },
  { name: "LogQL selectors", ask: (query) => get("/loki/api/v1/series", { match: query, ...NANOSECONDS }), everything: '{host=~".+"}', forms: [(text) => `{host!=${JSON.stringify(text)}}`] },
  { name: "Elasticsearch's query_string", ask: (query) => post("/es/logs/_search", { query: { query_string: { query } } }), everything: "*", forms: [(text) => `service:"${text}"`] },
  { name: "Elasticsearch's fields and values", ask: (text) => post("/es/logs/_search", { query: { bool: { must_not: [{ term: { [text]: { value: text } } }] } } }), everything: "host", forms: [(text) => `attributes.${text}`] },
  { name: "Elasticsearch's indices", ask: (text) => post(`/es/${encodeURIComponent(text)}/_search`, {}), everything: "logs*", forms: [(text) => `logs,-${text}`, (text) => `${text}*`] },
  {
    name: "Elasticsearch's aggregations",
    ask: (text) => post("/es/_search", { size: 0, aggs: { a: { terms: { field: text, missing: text, include: [text], exclude: text.slice(0, 5) } }, b: { terms: { field: "host" }, aggs: { c: { cardinality: { field: text } }, d: { top_hits: { sort: [text] } } } }, f: { filters: { filters: { [text]: { term: { host: text } } }, other_bucket_key: text } } } }),
    everything: "service", forms: [(text) => `attributes.${text}`],
  },
  { name: "SQL on logs", ask: (query) => post("/api/v1/query/sql", { query }), everything: "SELECT * FROM logs", forms: SQL_FORMS },
  { name: "SQL on metrics", ask: (query) => post("/api/v1/query/sql", { query, format: "csv" }), everything: "SELECT * FROM metrics", forms: SQL_FORMS },
  { name: "SQL on spans", ask: (query) => post("/api/v1/query/sql", { query, format: "ndjson" }), everything: "SELECT * FROM spans", forms: SQL_FORMS },
];

/** Every query address, for whoever the header `x-tenant` names. */
export const startQueryApp = async (store: Store): Promise<FastifyInstance> => {
  const app = createServer({ logLevel: "silent", logStream: new Writable({ write: (_chunk, _encoding, done) => done() }), trustProxy: [] });
  await registerQueryRoutes(app, store, () => async (request) => {
    request.principal = { tenant: String(request.headers["x-tenant"]), keyId: "k", scopes: new Set(["query"]) };
  });
  return app;
};

/** Text that would mean something if it ever became SQL, Lucene or a pattern. */
export const HOSTILE = [
  "' OR 1=1 --",
  "') OR (tenant = 'globex",
  "\\') OR 1 --",
  "\\",
  "'",
  "''",
  "`",
  '"',
  "*/ OR 1 /*",
  "-- ",
  "#",
  ";",
  "x' UNION ALL SELECT * FROM logs --",
  ") UNION ALL SELECT message FROM obs.logs",
  "SETTINGS readonly=0",
  "1) SETTINGS max_result_rows=1",
  "FORMAT Native",
  "{p0:String}",
  "{p0:Identifier}",
  "${tenant}",
  "tenant:globex",
  "attributes.tenant:globex",
  "expires:>1970-01-01",
  "NOT tenant:acme",
  "* OR *",
  "(a OR *)",
  "%",
  "_",
  "\u0000",
  "\t",
  "\n",
  "]]]",
  "')]",
  "'], 1) OR has([''",
  "globex",
  "timeout",
  "500",
  "status:500",
  "level:error",
  "*",
];
export const hostile = fc.oneof(fc.constantFrom(...HOSTILE), fc.array(fc.constantFrom(...HOSTILE), { minLength: 2, maxLength: 4 }).map((parts) => parts.join("")), fc.string({ unit: "binary", maxLength: 12 }));

/** Ways out of a query that are known from ClickHouse, and texts that reached other rows when they were tried. */
export const ESCAPES: readonly string[] = [
  "SELECT * FROM obs.logs",
  "SELECT * FROM `obs`.`logs`",
  'SELECT * FROM "obs.logs"',
  "SELECT * FROM default.logs",
  "SELECT * FROM logs WHERE tenant = 'globex'",
  "SELECT tenant FROM logs",
  "SELECT * FROM logs UNION ALL SELECT * FROM obs.logs",
  "SELECT message FROM logs UNION ALL SELECT message FROM samples",
  "SELECT * FROM samples",
  "SELECT * FROM batches",
  "SELECT * FROM logs_local",
  "SELECT * FROM mergeTreeIndex('obs', 'logs')",
  "SELECT * FROM mergeTreeTextIndex('obs', 'logs', 'message_text')",
  "SELECT * FROM mergeTreeIndex(obs, logs, with_marks = true)",
  "SELECT * FROM merge('obs', '.*')",
  "SELECT * FROM remote('127.0.0.1', obs.logs)",
  "SELECT * FROM url('http://127.0.0.1/', 'CSV', 'a String')",
  "SELECT * FROM file('/etc/passwd', 'LineAsString')",
  "SELECT file('/etc/passwd') FROM logs",
  "SELECT * FROM numbers(10)",
  "SELECT * FROM system.tables",
  "SELECT * FROM system.query_log",
  "SELECT * FROM information_schema.tables",
  "EXPLAIN ESTIMATE SELECT * FROM logs",
  "EXPLAIN SELECT * FROM logs",
  "SHOW DATABASES",
  "SHOW CREATE TABLE obs.logs",
  "DESCRIBE obs.logs",
  "SELECT * FROM logs SETTINGS readonly = 0, max_execution_time = 0",
  "SELECT * FROM logs FORMAT Native",
  "SELECT * FROM logs INTO OUTFILE '/tmp/x'",
  "INSERT INTO logs SELECT * FROM logs",
  "DROP TABLE logs",
  "ALTER TABLE logs DELETE WHERE 1",
  "SET readonly = 0",
  "SELECT 1; SELECT * FROM obs.logs",
  "SELECT * FROM {t:Identifier}",
  "SELECT {p0:String} FROM logs",
  "SELECT getSetting('log_comment') FROM logs",
  "SELECT currentUser(), initialQueryID(), hostName() FROM logs",
  "SELECT dictGet('d', 'a', 1) FROM logs",
  "SELECT joinGet('t', 'a', 1) FROM logs",
  "SELECT sleep(3) FROM logs",
  "SELECT throwIf(1) FROM logs",
  "SELECT * FROM logs WHERE 1 = 1 OR tenant != ''",
  "SELECT * FROM logs -- WHERE",
  "SELECT * FROM logs /* */ WHERE 1 OR 1",
  "SELECT * FROM logs WHERE message = '' OR '1' = '1'",
  "SELECT * FROM logs WHERE timestamp > '1900-01-02' OR timestamp < '2262-04-10'",
  "SELECT * FROM logs WHERE expires < today()",
  "WITH logs AS (SELECT * FROM obs.logs) SELECT * FROM logs",
  "WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT 1 FROM r) SELECT * FROM r",
  "SELECT _part, _table, _partition_id FROM logs",
  "SELECT COLUMNS('.*') FROM logs",
  "SELECT * REPLACE ('x' AS tenant) FROM logs",
  "SELECT * FROM (logs)",
  "SELECT * FROM \uff4c\uff4f\uff47\uff53",
  "\uff33ELECT * FROM logs",
  "SELECT * FROM logs WHERE message = \u2019x\u2019 OR 1",
  "SELECT toInt64(message) FROM logs WHERE toInt64(message) = 1",
  `SELECT ${"(".repeat(200)}1${")".repeat(200)} FROM logs`,
  `SELECT ${"-".repeat(300)}1`,
  `SELECT ${"[".repeat(300)}`,
  `SELECT * FROM ${"(SELECT * FROM ".repeat(40)}logs${")".repeat(40)}`,
];

/** Any text that might get out: known ways, hostile text, and pieces of both put together. */
export const escape = fc.oneof(fc.constantFrom(...ESCAPES), hostile, fc.tuple(fc.constantFrom(...ESCAPES), hostile).map((parts) => parts.join(" ")));

/** What must hold of every answer to acme. */
export const expectOwn = (response: LightMyRequestResponse): void => {
  expect(response.body).not.toContain(MARK);
  expect([200, 400, 422]).toContain(response.statusCode);
};
