/**
 * The backend on one screen: what there is, in the order in which it is made, and who may use whom.
 * Folders do not know each other; they meet here.
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FastifyInstance } from "fastify";
import { createGateway } from "obs-agent";
import { createAuthenticator, createIssueKey, createRequireScope, createSignIn } from "./auth/index.ts";
import { createCachedStore, createResultCache } from "./cache/index.ts";
import type { Config } from "./config.ts";
import type { IssueKey, SignIn } from "./core/access.ts";
import { type Metadata, OPERATOR_TENANT } from "./core/metadata.ts";
import type { Log } from "./core/log.ts";
import type { Store } from "./core/store.ts";
import { createDelivery } from "./delivery/index.ts";
import { createBulk, createDeliveryTransport, createDoors } from "./gateway/index.ts";
import { bodyText } from "./http/json-body.ts";
import { createLog } from "./http/log.ts";
import { createServer } from "./http/server.ts";
import { readTls } from "./http/tls.ts";
import { createIngestLimits, createQueryLimits } from "./limits/index.ts";
import { createPolicyOf, openMetadata } from "./meta/index.ts";
import { createAnswers } from "./query/index.ts";
import { startDiskBudget } from "./retention/disk-budget.ts";
import { startRollups } from "./rollups/index.ts";
import { batchRoutes } from "./routes/batches.ts";
import { elasticsearchRoutes } from "./routes/elasticsearch.ts";
import { elasticsearchWriteRoutes } from "./routes/elasticsearch-writes.ts";
import { fieldRoutes } from "./routes/fields.ts";
import { healthRoutes } from "./routes/health.ts";
import { ingestRoutes } from "./routes/ingest.ts";
import { keyRoutes } from "./routes/keys.ts";
import { lokiRoutes } from "./routes/loki.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { prometheusRoutes } from "./routes/prometheus.ts";
import { searchRoutes } from "./routes/search.ts";
import { sessionRoutes } from "./routes/session.ts";
import { sqlRoutes } from "./routes/sql.ts";
import { staticRoutes } from "./routes/static.ts";
import { tenantRoutes } from "./routes/tenants.ts";
import { traceRoutes } from "./routes/traces.ts";
import { createStatus } from "./status.ts";
import { openStore } from "./store/open.ts";
import { countDelivery, countRequests, createTelemetry, watch } from "./telemetry/index.ts";
import { VERSION } from "./version.ts";

declare module "fastify" {
  interface FastifyInstance {
    /** What the command line needs of a running backend. */
    backend: { readonly metadata: Metadata; readonly store: Store; readonly issueKey: IssueKey; readonly signIn: SignIn };
  }
}

const DASHBOARD_DIR = fileURLToPath(new URL("../web/dist", import.meta.url));

export interface AppOptions {
  readonly config: Config;
  /** Where lines of log go. */
  readonly logStream?: NodeJS.WritableStream;
  /** Wraps what takes time, for whoever waits. */
  readonly step?: <T>(what: string, work: () => Promise<T>) => Promise<T>;
}

const storeOptions = ({ dataDir, clickhouseUrl, clickhouseCluster, clickhouseReplicated, clickhouseSqlPassword, storeMemoryBytes }: Config, log: Log) =>
  clickhouseUrl === undefined
    ? { dataDir: join(dataDir, "store"), log, ...(storeMemoryBytes !== undefined && { memoryBytes: storeMemoryBytes }) }
    : { url: clickhouseUrl, log, sqlPassword: clickhouseSqlPassword, ...(clickhouseCluster !== undefined && { cluster: { name: clickhouseCluster, replicated: clickhouseReplicated } }) };

