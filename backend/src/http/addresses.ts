/**
 * Every address of the HTTP API, for docs/http-api.md. A test holds this list equal to the routes
 * that the app really has.
 */

import type { Scope } from "../core/contracts.ts";
import { ELASTICSEARCH_ADDRESSES } from "./elasticsearch-addresses.ts";
import { LOKI } from "./loki-addresses.ts";

export interface Address {
  /** `GET /api/v1/keys` */
  readonly route: string;
  /** Scope of the key or session; undefined: open to all. */
  readonly scope: Scope | undefined;
  readonly doc: string;
  /** JSON of a request body. */
  readonly body?: string;
  /** Status and JSON of a good answer. */
  readonly answer: string;
}

const LOG_ITEMS = `Up to 1,000 items. \`timestamp\`: RFC 3339 text or a number since 1970 in s, ms, us or ns; the time of receipt when missing. \`level\`: any usual name (\`warning\`, \`err\`, \`fatal\`), pino's or syslog's numbers. \`service\`, \`host\`, \`environment\`, \`trace_id\`, \`span_id\` of an item go before those of the request. Every other field becomes an attribute, nested ones with dotted names (\`context.endpoint\`). Unfit items are refused one by one (\`errors\`); 400 \`all_rejected\` when none is left. 202 follows the durable write. Plain, gzip, deflate or zstd.`;

const METRIC_ITEMS = `Up to 1,000 items. Names become lower case with dots. \`type\`: \`gauge\` (default), \`counter\` (cumulative) or \`updown\`; \`unit\` as in UCUM. \`service\`, \`host\` and \`tags\` become labels. \`metrics_per_second\` is the tenant's mean over the last ten seconds. Refusals as for logs.`;

/** Of Prometheus' HTTP API: an address that is asked by GET, and by POST with a form. */
const byGetAndPost = (path: string, doc: string, answer: string): Address[] => (["GET", "POST"] as const).map((method) => ({ route: `${method} ${path}`, scope: "query", doc: method === "GET" ? doc : "The same, with a form.", answer }));

const LABELS = `200 {"status":"success","data":["__name__","service"]}`;

const PROMETHEUS: readonly Address[] = [
  ...byGetAndPost(
    "/api/v1/query",
    "PromQL at one time: `query`, `time` (seconds or RFC 3339), `timeout`, `limit`, `lookback_delta`. This and the addresses that follow are Prometheus' HTTP API, with its envelope (docs/promql.md); a key may also be the password of basic authentication.",
    `200 {"status":"success","data":{"resultType":"vector","result":[{"metric":{"service":"api"},"value":[1795341600,"2.5"]}]}}`,
  ),
  ...byGetAndPost("/api/v1/query_range", "PromQL from `start` to `end` at every `step`; at most 11,000 points.", `200 {"status":"success","data":{"resultType":"matrix","result":[{"metric":{"service":"api"},"values":[[1795341600,"2.5"]]}]}}`),
  ...byGetAndPost(
    "/api/v1/query_exemplars",
    "Exemplars of the series that the selectors of `query` mean, from `start` to `end` (the last 12 hours if not given): at most 10,000, or `limit`, the newest; a warning tells of more.",
    `200 {"status":"success","data":[{"seriesLabels":{"__name__":"http_server_duration_bucket","le":"0.5","service":"api"},"exemplars":[{"labels":{"trace_id":"e21213e17af35d876317b74b510a1b46","span_id":"193a26cc1d3c3d61"},"value":"0.31","timestamp":1795341600.123}]}]}`,
  ),
  ...byGetAndPost("/api/v1/labels", "Names of labels; `match[]`, `start`, `end`, `limit`.", LABELS),
  ...byGetAndPost("/api/v1/series", "Series of any of the selectors `match[]`.", `200 {"status":"success","data":[{"__name__":"up","job":"api"}]}`),
  ...byGetAndPost("/api/v1/format_query", "The `query`, when it can be parsed.", `200 {"status":"success","data":"up"}`),
  { route: "GET /api/v1/label/:name/values", scope: "query", doc: "Values of a label; `match[]`, `start`, `end`, `limit`.", answer: `200 {"status":"success","data":["api","web"]}` },
  { route: "GET /api/v1/metadata", scope: "query", doc: "Type, help and unit of metrics; `metric`, `limit`.", answer: `200 {"status":"success","data":{"up":[{"type":"gauge","help":"","unit":""}]}}` },
  { route: "GET /api/v1/rules", scope: "query", doc: "No rules: there is no ruler.", answer: `200 {"status":"success","data":{"groups":[]}}` },
  { route: "GET /api/v1/alerts", scope: "query", doc: "No alerts: there is no ruler.", answer: `200 {"status":"success","data":{"alerts":[]}}` },
  { route: "GET /api/v1/status/buildinfo", scope: "query", doc: "This backend's version, as clients of Prometheus ask for it.", answer: `200 {"status":"success","data":{"version":"0.1.0","features":{}}}` },
];

