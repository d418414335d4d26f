/** Every answer that is an error has one form: `{"error": {"code", "message", "details"?}}`. */

import type { ErrorBody } from "@obs/wire";
import type { FastifyInstance, FastifyReply } from "fastify";
import { ApiError } from "../errors.ts";

const bodyOf = (error: ApiError): ErrorBody => ({
  error: { code: error.code, message: error.message, ...(error.details !== undefined && { details: error.details }) },
});

const send = (reply: FastifyReply, error: ApiError): FastifyReply => {
  if (error.retryAfterSeconds !== undefined) reply.header("retry-after", String(error.retryAfterSeconds));
  if (error.code === "unauthorized") reply.header("www-authenticate", 'Bearer realm="obs"');
  return reply.code(error.status).send(bodyOf(error));
};

interface HttpError extends Error {
  code?: string;
  statusCode?: number;
}

/** Fastify's own refusals, in our codes. */
const translate = (error: HttpError): ApiError => {
  const options = { cause: error };
  if (error.statusCode === 413) return new ApiError("too_large", "The body is larger than this address takes.", options);
  if (error.statusCode === 415) return new ApiError("unsupported_media_type", "This address takes Content-Type: application/json.", options);
  if (error.code === "FST_ERR_CTP_EMPTY_JSON_BODY") return new ApiError("invalid_json", "The body is empty.", options);
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) return new ApiError("invalid_request", error.message, options);
  return new ApiError("internal", "The backend failed to answer this request; its log has the details.", options);
};

export const answerErrors = (app: FastifyInstance): void => {
  app.setErrorHandler((thrown: HttpError, request, reply) => {
    const error = thrown instanceof ApiError ? thrown : translate(thrown);
    if (error.code === "metadata_unavailable") request.log.warn({ reason: String(error.cause) }, error.message);
    else if (error.status >= 500 && error.code !== "store_unavailable") request.log.error({ err: thrown }, error.message);
    return send(reply, error);
  });
  app.setNotFoundHandler((request, reply) => send(reply, new ApiError("not_found", `There is nothing at ${request.method} ${request.url.split("?", 1)[0]}.`)));
};
