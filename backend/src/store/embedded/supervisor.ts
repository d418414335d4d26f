/**
 * Keeps a ClickHouse process running on a data folder.
 *
 * - Every start has its own passwords and, unless they are given, its own ports.
 * - The child ends itself when this process ends (its stdin closes): no orphan after kill -9.
 * - It is started again with back-off when it ends, when its listener is gone (anybody on this
 *   machine may say SYSTEM STOP LISTEN), when somebody else sits on its port.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type ClusterNode, randomUsers, type StoreUsers, writeConfigFiles } from "./config-files.ts";
import { DataFolderInUse, removeStoreRecord, waitUntilReleased, writeStoreRecord } from "./data-folder.ts";
import { findLibrary } from "./library.ts";
import { freePort, isListenedOnBy, LOOPBACK } from "./listener.ts";

export interface Log {
  info(message: string): void;
  warn(message: string): void;
}

export interface EmbeddedStoreOptions {
  readonly dataDir: string;
  readonly log: Log;
  /** Cap of ClickHouse's memory. Default 2 GiB. */
  readonly memoryBytes?: number;
  /** For a cluster of embedded stores, whose members must know each other beforehand. */
  readonly users?: StoreUsers;
  readonly httpPort?: number;
  readonly tcpPort?: number;
  readonly cluster?: { readonly name: string; readonly shards: readonly ClusterNode[] };
  /** How long to wait for the store process of an earlier run. Default 30,000. */
  readonly releaseTimeoutMs?: number;
}

/** How to reach one life of the store. */
export interface StoreEndpoint {
  readonly bootId: string;
  readonly url: string;
  readonly users: StoreUsers;
}

type Events = { up: [StoreEndpoint]; down: [reason: string] };

export const DEFAULT_MEMORY_BYTES = 2 * 1024 ** 3;
const START_TIMEOUT_MS = 60_000;
const PROBE_INTERVAL_MS = 500;
const UNRESPONSIVE_AFTER_MS = 120_000;
const BACKOFF_MS = { first: 100, most: 5_000 };
/** A life this long says that starting works. */
const STEADY_AFTER_MS = 3_000;
const START_ATTEMPTS = 5;
const STDERR_TAIL = 2_000;
const CHILD = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "./child.ts" : "./child.js", import.meta.url));

interface Life {
  readonly child: ChildProcess;
  readonly endpoint: StoreEndpoint;
  readonly httpPort: number;
  readonly ended: Promise<void>;
  stderr: string;
}

