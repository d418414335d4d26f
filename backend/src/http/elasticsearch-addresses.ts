/** The addresses of Elasticsearch's API (docs/elasticsearch.md), for docs/http-api.md. */

import type { Address } from "./addresses.ts";

type Method = "GET" | "POST" | "PUT" | "DELETE";

/** For one index, several or a pattern, and for all. */
const ofIndices = (methods: readonly Method[], path: string, doc: string, answer: string): Address[] =>
  [`/es/:index${path}`, `/es${path}`].flatMap((address, i) => methods.map((method, j) => ({ route: `${method} ${address}`, scope: "query" as const, doc: i + j === 0 ? doc : i === 0 ? "The same." : "The same, of all indices.", answer })));

const HITS = `200 {"took":5,"timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0},"hits":{"total":{"value":1,"relation":"eq"},"max_score":1,"hits":[{"_index":"logs-2026.11.22","_id":"00c5a1b2d3e4f506-7a8b9c0d-00000001-0","_score":1,"_source":{"@timestamp":"2026-11-22T10:00:00.123000000Z","message":"Database timeout","level":"ERROR"}}]}}`;

const WRITTEN_MEMBERS = `"_index":"app","_id":"00c5a1b2d3e4f506-7a8b9c0d-00000001-0","_version":1,"result":"created","_shards":{"total":1,"successful":1,"failed":0},"_seq_no":0,"_primary_term":1`;
const WRITTEN = `201 {${WRITTEN_MEMBERS}}`;
const BULK = `200 {"took":3,"errors":false,"items":[{"index":{${WRITTEN_MEMBERS},"status":201}}]}`;
const DOCUMENT = `{"@timestamp":"2026-11-22T10:00:00.123Z","message":"Database timeout","log":{"level":"error"}}`;

export const ELASTICSEARCH_ADDRESSES: readonly Address[] = [
  { route: "GET /es/", scope: "query", doc: "What Elasticsearch's clients ask first. The API under /es is docs/elasticsearch.md; keys go as `ApiKey`, `Bearer` or the password of `Basic`.", answer: `200 {"name":"obs","cluster_name":"obs","version":{"number":"9.1.0","build_flavor":"default"},"tagline":"You Know, for Search"}` },
  { route: "GET /es/_cluster/health", scope: "query", doc: "`green`, or `red` while the store cannot be reached.", answer: `200 {"cluster_name":"obs","status":"green","timed_out":false}` },
  { route: "GET /es/_cluster/health/:index", scope: "query", doc: "The same.", answer: `200 {"cluster_name":"obs","status":"green","timed_out":false}` },
  { route: "GET /es/_license", scope: "query", doc: "That nothing is kept from shippers that ask.", answer: `200 {"license":{"status":"active","type":"basic"}}` },
  ...(["POST", "PUT"] as const).flatMap((method) =>
    ["/es/_bulk", "/es/:index/_bulk"].map((path, i): Address => ({ route: `${method} ${path}`, scope: "ingest", doc: i === 0 && method === "POST" ? "Writes logs: actions (`index`, `create`) and documents in turn, one in a line; up to 10,000 actions, 16 MB. Answers after the durable write, for each action; `update` and `delete` are refused." : "The same.", answer: BULK })),
  ),
  { route: "POST /es/:index/_doc", scope: "ingest", doc: "Writes one document.", body: DOCUMENT, answer: WRITTEN },
  ...(["POST", "PUT"] as const).flatMap((method) => ["_doc", "_create"].map((name): Address => ({ route: `${method} /es/:index/${name}/:id`, scope: "ingest", doc: "Writes one document under an id of its writer's; what has that id already stays too.", body: DOCUMENT, answer: WRITTEN }))),
  ...ofIndices(["GET"], "/_mapping", "Fields and their types.", `200 {"logs":{"mappings":{"properties":{"@timestamp":{"type":"date"},"level":{"type":"keyword"}}}}}`),
  ...ofIndices(["GET", "POST"], "/_field_caps", "Fields and what can be done with them; `fields`.", `200 {"indices":["logs"],"fields":{"level":{"keyword":{"type":"keyword","metadata_field":false,"searchable":true,"aggregatable":true}}}}`),
  ...ofIndices(["GET", "POST"], "/_search", "Elasticsearch's query DSL over logs.", HITS),
  ...ofIndices(["GET", "POST"], "/_msearch", "Several searches, as JSON by the line: a header (`{\"index\":\"logs\"}`) and a search in turn.", `200 {"took":5,"responses":[{"status":200,"hits":{"total":{"value":1,"relation":"eq"},"hits":[]}}]}`),
  ...ofIndices(["POST"], "/_async_search", "A search that is done when its answer comes; it has no id.", `200 {"is_partial":false,"is_running":false,"response":{"hits":{"total":{"value":1,"relation":"eq"},"hits":[]}}}`),
  ...(["GET", "POST"] as const).map((method): Address => ({ route: `${method} /es/_search/scroll`, scope: "query", doc: "The next page of a search that was asked with `?scroll=1m`.", body: `{"scroll":"1m","scroll_id":"q1YqTs7JSVWyMtRRSkzOyC9SslIqKSpNBQA"}`, answer: HITS })),
  { route: "DELETE /es/_search/scroll", scope: "query", doc: "Ends a scroll. Nothing is kept of one, so that nothing happens.", body: `{"scroll_id":"q1YqTs7JSVWyMtRRSkzOyC9SslIqKSpNBQA"}`, answer: `200 {"succeeded":true,"num_freed":1}` },
  { route: "POST /es/:index/_pit", scope: "query", doc: "A point in time, for searches with `pit`: rows that were received by now.", answer: `200 {"id":"q1YqTs7JSVWyMtRRSkzOyC9SslIqKSpNBQA","_shards":{"total":1,"successful":1,"skipped":0,"failed":0}}` },
  { route: "DELETE /es/_pit", scope: "query", doc: "Ends a point in time. Nothing is kept of one, so that nothing happens.", body: `{"id":"q1YqTs7JSVWyMtRRSkzOyC9SslIqKSpNBQA"}`, answer: `200 {"succeeded":true,"num_freed":1}` },
  { route: "GET /es/:index/_doc/:id", scope: "query", doc: "One document.", answer: `200 {"_index":"app","_id":"00c5a1b2d3e4f506-7a8b9c0d-00000001-0","_version":1,"found":true,"_source":{"message":"Database timeout"}}` },
  { route: "GET /es/:index", scope: "query", doc: "Mappings and settings of an index; by HEAD, whether there is one.", answer: `200 {"logs":{"aliases":{},"mappings":{"properties":{"@timestamp":{"type":"date"}}},"settings":{"index":{"number_of_shards":"1"}}}}` },
  ...["/es/_cat/indices", "/es/_cat/indices/:index"].map((path): Address => ({ route: `GET ${path}`, scope: "query", doc: "Indices and their numbers of rows; `format=json`, `v`, `h`.", answer: "200 green open logs-2026.11.22 1 0 1234 0" })),
  ...ofIndices(["GET", "POST"], "/_count", "How many rows match.", `200 {"count":1,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0}}`),
  ...(["GET", "POST", "PUT", "DELETE"] as const).map((method) => ({ route: `${method} /es/*`, scope: "query" as const, doc: "What there is not of Elasticsearch's API.", answer: `400 {"error":{"root_cause":[],"type":"illegal_argument_exception","reason":"no handler found for uri [/a/_b] and method [${method}]"},"status":400}` })),
];
