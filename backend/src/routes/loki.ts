/**
 * Loki's HTTP API, as Grafana, logcli and other clients of Loki ask it. Faults are plain text, as Loki's are.
 * Source: grafana.com/docs/loki/latest/reference/loki-http-api
 */

import formBody from "@fastify/formbody";
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import { whenGone } from "../core/gone.ts";
import { isLokiFault, type LokiQueries, type LokiRequest } from "../core/loki.ts";
import type { RequireScope } from "../core/request.ts";
import { ApiError } from "../errors.ts";

export interface LokiRouteOptions {
  readonly loki: LokiQueries;
  readonly requireScope: RequireScope;
  readonly version: string;
}

type Parameters = LokiRequest["parameters"];

const sendFault = (reply: FastifyReply, error: unknown): FastifyReply => {
  void reply.type("text/plain; charset=utf-8");
  if (isLokiFault(error)) return reply.code(400).send(error.message);
  if (!(error instanceof ApiError)) throw error;
  if (error.retryAfterSeconds !== undefined) void reply.header("retry-after", error.retryAfterSeconds);
  return reply.code(error.status).send(error.message);
};

/** Of the address and of a form; a form's win. */
const parametersOf = ({ query, body }: FastifyRequest): Parameters => ({ ...(query as Parameters), ...(typeof body === "object" && body !== null ? (body as Parameters) : {}) });

const requestOf = (request: FastifyRequest, reply: FastifyReply): LokiRequest => ({
  tenant: request.principal.tenant,
  parameters: parametersOf(request),
  categorizeLabels: String(request.headers["x-loki-response-encoding-flags"] ?? "").split(",").some((flag) => flag.trim() === "categorize-labels"),
  signal: whenGone(reply),
});

type Ask = (request: LokiRequest, raw: FastifyRequest) => Promise<unknown>;

const answering = (ask: Ask) => async (request: FastifyRequest, reply: FastifyReply) => {
  try {
    return await ask(requestOf(request, reply), request);
  } catch (error) {
    return sendFault(reply, error);
  }
};

export const lokiRoutes = ({ loki, requireScope, version }: LokiRouteOptions): FastifyPluginAsync => async (app) => {
  await app.register(formBody);
  const onRequest = requireScope("query");
  const both = (path: string, ask: Ask): void => {
    app.route({ method: ["GET", "POST"], url: path, onRequest, handler: answering(ask) });
  };

  both("/loki/api/v1/query", loki.instant);
  both("/loki/api/v1/query_range", loki.range);
  both("/loki/api/v1/labels", loki.labels);
  both("/loki/api/v1/series", loki.series);
  both("/loki/api/v1/format_query", loki.formatQuery);
  app.get("/loki/api/v1/label/:name/values", { onRequest }, answering((request, { params }) => loki.labelValues({ ...request, name: (params as { name: string }).name })));
  app.get("/loki/api/v1/status/buildinfo", { onRequest }, async () => ({ version, revision: "", branch: "", buildUser: "", buildDate: "", goVersion: "" }));
};
