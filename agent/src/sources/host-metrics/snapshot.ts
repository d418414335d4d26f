/** One look at a host: what the kernel tells, unread. What a container does not show is left out. */

import type { StatsFs } from "node:fs";
import { readdir, readFile, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../core/clock.ts";
import { isInContainer, readCgroup } from "./cgroup.ts";
import { MountProbe, parseMounts, type Mount, type Statfs } from "./filesystem.ts";
import type { Reading } from "./metrics.ts";
import { PRESSURE_RESOURCES, type PressureResource } from "./pressure.ts";
import { readProcessStates, type ProcessStates } from "./processes.ts";

/** Where the kernel tells about itself; tests and containers have it elsewhere. */
export interface HostFolders {
  readonly proc: string;
  readonly sys: string;
  /** Of the container that the agent runs in; undefined when it runs in none. */
  readonly cgroup?: string;
}

const FILES = { stat: "stat", loadavg: "loadavg", uptime: "uptime", meminfo: "meminfo", diskstats: "diskstats", network: "net/dev", mounts: "self/mounts", vmstat: "vmstat", fileNr: "sys/fs/file-nr" } as const;

export interface HostSnapshot {
  /** "" when there is no such file. */
  readonly texts: Readonly<Record<keyof typeof FILES, string>>;
  readonly pressure: Readonly<Record<PressureResource, string>>;
  /** Names of whole disks. */
  readonly disks: ReadonlySet<string>;
  readonly mounts: readonly MeasuredMount[];
  readonly processes: ProcessStates;
  readonly container: readonly Reading[];
}

export interface MeasuredMount {
  readonly mount: Mount;
  readonly stats: StatsFs;
}

export const thisHost = (): HostFolders => ({ proc: "/proc", sys: "/sys", ...(isInContainer() && { cgroup: "/sys/fs/cgroup" }) });

export class Host {
  readonly #folders: HostFolders;
  readonly #mounts: MountProbe;

  constructor(folders: HostFolders, clock: Clock, askFilesystem: Statfs = statfs) {
    this.#folders = folders;
    this.#mounts = new MountProbe(askFilesystem, clock);
  }

  async look(): Promise<HostSnapshot> {
    const { proc, sys, cgroup } = this.#folders;
    const [texts, pressure, disks, processes, container] = await Promise.all([
      readAll(proc, FILES),
      readAll(join(proc, "pressure"), Object.fromEntries(PRESSURE_RESOURCES.map((name) => [name, name])) as Record<PressureResource, string>),
      readdir(join(sys, "block")).catch(() => []),
      readProcessStates(proc),
      cgroup === undefined ? [] : readCgroup(cgroup),
    ]);
    return { texts, pressure, disks: new Set(disks), processes, container, mounts: await this.#mounts.measure(parseMounts(texts.mounts)) };
  }
}

const readAll = async <Name extends string>(folder: string, files: Readonly<Record<Name, string>>): Promise<Record<Name, string>> =>
  Object.fromEntries(await Promise.all(Object.entries<string>(files).map(async ([name, path]) => [name, await readFile(join(folder, path), "utf8").catch(() => "")]))) as Record<Name, string>;
