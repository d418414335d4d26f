/**
 * What an agent costs that has nothing to do: it follows many files to which nobody writes. That it
 * does follow them is shown afterwards: lines are appended to some, and must arrive.
 */

import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startSink } from "./sink/start-sink.ts";
import type { Sink } from "./sink/start-sink.ts";
import { agentProcess } from "./system/agent.ts";
import type { Child } from "./tool/children.ts";
import { cpuSeconds, memoryOf } from "./tool/process-tree.ts";
import { runTool } from "./tool/run-tool.ts";
import type { ToolContext } from "./tool/run-tool.ts";
import { rounded } from "./tool/statistics.ts";

const OPTIONS = {
  files: { type: "integer", default: 10_000, min: 1, max: 100_000, description: "files to follow" },
  seconds: { type: "integer", default: 20, min: 1, max: 600, description: "idle time that is measured" },
  // Files are looked at often for 10 s after they grew, and garbage of the start is collected within 20 s of rest.
  settle: { type: "integer", default: 30, min: 1, max: 600, description: "seconds of rest before that, at least" },
} as const;

type Context = ToolContext<typeof OPTIONS>;

const FILES_PER_FOLDER = 100;
const LINES_PER_FILE = 5;
const POLL_MS = 250;
const READ_LIMIT_MS = 120_000;
/** It rests when a window of this length cost less than that share of a core. */
const SETTLE_WINDOW_MS = 3_000;
const SETTLED_SHARE = 0.05;
const SETTLE_LIMIT_MS = 90_000;
const APPENDED_TO = 25;
/** For 10,000 files. */
const TARGETS = { cpuShare: 0.02, rssMB: 120 };

const line = (file: number, index: number): string => `{"timestamp":"2024-06-07T10:00:00.${100 + index}Z","level":"info","message":"line ${index} of file ${file}"}\n`;

const writeFiles = (folder: string, count: number): string[] => Array.from({ length: count }, (_, file) => {
    const inner = join(folder, `service-${Math.floor(file / FILES_PER_FOLDER)}`);
    if (file % FILES_PER_FOLDER === 0) mkdirSync(inner, { recursive: true });
    const path = join(inner, `${file}.log`);
    writeFileSync(path, Array.from({ length: LINES_PER_FILE }, (_unused, index) => line(file, index)).join(""));
    return path;
  });

const wait = (context: Context, ms: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    context.signal.addEventListener("abort", () => (clearTimeout(timer), reject(context.signal.reason as Error)), { once: true });
  });

const untilRows = async (context: Context, sink: Sink, agent: Child, rows: number): Promise<void> => {
  const deadline = Date.now() + READ_LIMIT_MS;
  while (sink.rows < rows) {
    if (!agent.running) throw new Error(`the agent ended (${await agent.exited})`);
    if (Date.now() > deadline) throw new Error(`${sink.rows} of ${rows} lines arrived within ${READ_LIMIT_MS / 1000} s`);
    context.progress.update(`${sink.rows} of ${rows} lines acknowledged`);
    await wait(context, POLL_MS);
  }
};

/** Seconds until a window was quiet; gives up, and lets the figure speak, after a limit. */
const settle = async (context: Context, agent: Child): Promise<number> => {
  const started = Date.now();
  for (;;) {
    const before = cpuSeconds(agent.pid);
    await wait(context, SETTLE_WINDOW_MS);
    const share = ((cpuSeconds(agent.pid) - before) * 1000) / SETTLE_WINDOW_MS;
    context.progress.update(`settling: ${rounded(100 * share, 1)} % of a core`);
    const elapsedMs = Date.now() - started;
    if ((share < SETTLED_SHARE && elapsedMs >= context.options.settle * 1000) || elapsedMs > SETTLE_LIMIT_MS + context.options.settle * 1000) return elapsedMs / 1000;
  }
};

const idleShare = async (context: Context, agent: Child, seconds: number): Promise<number> => {
  const before = cpuSeconds(agent.pid);
  const started = performance.now();
  context.progress.update(`idle for ${seconds} s`);
  await wait(context, seconds * 1000);
  return (cpuSeconds(agent.pid) - before) / ((performance.now() - started) / 1000);
};

await runTool({
  name: "bench-idle",
  description: "Measures what an agent costs that follows files to which nobody writes.",
  options: OPTIONS,
  run: async (context) => {
    const { options, scratch, children, progress } = context;
    progress.update(`writing ${options.files} files`);
    const folder = join(scratch, "logs");
    const paths = writeFiles(folder, options.files);
    const sink = await startSink(children, scratch);
    const agent = children.start(agentProcess({ name: "agent", folder: scratch, endpoint: sink.url, apiKey: "obs_i_bench", published: true, include: [join(folder, "**/*.log")] }));
    const lines = options.files * LINES_PER_FILE;
    await untilRows(context, sink, agent, lines);
    const startSeconds = cpuSeconds(agent.pid);
    const settledAfterSeconds = await settle(context, agent);
    const cpuShare = await idleShare(context, agent, options.seconds);
    const memory = memoryOf(agent.pid);
    const chosen = paths.filter((_, index) => index % Math.ceil(paths.length / APPENDED_TO) === 0);
    for (const path of chosen) appendFileSync(path, '{"level":"info","message":"not so quiet"}\n');
    await untilRows(context, sink, agent, lines + chosen.length);
    return {
      result: {
        cpuShare: rounded(cpuShare, 4),
        rssMB: rounded(memory.rssMB, 1),
        threads: memory.threads,
        files: options.files,
        seconds: options.seconds,
        peakRssMB: rounded(memory.peakRssMB, 1),
        startCpuSeconds: rounded(startSeconds, 2),
        settledAfterSeconds: rounded(settledAfterSeconds, 0),
        appended: chosen.length,
        arrived: sink.rows - lines,
        targets: TARGETS,
      },
      passed: sink.rows === lines + chosen.length,
    };
  },
});
