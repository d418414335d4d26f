/** The agent and its peers over one work, by turns: a machine that grows slower meanwhile does so for all of them. */

import type { Peer } from "../peers/peer.ts";
import type { ToolContext } from "../tool/run-tool.ts";
import { rounded } from "../tool/statistics.ts";
import { runAgent } from "./agent-run.ts";
import type { AgentRun } from "./agent-run.ts";
import type { Input } from "./input.ts";
import { runPeer } from "./peer-run.ts";
import type { PeerRun } from "./peer-run.ts";
import { costsOf, isComplete, summarize } from "./summary.ts";
import type { Work, WorkName } from "./works.ts";

/**
 * Fluent Bit 5.1.1 over the same bytes on the machine that the bench kit was made on: measured
 * there once, not run here. The ratio compares two machines unless this is that one.
 */
const REFERENCE_CPU_SECONDS_PER_GB: Readonly<Partial<Record<WorkName, Readonly<Record<string, number>>>>> = {
  w1: { "fluent-bit": 19.5 },
  w2: { "fluent-bit": 36.4 },
};

type Context = Pick<ToolContext<{}>, "scratch" | "children" | "progress" | "signal">;

export interface ContestOptions {
  readonly runs: number;
  readonly workers: number;
  readonly peers: readonly Peer[];
}

export interface WorkOutcome {
  readonly figures: Record<string, unknown>;
  readonly passed: boolean;
}

interface PeerRuns {
  readonly peer: Peer;
  readonly runs: PeerRun[];
  /** Why it is out of the contest. */
  failed: string | undefined;
}

const peerTurn = async (context: Context, input: Input, work: Work, contender: PeerRuns, turn: number): Promise<void> => {
  if (contender.failed !== undefined) return;
  try {
    contender.runs.push(await runPeer(context, input, work, contender.peer, `${work.name}-${contender.peer.name}-${turn}`));
  } catch (error) {
    context.signal.throwIfAborted();
    contender.failed = (error as Error).message;
    context.progress.note(`${work.name}: ${contender.peer.name} failed: ${contender.failed}`);
  }
};

const peerFigures = (input: Input, { peer, runs, failed }: PeerRuns, ownCost: number): Record<string, unknown> => {
  const about = { version: peer.version, reference: false };
  if (failed !== undefined) return { ...about, failed };
  const costs = costsOf(input, runs);
  return { ...costs, ratio: rounded(costs.cpuSecondsPerGB / ownCost, 2), linesOut: runs[0]!.lines, ...about };
};

const referenceFigures = (work: Work, ownCost: number): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(REFERENCE_CPU_SECONDS_PER_GB[work.name] ?? {}).map(([name, cpuSecondsPerGB]) => [
      name,
      { cpuSecondsPerGB, ratio: rounded(cpuSecondsPerGB / ownCost, 2), reference: true },
    ]),
  );

export const runContest = async (context: Context, input: Input, work: Work, { runs, workers, peers }: ContestOptions): Promise<WorkOutcome> => {
  const masked: AgentRun[] = [];
  const unmasked: AgentRun[] = [];
  const contenders = peers.map((peer): PeerRuns => ({ peer, runs: [], failed: undefined }));
  const own = { workers, inScratch: work.onDisk };
  for (let turn = 1; turn <= runs; turn++) {
    masked.push(await runAgent(context, input, { ...own, name: `${work.name}-${turn}`, masking: true }));
    if (work.alsoUnmasked) unmasked.push(await runAgent(context, input, { ...own, name: `${work.name}-unmasked-${turn}`, masking: false }));
    for (const contender of contenders) await peerTurn(context, input, work, contender, turn);
  }
  const figures = summarize(input, masked);
  const live = contenders.map((contender) => [contender.peer.name, peerFigures(input, contender, figures.cpuSecondsPerGB)]);
  return {
    figures: {
      ...figures,
      workers,
      ...masked[0]!.check.figures(),
      // The peers' w2 drops nine of ten DEBUG lines; here every row is shipped.
      sampling: "none",
      ...(unmasked.length > 0 ? { maskingOff: summarize(input, unmasked) } : {}),
      peers: { ...referenceFigures(work, figures.cpuSecondsPerGB), ...Object.fromEntries(live) },
    },
    passed: isComplete(input, masked) && isComplete(input, unmasked, false),
  };
};
