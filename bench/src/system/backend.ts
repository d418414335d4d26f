/** The real backend: the binary, configured by its environment. */

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ChildOptions, Restartable } from "../tool/children.ts";
import { waitUntil } from "../tool/watch-process.ts";

export const BACKEND_CLI = fileURLToPath(new URL("cli.ts", import.meta.resolve("obs-backend")));

const READY_LIMIT_MS = 60_000;
const READY_POLL_MS = 25;

export interface BackendOptions {
  readonly dataDir: string;
  readonly port: number;
  /** With user and password; without it, the backend runs its embedded store. */
  readonly storeUrl?: string;
}

export const backendProcess = ({ dataDir, port, storeUrl }: BackendOptions): ChildOptions => ({
  name: "backend",
  script: BACKEND_CLI,
  args: ["serve"],
  env: {
    OBS_DATA_DIR: dataDir,
    OBS_PORT: String(port),
    ...(storeUrl === undefined ? {} : { OBS_CLICKHOUSE_URL: storeUrl }),
  },
});

/** Until the backend and its store take batches. Throws when the process ends or after a minute. */
export const untilReady = (url: string, backend: Pick<Restartable, "child">, signal: AbortSignal): Promise<void> =>
  waitUntil(() => isReady(url), { pollMs: READY_POLL_MS, signal, watched: { backend: () => backend.child }, limit: { ms: READY_LIMIT_MS, late: () => `the backend was not ready within ${READY_LIMIT_MS / 1000} s` } });

const isReady = async (url: string): Promise<boolean> => {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
};

/** A key for an agent, made on the command line as an operator would. The backend must have been started once on the folder. */
export const createApiKey = async (dataDir: string): Promise<string> => {
  const args = [BACKEND_CLI, "keys", "create", "--name", "bench", "--scopes", "ingest"];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { PATH: process.env["PATH"], OBS_DATA_DIR: dataDir } });
  const secret = /\bobs_\S+/.exec(stdout)?.[0];
  if (secret === undefined) throw new Error(`no key in the answer of "keys create": ${stdout}`);
  return secret;
};

/** What the backend leaves in its data folder for tools of the same user: the embedded store's process and how to reach it. */
export interface StoreRecord {
  readonly store: { readonly pid: number };
  readonly url: string;
  readonly users: { readonly writer: { readonly username: string; readonly password: string } };
}

export const readStoreRecord = async (dataDir: string): Promise<StoreRecord> =>
  JSON.parse(await readFile(join(dataDir, "store", "store.json"), "utf8")) as StoreRecord;
