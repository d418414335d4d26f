/**
 * Prometheus' HTTP API, as Grafana, promtool and other clients of Prometheus ask it. Its own envelope, also for
 * faults: `status`, `data`, `errorType`, `error`, `warnings`, `infos`.
 * Source: prometheus.io/docs/prometheus/latest/querying/api
 */

import formBody from "@fastify/formbody";
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import { whenGone } from "../core/gone.ts";
import { isQueryFault, type PrometheusAnswer, type PrometheusQueries } from "../core/prometheus.ts";
import type { RequireScope } from "../core/request.ts";
import { ApiError } from "../errors.ts";

export interface PrometheusRouteOptions {
  readonly prometheus: PrometheusQueries;
  readonly requireScope: RequireScope;
  readonly version: string;
}

type Parameters = Readonly<Record<string, string | readonly string[] | undefined>>;

const ERROR_TYPES: Readonly<Record<string, { readonly status: number; readonly errorType: string }>> = {
  query_timeout: { status: 503, errorType: "timeout" },
  query_failed: { status: 422, errorType: "execution" },
  store_unavailable: { status: 503, errorType: "unavailable" },
  rate_limited: { status: 429, errorType: "unavailable" },
};

const sendFault = (reply: FastifyReply, error: unknown): FastifyReply => {
  if (isQueryFault(error)) return reply.code(error.type === "bad_data" ? 400 : 422).send({ status: "error", errorType: error.type, error: error.message });
  const known = error instanceof ApiError ? ERROR_TYPES[error.code] : undefined;
  if (!known) throw error;
  return reply.code(known.status).send({ status: "error", errorType: known.errorType, error: (error as Error).message });
};

const succeed = ({ data, warnings = [], infos = [] }: PrometheusAnswer) => ({ status: "success", data, ...(warnings.length > 0 && { warnings }), ...(infos.length > 0 && { infos }) });

/** Of the address and of a form; a form's win. */
const parametersOf = ({ query, body }: FastifyRequest): Parameters => ({ ...(query as Parameters), ...(typeof body === "object" && body !== null ? (body as Parameters) : {}) });

type Ask = (request: FastifyRequest, gone: AbortSignal) => Promise<PrometheusAnswer>;

const answering = (ask: Ask) => async (request: FastifyRequest, reply: FastifyReply) => {
  try {
    return succeed(await ask(request, whenGone(reply)));
  } catch (error) {
    return sendFault(reply, error);
  }
};

/** Bare, and under a prefix of its own, for those who keep APIs apart. */
const PREFIXES = ["", "/prometheus"] as const;

export const prometheusRoutes = ({ prometheus, requireScope, version }: PrometheusRouteOptions): FastifyPluginAsync => async (app) => {
  await app.register(formBody);
  const onRequest = requireScope("query");
  const on = (method: ("GET" | "POST")[]) => (path: string, ask: Ask): void => {
    for (const prefix of PREFIXES) app.route({ method, url: `${prefix}/api/v1${path}`, onRequest, handler: answering(ask) });
  };
  const both = on(["GET", "POST"]);
  const get = on(["GET"]);

  both("/query", (request, gone) => prometheus.instant(request.principal.tenant, parametersOf(request), gone));
  both("/query_range", (request, gone) => prometheus.range(request.principal.tenant, parametersOf(request), gone));
  both("/query_exemplars", (request, gone) => prometheus.exemplars(request.principal.tenant, parametersOf(request), gone));
  both("/labels", (request, gone) => prometheus.labels(request.principal.tenant, parametersOf(request), gone));
  both("/series", (request, gone) => prometheus.series(request.principal.tenant, parametersOf(request), gone));
  both("/format_query", (request, gone) => prometheus.formatQuery(request.principal.tenant, parametersOf(request), gone));
  get("/label/:name/values", (request, gone) => prometheus.labelValues(request.principal.tenant, (request.params as { name: string }).name, parametersOf(request), gone));
  get("/metadata", (request, gone) => prometheus.metadata(request.principal.tenant, parametersOf(request), gone));
  // There is no ruler yet: none is what there is.
  get("/rules", async () => ({ data: { groups: [] } }));
  get("/alerts", async () => ({ data: { alerts: [] } }));
  get("/status/buildinfo", async () => ({ data: { version, revision: "", branch: "", buildUser: "", buildDate: "", goVersion: "", features: {} } }));
};
