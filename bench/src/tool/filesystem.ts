/** Which filesystem a folder is on: a buffer in memory costs no writes to a disk. */

import { readFileSync, realpathSync, statfsSync } from "node:fs";

const IN_MEMORY: readonly string[] = ["tmpfs", "ramfs"];

/** Blanks, tabs, line feeds and backslashes in paths are octal in /proc/mounts (proc(5)). */
const unescaped = (text: string): string => text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Type of the filesystem of an existing path, such as `ext4`, from a table in the form of /proc/mounts; "unknown" when it has none. */
export const filesystemIn = (mounts: string, path: string): string => {
  let found = { point: "", type: "unknown" };
  for (const line of mounts.split("\n")) {
    const [, point = "", type = ""] = line.split(" ").map(unescaped);
    const holds = point === "/" || path === point || path.startsWith(`${point}/`);
    // Of two on one point the later covers the earlier.
    if (point !== "" && holds && point.length >= found.point.length) found = { point, type };
  }
  return found.type;
};

/** As `filesystemIn`, of this machine; "unknown" where there is no /proc. */
export const filesystemOf = (path: string): string => {
  try {
    return filesystemIn(readFileSync("/proc/self/mounts", "utf8"), realpathSync(path));
  } catch {
    return "unknown";
  }
};

export const isInMemory = (filesystem: string): boolean => IN_MEMORY.includes(filesystem);

/** A folder that all may write to on a filesystem in memory with so many bytes free, as Linux has one. */
export const memoryFolder = (freeBytes: number): string | undefined => {
  const folder = "/dev/shm";
  try {
    const { bavail, bsize } = statfsSync(folder);
    return isInMemory(filesystemOf(folder)) && bavail * bsize >= freeBytes ? folder : undefined;
  } catch {
    return undefined;
  }
};
