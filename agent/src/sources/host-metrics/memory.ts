/** /proc/meminfo: proc_meminfo(5). */

import { reading, type Reading } from "./metrics.ts";

/** Bytes by name; the file's kB are KiB. */
export const parseMeminfo = (meminfo: string): Map<string, number> => {
  const values = new Map<string, number>();
  for (const [, name, kibibytes] of meminfo.matchAll(/^([^:\n]+): +(\d+) kB$/gm)) values.set(name!, Number(kibibytes) * 1024);
  return values;
};

export const memoryReadings = (meminfo: string): Reading[] => {
  const values = parseMeminfo(meminfo);
  const bytes = (name: string): number => values.get(name) ?? 0;
  const total = bytes("MemTotal");
  if (total === 0) return [];
  const states: Record<string, number> = {
    free: bytes("MemFree"),
    buffers: bytes("Buffers"),
    cached: bytes("Cached"),
    slab_reclaimable: bytes("SReclaimable"),
  };
  const unused = Object.values(states).reduce((one, other) => one + other, 0);
  // Cached pages may be counted twice for a moment: used is never negative.
  states["used"] = Math.max(0, total - unused);
  const readings = [reading("system.memory.limit", total)];
  for (const [state, value] of Object.entries(states)) {
    readings.push(reading("system.memory.usage", value, { state }), reading("system.memory.utilization", value / total, { state }));
  }
  const swap = bytes("SwapTotal");
  if (swap === 0) return readings;
  const free = bytes("SwapFree");
  return [...readings, reading("system.paging.usage", swap - free, { state: "used" }), reading("system.paging.usage", free, { state: "free" })];
};
