/**
 * What the agent costs: CPU seconds of its process tree per GB of log lines, from its start to the
 * last acknowledgement, against a sink that only acknowledges. Afterwards the bodies that the sink
 * kept are opened and counted: rows out must be rows in.
 */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { countBodies } from "./sink/count-bodies.ts";
import type { BodyCounts } from "./sink/count-bodies.ts";
import { startSink } from "./sink/start-sink.ts";
import type { Sink } from "./sink/start-sink.ts";
import { agentProcess } from "./system/agent.ts";
import type { Child } from "./tool/children.ts";
import { cpuSeconds, peakRssMB } from "./tool/process-tree.ts";
import { runTool } from "./tool/run-tool.ts";
import type { ToolContext } from "./tool/run-tool.ts";
import { median, rounded } from "./tool/statistics.ts";
import { writeWork } from "./work-data.ts";
import type { WorkData } from "./work-data.ts";

const WORKS = ["w1", "w2"] as const;
type Work = (typeof WORKS)[number];

/**
 * Fluent Bit 5.1.1 over the same bytes on the machine that the bench kit was made on: measured
 * there once, not run here. The ratio compares two machines unless this is that one.
 */
const REFERENCE_CPU_SECONDS_PER_GB: Readonly<Record<Work, Readonly<Record<string, number>>>> = {
  w1: { "fluent-bit": 19.5 },
  w2: { "fluent-bit": 36.4 },
};

const POLL_MS = 250;
const STALL_LIMIT_MS = 60_000;

const OPTIONS = {
  work: { type: "choice", choices: ["all", ...WORKS], default: "all", description: "w1: tail, parse, ship; w2: the same with masking" },
  mb: { type: "integer", default: 512, min: 1, max: 4096, description: "MiB of input" },
  runs: { type: "integer", default: 3, min: 1, max: 20, description: "runs of each; figures are medians" },
} as const;

type Context = ToolContext<typeof OPTIONS>;

interface Input extends WorkData {
  readonly path: string;
}

interface Reached {
  readonly cpuSeconds: number;
  readonly peakRssMB: number;
  readonly endedMs: number;
}

interface Run extends Omit<Reached, "endedMs"> {
  readonly wallSeconds: number;
  readonly wireBytes: number;
  readonly batches: number;
  readonly counts: BodyCounts;
}

/** Measured in the turn in which the last acknowledgement became known. Rejects when nothing moves any more. */
const untilAcknowledged = (context: Context, input: Input, name: string, sink: Sink, agent: Child): Promise<Reached> =>
  new Promise((resolve, reject) => {
    let peakMB = 0;
    let rows = 0;
    let movedMs = Date.now();
    const look = (): void => {
      peakMB = Math.max(peakMB, peakRssMB(agent.pid));
      if (sink.rows > rows) movedMs = Date.now();
      rows = sink.rows;
      context.progress.update(`${name}: ${Math.floor((100 * rows) / input.lines)} % acknowledged`);
      const reason = context.signal.aborted ? "stopped" : !agent.running ? "the agent ended" : Date.now() - movedMs > STALL_LIMIT_MS ? "no progress" : "";
      if (reason === "") return;
      clearInterval(timer);
      reject(new Error(`${name}: ${reason} with ${rows} of ${input.lines} rows acknowledged`));
    };
    const timer = setInterval(look, POLL_MS);
    void sink.reached(input.lines).then(() => {
      const reached = { cpuSeconds: cpuSeconds(agent.pid), endedMs: Date.now() };
      clearInterval(timer);
      resolve({ ...reached, peakRssMB: Math.max(peakMB, peakRssMB(agent.pid)) });
    });
  });

/** One run of the agent over the whole input, in a folder of its own. */
const measure = async (context: Context, input: Input, name: string, masking: boolean): Promise<Run> => {
  const folder = join(context.scratch, name);
  const sink = await startSink(context.children, folder);
  const startedMs = Date.now();
  const agent = context.children.start(
    agentProcess({ name: `${name}-agent`, folder, endpoint: sink.url, apiKey: "obs_i_bench", include: [input.path], masking }),
  );
  try {
    const { endedMs, ...figures } = await untilAcknowledged(context, input, name, sink, agent);
    await agent.stop();
    await sink.stop();
    context.progress.update(`${name}: counting rows`);
    return { ...figures, wallSeconds: (endedMs - startedMs) / 1000, wireBytes: sink.wireBytes, batches: sink.batches, counts: countBodies(sink.recording) };
  } finally {
    await agent.stop();
    await sink.stop();
    // Runs of large works would fill a small disk between them.
    await rm(folder, { recursive: true, force: true });
  }
};

