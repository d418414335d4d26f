/** What request logs must never hold: keys, tokens, cookies. */

import type { FastifyRequest } from "fastify";

const SECRET_PARAMETER = /([?&][^=&]*(?:key|token|secret|password)[^=&]*=)[^&]*/gi;

/** Values of query parameters whose names speak of secrets. Keys travel there with sendBeacon. */
export const redactUrl = (url: string): string => url.replace(SECRET_PARAMETER, "$1[redacted]");

/** Fastify's logger: no headers are logged, and were a caller to add some, these are blotted out. */
export const loggerOptions = (level: string, stream: NodeJS.WritableStream) => ({
  level,
  stream,
  redact: {
    paths: ["headers.authorization", "headers.cookie", 'headers["set-cookie"]', "*.headers.authorization", "*.headers.cookie", '*.headers["set-cookie"]'],
    censor: "[redacted]",
  },
  serializers: {
    req: (request: FastifyRequest) => ({ method: request.method, url: redactUrl(request.url), remoteAddress: request.ip }),
  },
});
