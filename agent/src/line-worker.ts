/**
 * A worker thread of the agent: parse -> enrich -> mask -> encode -> compress, for the line shards that
 * the main thread opens here (workers/). Loads what these need and nothing else.
 */

import { parentPort, workerData } from "node:worker_threads";
import { openLineShard } from "./open-line-shard.ts";
import { hostShards } from "./workers/host-shards.ts";
import type { WorkerStart } from "./workers/worker-thread.ts";

const { keys } = workerData as WorkerStart;
hostShards(parentPort!, keys, ({ config, multiline }, target, clock, clockSkewMs, allocate) => openLineShard(config, multiline, target, clock, clockSkewMs, allocate));
