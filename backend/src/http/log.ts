/** The server's logger (pino) as the rest of the backend knows it. */

import type { FastifyBaseLogger } from "fastify";
import type { Log } from "../core/log.ts";

export const createLog = (logger: FastifyBaseLogger): Log => ({
  debug: (message, fields = {}) => logger.debug(fields, message),
  info: (message, fields = {}) => logger.info(fields, message),
  warn: (message, fields = {}) => logger.warn(fields, message),
  error: (message, fields = {}) => logger.error(fields, message),
});
