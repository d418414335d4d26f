/** A look at a host under OpenTelemetry's names. */

import type { Observation } from "../../core/contracts.ts";
import { cpuReadings, cpuTimeReadings, loadReadings, parseCpuTimes, uptimeReadings, type CpuTimes } from "./cpu.ts";
import { diskReadings } from "./disk.ts";
import { filesystemReadings } from "./filesystem.ts";
import { fileHandleReadings, pagingReadings } from "./kernel.ts";
import { memoryReadings } from "./memory.ts";
import { toObservation, type Reading } from "./metrics.ts";
import { networkReadings } from "./network.ts";
import { PRESSURE_RESOURCES, pressureReadings } from "./pressure.ts";
import { processReadings } from "./processes.ts";
import type { HostSnapshot } from "./snapshot.ts";

/** Utilisation is over the time since the previous look; the first has none. */
export class OtelNames {
  readonly #perCpu: boolean;
  #cpuBefore: CpuTimes | undefined;

  constructor(perCpu: boolean) {
    this.#perCpu = perCpu;
  }

  observations(snapshot: HostSnapshot, host: string): Observation[] {
    return this.#readings(snapshot).map((reading) => toObservation(reading, host));
  }

  #readings({ texts, pressure, disks, mounts, processes, container }: HostSnapshot): Reading[] {
    const cpu = parseCpuTimes(texts.stat);
    const before = this.#cpuBefore;
    this.#cpuBefore = cpu;
    return [
      ...(cpu ? cpuReadings(cpu, before) : []),
      ...(this.#perCpu ? cpuTimeReadings(texts.stat) : []),
      ...loadReadings(texts.loadavg),
      ...uptimeReadings(texts.uptime),
      ...memoryReadings(texts.meminfo),
      ...pagingReadings(texts.vmstat),
      ...diskReadings(texts.diskstats, disks),
      ...networkReadings(texts.network),
      ...mounts.flatMap(({ mount, stats }) => filesystemReadings(mount, stats)),
      ...processReadings(processes),
      ...PRESSURE_RESOURCES.flatMap((resource) => pressureReadings(resource, pressure[resource])),
      ...fileHandleReadings(texts.fileNr),
      ...container,
    ];
  }
}
