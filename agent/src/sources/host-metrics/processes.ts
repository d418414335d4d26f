/** Processes by state: /proc/[pid]/stat, proc_pid_stat(5). */

import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { reading, type Reading } from "./metrics.ts";

/** Letters of states as the kernel has them, and how many processes are in each. */
export type ProcessStates = ReadonlyMap<string, number>;

/** Looked at between two turns of the event loop: 15 us each. */
const CHUNK = 100;

export const readProcessStates = async (proc: string): Promise<ProcessStates> => {
  const states = new Map<string, number>();
  const ids = (await readdir(proc).catch(() => [])).filter((name) => /^\d+$/.test(name));
  for (const [index, id] of ids.entries()) {
    if (index > 0 && index % CHUNK === 0) await new Promise((resolve) => setImmediate(resolve));
    const state = stateOf(join(proc, id, "stat"));
    if (state !== undefined) states.set(state, (states.get(state) ?? 0) + 1);
  }
  return states;
};

/** Undefined when the process has ended. Its name may hold anything, brackets too. */
const stateOf = (path: string): string | undefined => {
  try {
    const text = readFileSync(path, "latin1");
    return /^ (\w)/.exec(text.slice(text.lastIndexOf(")") + 1))?.[1];
  } catch {
    return undefined;
  }
};

/** OpenTelemetry's `process.state`, as far as it has one; the kernel's idle threads sleep. */
const NAMES: Readonly<Record<string, string>> = { R: "running", S: "sleeping", D: "disk_sleep", I: "sleeping", T: "stopped", t: "stopped", Z: "defunct" };

export const processReadings = (states: ProcessStates): Reading[] => {
  const counts = new Map<string, number>();
  for (const [letter, count] of states) {
    const name = NAMES[letter] ?? "other";
    counts.set(name, (counts.get(name) ?? 0) + count);
  }
  return [...counts].map(([status, count]) => reading("system.processes.count", count, { status }));
};
