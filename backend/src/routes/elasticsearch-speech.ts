/**
 * What all addresses of Elasticsearch's API have in common: bodies by many names, its own form of errors,
 * also for faults of authentication, and the header by which its clients know it.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { asElasticsearchError, errorBody } from "../core/elasticsearch.ts";
import type { BodyText } from "../core/request.ts";
import { ApiError } from "../errors.ts";

export const ELASTICSEARCH_PREFIX = "/es";

/** Clients that speak of a release get their answer as one of it. */
const JSON_TYPES = /^application\/(?:vnd\.elasticsearch\+)?(?:x-nd)?json(?:\s*;|$)/;

const sendFault = (error: Error & { readonly statusCode?: number }, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
  const fault = asElasticsearchError(error);
  if (fault.status >= 500 && fault.status !== 503) request.log.error({ err: error }, fault.message);
  if (error instanceof ApiError && error.retryAfterSeconds !== undefined) reply.header("retry-after", String(error.retryAfterSeconds));
  if (fault.status === 401) reply.header("www-authenticate", ['ApiKey realm="obs"', 'Bearer realm="obs"', 'Basic realm="obs"']);
  return reply.code(fault.status).send(errorBody(fault));
};

/** For the routes of this plugin. */
export const speakElasticsearch = (app: FastifyInstance, bodyText: BodyText): void => {
  bodyText.accept(app, JSON_TYPES);
  app.setErrorHandler(sendFault);
  app.addHook("onSend", async (request, reply, payload) => {
    reply.header("x-elastic-product", "Elasticsearch");
    const release = /^application\/vnd\.elasticsearch\+json\s*;\s*compatible-with=(\d{1,2})\b/.exec(request.headers.accept ?? "")?.[1];
    if (release !== undefined && String(reply.getHeader("content-type")).startsWith("application/json")) reply.header("content-type", `application/vnd.elasticsearch+json;compatible-with=${release}`);
    return payload;
  });
};