/** Builds the whole backend. `listen` opens its door, `close` ends everything that it began. */
export const createApp = async ({ config, logStream = process.stdout, step = (_what, work) => work() }: AppOptions): Promise<FastifyInstance> => {
  // Closed from last to first: here when something below fails, else when the app closes.
  await using opened = new AsyncDisposableStack();
  const { dataDir } = config;
  const tls = readTls(config);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const app = createServer({ logLevel: config.logLevel, logStream, trustProxy: config.trustProxy, tls });
  const log = createLog(app.log);
  const telemetry = createTelemetry(VERSION);

  const { store, embedded, close } = await step("store (ClickHouse)", () => openStore(storeOptions(config, log)));
  opened.defer(close);
  const diskBudget = startDiskBudget({ store, maxBytes: embedded ? config.storeMaxBytes : 0, log });
  opened.defer(() => diskBudget.stop());

  const metadata = await step("metadata", () => openMetadata(config.metadataUrl ?? join(dataDir, "metadata.db")));
  opened.defer(() => metadata.close());
  await metadata.tenants.create({ id: OPERATOR_TENANT, name: "Default" });
  const rollups = startRollups({ store, leases: metadata.leases, log });
  opened.defer(() => rollups.stop());
  const policyOf = createPolicyOf(metadata.tenants);

  const authenticator = createAuthenticator(metadata);
  const requireScope = createRequireScope(authenticator);
  const signIn = createSignIn({ sessions: metadata.sessions, authenticator, secureCookies: config.publicUrl?.startsWith("https:") ?? tls !== undefined });
  const issueKey = createIssueKey(metadata.keys);
  const limits = createIngestLimits({ rowsPerServicePerMinute: config.serviceRowsPerMinute });

  const storeDelivery = createDelivery({ store, log });
  opened.defer(() => storeDelivery.close());
  const delivery = countDelivery(storeDelivery, telemetry);
  const gateway = await step("gateway", () => createGateway({ dataDir: join(dataDir, "gateway"), transport: createDeliveryTransport({ delivery, policyOf, agents: metadata.agents }), log }));
  opened.defer(() => gateway.close());
  const doors = createDoors({ gateway, limits, maxItems: config.maxItems });
  const queryLimits = createQueryLimits({ store, policyOf, atOnce: config.queriesAtOnce });
  const resultCache = createResultCache({ url: config.queryCacheUrl, maxBytes: config.queryCacheBytes, log });
  opened.defer(() => resultCache.close());
  const cached = createCachedStore(queryLimits.store, resultCache);
  const { queries, prometheus, loki, elasticsearch, sqlQueries } = createAnswers({ store: cached.store });
  const status = createStatus({ version: VERSION, store, embedded: embedded !== undefined, disk: () => diskBudget.status, metadata });

  watch(telemetry, { store, delivery: storeDelivery, gateway, diskBudget, queries: queryLimits.gate, rollups, cache: cached.counters });
  countRequests(app, telemetry);
  await app.register(batchRoutes({ delivery, limits, policyOf, agents: metadata.agents, requireScope, maxBodyBytes: config.batchMaxBytes }));
  await app.register(ingestRoutes({ doors, policyOf, requireScope, telemetry }));
  await app.register(searchRoutes({ queries, requireScope }));
  await app.register(metricsRoutes({ queries, requireScope }));
  await app.register(prometheusRoutes({ prometheus, requireScope, version: VERSION }));
  await app.register(elasticsearchRoutes({ elasticsearch, requireScope, bodyText }));
  await app.register(elasticsearchWriteRoutes({ bulk: createBulk(doors), policyOf, requireScope, bodyText, telemetry }));
  await app.register(lokiRoutes({ loki, requireScope, version: VERSION }));
  await app.register(sqlRoutes({ sqlQueries, requireScope }));
  await app.register(traceRoutes({ queries, requireScope }));
  await app.register(fieldRoutes({ fields: metadata.fields, requireScope }));
  await app.register(sessionRoutes({ authenticator, signIn }));
  await app.register(keyRoutes({ metadata, issueKey, authenticator, requireScope }));
  await app.register(tenantRoutes({ metadata, issueKey, requireScope }));
  await app.register(healthRoutes({ status, telemetry, requireScope }));
  await app.register(staticRoutes({ dashboardDir: DASHBOARD_DIR }));

  app.decorate("backend", { metadata, store, issueKey, signIn });
  const owned = opened.move();
  app.addHook("onClose", () => owned.disposeAsync());
  return app;
};
