/** CPU time and memory of a process and everything below it, from /proc (Linux; proc(5)). */

import { readdirSync, readFileSync } from "node:fs";

/** USER_HZ: fixed to 100 in the kernel's user-space interface on every architecture Node runs on. */
const TICKS_PER_SECOND = 100;

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
}

/** undefined when the process is gone. */
const statOf = (pid: number): ProcessStat | undefined => {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined;
  }
  // The command's name may hold anything, parentheses and blanks too: fields count from the last ")".
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  // utime, stime, and cutime, cstime of children that have ended and were waited for.
  const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
  return { pid, parent: Number(fields[1]), ticks };
};

/** The process and its living descendants. */
export const processTree = (root: number): number[] => treeOf(root).map(({ pid }) => pid);

const treeOf = (root: number): ProcessStat[] => {
  const stats = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => statOf(Number(name)))
    .filter((stat) => stat !== undefined);
  const tree = stats.filter(({ pid }) => pid === root);
  for (const member of tree) tree.push(...stats.filter(({ parent }) => parent === member.pid));
  return tree;
};

const secondsOf = (tree: readonly ProcessStat[]): number => tree.reduce((sum, { ticks }) => sum + ticks, 0) / TICKS_PER_SECOND;

/** User and system seconds of all threads of the process and its descendants since they started. */
export const cpuSeconds = (root: number): number => secondsOf(treeOf(root));

export interface Costs {
  /** User and system time of all threads since they started. */
  readonly cpuSeconds: number;
  /** MB are 10^6 bytes, summed over the tree. */
  readonly rssMB: number;
  /** Largest resident sizes so far (VmHWM). */
  readonly peakRssMB: number;
  readonly threads: number;
}

/** Of the process and its living descendants, with the CPU of those that have ended. */
export const costsOf = (root: number): Costs => {
  const tree = treeOf(root);
  const total = { cpuSeconds: secondsOf(tree), rssMB: 0, peakRssMB: 0, threads: 0 };
  for (const { pid } of tree) {
    const status = statusOf(pid);
    const figure = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
    total.rssMB += (figure("VmRSS") * 1024) / 1e6;
    total.peakRssMB += (figure("VmHWM") * 1024) / 1e6;
    total.threads += figure("Threads");
  }
  return total;
};

/** "" when the process is gone. */
const statusOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/status`, "latin1");
  } catch {
    return "";
  }
};

/** The command line of a process, arguments joined by blanks; "" when it is gone. */
export const commandLine = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return "";
  }
};
