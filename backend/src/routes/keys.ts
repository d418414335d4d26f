/** API keys of the caller's tenant: make, list, revoke. */

import type { FastifyPluginAsync } from "fastify";
import * as z from "zod";
import type { Authenticator, IssueKey } from "../core/access.ts";
import { type ApiKey, type Metadata, SCOPES } from "../core/metadata.ts";
import { readBody } from "../core/read-body.ts";
import type { RequireScope } from "../core/request.ts";
import { ApiError } from "../errors.ts";

const NEW_KEY = z.strictObject({
  name: z.string().trim().min(1).max(128),
  scopes: z.array(z.enum(SCOPES)).min(1).transform((scopes) => [...new Set(scopes)]),
});

const isoOrNull = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

const describe = ({ id, name, scopes, createdAt, lastUsedAt, revokedAt }: ApiKey) => ({
  id,
  name,
  scopes,
  created_at: isoOrNull(createdAt),
  last_used_at: isoOrNull(lastUsedAt),
  revoked_at: isoOrNull(revokedAt),
});

export interface KeyRouteOptions {
  readonly metadata: Metadata;
  readonly issueKey: IssueKey;
  readonly authenticator: Authenticator;
  readonly requireScope: RequireScope;
}

export const keyRoutes = ({ metadata, issueKey, authenticator, requireScope }: KeyRouteOptions): FastifyPluginAsync => async (app) => {
  const onRequest = requireScope("admin");

  app.post("/api/v1/keys", { onRequest }, async ({ principal, body }, reply) => {
    const wanted = readBody(NEW_KEY, body);
    const { id, secret } = await issueKey({ tenant: principal.tenant, ...wanted });
    await metadata.audit.record({ tenant: principal.tenant, actor: principal.keyId, action: "key.create", subject: id });
    return reply.code(201).header("cache-control", "no-store").send({ id, ...wanted, key: secret });
  });

  app.get("/api/v1/keys", { onRequest }, async ({ principal }) => ({ keys: (await metadata.keys.list(principal.tenant)).map(describe) }));

  app.delete<{ Params: { id: string } }>("/api/v1/keys/:id", { onRequest }, async ({ principal, params }, reply) => {
    if (!(await metadata.keys.revoke(principal.tenant, params.id))) throw new ApiError("not_found", "There is no such key, or it is revoked already.");
    authenticator.forget();
    await metadata.audit.record({ tenant: principal.tenant, actor: principal.keyId, action: "key.revoke", subject: params.id });
    return reply.code(204).send();
  });
};
