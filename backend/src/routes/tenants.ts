/** Tenants, for the operator: whoever may administer the first tenant. */

import type { FastifyPluginAsync, FastifyRequest } from "fastify";
import * as z from "zod";
import type { IssueKey } from "../core/access.ts";
import type { TenantPolicy } from "../core/contracts.ts";
import { type Metadata, OPERATOR_TENANT } from "../core/metadata.ts";
import { readBody } from "../core/read-body.ts";
import type { RequireScope } from "../core/request.ts";
import { ApiError } from "../errors.ts";

const days = z.int().min(1).max(2_555);
const amount = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

const SETTINGS = {
  logs_retention_days: days.optional(),
  samples_retention_days: days.optional(),
  max_future_ms: z.int().min(0).max(7 * 86_400_000).optional(),
  rows_per_minute: amount.optional(),
  bytes_per_minute: amount.optional(),
  queries_at_once: z.int().min(1).max(1_000).optional(),
  query_seconds: z.int().min(1).max(300).optional(),
  query_memory_bytes: z.int().min(16 * 1024 ** 2).max(Number.MAX_SAFE_INTEGER).nullable().optional(),
  query_rows: amount.nullable().optional(),
};

const NEW_TENANT = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, "must be 1 to 63 of a-z, 0-9, - and _"),
  name: z.string().trim().min(1).max(128).optional(),
  ...SETTINGS,
});
const CHANGE = z.strictObject(SETTINGS);

const toSettings = (body: z.infer<typeof CHANGE>) => ({
  logsRetentionDays: body.logs_retention_days,
  samplesRetentionDays: body.samples_retention_days,
  maxFutureMs: body.max_future_ms,
  rowsPerMinute: body.rows_per_minute,
  bytesPerMinute: body.bytes_per_minute,
  queriesAtOnce: body.queries_at_once,
  querySeconds: body.query_seconds,
  queryMemoryBytes: body.query_memory_bytes,
  queryRows: body.query_rows,
});

const describe = (policy: TenantPolicy) => ({
  id: policy.tenant,
  policy_version: policy.version,
  logs_retention_days: policy.retentionDays.logs,
  samples_retention_days: policy.retentionDays.samples,
  max_future_ms: policy.maxFutureMs,
  rows_per_minute: policy.limits.rowsPerMinute,
  bytes_per_minute: policy.limits.bytesPerMinute,
  queries_at_once: policy.queryLimits.atOnce,
  query_seconds: policy.queryLimits.seconds,
  query_memory_bytes: policy.queryLimits.memoryBytes,
  query_rows: policy.queryLimits.rows,
});

export interface TenantRouteOptions {
  readonly metadata: Metadata;
  readonly issueKey: IssueKey;
  readonly requireScope: RequireScope;
}

export const tenantRoutes = ({ metadata, issueKey, requireScope }: TenantRouteOptions): FastifyPluginAsync => async (app) => {
  const requireAdmin = requireScope("admin");
  const onRequest = async (request: FastifyRequest): Promise<void> => {
    await requireAdmin(request);
    if (request.principal.tenant !== OPERATOR_TENANT) throw new ApiError("forbidden", `Only an administrator of tenant "${OPERATOR_TENANT}" may do this.`);
  };

  app.post("/api/v1/tenants", { onRequest }, async ({ principal, body }, reply) => {
    const { id, name = id, ...settings } = readBody(NEW_TENANT, body);
    const policy = await metadata.tenants.create({ id, name, ...toSettings(settings) });
    if (!policy) throw new ApiError("invalid_request", `There is a tenant "${id}" already.`, { details: [{ path: "id", message: "taken" }] });
    const { secret } = await issueKey({ tenant: id, name: "first key", scopes: ["ingest", "query", "admin"] });
    await metadata.audit.record({ tenant: id, actor: principal.keyId, action: "tenant.create", subject: id });
    return reply.code(201).header("cache-control", "no-store").send({ ...describe(policy), name, key: secret });
  });

  app.get("/api/v1/tenants", { onRequest }, async () => ({
    tenants: (await metadata.tenants.list()).map(({ id, name, createdAt }) => ({ id, name, created_at: new Date(createdAt).toISOString() })),
  }));

  app.patch<{ Params: { id: string } }>("/api/v1/tenants/:id", { onRequest }, async ({ principal, params, body }) => {
    const policy = await metadata.tenants.change(params.id, toSettings(readBody(CHANGE, body)));
    if (!policy) throw new ApiError("not_found", `There is no tenant "${params.id}".`);
    await metadata.audit.record({ tenant: params.id, actor: principal.keyId, action: "tenant.change", subject: params.id });
    return describe(policy);
  });
};
