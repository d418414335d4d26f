import { median, rounded } from "../tool/statistics.ts";
import type { AgentRun } from "./agent-run.ts";
import type { Input } from "./input.ts";

interface Costs {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly wireBytes: number;
  readonly peakRssMB: number;
}

/** Medians over runs of one contender, of which there is at least one. */
export const costsOf = (input: Input, runs: readonly Costs[]) => {
  const gigabytes = input.bytes / 1e9;
  const of = (figure: (run: Costs) => number): number => median(runs.map(figure));
  const cpu = of((run) => run.cpuSeconds);
  return {
    cpuSecondsPerGB: rounded(cpu / gigabytes, 2),
    linesPerCpuSecond: Math.round(input.lines / cpu),
    wallMBps: rounded((gigabytes * 1000) / of((run) => run.wallSeconds), 1),
    wirePerInputByte: rounded(of((run) => run.wireBytes) / input.bytes, 4),
    peakRssMB: rounded(of((run) => run.peakRssMB), 1),
  };
};

export const summarize = (input: Input, runs: readonly AgentRun[]) => ({
  ...costsOf(input, runs),
  rowsIn: input.lines,
  rowsOut: median(runs.map(({ rows }) => rows)),
  batches: median(runs.map(({ batches }) => batches)),
  filesystem: runs[0]!.filesystem,
  cpuSecondsOfRuns: runs.map(({ cpuSeconds }) => rounded(cpuSeconds, 2)),
});

/** Every line is a row, and rows hold what the lines held. */
export const isComplete = (input: Input, runs: readonly AgentRun[], checked = true): boolean =>
  runs.every(({ rows, check }) => rows === input.lines && (!checked || check.holds()));