export const ADDRESSES: readonly Address[] = [
  {
    route: "POST /api/v1/logs/ingest",
    scope: "ingest",
    doc: LOG_ITEMS,
    body: `{"service":"api-gateway","logs":[{"timestamp":"2026-11-22T10:00:00.123Z","level":"ERROR","message":"Database timeout","context":{"endpoint":"/api/users"}}]}`,
    answer: `202 {"status":"accepted","received":1,"rejected":0,"batch_id":"batch_00c5a1b2d3e4f506-7a8b9c0d-00000001"}`,
  },
  {
    route: "POST /api/v1/metrics/ingest",
    scope: "ingest",
    doc: METRIC_ITEMS,
    body: `{"service":"api-gateway","host":"web-01","metrics":[{"name":"cpu.usage.percent","value":75.3,"timestamp":1795341600,"tags":{"core":"0"}}]}`,
    answer: `202 {"status":"accepted","received":1,"metrics_per_second":0.1}`,
  },
  {
    route: "POST /api/v1/batches/:stream",
    scope: "ingest",
    doc: "What agents send: zstd of a ClickHouse Native block, with the headers of agent/wire/src/envelope.ts. `stream` is logs, spans, samples, histograms, exemplars or series. 200 follows the store's commit.",
    answer: `200 {"stored":16384,"refused":{},"serverTime":"2026-11-22T10:00:00.123Z","storeBoot":"...","policyVersion":1}`,
  },
  {
    route: "POST /api/v1/logs/search",
    scope: "query",
    doc: "Searches logs: words, `\"phrases\"`, `field:value`, AND, OR, NOT and parentheses. Times are ISO 8601, ms since 1970, `now` or `now-1h`; the last hour if not given. `next` continues with `search_after`.",
    body: `{"query":"level:ERROR AND service:api","time_range":{"start":"now-1h","end":"now"},"size":100,"sort":[{"@timestamp":"desc"}],"histogram":{"buckets":60}}`,
    answer: `200 {"hits":{"total":1,"logs":[{"id":"...","timestamp":"2026-11-22T10:00:00.123456789Z","level":"ERROR","service":"api","message":"...","attributes":{}}]},"next":null,"took_ms":12}`,
  },
  { route: "GET /api/v1/logs/fields", scope: "query", doc: "Fields of the newest rows between `start` and `end`, with their most frequent values.", answer: `200 {"fields":[{"name":"level","kind":"core","count":10,"top":[{"value":"INFO","count":9}]}]}` },
  {
    route: "GET /api/v1/metrics/query_range",
    scope: "query",
    doc: "One metric over time: `metric`, `start`, `end`, `step` (seconds), `fn` (avg, min, max, sum, last, rate), `by=label,label`, `match=label:value` (repeatable; `label!:value` excludes).",
    answer: `200 {"metric":"system.cpu.utilization","fn":"avg","step_seconds":60,"result":[{"labels":{"host":"web-01"},"values":[[1795341600,0.25]]}],"took_ms":8}`,
  },
  { route: "GET /api/v1/metrics/names", scope: "query", doc: "Metrics with samples between `start` and `end`.", answer: `200 {"metrics":[{"name":"system.uptime","kind":"gauge","unit":"s","series":1}]}` },
  { route: "GET /api/v1/metrics/labels", scope: "query", doc: "Labels of `metric`, with their values.", answer: `200 {"labels":{"host":["web-01"]}}` },
  ...PROMETHEUS,
  ...PROMETHEUS.map(({ route, ...address }) => ({ ...address, route: route.replace(" ", " /prometheus"), doc: `As \`${route}\`.` })),
  ...LOKI,
  { route: "GET /api/v1/hosts", scope: "query", doc: "Hosts that sent metrics or logs between `start` and `end`, newest first.", answer: `200 {"hosts":[{"host":"web-01","last_seen":"2026-11-22T10:00:00.000Z"}]}` },
  {
    route: "POST /api/v1/fields",
    scope: "ingest",
    doc: "What agents tell of the fields of the logs that they send: types, share of the service's rows, a masked example. At most 5,000 in a request and 20,000 per tenant.",
    body: `{"fields":[{"service":"api","name":"http.route","types":["string"],"share":0.98,"example":"/users"}]}`,
    answer: `200 {"accepted":1,"without_room":0}`,
  },
  {
    route: "GET /api/v1/fields",
    scope: "query",
    doc: "Fields that agents have reported, the most frequent first; of one `service` or of all, at most `limit` (1,000 by default).",
    answer: `200 {"fields":[{"service":"api","name":"http.route","types":["string"],"share":0.98,"example":"/users","first_seen":"2026-11-22T10:00:00.000Z","last_seen":"2026-11-22T10:05:00.000Z"}]}`,
  },
  {
    route: "GET /api/v1/traces/:id",
    scope: "query",
    doc: "All spans of a trace, by start. `id` is its 32 hex digits. 404 when there are none.",
    answer: `200 {"trace_id":"e21213e17af35d876317b74b510a1b46","spans":[{"span_id":"193a26cc1d3c3d61","parent_span_id":"","name":"GET /users","kind":"server","start":"2026-11-22T10:00:00.123456789Z","duration_ns":"2500000","status":"unset","service":"api","attributes":{},"events":[],"links":[]}],"cut":false}`,
  },
  {
    route: "POST /api/v1/query/sql",
    scope: "query",
    doc: "SQL over the tables `logs`, `metrics` and `spans`: one SELECT with joins, subqueries, WITH, UNION and windows, or SHOW TABLES, DESCRIBE. All but `query` may be left out; `format` is `json`, `csv` or `ndjson`. Language, columns, functions and limits: [sql.md](sql.md).",
    body: `{"query":"SELECT service, count() AS errors FROM logs WHERE level = 'ERROR' GROUP BY service ORDER BY errors DESC","time_range":{"start":"now-1h","end":"now"},"limit":1000,"format":"json"}`,
    answer: `200 {"columns":[{"name":"service","type":"LowCardinality(String)"},{"name":"errors","type":"UInt64"}],"rows":[["api",3]],"completeness":{"truncated":false,"weights":false},"took_ms":12}`,
  },
  { route: "GET /api/v1/status", scope: "query", doc: "State of the backend: version, store, disk budget.", answer: `200 {"version":"0.1.0","uptime_seconds":60,"store":{"up":true,"embedded":true,"disk":{"used_bytes":1048576,"max_bytes":10737418240,"oldest_day":"2026-11-22","dropped_bytes":0}},"metadata":{"up":true}}` },
  { route: "POST /api/v1/keys", scope: "admin", doc: "Makes an API key for the caller's tenant. Its secret is in this answer and nowhere else. Scopes: ingest, query, admin.", body: `{"name":"web servers","scopes":["ingest"]}`, answer: `201 {"id":"key_0123456789abcdef","name":"web servers","scopes":["ingest"],"key":"obs_i_..."}` },
  { route: "GET /api/v1/keys", scope: "admin", doc: "Keys of the caller's tenant, without their secrets.", answer: `200 {"keys":[{"id":"key_0123456789abcdef","name":"web servers","scopes":["ingest"],"created_at":"2026-11-22T10:00:00.000Z","last_used_at":null,"revoked_at":null}]}` },
  { route: "DELETE /api/v1/keys/:id", scope: "admin", doc: "Revokes a key: at once here, within 5 s at other backends on the same metadata.", answer: "204" },
  { route: "POST /api/v1/tenants", scope: "admin", doc: "Makes a tenant, and its first key. For administrators of tenant `default`. Also takes `logs_retention_days`, `samples_retention_days`, `max_future_ms`, `rows_per_minute`, `bytes_per_minute`.", body: `{"id":"acme","name":"Acme","logs_retention_days":14}`, answer: `201 {"id":"acme","name":"Acme","policy_version":1,"logs_retention_days":14,"key":"obs_a_..."}` },
  { route: "GET /api/v1/tenants", scope: "admin", doc: "All tenants. For administrators of tenant `default`.", answer: `200 {"tenants":[{"id":"default","name":"Default","created_at":"2026-11-22T10:00:00.000Z"}]}` },
  { route: "PATCH /api/v1/tenants/:id", scope: "admin", doc: "Changes retention or limits; in force everywhere within 5 s. For administrators of tenant `default`.", body: `{"rows_per_minute":20000000}`, answer: `200 {"id":"acme","policy_version":2,"rows_per_minute":20000000}` },
  { route: "POST /api/v1/session", scope: undefined, doc: "Signs a browser in with an API key of scope query: sets the cookie `obs_session`.", body: `{"key":"obs_q_..."}`, answer: `200 {"tenant":"default","scopes":["ingest","query"]}` },
  { route: "GET /api/v1/session", scope: undefined, doc: "Who the key or cookie speaks for; 401 for nobody.", answer: `200 {"tenant":"default","scopes":["query","admin"]}` },
  { route: "POST /api/v1/session/logout", scope: undefined, doc: "Ends the session and removes the cookie.", answer: "204" },
  { route: "GET /signin", scope: undefined, doc: "The link of `npm start` and `obs-backend signin`: `?token=` works once, for ten minutes.", answer: "303 to /" },
  ...ELASTICSEARCH_ADDRESSES,
  { route: "GET /livez", scope: undefined, doc: "The process answers.", answer: `200 {"status":"ok"}` },
  { route: "GET /readyz", scope: undefined, doc: "503 while the store or the metadata is away.", answer: `200 {"status":"ok","checks":{"store":true,"metadata":true}}` },
  { route: "GET /healthz", scope: undefined, doc: "200 as long as the process answers, with what it lacks.", answer: `200 {"status":"ok","checks":{"store":true,"metadata":true}}` },
  { route: "GET /metrics", scope: undefined, doc: "The backend's own metrics (docs/metrics.md) as Prometheus text.", answer: "200" },
  { route: "GET /*", scope: undefined, doc: "The dashboard.", answer: "200" },
];
