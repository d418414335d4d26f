/** The middle of the agent in worker threads: openLineShard (open-line-shard.ts), as often as `workers` says. */

import type { AgentConfig } from "./config/resolve.ts";
import type { OrderedTarget } from "./core/batch-buffer.ts";
import type { Log } from "./core/log.ts";
import type { MultilineSettings } from "./multiline/index.ts";
import { INPUT_BYTES } from "./rows/log-block.ts";
import { WorkerLineShard } from "./workers/worker-line-shard.ts";
import { WorkerPool } from "./workers/worker-pool.ts";

/** Beside this module, be it a source, compiled or bundled. */
const WORKER_ENTRY = new URL(import.meta.url.endsWith(".ts") ? "./line-worker.ts" : "./line-worker.js", import.meta.url);

/** A thread that ends by itself ends the process: what it held is read again at the next start. */
export const openWorkerPool = (log: Log): WorkerPool =>
  new WorkerPool(WORKER_ENTRY, (error) => {
    log.error("a worker thread has ended, and so does the agent", { error });
    throw error;
  });

export interface WorkerShardsOptions {
  readonly config: Pick<AgentConfig, "batch" | "mask" | "workers">;
  readonly multiline: MultilineSettings | undefined;
  readonly pool: WorkerPool;
  /** Which thread has the first of them: groups with few files are not all the first thread's. */
  readonly firstThread: number;
  readonly intake: () => OrderedTarget;
  readonly clockSkewMs: () => number;
}

/** One per thread. */
export const openWorkerShards = ({ config: { batch, mask, workers }, multiline, pool, firstThread, intake, clockSkewMs }: WorkerShardsOptions): WorkerLineShard[] =>
  Array.from({ length: workers }, (_, index) => {
    const setup = { config: { batch, mask }, multiline };
    return new WorkerLineShard({ pool, thread: (firstThread + index) % workers, setup, inputBytes: INPUT_BYTES, buffer: intake(), clockSkewMs });
  });
