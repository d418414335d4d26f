import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cpuReadings, loadReadings, parseCpuTimes, uptimeReadings } from "./cpu.ts";
import { diskReadings } from "./disk.ts";
import { filesystemReadings, parseMounts } from "./filesystem.ts";
import { memoryReadings } from "./memory.ts";
import { METRICS, type Reading } from "./metrics.ts";
import { networkReadings } from "./network.ts";

const proc = (name: string): string => readFileSync(new URL(`testdata/vm/proc/${name}`, import.meta.url), "utf8");
const disks = new Set(["vda", "sdb", "loop0", "zram0"]);

/** `metric{label=value,...}` to value. */
const table = (readings: readonly Reading[]): Record<string, number> =>
  Object.fromEntries(
    readings.map(({ metric, labels, value }) => [
      `${metric}{${Object.entries(labels)
        .map(([name, label]) => `${name}=${label}`)
        .join(",")}}`,
      value,
    ]),
  );

describe("/proc/stat", () => {
  it("gives the ticks of all processors, without their parts", () => {
    expect(parseCpuTimes(proc("stat"))).toEqual({ ticks: [41686, 1801, 19954, 470692, 1484, 294, 69], processors: 2 });
  });

  it("gives shares of the time between two readings", () => {
    const before = { ticks: [100, 0, 50, 800, 10, 5, 0], processors: 2 };
    const now = { ticks: [150, 0, 60, 930, 15, 10, 0], processors: 2 };
    expect(table(cpuReadings(now, before))).toEqual({
      "system.cpu.logical.count{}": 2,
      "system.cpu.utilization{state=user}": 0.25,
      "system.cpu.utilization{state=nice}": 0,
      "system.cpu.utilization{state=system}": 0.05,
      "system.cpu.utilization{state=idle}": 0.65,
      "system.cpu.utilization{state=iowait}": 0.025,
      "system.cpu.utilization{state=interrupt}": 0.025,
      "system.cpu.utilization{state=steal}": 0,
    });
  });

  it.each([
    ["no reading before", [1, 1, 1, 1, 1, 1, 1], undefined],
    ["no time in between", [1, 1, 1, 1, 1, 1, 1], { ticks: [1, 1, 1, 1, 1, 1, 1], processors: 1 }],
  ])("has no utilisation with %s", (_name, ticks, before) => {
    expect(cpuReadings({ ticks, processors: 1 }, before).map(({ metric }) => metric)).toEqual(["system.cpu.logical.count"]);
  });

  it("never goes below 0 when a state runs backwards", () => {
    const readings = cpuReadings({ ticks: [10, 0, 0, 10, 3, 0, 0], processors: 1 }, { ticks: [0, 0, 0, 0, 5, 0, 0], processors: 1 });
    expect(table(readings)["system.cpu.utilization{state=iowait}"]).toBe(0);
  });
});

it("reads load and uptime", () => {
  expect(table([...loadReadings(proc("loadavg")), ...uptimeReadings(proc("uptime"))])).toEqual({
    "system.cpu.load_average.1m{}": 1.93,
    "system.cpu.load_average.5m{}": 1.55,
    "system.cpu.load_average.15m{}": 0.85,
    "system.uptime{}": 2692.61,
  });
});

it("reads memory and swap; the states add up to all of it", () => {
  const readings = table(memoryReadings(proc("meminfo")));
  expect(readings).toMatchObject({
    "system.memory.limit{}": 24684084 * 1024,
    "system.memory.usage{state=cached}": 1132044 * 1024,
    "system.memory.usage{state=used}": (24684084 - 22826944 - 3616 - 1132044 - 263040) * 1024,
    "system.paging.usage{state=used}": 1024 * 1024,
    "system.paging.usage{state=free}": 2096124 * 1024,
  });
  const usages = Object.entries(readings).filter(([name]) => name.startsWith("system.memory.usage"));
  expect(usages.reduce((sum, [, value]) => sum + value, 0)).toBe(24684084 * 1024);
});

it("reads whole disks that were used", () => {
  expect(table(diskReadings(proc("diskstats"), disks))).toEqual({
    "system.disk.io{device=vda,direction=read}": 11884130 * 512,
    "system.disk.io{device=vda,direction=write}": 20753238 * 512,
    "system.disk.operations{device=vda,direction=read}": 220012,
    "system.disk.operations{device=vda,direction=write}": 99958,
    "system.disk.io_time{device=vda}": 26.688,
  });
});

it("reads network interfaces that were used, also where a colon touches the number", () => {
  expect(table(networkReadings(proc("net/dev")))).toEqual({
    "system.network.io{device=eth0,direction=receive}": 1156465033,
    "system.network.io{device=eth0,direction=transmit}": 2061654,
    "system.network.errors{device=eth0,direction=receive}": 3,
    "system.network.errors{device=eth0,direction=transmit}": 1,
    "system.network.dropped{device=eth0,direction=receive}": 7,
    "system.network.dropped{device=eth0,direction=transmit}": 2,
  });
});

it("takes mounts of disks and servers, each once", () => {
  expect(parseMounts(proc("self/mounts"))).toEqual([
    { device: "/dev/vda1", mountpoint: "/", type: "ext4" },
    { device: "/dev/sdb", mountpoint: "/mnt/my disk", type: "xfs" },
    { device: "filer:/export", mountpoint: "/mnt/nfs", type: "nfs4" },
  ]);
});

it("measures a filesystem as df does", () => {
  const stats = { type: 0, bsize: 4096, blocks: 1000, bfree: 400, bavail: 350, files: 0, ffree: 0 } as const;
  expect(table(filesystemReadings({ device: "/dev/vda1", mountpoint: "/", type: "ext4" }, stats as never))).toEqual({
    "system.filesystem.usage{mountpoint=/,device=/dev/vda1,type=ext4,state=used}": 600 * 4096,
    "system.filesystem.usage{mountpoint=/,device=/dev/vda1,type=ext4,state=free}": 350 * 4096,
    "system.filesystem.usage{mountpoint=/,device=/dev/vda1,type=ext4,state=reserved}": 50 * 4096,
    "system.filesystem.utilization{mountpoint=/}": 600 / 950,
  });
});

it("gives only known metrics and finite values for whatever text the kernel or a sandbox shows", () => {
  const line = fc.array(fc.oneof(fc.constantFrom("cpu", "cpu0", "vda", "eth0:", "MemTotal:", "kB", "-", "NaN"), fc.nat().map(String), fc.string({ maxLength: 5 })), { maxLength: 20 });
  const text = fc.array(line.map((words) => words.join(" ")), { maxLength: 8 }).map((lines) => lines.join("\n"));
  fc.assert(
    fc.property(text, (anything) => {
      const times = parseCpuTimes(anything);
      parseMounts(anything);
      const readings = [
        ...(times ? cpuReadings(times, { ticks: [0, 0, 0, 0, 0, 0, 0], processors: 1 }) : []),
        ...loadReadings(anything),
        ...uptimeReadings(anything),
        ...memoryReadings(anything),
        ...diskReadings(anything, disks),
        ...networkReadings(anything),
      ];
      for (const { metric, value } of readings) {
        expect(METRICS).toHaveProperty([metric]);
        expect(Number.isFinite(value)).toBe(true);
      }
    }),
  );
});
