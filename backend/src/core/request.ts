/** What authentication leaves on a request, and the hook that asks for it. */

import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Principal, Scope } from "./contracts.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Set by `RequireScope`; routes without it must not read it. */
    principal: Principal;
    /** Bytes of a JSON body as sent, before it was unpacked. */
    bodyBytes: number;
  }
  interface FastifyContextConfig {
    /** Integers that a double cannot hold arrive as bigint: people's ids, nanoseconds. */
    exactIntegers?: boolean;
  }
}

/**
 * A hook for `onRequest`, before the body is read: who cannot prove a scope sends no megabytes.
 * Throws ApiError(unauthorized | forbidden).
 */
export type RequireScope = (scope: Scope) => (request: FastifyRequest) => Promise<void>;

/** Bodies that a route reads as text: unpacked, within the route's limit. For those that are JSON by the line, or by many names. */
export interface BodyText {
  /** Makes `request.body` the text of bodies of these types, in this plugin. */
  accept(app: FastifyInstance, types: RegExp): void;
  /** As the JSON bodies of other routes, with exact integers. Throws ApiError(invalid_json). */
  parse(text: string): unknown;
}
