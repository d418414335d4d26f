#!/usr/bin/env node
/**
 * `obs-backend`: runs the backend, and looks after its keys and data from a terminal. The backend
 * itself is loaded only to be run, so that the other commands answer at once.
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { createAuthenticator, createIssueKey, createSignIn } from "./auth/index.ts";
import { type Config, ConfigError, OPTIONS, readConfig } from "./config.ts";
import type { Scope } from "./core/contracts.ts";
import { type ApiKey, type Metadata, OPERATOR_TENANT, SCOPES } from "./core/metadata.ts";
import { openMetadata } from "./meta/index.ts";
import { readInstance } from "./start/data-lock.ts";
import { resetDataFolder } from "./start/reset.ts";
import { UserError } from "./start/user-error.ts";
import { VERSION } from "./version.ts";

const USAGE = `usage: obs-backend <command>

  start [--reset]          everything on this machine: store, backend, dashboard, an agent
  serve                    the backend alone, as on a server; logs JSON lines to stdout
  signin [--tenant ID]     prints a new one-time link to the dashboard
  keys list                API keys of a tenant
  keys create --name NAME --scopes ingest,query,admin
  keys revoke ID           (keys commands take --json, and --tenant ID: "${OPERATOR_TENANT}" if not given)
  reset                    deletes everything that is kept in the data folder
  version, help

environment:
${Object.values(OPTIONS)
  .map(({ variable, fallback, doc }) => `  ${variable.padEnd(28)} ${doc}${fallback ? ` [${fallback}]` : ""}`)
  .join("\n")}
`;

const EXIT_CONFIG = 78;
const EXIT_USAGE = 64;

class UsageError extends Error {}

/** ctrl-c arrives from the terminal and once more through `npm` and its wrapper: one wish. */
const SAME_SIGNAL_MS = 1_000;

/** Runs until a signal asks for the end; a second one, later, does not wait for it. */
const untilStopped = (stop: () => Promise<void>): Promise<void> =>
  new Promise((resolve, reject) => {
    let stoppingSince: number | undefined;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.on(signal, () => {
        if (stoppingSince !== undefined && performance.now() - stoppingSince > SAME_SIGNAL_MS) process.exit(1);
        if (stoppingSince !== undefined) return;
        stoppingSince = performance.now();
        stop().then(resolve, reject);
      });
  });

const withMetadata = async (config: Config, work: (metadata: Metadata) => Promise<void>): Promise<void> => {
  const metadata = await openMetadata(config.metadataUrl ?? join(config.dataDir, "metadata.db")).catch((error: Error) => {
    throw new UserError(`the metadata cannot be opened: ${error.message} (is OBS_DATA_DIR or OBS_METADATA_URL right, and has a backend been started on it?)`);
  });
  try {
    await work(metadata);
  } finally {
    await metadata.close();
  }
};

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const parseScopes = (text: string | undefined): Scope[] => {
  const scopes = (text ?? "").split(",").filter(Boolean);
  const unknown = scopes.filter((scope) => !SCOPES.includes(scope as Scope));
  if (scopes.length === 0 || unknown.length > 0) throw new UsageError(`--scopes takes ${SCOPES.join(", ")}, joined by commas`);
  return scopes as Scope[];
};

const isoOr = (ms: number | null, otherwise: string): string => (ms === null ? otherwise : new Date(ms).toISOString());

interface Flags {
  readonly tenant: string;
  readonly name?: string | undefined;
  readonly scopes?: string | undefined;
  readonly json: boolean;
}

const keyLine = ({ id, name, scopes, lastUsedAt, revokedAt }: ApiKey): string =>
  `${id}  ${scopes.join(",").padEnd(18)}  used ${isoOr(lastUsedAt, "never")}  ${revokedAt === null ? "valid" : `revoked ${isoOr(revokedAt, "")}`}  ${name}`;