const summarize = (input: Input, runs: readonly Run[]): Record<string, unknown> => {
  const gigabytes = input.bytes / 1e9;
  const of = (figure: (run: Run) => number): number => median(runs.map(figure));
  const cpu = of((run) => run.cpuSeconds);
  return {
    cpuSecondsPerGB: rounded(cpu / gigabytes, 2),
    linesPerCpuSecond: Math.round(input.lines / cpu),
    wallMBps: rounded((gigabytes * 1000) / of((run) => run.wallSeconds), 1),
    wirePerInputByte: rounded(of((run) => run.wireBytes) / input.bytes, 4),
    peakRssMB: rounded(of((run) => run.peakRssMB), 1),
    rowsIn: input.lines,
    rowsOut: of((run) => run.counts.rows),
    batches: of((run) => run.batches),
    cpuSecondsOfRuns: runs.map((run) => rounded(run.cpuSeconds, 2)),
  };
};

const runsOf = async (context: Context, input: Input, name: string, masking: boolean): Promise<Run[]> => {
  const runs: Run[] = [];
  for (let i = 1; i <= context.options.runs; i++) runs.push(await measure(context, input, `${name}-${i}`, masking));
  return runs;
};

const complete = (input: Input, runs: readonly Run[]): boolean => runs.every(({ counts }) => counts.rows === input.lines);

/** Everything that the generator hid was found, and nothing else was taken for it. */
const masksExactly = ({ sensitive }: Input, runs: readonly Run[]): boolean =>
  runs.every(({ counts }) => isDeepStrictEqual(counts.masked, sensitive) && Object.values(counts.unmasked).every((count) => count === 0));

interface WorkOutcome {
  readonly figures: Record<string, unknown>;
  readonly passed: boolean;
}

/** The default configuration, which masks; for w1 also with masking off, which is what the peers' w1 does. */
const runWork = async (context: Context, input: Input, work: Work): Promise<WorkOutcome> => {
  const runs = await runsOf(context, input, work, true);
  const unmaskedRuns = work === "w1" ? await runsOf(context, input, "w1-unmasked", false) : [];
  const figures = summarize(input, runs);
  const peers = Object.entries(REFERENCE_CPU_SECONDS_PER_GB[work]).map(([name, cpuSecondsPerGB]) => [
    name,
    { cpuSecondsPerGB, ratio: rounded(cpuSecondsPerGB / (figures["cpuSecondsPerGB"] as number), 2), reference: true },
  ]);
  return {
    figures: {
      ...figures,
      sensitive: input.sensitive,
      masked: runs[0]!.counts.masked,
      unmasked: runs[0]!.counts.unmasked,
      // The peers' w2 drops nine of ten DEBUG lines; here every row is shipped.
      sampling: "none",
      ...(unmaskedRuns.length > 0 ? { maskingOff: summarize(input, unmaskedRuns) } : {}),
      peers: Object.fromEntries(peers),
    },
    passed: complete(input, runs) && complete(input, unmaskedRuns) && masksExactly(input, runs),
  };
};

await runTool({
  name: "bench-agent",
  description: "Measures the CPU, wire bytes and memory that the agent needs for the bench kit's works.",
  options: OPTIONS,
  run: async (context) => {
    const path = join(context.scratch, "app.log");
    context.progress.update(`writing ${context.options.mb} MB of input`);
    const input: Input = { path, ...writeWork(path, context.options.mb) };
    const result: Record<string, unknown> = {};
    let passed = true;
    for (const work of WORKS.filter((name) => context.options.work === "all" || context.options.work === name)) {
      const outcome = await runWork(context, input, work);
      result[work] = outcome.figures;
      passed &&= outcome.passed;
    }
    return { result, passed };
  },
});