export class EmbeddedStore extends EventEmitter<Events> {
  readonly #options: EmbeddedStoreOptions;
  readonly #library: string;
  readonly #stopping = new AbortController();
  #life: Life | undefined;
  #up = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: EmbeddedStoreOptions, library: string) {
    super();
    this.#options = options;
    this.#library = library;
  }

  /** Undefined while the store is away. */
  get endpoint(): StoreEndpoint | undefined {
    return this.#up ? this.#life?.endpoint : undefined;
  }

  /** Process id of the store, for tests and tools that end it. */
  get pid(): number | undefined {
    return this.#life?.child.pid;
  }

  /** Resolves when the store answers for the first time. */
  async start(): Promise<void> {
    await waitUntilReleased(this.#options.dataDir, this.#options.releaseTimeoutMs ?? 30_000);
    const life = await this.#startLife(START_ATTEMPTS);
    this.#running = this.#supervise(life);
  }

  /** Ends the child. What was acknowledged is on disk; what is in flight fails. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#life?.child.stdin?.end();
    await this.#running;
    await removeStoreRecord(this.#options.dataDir);
  }

  async #supervise(first: Life): Promise<void> {
    let life: Life | undefined = first;
    let backoffMs = BACKOFF_MS.first;
    while (life) {
      const upSince = performance.now();
      const reason = await this.#watch(life);
      this.#up = false;
      await end(life);
      if (this.#stopping.signal.aborted) return;
      this.emit("down", reason);
      this.#options.log.warn(`the store is away (${reason}), starting it again`);
      if (performance.now() - upSince > STEADY_AFTER_MS) backoffMs = BACKOFF_MS.first;
      life = undefined;
      while (!life && !this.#stopping.signal.aborted) {
        await delay(backoffMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
        backoffMs = Math.min(backoffMs * 2, BACKOFF_MS.most);
        life = await this.#startLife(1).catch((error: Error) => {
          if (!this.#stopping.signal.aborted) this.#options.log.warn(`the store did not start: ${error.message}`);
          return undefined;
        });
      }
    }
  }

  async #startLife(attempts: number): Promise<Life> {
    for (let attempt = 1; ; attempt++) {
      const life = await this.#spawn();
      try {
        await this.#waitUntilUp(life);
        // Not sooner: until ClickHouse has its lock, the folder may be another's.
        await writeStoreRecord(this.#options.dataDir, life.child.pid!, life.endpoint);
        this.#up = true;
        this.emit("up", life.endpoint);
        return life;
      } catch (error) {
        await end(life);
        // The free port may have been taken in between, the old process may be about to let go.
        if (attempt >= attempts || this.#stopping.signal.aborted) throw startFailure(error as Error, life, this.#options.dataDir);
        await delay(BACKOFF_MS.first * attempt);
      }
    }
  }

  async #spawn(): Promise<Life> {
    const { dataDir, memoryBytes = DEFAULT_MEMORY_BYTES, cluster, tcpPort } = this.#options;
    const users = this.#options.users ?? randomUsers();
    const httpPort = this.#options.httpPort ?? (await freePort());
    const files = await writeConfigFiles({ dataDir, memoryBytes, users, cluster }, tcpPort !== undefined);
    const args = [
      `--config-file=${files.config}`,
      `--path=${join(dataDir, "data")}`,
      `--listen_host=${LOOPBACK}`,
      `--http_port=${httpPort}`,
      ...(tcpPort === undefined ? [] : [`--tcp_port=${tcpPort}`]),
      `--queries-file=${files.keepAlive}`,
    ];
    // Detached: a terminal's Ctrl-C must not reach it before what is in flight was finished.
    const child = spawn(process.execPath, [CHILD, this.#library, ...args], {
      stdio: ["pipe", "ignore", "pipe"],
      detached: true,
      cwd: dataDir,
      // Nothing of our environment: it may hold secrets, and NODE_OPTIONS meant for us.
      env: { PATH: process.env["PATH"], TZ: "UTC" },
    });
    const endpoint = { bootId: randomUUID(), url: `http://${LOOPBACK}:${httpPort}`, users };
    const ended = once(child, "close").then(() => undefined, () => undefined);
    const life: Life = { child, endpoint, httpPort, ended, stderr: "" };
    child.stdin!.on("error", () => undefined);
    child.stderr!.setEncoding("utf8").on("data", (text: string) => (life.stderr = (life.stderr + text).slice(-STDERR_TAIL)));
    this.#life = life;
    if (this.#stopping.signal.aborted) child.stdin!.end();
    return life;
  }

  async #waitUntilUp(life: Life): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT_MS;
    while (performance.now() < deadline) {
      if (hasEnded(life)) throw new Error(lastError(life.stderr) ?? "it ended while starting");
      if ((await probe(life)) === "up") return;
      await Promise.race([delay(25), life.ended]);
    }
    throw new Error(`no answer within ${START_TIMEOUT_MS / 1000} s`);
  }

  /** Resolves with the reason once this life must end. */
  async #watch(life: Life): Promise<string> {
    let answeredAt = performance.now();
    for (;;) {
      await Promise.race([delay(PROBE_INTERVAL_MS, undefined, { ref: false }), life.ended]);
      if (this.#stopping.signal.aborted) return "stopped";
      if (hasEnded(life)) return lastError(life.stderr) ?? `its process ended by ${life.child.signalCode ?? life.child.exitCode}`;
      const seen = await probe(life);
      if (hasEnded(life)) continue;
      if (seen === "up") answeredAt = performance.now();
      else if (seen === "not listening") return "it does not listen any more";
      else if (performance.now() - answeredAt > UNRESPONSIVE_AFTER_MS) return `no answer for ${UNRESPONSIVE_AFTER_MS / 1000} s`;
    }
  }
}

const hasEnded = ({ child }: Life): boolean => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;

const end = async (life: Life): Promise<void> => {
  if (!hasEnded(life)) life.child.kill("SIGKILL");
  await life.ended;
};

/** Whose socket it is comes first: the password must not go to a stranger on the same port. */
const probe = async ({ child, endpoint, httpPort }: Life): Promise<"up" | "not listening" | "slow"> => {
  if (!(await isListenedOnBy(child.pid!, httpPort))) return "not listening";
  const { username, password } = endpoint.users.writer;
  try {
    const response = await fetch(endpoint.url, {
      method: "POST",
      body: "SELECT 1",
      headers: { "x-clickhouse-user": username, "x-clickhouse-key": password },
      signal: AbortSignal.timeout(10_000),
    });
    await response.arrayBuffer();
    return response.ok ? "up" : "slow";
  } catch {
    return "slow";
  }
};

/** The last line of ClickHouse's complaint, without its lines about log files. */
const lastError = (stderr: string): string | undefined =>
  stderr
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("Logging "))
    .at(-1);

const startFailure = (error: Error, life: Life, dataDir: string): Error =>
  life.stderr.includes("Cannot lock file")
    ? new DataFolderInUse(`the data folder ${dataDir} is in use by another store process: stop it, or choose another folder with OBS_DATA_DIR`)
    : new Error(`the embedded store did not start: ${error.message}`, { cause: error });

/** Resolves when the store answers. Throws EmbeddedStoreUnsupported, DataFolderInUse. */
export const startEmbeddedStore = async (options: EmbeddedStoreOptions): Promise<EmbeddedStore> => {
  const store = new EmbeddedStore(options, findLibrary());
  await store.start();
  return store;
};
