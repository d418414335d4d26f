/** What Elasticsearch's clients and shippers write, under `/es`: `_bulk`, and one document at a time. */

import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import { ElasticsearchError, type WriteBulk } from "../core/elasticsearch.ts";
import type { PolicyOf } from "../core/metadata.ts";
import type { BodyText, RequireScope } from "../core/request.ts";
import type { Telemetry } from "../core/telemetry.ts";
import { ApiError } from "../errors.ts";
import { ELASTICSEARCH_PREFIX as PREFIX, speakElasticsearch } from "./elasticsearch-speech.ts";

/** As the JSON doors, plain or unpacked. */
const MAX_BULK_BYTES = 16 * 1024 * 1024;

export interface ElasticsearchWriteRouteOptions {
  readonly bulk: WriteBulk;
  readonly policyOf: PolicyOf;
  readonly requireScope: RequireScope;
  readonly bodyText: BodyText;
  readonly telemetry: Telemetry;
}

export const elasticsearchWriteRoutes = ({ bulk, policyOf, requireScope, bodyText, telemetry }: ElasticsearchWriteRouteOptions): FastifyPluginAsync => {
  const write = async (request: FastifyRequest, text: string) => {
    const policy = await policyOf(request.principal.tenant);
    if (!policy) throw new ApiError("unauthorized", "The key's tenant is gone.");
    const answer = await bulk(policy, { index: (request.params as { index?: string }).index, text, bytes: request.bodyBytes });
    telemetry.add("obs_door_items_total", { signal: "logs", outcome: "accepted" }, answer.accepted);
    telemetry.add("obs_door_items_total", { signal: "logs", outcome: "rejected" }, answer.rejected);
    return answer.body;
  };

  /** One document is a bulk of one. */
  const writeOne = (type: "index" | "create") => async (request: FastifyRequest, reply: FastifyReply) => {
    const { id } = request.params as { id?: string };
    const text = String(request.body ?? "");
    bodyText.parse(text);
    // No string of JSON holds a line feed as it is.
    const source = text.replaceAll(/[\r\n]+/g, " ");
    const { items } = await write(request, `${JSON.stringify({ [type]: { ...(id !== undefined && { _id: id }) } })}\n${source}\n`);
    const { error, status, ...written } = Object.values(items[0]!)[0] as { error?: { type: string; reason: string }; status: number };
    if (error) throw new ElasticsearchError(status, error.type, error.reason);
    return reply.code(status).send(written);
  };

  return async (app) => {
    speakElasticsearch(app, bodyText);
    const writing = { onRequest: requireScope("ingest"), bodyLimit: MAX_BULK_BYTES };
    for (const path of ["/_bulk", "/:index/_bulk"]) app.route({ method: ["POST", "PUT"], url: PREFIX + path, ...writing, handler: (request) => write(request, String(request.body ?? "")) });
    app.post(`${PREFIX}/:index/_doc`, writing, writeOne("index"));
    app.route({ method: ["POST", "PUT"], url: `${PREFIX}/:index/_doc/:id`, ...writing, handler: writeOne("index") });
    app.route({ method: ["POST", "PUT"], url: `${PREFIX}/:index/_create/:id`, ...writing, handler: writeOne("create") });
  };
};
