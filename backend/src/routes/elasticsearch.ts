/**
 * What Elasticsearch's clients, shippers and Grafana ask, under `/es`.
 * Source: elastic.co/docs/api/doc/elasticsearch
 */

import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import { illegalArgument, type ElasticsearchQueries, type ElasticsearchRequest, type Parameters } from "../core/elasticsearch.ts";
import { whenGone } from "../core/gone.ts";
import type { BodyText, RequireScope } from "../core/request.ts";
import { ApiError } from "../errors.ts";
import { ELASTICSEARCH_PREFIX as PREFIX, speakElasticsearch } from "./elasticsearch-speech.ts";

export interface ElasticsearchRouteOptions {
  readonly elasticsearch: ElasticsearchQueries;
  readonly requireScope: RequireScope;
  readonly bodyText: BodyText;
}

/** What answers say they are: the release whose API this is. Clients refuse servers that are older than they. */
const SERVER_VERSION = "9.1.0";
/** A search with filters; a dashboard's worth of them. */
const MAX_SEARCH_BYTES = 1024 * 1024;

type Method = "GET" | "POST" | "DELETE";
type Ask = (request: FastifyRequest, gone: AbortSignal) => Promise<unknown>;

const answer = (ask: Ask) => (request: FastifyRequest, reply: FastifyReply) => ask(request, whenGone(reply));

export const elasticsearchRoutes = ({ elasticsearch, requireScope, bodyText }: ElasticsearchRouteOptions): FastifyPluginAsync => async (app) => {
  speakElasticsearch(app, bodyText);

  const onRequest = requireScope("query");
  const read = (method: Method | readonly Method[], paths: readonly string[], ask: Ask): void => {
    for (const path of paths) app.route({ method: [method].flat() as string[], url: PREFIX + path, onRequest, bodyLimit: MAX_SEARCH_BYTES, handler: answer(ask) });
  };
  const requestOf = ({ params, query, body }: FastifyRequest): ElasticsearchRequest => ({
    index: (params as { index?: string }).index,
    parameters: query as Parameters,
    ...(typeof body === "string" && body.trim() !== "" && { body: bodyText.parse(body) }),
  });
  /** JSON by the line. */
  const linesOf = (request: FastifyRequest): ElasticsearchRequest => ({
    index: (request.params as { index?: string }).index,
    parameters: request.query as Parameters,
    body: String(request.body ?? "").split("\n").filter((line) => line.trim() !== "").map((line) => bodyText.parse(line)),
  });
  const asked = (ask: ElasticsearchQueries["search"]): Ask => (request, gone) => ask(request.principal.tenant, requestOf(request), gone);

  /** What shippers ask too, whose keys cannot query. */
  const eitherScope = async (request: FastifyRequest): Promise<void> => {
    try {
      await requireScope("ingest")(request);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "forbidden") throw error;
      await requireScope("query")(request);
    }
  };
  const tell = (path: string, facts: () => object): void => {
    app.get(PREFIX + path, { onRequest: eitherScope }, async () => facts());
  };

  tell("/", () => ({
    name: "obs",
    cluster_name: "obs",
    cluster_uuid: "obs",
    version: { number: SERVER_VERSION, build_flavor: "default", build_type: "tar", build_hash: "obs", build_date: "2026-01-01T00:00:00.000Z", build_snapshot: false, lucene_version: "10.2.2", minimum_wire_compatibility_version: "8.19.0", minimum_index_compatibility_version: "8.0.0" },
    tagline: "You Know, for Search",
  }));
  const health = () => ({
    cluster_name: "obs", status: elasticsearch.available ? "green" : "red", timed_out: false, number_of_nodes: 1, number_of_data_nodes: 1, active_primary_shards: Number(elasticsearch.available), active_shards: Number(elasticsearch.available), relocating_shards: 0, initializing_shards: 0, unassigned_shards: 0,
    delayed_unassigned_shards: 0, number_of_pending_tasks: 0, number_of_in_flight_fetch: 0, task_max_waiting_in_queue_millis: 0, active_shards_percent_as_number: elasticsearch.available ? 100 : 0,
  });
  tell("/_cluster/health", health);
  tell("/_cluster/health/:index", health);
  // Shippers ask whether what they want to use may be used.
  tell("/_license", () => ({ license: { status: "active", uid: "obs", type: "basic", issued_to: "obs", issuer: "obs" } }));
  read("GET", ["/_mapping", "/:index/_mapping"], asked(elasticsearch.mapping));
  read(["GET", "POST"], ["/_field_caps", "/:index/_field_caps"], asked(elasticsearch.fieldCapabilities));
  read(["GET", "POST"], ["/_search", "/:index/_search"], asked(elasticsearch.search));
  read(["GET", "POST"], ["/_msearch", "/:index/_msearch"], (request, gone) => elasticsearch.multiSearch(request.principal.tenant, linesOf(request), gone));
  read("POST", ["/_async_search", "/:index/_async_search"], asked(elasticsearch.asyncSearch));
  read(["GET", "POST"], ["/_search/scroll"], asked(elasticsearch.nextPage));
  read("DELETE", ["/_search/scroll"], asked(elasticsearch.closeScrolls));
  read("POST", ["/:index/_pit"], asked(elasticsearch.openPointInTime));
  read("DELETE", ["/_pit"], asked(elasticsearch.closePointInTime));
  read("GET", ["/:index/_doc/:id"], (request, gone) => elasticsearch.document(request.principal.tenant, { ...requestOf(request), id: (request.params as { id: string }).id }, gone));
  read("GET", ["/:index"], asked(elasticsearch.describeIndex));
  read("GET", ["/_cat/indices", "/_cat/indices/:index"], (request, gone) => elasticsearch.listIndices(request.principal.tenant, requestOf(request), gone));
  read(["GET", "POST"], ["/_count", "/:index/_count"], asked(elasticsearch.count));

  // The dashboard answers every other GET: this must not be one of its pages.
  app.route({
    method: ["GET", "POST", "PUT", "DELETE"],
    url: `${PREFIX}/*`,
    onRequest,
    handler: async ({ method, url }) => {
      throw illegalArgument(`no handler found for uri [${url.split("?", 1)[0]!.slice(PREFIX.length)}] and method [${method}]`);
    },
  });
};
