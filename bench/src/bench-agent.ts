/**
 * What the agent costs: CPU seconds of its process tree per GB of log lines, from its start to the
 * last acknowledgement, and what it sends and keeps in memory meanwhile. Rows out must be rows in.
 */

import { runAgent } from "./measure/agent-run.ts";
import type { AgentRun } from "./measure/agent-run.ts";
import { writeInput } from "./measure/input.ts";
import type { Input } from "./measure/input.ts";
import { isComplete, summarize } from "./measure/summary.ts";
import { WORK_NAMES, WORKS } from "./measure/works.ts";
import type { Work, WorkName } from "./measure/works.ts";
import { filesystemOf, isInMemory } from "./tool/filesystem.ts";
import { runTool } from "./tool/run-tool.ts";
import type { ToolContext } from "./tool/run-tool.ts";
import { rounded } from "./tool/statistics.ts";

/**
 * Fluent Bit 5.1.1 over the same bytes on the machine that the bench kit was made on: measured
 * there once, not run here. The ratio compares two machines unless this is that one.
 */
const REFERENCE_CPU_SECONDS_PER_GB: Readonly<Partial<Record<WorkName, Readonly<Record<string, number>>>>> = {
  w1: { "fluent-bit": 19.5 },
  w2: { "fluent-bit": 36.4 },
};

const OPTIONS = {
  work: {
    type: "choice",
    choices: ["all", ...WORK_NAMES],
    default: "all",
    description: "w1: tail, parse, ship JSON lines; w2: the same with masking; w3: an access log; w4: w1 with the buffer on a disk",
  },
  mb: { type: "integer", default: 0, min: 1, max: 4096, description: "MiB of input; when not given 512, for w3 256" },
  runs: { type: "integer", default: 3, min: 1, max: 20, description: "runs of each; figures are medians" },
  workers: { type: "integer", default: 1, min: 1, max: 64, description: "worker threads of the agent; the input is as many files" },
} as const;

type Context = ToolContext<typeof OPTIONS>;

interface WorkOutcome {
  readonly figures: Record<string, unknown>;
  readonly passed: boolean;
}

/** The contenders take turns, so that a machine that grows slower meanwhile does so for all of them. */
const runWork = async (context: Context, input: Input, work: Work): Promise<WorkOutcome> => {
  const { runs, workers } = context.options;
  const masked: AgentRun[] = [];
  const unmasked: AgentRun[] = [];
  for (let turn = 1; turn <= runs; turn++) {
    masked.push(await runAgent(context, input, { name: `${work.name}-${turn}`, masking: true, workers, inScratch: work.onDisk }));
    if (work.alsoUnmasked) unmasked.push(await runAgent(context, input, { name: `${work.name}-unmasked-${turn}`, masking: false, workers, inScratch: work.onDisk }));
  }
  const figures = summarize(input, masked);
  const reference = Object.entries(REFERENCE_CPU_SECONDS_PER_GB[work.name] ?? {}).map(([name, cpuSecondsPerGB]) => [
    name,
    { cpuSecondsPerGB, ratio: rounded(cpuSecondsPerGB / figures.cpuSecondsPerGB, 2), reference: true },
  ]);
  return {
    figures: {
      ...figures,
      workers,
      ...masked[0]!.check.figures(),
      // The peers' w2 drops nine of ten DEBUG lines; here every row is shipped.
      sampling: "none",
      ...(unmasked.length > 0 ? { maskingOff: summarize(input, unmasked) } : {}),
      peers: Object.fromEntries(reference),
    },
    passed: isComplete(input, masked) && isComplete(input, unmasked, false),
  };
};

/** Throws when a work needs a disk and the scratch folder is in memory. */
const checkFilesystem = (works: readonly Work[], scratch: string): void => {
  const onDisk = works.find((work) => work.onDisk);
  const filesystem = filesystemOf(scratch);
  if (onDisk && isInMemory(filesystem))
    throw new Error(`${onDisk.name} measures a buffer on a disk, and ${scratch} is on ${filesystem}: name a folder on a disk with --dir, or leave ${onDisk.name} out with --work`);
};

await runTool({
  name: "bench-agent",
  description: "Measures the CPU, wire bytes and memory that the agent needs for the bench kit's works.",
  options: OPTIONS,
  deadlineMs: ({ runs }) => (20 + 20 * runs) * 60_000,
  run: async (context) => {
    const { options, scratch, progress } = context;
    const works = WORK_NAMES.filter((name) => options.work === "all" || options.work === name).map((name) => WORKS[name]);
    checkFilesystem(works, scratch);
    const inputs = new Map<string, Input>();
    const result: Record<string, unknown> = {};
    let passed = true;
    for (const work of works) {
      const megabytes = options.mb || work.defaultMb;
      progress.update(`writing ${megabytes} MB of ${work.log} log`);
      const input = inputs.get(work.log) ?? writeInput(scratch, work.log, megabytes, options.workers);
      inputs.set(work.log, input);
      const outcome = await runWork(context, input, work);
      result[work.name] = outcome.figures;
      passed &&= outcome.passed;
    }
    return { result, passed };
  },
});
