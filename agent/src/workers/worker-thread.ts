/** The main thread's end of the messages: one worker thread, and the shards that have their rows made there. */

import { enableCompileCache, getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import type { BatchKey } from "@obs/wire";
import { KeyCell } from "./key-cell.ts";
import type { FromWorker, ShardSetup, ToWorker } from "./messages.ts";

/** What a worker thread is given at its start. */
export interface WorkerStart {
  readonly keys: SharedArrayBuffer;
}

/** A shard as its thread calls back. */
export interface ThreadClient {
  reserveKey(): BatchKey;
  take(message: Exclude<FromWorker, { kind: "key" }>): void;
  /** The thread is gone, with everything that it held. */
  lost(error: Error): void;
}

/** As quick as twice of it; with half of it a worker collects garbage all the time (decision 0054). */
const MAX_YOUNG_MB = 16;

export class WorkerThread {
  readonly #worker: Worker;
  readonly #keys = new KeyCell();
  readonly #clients = new Map<number, ThreadClient>();
  #opened = 0;
  #isClosing = false;

  /** `onLost`: the thread has ended by itself, which it never does but by a fault. */
  constructor(entry: URL, onLost: (error: Error) => void) {
    const start: WorkerStart = { keys: this.#keys.memory };
    this.#worker = new Worker(entry, { name: "obs-lines", workerData: start, env: environment(), resourceLimits: { maxYoungGenerationSizeMb: MAX_YOUNG_MB } });
    this.#worker.unref();
    this.#worker.on("message", (message: FromWorker) => this.#take(message));
    let fault: unknown;
    this.#worker.on("error", (error) => (fault = error));
    this.#worker.on("messageerror", (error) => {
      fault = error;
      void this.#worker.terminate();
    });
    this.#worker.on("exit", (code) => {
      if (this.#isClosing) return;
      const error = new Error(`a worker thread has ended (${fault instanceof Error ? fault.message : `code ${code}`}): what it held is read again at the next start`, { cause: fault });
      for (const client of this.#clients.values()) client.lost(error);
      onLost(error);
    });
  }

  get isUsed(): boolean {
    return this.#clients.size > 0;
  }

  /** Number of the new shard. */
  open(client: ThreadClient, setup: ShardSetup, input: SharedArrayBuffer): number {
    const shard = ++this.#opened;
    this.#clients.set(shard, client);
    this.post({ kind: "open", shard, setup, input });
    return shard;
  }

  close(shard: number): void {
    this.#clients.delete(shard);
    this.post({ kind: "close", shard });
  }

  post(message: ToWorker): void {
    this.#worker.postMessage(message, []);
  }

  async end(): Promise<void> {
    this.#isClosing = true;
    await this.#worker.terminate();
  }

  #take(message: FromWorker): void {
    const client = this.#clients.get(message.shard);
    if (!client) return;
    if (message.kind === "key") this.#keys.fill(client.reserveKey());
    else client.take(message);
  }
}

/** Node's compile cache reaches a worker by its environment only: without it, types are stripped anew at each start. */
const environment = (): NodeJS.ProcessEnv => {
  const cache = typeof enableCompileCache === "function" ? getCompileCacheDir() : undefined;
  return cache === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: dirname(cache) };
};
