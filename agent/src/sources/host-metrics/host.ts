import { readdir, readFile, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../core/clock.ts";
import { cpuReadings, loadReadings, parseCpuTimes, uptimeReadings, type CpuTimes } from "./cpu.ts";
import { diskReadings } from "./disk.ts";
import { MountProbe, parseMounts, type Statfs } from "./filesystem.ts";
import { memoryReadings } from "./memory.ts";
import type { Reading } from "./metrics.ts";
import { networkReadings } from "./network.ts";

/** Where the kernel tells about itself; tests and containers have it elsewhere. */
export interface HostFolders {
  readonly proc: string;
  readonly sys: string;
}

/** Reads one host. What a container does not show is left out. */
export class Host {
  readonly #folders: HostFolders;
  readonly #mounts: MountProbe;
  #cpuBefore: CpuTimes | undefined;

  constructor(folders: HostFolders, clock: Clock, askFilesystem: Statfs = statfs) {
    this.#folders = folders;
    this.#mounts = new MountProbe(askFilesystem, clock);
  }

  /** Utilisation is over the time since the previous call; the first call has none. */
  async read(): Promise<Reading[]> {
    const [stat, loadavg, uptime, meminfo, diskstats, network, mounts] = await Promise.all(
      ["stat", "loadavg", "uptime", "meminfo", "diskstats", "net/dev", "self/mounts"].map((name) => this.#text(name)),
    );
    const cpu = parseCpuTimes(stat!);
    const readings = [
      ...(cpu ? cpuReadings(cpu, this.#cpuBefore) : []),
      ...loadReadings(loadavg!),
      ...uptimeReadings(uptime!),
      ...memoryReadings(meminfo!),
      ...diskReadings(diskstats!, await this.#disks()),
      ...networkReadings(network!),
      ...(await this.#mounts.readings(parseMounts(mounts!))),
    ];
    this.#cpuBefore = cpu;
    return readings;
  }

  async #text(name: string): Promise<string> {
    return readFile(join(this.#folders.proc, name), "utf8").catch(() => "");
  }

  async #disks(): Promise<ReadonlySet<string>> {
    return new Set(await readdir(join(this.#folders.sys, "block")).catch(() => []));
  }
}
