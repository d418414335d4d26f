/** /proc/pressure/*: https://docs.kernel.org/accounting/psi.html */

import { reading, type Reading } from "./metrics.ts";

export const PRESSURE_RESOURCES = ["cpu", "io", "memory"] as const;

export type PressureResource = (typeof PRESSURE_RESOURCES)[number];

/** Seconds since boot in which some, or all, tasks waited for a resource. */
export interface Pressure {
  readonly some?: number;
  readonly full?: number;
}

export const parsePressure = (text: string): Pressure =>
  Object.fromEntries([...text.matchAll(/^(some|full) .*\btotal=(\d+)$/gm)].map(([, share, microseconds]) => [share, Number(microseconds) / 1e6]));

export const pressureReadings = (resource: PressureResource, text: string): Reading[] =>
  Object.entries(parsePressure(text)).map(([share, seconds]) => reading("system.linux.pressure.stall_time", seconds, { resource, share }));
