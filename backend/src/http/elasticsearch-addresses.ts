/** The addresses of Elasticsearch's API (docs/elasticsearch.md), for docs/http-api.md. */

import type { Address } from "./addresses.ts";

type Method = "GET" | "POST" | "PUT" | "DELETE";

/** For one index, several or a pattern, and for all. */
const ofIndices = (methods: readonly Method[], path: string, doc: string, answer: string): Address[] =>
  [`/es/:index${path}`, `/es${path}`].flatMap((address, i) => methods.map((method, j) => ({ route: `${method} ${address}`, scope: "query" as const, doc: i + j === 0 ? doc : i === 0 ? "The same." : "The same, of all indices.", answer })));

const HITS = `200 {"took":5,"timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0},"hits":{"total":{"value":1,"relation":"eq"},"max_score":1,"hits":[{"_index":"logs-2026.11.22","_id":"00c5a1b2d3e4f506-7a8b9c0d-00000001-0","_score":1,"_source":{"@timestamp":"2026-11-22T10:00:00.123000000Z","message":"Database timeout","level":"ERROR"}}]}}`;

export const ELASTICSEARCH_ADDRESSES: readonly Address[] = [
  { route: "GET /es/", scope: "query", doc: "What Elasticsearch's clients ask first. The API under /es is docs/elasticsearch.md; keys go as `ApiKey`, `Bearer` or the password of `Basic`.", answer: `200 {"name":"obs","cluster_name":"obs","version":{"number":"9.1.0","build_flavor":"default"},"tagline":"You Know, for Search"}` },
  { route: "GET /es/_cluster/health", scope: "query", doc: "Always green: /readyz tells whether the store can be reached.", answer: `200 {"cluster_name":"obs","status":"green","timed_out":false}` },
  { route: "GET /es/_cluster/health/:index", scope: "query", doc: "The same.", answer: `200 {"cluster_name":"obs","status":"green","timed_out":false}` },
  ...ofIndices(["GET"], "/_mapping", "Fields and their types.", `200 {"logs":{"mappings":{"properties":{"@timestamp":{"type":"date"},"level":{"type":"keyword"}}}}}`),
  ...ofIndices(["GET", "POST"], "/_field_caps", "Fields and what can be done with them; `fields`.", `200 {"indices":["logs"],"fields":{"level":{"keyword":{"type":"keyword","metadata_field":false,"searchable":true,"aggregatable":true}}}}`),
  ...ofIndices(["GET", "POST"], "/_search", "Elasticsearch's query DSL over logs.", HITS),
  ...ofIndices(["GET", "POST"], "/_msearch", "Several searches, as JSON by the line: a header (`{\"index\":\"logs\"}`) and a search in turn.", `200 {"took":5,"responses":[{"status":200,"hits":{"total":{"value":1,"relation":"eq"},"hits":[]}}]}`),
  ...ofIndices(["GET", "POST"], "/_count", "How many rows match.", `200 {"count":1,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0}}`),
  ...(["GET", "POST", "PUT", "DELETE"] as const).map((method) => ({ route: `${method} /es/*`, scope: "query" as const, doc: "What there is not of Elasticsearch's API.", answer: `400 {"error":{"root_cause":[],"type":"illegal_argument_exception","reason":"no handler found for uri [/a/_b] and method [${method}]"},"status":400}` })),
];