const keys = async (config: Config, [action, id]: string[], { tenant, name, scopes, json }: Flags): Promise<void> =>
  withMetadata(config, async (metadata) => {
    switch (action) {
      case "list": {
        const found = await metadata.keys.list(tenant);
        return print(json ? JSON.stringify(found) : found.map(keyLine).join("\n"));
      }
      case "create": {
        const wanted = { tenant, name: name ?? "made on the command line", scopes: parseScopes(scopes) };
        if (!(await metadata.tenants.policy(tenant))) throw new UserError(`there is no tenant "${tenant}"`);
        const key = await createIssueKey(metadata.keys)(wanted);
        await metadata.audit.record({ tenant, actor: "cli", action: "key.create", subject: key.id });
        return print(json ? JSON.stringify({ id: key.id, key: key.secret }) : `${key.id}  ${key.secret}`);
      }
      case "revoke":
        if (id === undefined || !(await metadata.keys.revoke(tenant, id))) throw new UserError(`tenant "${tenant}" has no valid key ${id ?? ""}`);
        await metadata.audit.record({ tenant, actor: "cli", action: "key.revoke", subject: id });
        return print(json ? JSON.stringify({ id, revoked: true }) : `${id} is refused from now on (by running backends within 5 s)`);
      default:
        throw new UsageError("keys list | create | revoke ID");
    }
  });

const printSignInLink = async (config: Config, tenant: string): Promise<void> =>
  withMetadata(config, async (metadata) => {
    const base = config.publicUrl?.replace(/\/$/, "") ?? readInstance(config.dataDir)?.url;
    if (base === undefined) throw new UserError(`no backend runs on ${config.dataDir}: npm start`);
    const signIn = createSignIn({ sessions: metadata.sessions, authenticator: createAuthenticator(metadata), secureCookies: false });
    print(`${base}/signin?token=${await signIn.createToken(tenant)}`);
  });

const reset = (config: Config): void => {
  const deleted = resetDataFolder(config.dataDir);
  print(deleted.length === 0 ? `nothing to delete in ${config.dataDir}` : `deleted from ${config.dataDir}: ${deleted.join(", ")}`);
};

const FLAGS = {
  reset: { type: "boolean", default: false },
  tenant: { type: "string", default: OPERATOR_TENANT },
  name: { type: "string" },
  scopes: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
  version: { type: "boolean", default: false },
} as const;

const readArguments = (args: string[]) => {
  try {
    return parseArgs({ args, options: FLAGS, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
};

const main = async (args: string[]): Promise<void> => {
  const { values, positionals } = readArguments(args);
  const [command = "help", ...rest] = positionals;
  if (values.help || command === "help") return print(USAGE);
  if (values.version || command === "version") return print(VERSION);
  // `start` speaks to a person: what is not a warning stays out of the way.
  const config = readConfig(command === "start" ? { OBS_LOG_LEVEL: "warn", ...process.env } : process.env);
  switch (command) {
    case "start": {
      if (config.tlsCert !== undefined || config.tlsKey !== undefined || config.tlsClientCa !== undefined) throw new ConfigError(["OBS_TLS_CERT, OBS_TLS_KEY, OBS_TLS_CLIENT_CA: start is for this machine alone and speaks plain HTTP on loopback; use serve for HTTPS"]);
      if (values.reset) reset(config);
      const { start } = await import("./start.ts");
      const { stop } = await start(config, process);
      return untilStopped(stop);
    }
    case "serve": {
      const { runBackend } = await import("./run.ts");
      const { app, url, stop } = await runBackend({ config });
      app.log.info({ url }, "the backend answers");
      return untilStopped(stop);
    }
    case "keys":
      return keys(config, rest, values);
    case "signin":
      return printSignInLink(config, values.tenant);
    case "reset":
      return reset(config);
    default:
      throw new UsageError(`there is no command "${command}"`);
  }
};

/** Line and exit code of what ended the program. */
const explain = (error: unknown): { text: string; code: number } => {
  if (error instanceof ConfigError) return { text: error.faults.map((fault) => `obs: ${fault}\n`).join(""), code: EXIT_CONFIG };
  if (error instanceof UsageError) return { text: `obs: ${error.message} (obs-backend help)\n`, code: EXIT_USAGE };
  if (error instanceof UserError) return { text: `obs: ${error.message}\n`, code: 1 };
  return { text: `obs: ${(error as Error).stack ?? String(error)}\n`, code: 1 };
};

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    const { text, code } = explain(error);
    process.stderr.write(text);
    process.exit(code);
  },
);
