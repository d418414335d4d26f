/**
 * Whether a process that wrote its id to a file still runs. A process id alone says little, since
 * ids are reused; with the time of its start it names one process.
 */

import { readFile } from "node:fs/promises";

export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in clock ticks since boot (Linux), "" where the system does not tell. */
  readonly startedAt: string;
}

/** `/proc/<pid>/stat`: the command may hold spaces and parentheses, so count from the last `)`. */
const readStat = async (pid: number): Promise<{ state: string; startedAt: string } | undefined> => {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0]!, startedAt: fields[19]! };
  } catch {
    return undefined;
  }
};

export const identify = async (pid: number): Promise<ProcessIdentity> => ({
  pid,
  startedAt: (await readStat(pid))?.startedAt ?? "",
});

export const isRunning = async ({ pid, startedAt }: ProcessIdentity): Promise<boolean> => {
  if (process.platform === "linux") {
    const stat = await readStat(pid);
    // A zombie has let go of its files already.
    return stat !== undefined && stat.state !== "Z" && stat.state !== "X" && stat.startedAt === startedAt;
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
};
