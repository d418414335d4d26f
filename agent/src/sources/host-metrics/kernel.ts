/** /proc/vmstat, /proc/sys/fs/file-nr, and what /proc/stat tells beside processors: proc(5). */

import { reading, type Reading } from "./metrics.ts";

/** Lines of a name and a number. */
export const parsePairs = (text: string): Map<string, number> => new Map([...text.matchAll(/^(\w+) (\d+)/gm)].map(([, name, value]) => [name!, Number(value)]));

export interface FileHandles {
  readonly allocated: number;
  readonly limit: number;
}

export const parseFileHandles = (fileNr: string): FileHandles | undefined => {
  const [, allocated, limit] = /^(\d+)\s+\d+\s+(\d+)/.exec(fileNr) ?? [];
  return limit === undefined ? undefined : { allocated: Number(allocated), limit: Number(limit) };
};

export const pagingReadings = (vmstat: string): Reading[] => {
  const values = parsePairs(vmstat);
  const [faults, major, swappedIn, swappedOut] = ["pgfault", "pgmajfault", "pswpin", "pswpout"].map((name) => values.get(name));
  return [
    ...(faults !== undefined && major !== undefined ? [reading("system.paging.faults", major, { type: "major" }), reading("system.paging.faults", Math.max(0, faults - major), { type: "minor" })] : []),
    ...(swappedIn !== undefined && swappedOut !== undefined ? [reading("system.paging.operations", swappedIn, { direction: "in" }), reading("system.paging.operations", swappedOut, { direction: "out" })] : []),
  ];
};

export const fileHandleReadings = (fileNr: string): Reading[] => {
  const handles = parseFileHandles(fileNr);
  return handles ? [reading("system.linux.file_handles.count", handles.allocated), reading("system.linux.file_handles.limit", handles.limit)] : [];
};
