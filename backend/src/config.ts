/**
 * The backend's configuration: environment variables only, because a backend is started by
 * something that sets them. One definition per option gives type, default, check, and the reference
 * (docs/config.md). All faults are reported at once.
 */

import { homedir } from "node:os";
import { join, resolve } from "node:path";
import * as z from "zod";

const SIZE_UNITS: Readonly<Record<string, number>> = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };

const size = z
  .string()
  .regex(/^\d+(\.\d+)?(B|KB|MB|GB|TB)?$/, "must be a size such as 512MB or 10GB")
  .transform((text) => {
    const [, amount, unit = "B"] = /^([\d.]+)(\D+)?$/.exec(text)!;
    return Math.round(Number(amount) * SIZE_UNITS[unit]!);
  });

const whole = (lowest: number, highest: number) =>
  z
    .string()
    .regex(/^\d+$/, "must be a whole number")
    .transform(Number)
    .refine((value) => value >= lowest && value <= highest, `must be from ${lowest} to ${highest}`);

const flag = z.enum(["true", "false"], "must be true or false").transform((text) => text === "true");

const url = (...protocols: string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), `must be a URL with ${protocols.join(" or ")}`);

const path = z.string().min(1).transform((text) => resolve(text));

interface Option<T> {
  readonly variable: string;
  readonly schema: z.ZodType<T, string>;
  /** As it would stand in the environment; undefined: not set. */
  readonly fallback: string | undefined;
  readonly doc: string;
  readonly example: string;
}

const option = <T>(variable: string, schema: z.ZodType<T, string>, fallback: string, example: string, doc: string): Option<T> => ({ variable, schema, fallback, doc, example });

const optional = <T>(variable: string, schema: z.ZodType<T, string>, example: string, doc: string): Option<T | undefined> => ({
  variable,
  schema,
  fallback: undefined,
  doc,
  example,
});

