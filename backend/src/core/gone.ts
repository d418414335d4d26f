/** Aborts when the client goes away before it has its answer. */

import type { FastifyReply } from "fastify";

/**
 * Not `request.signal`: that one aborts when the request was read, which for a body is before its answer is
 * begun, and never again after it.
 */
export const whenGone = ({ raw }: FastifyReply): AbortSignal => {
  const gone = new AbortController();
  raw.once("close", () => {
    if (!raw.writableFinished) gone.abort();
  });
  return gone.signal;
};
