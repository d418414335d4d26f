/**
 * Elasticsearch's API under `/es`, as its clients, shippers and Grafana ask it. Its own form of errors,
 * also for faults of authentication, and the header by which its clients know it.
 * Source: elastic.co/docs/api/doc/elasticsearch
 */

import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import { asElasticsearchError, errorBody, illegalArgument, type ElasticsearchQueries, type ElasticsearchRequest, type Parameters } from "../core/elasticsearch.ts";
import { whenGone } from "../core/gone.ts";
import type { BodyText, RequireScope } from "../core/request.ts";
import { ApiError } from "../errors.ts";

export interface ElasticsearchRouteOptions {
  readonly elasticsearch: ElasticsearchQueries;
  readonly requireScope: RequireScope;
  readonly bodyText: BodyText;
}

const PREFIX = "/es";
/** What answers say they are: the release whose API this is. Clients refuse servers that are older than they. */
const SERVER_VERSION = "9.1.0";
/** A search with filters; a dashboard's worth of them. */
const MAX_SEARCH_BYTES = 1024 * 1024;
/** Clients that speak of a release get their answer as one of it. */
const JSON_TYPES = /^application\/(?:vnd\.elasticsearch\+)?(?:x-nd)?json(?:\s*;|$)/;

const sendFault = (error: Error & { readonly statusCode?: number }, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
  const fault = asElasticsearchError(error);
  if (fault.status >= 500 && fault.status !== 503) request.log.error({ err: error }, fault.message);
  if (error instanceof ApiError && error.retryAfterSeconds !== undefined) reply.header("retry-after", String(error.retryAfterSeconds));
  if (fault.status === 401) reply.header("www-authenticate", ['ApiKey realm="obs"', 'Bearer realm="obs"', 'Basic realm="obs"']);
  return reply.code(fault.status).send(errorBody(fault));
};

type Ask = (request: FastifyRequest, gone: AbortSignal) => Promise<unknown>;

const answer = (ask: Ask) => (request: FastifyRequest, reply: FastifyReply) => ask(request, whenGone(reply));

export const elasticsearchRoutes = ({ elasticsearch, requireScope, bodyText }: ElasticsearchRouteOptions): FastifyPluginAsync => async (app) => {
  bodyText.accept(app, JSON_TYPES);
  app.setErrorHandler(sendFault);
  app.addHook("onSend", async (request, reply, payload) => {
    reply.header("x-elastic-product", "Elasticsearch");
    const accept = request.headers.accept;
    if (accept?.startsWith("application/vnd.elasticsearch+json") && String(reply.getHeader("content-type")).startsWith("application/json")) reply.header("content-type", accept.split(",")[0]!);
    return payload;
  });

  const onRequest = requireScope("query");
  const read = (method: "GET" | "POST" | readonly ("GET" | "POST")[], paths: readonly string[], ask: Ask): void => {
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

  read("GET", ["/"], async () => ({
    name: "obs",
    cluster_name: "obs",
    cluster_uuid: "obs",
    version: { number: SERVER_VERSION, build_flavor: "default", build_type: "tar", build_hash: "obs", build_date: "2026-01-01T00:00:00.000Z", build_snapshot: false, lucene_version: "10.2.2", minimum_wire_compatibility_version: "8.19.0", minimum_index_compatibility_version: "8.0.0" },
    tagline: "You Know, for Search",
  }));
  read("GET", ["/_cluster/health", "/_cluster/health/:index"], async () => ({
    cluster_name: "obs", status: "green", timed_out: false, number_of_nodes: 1, number_of_data_nodes: 1, active_primary_shards: 1, active_shards: 1, relocating_shards: 0, initializing_shards: 0, unassigned_shards: 0,
    delayed_unassigned_shards: 0, number_of_pending_tasks: 0, number_of_in_flight_fetch: 0, task_max_waiting_in_queue_millis: 0, active_shards_percent_as_number: 100,
  }));
  read("GET", ["/_mapping", "/:index/_mapping"], asked(elasticsearch.mapping));
  read(["GET", "POST"], ["/_field_caps", "/:index/_field_caps"], asked(elasticsearch.fieldCapabilities));
  read(["GET", "POST"], ["/_search", "/:index/_search"], asked(elasticsearch.search));
  read(["GET", "POST"], ["/_msearch", "/:index/_msearch"], (request, gone) => elasticsearch.multiSearch(request.principal.tenant, linesOf(request), gone));
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
