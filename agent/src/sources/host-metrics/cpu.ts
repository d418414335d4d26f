/** /proc/stat, /proc/loadavg and /proc/uptime: proc_stat(5), proc_loadavg(5), proc_uptime(5). */

import { numberColumns } from "./columns.ts";
import { reading, type Reading } from "./metrics.ts";

export const CPU_STATES = ["user", "nice", "system", "idle", "iowait", "interrupt", "steal"] as const;

/** Ticks since boot per state, in the order of CPU_STATES, and the number of processors. */
export interface CpuTimes {
  readonly ticks: readonly number[];
  readonly processors: number;
}

/** Undefined when the text has no line for all processors. */
export const parseCpuTimes = (stat: string): CpuTimes | undefined => {
  const lines = stat.split("\n");
  const total = lines.find((line) => line.startsWith("cpu "));
  const columns = total && numberColumns(total.slice("cpu".length));
  if (!columns) return undefined;
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = columns;
  return {
    ticks: [user, nice, system, idle, iowait, irq + softirq, steal],
    processors: lines.filter((line) => /^cpu\d/.test(line)).length,
  };
};

/** USER_HZ: what the kernel counts for programs, on all architectures that Node runs on. */
export const TICKS_PER_SECOND = 100;

/** Ticks since boot of each processor, in the columns of the file. */
export const parseCpuTicks = (stat: string): { readonly processor: string; readonly ticks: readonly number[] }[] =>
  [...stat.matchAll(/^cpu(\d+) (.+)$/gm)].flatMap(([, processor, columns]) => {
    const ticks = numberColumns(columns!);
    return ticks ? [{ processor: processor!, ticks }] : [];
  });

export const cpuTimeReadings = (stat: string): Reading[] =>
  parseCpuTicks(stat).flatMap(({ processor, ticks: [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] }) =>
    [user, nice, system, idle, iowait, irq + softirq, steal].map((ticks, index) => reading("system.cpu.time", ticks / TICKS_PER_SECOND, { cpu: processor, state: CPU_STATES[index]! })),
  );

export const cpuReadings = (now: CpuTimes, before: CpuTimes | undefined): Reading[] => {
  const readings = [reading("system.cpu.logical.count", now.processors)];
  if (!before) return readings;
  // iowait may run backwards (proc_stat(5)), as may anything when a processor is taken away.
  const deltas = now.ticks.map((ticks, state) => Math.max(0, ticks - before.ticks[state]!));
  const sum = deltas.reduce((one, other) => one + other, 0);
  if (sum === 0) return readings;
  for (const [index, state] of CPU_STATES.entries()) {
    readings.push(reading("system.cpu.utilization", deltas[index]! / sum, { state }));
  }
  return readings;
};

export const loadReadings = (loadavg: string): Reading[] => {
  const [one, five, fifteen] = loadavg.split(" ").map(Number);
  if (![one, five, fifteen].every(Number.isFinite)) return [];
  return [
    reading("system.cpu.load_average.1m", one!),
    reading("system.cpu.load_average.5m", five!),
    reading("system.cpu.load_average.15m", fifteen!),
  ];
};

export const uptimeReadings = (uptime: string): Reading[] => {
  const seconds = Number.parseFloat(uptime);
  return Number.isFinite(seconds) ? [reading("system.uptime", seconds)] : [];
};