export const OPTIONS = {
  host: option("OBS_HOST", z.string().min(1), "127.0.0.1", "0.0.0.0", "Address to listen on. The default answers this machine only."),
  port: option("OBS_PORT", whole(0, 65_535), "8080", "9090", "Port to listen on; 0 takes a free one."),
  dataDir: option("OBS_DATA_DIR", z.string().min(1).transform((path) => resolve(path)), ".obs", "/var/lib/obs", "Folder of everything that is kept: store, metadata, gateway buffer, keys of the first start."),
  clickhouseUrl: optional("OBS_CLICKHOUSE_URL", url("http:", "https:"), "https://obs:password@clickhouse:8443", "ClickHouse to use, with user and password. Not set: the embedded one is started."),
  clickhouseCluster: optional("OBS_CLICKHOUSE_CLUSTER", z.string().regex(/^\w+$/, "must be a name of letters, digits and _"), "obs", "With OBS_CLICKHOUSE_URL: cluster on whose shards the tables live, behind Distributed."),
  clickhouseReplicated: option("OBS_CLICKHOUSE_REPLICATED", flag, "true", "false", "With OBS_CLICKHOUSE_CLUSTER: tables are ReplicatedMergeTree, made ON CLUSTER."),
  clickhouseSqlPassword: optional("OBS_CLICKHOUSE_SQL_PASSWORD", z.string().min(1), "a long random text", "With OBS_CLICKHOUSE_URL: password of its user `obs_sql` (deploy/clickhouse/obs-sql.xml), to whom row policies show the rows of one tenant at a time. Not set: SQL of people runs as the account of the URL, and the backend alone keeps tenants apart."),
  metadataUrl: optional("OBS_METADATA_URL", url("postgres:", "postgresql:"), "postgres://obs:password@db/obs", "PostgreSQL for tenants, keys and sessions. Not set: SQLite in the data folder."),
  tlsCert: optional("OBS_TLS_CERT", path, "/etc/obs/tls.crt", "PEM file of the certificate (with its chain) to serve HTTPS with; needs OBS_TLS_KEY. Not set: HTTP."),
  tlsKey: optional("OBS_TLS_KEY", path, "/etc/obs/tls.key", "PEM file of the certificate's private key."),
  tlsClientCa: optional("OBS_TLS_CLIENT_CA", path, "/etc/obs/clients-ca.crt", "PEM file of authorities. Set: whoever connects, agents and browsers alike, must show a certificate that one of them has signed (mTLS)."),
  publicUrl: optional("OBS_PUBLIC_URL", url("http:", "https:"), "https://obs.example.com", "Address by which people reach the dashboard, for links and cookies. Not set: the address listened on."),
  trustProxy: option("OBS_TRUST_PROXY", z.string().transform((text) => text.split(",").map((part) => part.trim()).filter(Boolean)), "", "10.0.0.0/8", "Proxies whose X-Forwarded-For is believed, as addresses or networks joined by commas."),
  logLevel: option("OBS_LOG_LEVEL", z.enum(["debug", "info", "warn", "error", "silent"], "must be debug, info, warn, error or silent"), "info", "debug", "Least severe lines that are logged; debug has one line per request."),
  storeMaxBytes: option("OBS_STORE_MAX_BYTES", size, "10GB", "50GB", "Disk budget of the embedded store; beyond it the oldest days are dropped first. 0: no budget."),
  storeMemoryBytes: optional("OBS_STORE_MEMORY", size, "4GB", "Memory that the embedded store may use. Not set: a share of the machine's."),
  maxItems: option("OBS_INGEST_MAX_ITEMS", whole(1, 100_000), "1000", "5000", "Items that one request to a JSON door may hold."),
  batchMaxBytes: option("OBS_BATCH_MAX_BYTES", size.refine((bytes) => bytes >= 1024, "must be at least 1KB"), "48MB", "8MB", "Largest body of an agent's batch, compressed. An agent halves what is refused as too large, down to single records."),
  serviceRowsPerMinute: option("OBS_SERVICE_ROWS_PER_MINUTE", whole(1, 1_000_000_000), "100000", "500000", "Items a minute that one service may send through a JSON door, per signal. Agents' batches do not count here."),
  queriesAtOnce: option("OBS_QUERIES_AT_ONCE", whole(1, 10_000), "16", "64", "Statements of queries that run in the store at once, of all tenants; more wait their turn. Reads use as many connections."),
  queryCacheBytes: option("OBS_QUERY_CACHE_BYTES", size, "64MB", "512MB", "Memory for answers that are told again when the same is asked, for a fiftieth of their age: one second to ten minutes. 0: none."),
  queryCacheUrl: optional("OBS_QUERY_CACHE_URL", url("redis:", "rediss:"), "rediss://:password@redis:6379", "Redis that several backends share for it, in place of memory. It holds rows of tenants."),
  localAgent: option("OBS_LOCAL_AGENT", flag, "true", "false", "`start` only: run an agent for this host's own logs and metrics."),
  localFile: option("OBS_LOCAL_FILE", z.string().min(1), join(homedir(), ".config", "obs", "local.json"), "/tmp/local.json", "`start` only: file (mode 0600) that tells `npx obs-agent` of this user where to send."),
} as const satisfies Record<string, Option<unknown>>;

export type Config = { readonly [K in keyof typeof OPTIONS]: (typeof OPTIONS)[K] extends Option<infer T> ? T : never };

/** Faults of the environment, one line each. */
export class ConfigError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join("\n"));
    this.name = "ConfigError";
    this.faults = faults;
  }
}

/** Throws ConfigError with every fault. An empty variable counts as not set. */
export const readConfig = (environment: Readonly<Record<string, string | undefined>>): Config => {
  const faults: string[] = [];
  const entries = Object.entries(OPTIONS).map(([name, { variable, schema, fallback }]) => {
    const text = environment[variable] || fallback;
    if (text === undefined) return [name, undefined];
    const result = schema.safeParse(text);
    // The value may hold a password: it is not repeated.
    if (!result.success) faults.push(`${variable}: ${result.error.issues.map(({ message }) => message).join("; ")}`);
    return [name, result.data];
  });
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.fromEntries(entries) as Config;
};
