/**
 * What the agent costs: CPU seconds of its process tree per GB of log lines, from its start to the
 * last acknowledgement, and what it sends and keeps in memory meanwhile; and what other agents that
 * are installed here need for the same. Rows out must be rows in.
 */

import { runAgent } from "./measure/agent-run.ts";
import { runContest } from "./measure/contest.ts";
import { writeInput } from "./measure/input.ts";
import type { Input } from "./measure/input.ts";
import { WORK_NAMES, WORKS } from "./measure/works.ts";
import type { Work } from "./measure/works.ts";
import { findPeers, PEER_NAMES } from "./peers/find-peers.ts";
import { filesystemOf, isInMemory } from "./tool/filesystem.ts";
import { runTool } from "./tool/run-tool.ts";
import type { ToolContext } from "./tool/run-tool.ts";

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
  peers: { type: "choice", choices: ["all", "none", ...PEER_NAMES], default: "all", description: "other agents that are run by turns, of those that are installed" },
} as const;

/** Throws when a work needs a disk and the scratch folder is in memory. */
const checkFilesystem = (works: readonly Work[], scratch: string): void => {
  const onDisk = works.find((work) => work.onDisk);
  const filesystem = filesystemOf(scratch);
  if (onDisk && isInMemory(filesystem))
    throw new Error(`${onDisk.name} measures a buffer on a disk, and ${scratch} is on ${filesystem}: name a folder on a disk with --dir, or leave ${onDisk.name} out with --work`);
};

/** MiB of the input of the run that is not counted. */
const WARM_UP_MB = 1;

/** The first start of a bundle compiles what Node's cache does not hold of it yet: that run counts for nobody. */
const warmUp = async (context: Pick<ToolContext<{}>, "scratch" | "children" | "progress" | "signal">, { log, onDisk, name }: Work, workers: number): Promise<void> => {
  await runAgent(context, writeInput(context.scratch, log, WARM_UP_MB, workers), { name: `${name}-warm-up`, masking: true, workers, inScratch: onDisk });
};

await runTool({
  name: "bench-agent",
  description: "Measures the CPU, wire bytes and memory that the agent and its peers need for the bench kit's works.",
  options: OPTIONS,
  deadlineMs: ({ runs }) => (20 + 60 * runs) * 60_000,
  run: async (context) => {
    const { options, scratch, progress } = context;
    const works = WORK_NAMES.filter((name) => options.work === "all" || options.work === name).map((name) => WORKS[name]);
    checkFilesystem(works, scratch);
    const peers = findPeers(options.peers);
    const inputs = new Map<string, Input>();
    const result: Record<string, unknown> = {};
    let passed = true;
    for (const work of works) {
      const megabytes = options.mb || work.defaultMb;
      progress.update(`writing ${megabytes} MB of ${work.log} log`);
      const input = inputs.get(work.log) ?? writeInput(scratch, work.log, megabytes, options.workers);
      inputs.set(work.log, input);
      await warmUp(context, work, options.workers);
      const outcome = await runContest(context, input, work, { runs: options.runs, workers: options.workers, peers });
      result[work.name] = outcome.figures;
      passed &&= outcome.passed;
    }
    return { result, passed };
  },
});
