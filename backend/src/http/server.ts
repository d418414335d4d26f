/** The HTTP server without any route: logging, headers, bodies, errors. */

import Fastify, { type FastifyInstance, LogController } from "fastify";
import { answerErrors } from "./error-reply.ts";
import { acceptJson } from "./json-body.ts";
import { loggerOptions } from "./redact.ts";
import { setSecurityHeaders } from "./security-headers.ts";
import type { TlsOptions } from "./tls.ts";

/** Ordinary requests; the doors for data say what they take themselves. */
const BODY_LIMIT_BYTES = 1024 * 1024;
/** A client that sends a byte now and then holds a connection no longer than this. */
const REQUEST_TIMEOUT_MS = 120_000;

export interface ServerOptions {
  readonly logLevel: string;
  readonly logStream: NodeJS.WritableStream;
  /** Addresses of proxies whose X-Forwarded-For is believed. */
  readonly trustProxy: readonly string[];
  /** undefined: plain HTTP. */
  readonly tls?: TlsOptions | undefined;
}

declare module "fastify" {
  interface FastifyInstance {
    /** `GET /livez`, and so on: every route except the HEAD ones that come with each GET. */
    readonly routes: ReadonlySet<string>;
  }
}

const listRoutes = (app: FastifyInstance): void => {
  const routes = new Set<string>();
  app.decorate("routes", routes);
  app.addHook("onRoute", ({ method, url }) => {
    for (const name of [method].flat()) if (name !== "HEAD") routes.add(`${name} ${url}`);
  });
};

/** One line per request, at level debug; 5xx are logged where they are answered. */
const logRequests = (app: FastifyInstance): void => {
  app.addHook("onResponse", async (request, reply) => {
    request.log.debug({ req: request, statusCode: reply.statusCode, durationMs: Math.round(reply.elapsedTime) }, "request");
  });
};

export const createServer = ({ logLevel, logStream, trustProxy, tls }: ServerOptions): FastifyInstance => {
  const app: FastifyInstance = Fastify({
    ...(tls && { https: { ...tls } }),
    logger: loggerOptions(logLevel, logStream),
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    trustProxy: trustProxy.length > 0 ? [...trustProxy] : false,
    // 100 by default: names of indices and lists of them are longer.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 4_096 },
    // Two lines per request would be most of the work of a small one: see logRequests.
    logController: new LogController({ disableRequestLogging: true }),
    // Idle keep-alive connections of agents must not hold up a shutdown.
    forceCloseConnections: "idle",
  });
  listRoutes(app);
  logRequests(app);
  setSecurityHeaders(app);
  acceptJson(app);
  answerErrors(app);
  return app;
};
