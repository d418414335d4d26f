/** Addresses of Loki's HTTP API, for docs/http-api.md. */

import type { Address } from "./addresses.ts";

const byGetAndPost = (path: string, doc: string, answer: string): Address[] => (["GET", "POST"] as const).map((method) => ({ route: `${method} ${path}`, scope: "query", doc: method === "GET" ? doc : "The same, with a form.", answer }));

export const LOKI: readonly Address[] = [
  ...byGetAndPost(
    "/loki/api/v1/query",
    "LogQL at one time: `query`, `time` (ns or s since 1970, RFC 3339). This and the addresses that follow are Loki's HTTP API (docs/logql.md): faults are plain text.",
    `200 {"status":"success","data":{"resultType":"vector","result":[{"metric":{"level":"error"},"value":[1795341600,"3"]}],"stats":{}}}`,
  ),
  ...byGetAndPost(
    "/loki/api/v1/query_range",
    "LogQL from `start` to `end`: entries (`limit`, `direction`, `interval`) or numbers (`step`). `since` in place of `start`.",
    `200 {"status":"success","data":{"resultType":"streams","result":[{"stream":{"service_name":"api","level":"error"},"values":[["1795341600000000000","boom"]]}],"stats":{}}}`,
  ),
  ...byGetAndPost("/loki/api/v1/labels", "Names of labels of streams; `query`, `start`, `end`, `since`.", `200 {"status":"success","data":["host","level","service","service_name"]}`),
  { route: "GET /loki/api/v1/label/:name/values", scope: "query", doc: "Values of a label or of structured metadata; `query`, `start`, `end`, `since`.", answer: `200 {"status":"success","data":["api","web"]}` },
  ...byGetAndPost("/loki/api/v1/series", "Label sets of streams of any of the selectors `match[]`.", `200 {"status":"success","data":[{"service_name":"api","service":"api","level":"error"}]}`),
  ...byGetAndPost("/loki/api/v1/format_query", "The `query`, when it can be parsed.", `200 {"status":"success","data":"{service=\\"api\\"}"}`),
  { route: "GET /loki/api/v1/status/buildinfo", scope: "query", doc: "This backend's version, as clients of Loki ask for it.", answer: `200 {"version":"0.1.0","revision":"","branch":"","buildUser":"","buildDate":"","goVersion":""}` },
];
