/**
 * One run of the agent over a whole input: CPU of its process tree from its start to the last
 * acknowledgement, against a sink that only acknowledges. Afterwards the bodies are opened and counted.
 */

import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { countBodies } from "../sink/count-bodies.ts";
import { startSink } from "../sink/start-sink.ts";
import type { Sink } from "../sink/start-sink.ts";
import { agentProcess } from "../system/agent.ts";
import type { Child } from "../tool/children.ts";
import { filesystemOf, memoryFolder } from "../tool/filesystem.ts";
import type { ToolContext } from "../tool/run-tool.ts";
import { CostMeter, waitUntil } from "../tool/watch-process.ts";
import type { RowCheck } from "../work/row-checks.ts";
import type { Input } from "./input.ts";

type Context = Pick<ToolContext<{}>, "scratch" | "children" | "progress" | "signal">;

export interface AgentRun {
  readonly cpuSeconds: number;
  readonly peakRssMB: number;
  readonly wallSeconds: number;
  readonly wireBytes: number;
  readonly batches: number;
  readonly rows: number;
  /** Of its data folder. */
  readonly filesystem: string;
  readonly check: RowCheck;
}

export interface AgentRunOptions {
  /** Names folder and logs. */
  readonly name: string;
  readonly masking: boolean;
  readonly workers: number;
  /** The data folder is in the scratch folder, whatever that is on. */
  readonly inScratch: boolean;
}

const POLL_MS = 250;
const STALL_LIMIT_MS = 60_000;
/** The agent's buffer may grow to this before it holds its sources back; it never does against a sink that answers at once. */
const MEMORY_BYTES = 1e9;

interface Reached {
  readonly cpuSeconds: number;
  readonly peakRssMB: number;
  readonly endedMs: number;
}

/** Measured in the turn in which the last acknowledgement became known. Throws when nothing moves any more. */
const untilAcknowledged = async (context: Context, input: Input, name: string, sink: Sink, agent: Child): Promise<Reached> => {
  const meter = new CostMeter(agent);
  let reached: Reached | undefined;
  let rows = 0;
  let movedMs = Date.now();
  void sink.reached(input.lines).then(() => (reached = { endedMs: Date.now(), ...meter.now() }));
  const isAcknowledged = (): boolean => {
    if (reached) return true;
    meter.now();
    if (sink.rows > rows) movedMs = Date.now();
    rows = sink.rows;
    context.progress.update(`${name}: ${Math.floor((100 * rows) / input.lines)} % acknowledged`);
    if (Date.now() - movedMs > STALL_LIMIT_MS) throw new Error("no progress");
    return false;
  };
  await waitUntil(isAcknowledged, { pollMs: POLL_MS, signal: context.signal, watched: { agent: () => agent } }).catch((error: unknown) => {
    throw new Error(`${name}: ${(error as Error).message}, with ${rows} of ${input.lines} rows acknowledged`, { cause: error });
  });
  return reached!;
};

/** In a folder of its own, which goes afterwards: runs of large works would fill a small disk between them. */
export const runAgent = async (context: Context, input: Input, { name, masking, workers, inScratch }: AgentRunOptions): Promise<AgentRun> => {
  const folder = join(context.scratch, name);
  const sink = await startSink(context.children, folder);
  const dataDir = mkdtempSync(join((inScratch ? undefined : memoryFolder(MEMORY_BYTES)) ?? folder, "obs-bench-data-"));
  const more = workers > 1 ? { workers } : {};
  const startedMs = Date.now();
  const agent = context.children.start(
    agentProcess({ name: `${name}-agent`, folder, dataDir, endpoint: sink.url, apiKey: "obs_i_bench", published: true, include: input.paths, masking, more }),
  );
  try {
    const { endedMs, ...figures } = await untilAcknowledged(context, input, name, sink, agent);
    const filesystem = filesystemOf(dataDir);
    await agent.stop();
    await sink.stop();
    context.progress.update(`${name}: counting rows`);
    const check = input.check();
    const { rows } = countBodies(sink.recording, check);
    return { ...figures, wallSeconds: (endedMs - startedMs) / 1000, wireBytes: sink.wireBytes, batches: sink.batches, rows, filesystem, check };
  } finally {
    await agent.stop();
    await sink.stop();
    await rm(folder, { recursive: true, force: true });
    await rm(dataDir, { recursive: true, force: true });
  }
};
