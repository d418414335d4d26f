/** SQL for people: `POST /api/v1/query/sql`. */

import { Readable } from "node:stream";
import type { FastifyPluginAsync } from "fastify";
import { whenGone } from "../core/gone.ts";
import type { RequireScope } from "../core/request.ts";
import { isSqlStream, type SqlQueries } from "../core/sql-queries.ts";

export interface SqlRouteOptions {
  readonly sqlQueries: SqlQueries;
  readonly requireScope: RequireScope;
}

/** Twice the longest statement: JSON escapes. */
const MAX_BODY_BYTES = 128 * 1024;

export const sqlRoutes = ({ sqlQueries, requireScope }: SqlRouteOptions): FastifyPluginAsync => async (app) => {
  app.post("/api/v1/query/sql", { onRequest: requireScope("query"), bodyLimit: MAX_BODY_BYTES }, async ({ principal, body }, reply) => {
    const answer = await sqlQueries.run(principal.tenant, body, whenGone(reply));
    if (!isSqlStream(answer)) return answer;
    // An answer that breaks off is not ended: the client sees that it is not whole.
    return reply.type(answer.contentType).send(Readable.from(answer.chunks));
  });
};
