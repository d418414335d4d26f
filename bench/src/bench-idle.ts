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
import { runTool } from "./tool/run-tool.ts";
import type { ToolContext } from "./tool/run-tool.ts";
import { rounded } from "./tool/statistics.ts";
import { CostMeter, waitUntil } from "./tool/watch-process.ts";

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

const untilRows = (context: Context, sink: Sink, agent: Child, rows: number): Promise<void> =>
  waitUntil(
    () => {
      context.progress.update(`${sink.rows} of ${rows} lines acknowledged`);
      return sink.rows >= rows;
    },
    { pollMs: POLL_MS, signal: context.signal, watched: { agent: () => agent }, limit: { ms: READ_LIMIT_MS, late: () => `${sink.rows} of ${rows} lines arrived within ${READ_LIMIT_MS / 1000} s` } },
  );

/** Seconds until a window was quiet; gives up, and lets the figure speak, after a limit. */
const settle = async ({ options, progress, signal }: Context, meter: CostMeter): Promise<number> => {
  const started = Date.now();
  for (;;) {
    const share = await meter.coreShare(SETTLE_WINDOW_MS, signal);
    progress.update(`settling: ${rounded(100 * share, 1)} % of a core`);
    const elapsedMs = Date.now() - started;
    if ((share < SETTLED_SHARE && elapsedMs >= options.settle * 1000) || elapsedMs > SETTLE_LIMIT_MS + options.settle * 1000) return elapsedMs / 1000;
  }
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
    const meter = new CostMeter(agent);
    const { cpuSeconds: startSeconds } = meter.now();
    const settledAfterSeconds = await settle(context, meter);
    progress.update(`idle for ${options.seconds} s`);
    const cpuShare = await meter.coreShare(options.seconds * 1000, context.signal);
    const { rssMB, peakRssMB, threads } = meter.now();
    const chosen = paths.filter((_, index) => index % Math.ceil(paths.length / APPENDED_TO) === 0);
    for (const path of chosen) appendFileSync(path, '{"level":"info","message":"not so quiet"}\n');
    await untilRows(context, sink, agent, lines + chosen.length);
    return {
      result: {
        cpuShare: rounded(cpuShare, 4),
        rssMB: rounded(rssMB, 1),
        threads,
        files: options.files,
        seconds: options.seconds,
        peakRssMB: rounded(peakRssMB, 1),
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
