/**
 * CPU and memory of the container that the agent runs in: cgroup v2
 * (https://docs.kernel.org/admin-guide/cgroup-v2.html), else v1.
 */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parsePairs } from "./kernel.ts";
import { reading, type Reading } from "./metrics.ts";

/** Beyond it a limit is none (v1 writes the largest number of pages). */
const NO_LIMIT = 2 ** 60;

interface Usage {
  /** Seconds. */
  readonly cpuTime?: number;
  readonly throttled?: number;
  /** Processors. */
  readonly cpuLimit?: number;
  /** Bytes. */
  readonly memory?: number;
  readonly memoryLimit?: number;
  readonly rss?: number;
  readonly inactiveFile?: number;
}

/** What Docker, Podman and Kubernetes leave in a container. */
export const isInContainer = (): boolean => existsSync("/.dockerenv") || existsSync("/run/.containerenv") || process.env["KUBERNETES_SERVICE_HOST"] !== undefined;

/** `folder`: /sys/fs/cgroup, which is the container's own in a container. */
export const readCgroup = async (folder: string): Promise<Reading[]> => {
  const { cpuTime, throttled, cpuLimit, memory, memoryLimit, rss, inactiveFile } = (await readV2(folder)) ?? (await readV1(folder));
  const readings: Reading[] = [];
  const add = (metric: Reading["metric"], value: number | undefined): void => void (value !== undefined && Number.isFinite(value) && readings.push(reading(metric, value)));
  add("container.cpu.time", cpuTime);
  add("container.cpu.throttled_time", throttled);
  add("container.cpu.limit", cpuLimit);
  add("container.memory.usage", memory);
  add("container.memory.working_set", memory === undefined || inactiveFile === undefined ? undefined : Math.max(0, memory - inactiveFile));
  add("container.memory.rss", rss);
  if (memoryLimit !== undefined && memoryLimit < NO_LIMIT) add("container.memory.limit", memoryLimit);
  return readings;
};

const textOf = (...path: string[]): Promise<string | undefined> => readFile(join(...path), "utf8").catch(() => undefined);

/** A number alone in its file; `max` and what is no number are none. */
const numberIn = (text: string | undefined): number | undefined => (text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : undefined);

const scaled = (value: number | undefined, factor: number): number | undefined => (value === undefined ? undefined : value * factor);

/** Only what is there. */
const usageOf = (values: Readonly<Record<keyof Usage, number | undefined>>): Usage => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

const readV2 = async (folder: string): Promise<Usage | undefined> => {
  const [current, limit, stat, cpuMax, cpuStat] = await Promise.all(["memory.current", "memory.max", "memory.stat", "cpu.max", "cpu.stat"].map((name) => textOf(folder, name)));
  if (current === undefined && cpuStat === undefined) return undefined;
  const cpu = parsePairs(cpuStat ?? "");
  const memory = parsePairs(stat ?? "");
  const [, quota, period] = /^(\d+) (\d+)/.exec(cpuMax ?? "") ?? [];
  return usageOf({
    cpuTime: scaled(cpu.get("usage_usec"), 1e-6),
    throttled: scaled(cpu.get("throttled_usec"), 1e-6),
    cpuLimit: quota === undefined ? undefined : Number(quota) / Number(period),
    memory: numberIn(current),
    memoryLimit: numberIn(limit),
    rss: memory.get("anon"),
    inactiveFile: memory.get("inactive_file"),
  });
};

const readV1 = async (folder: string): Promise<Usage> => {
  const [usage, cpuStat, quota, period, current, limit, stat] = await Promise.all(
    [["cpuacct", "cpuacct.usage"], ["cpu", "cpu.stat"], ["cpu", "cpu.cfs_quota_us"], ["cpu", "cpu.cfs_period_us"], ["memory", "memory.usage_in_bytes"], ["memory", "memory.limit_in_bytes"], ["memory", "memory.stat"]].map((path) => textOf(folder, ...path)),
  );
  const memory = parsePairs(stat ?? "");
  const quotaUs = numberIn(quota);
  const periodUs = numberIn(period);
  return usageOf({
    cpuTime: scaled(numberIn(usage), 1e-9),
    throttled: scaled(parsePairs(cpuStat ?? "").get("throttled_time"), 1e-9),
    cpuLimit: quotaUs === undefined || !periodUs ? undefined : quotaUs / periodUs,
    memory: numberIn(current),
    memoryLimit: numberIn(limit),
    rss: memory.get("total_rss"),
    inactiveFile: memory.get("total_inactive_file"),
  });
};
