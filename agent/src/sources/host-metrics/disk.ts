/** /proc/diskstats: https://docs.kernel.org/admin-guide/iostats.html */

import { numberColumns } from "./columns.ts";
import { reading, type Reading } from "./metrics.ts";

/** Sectors in this file are 512 bytes, whatever the disk's own are. */
export const SECTOR_BYTES = 512;
const VIRTUAL = /^(loop|ram|zram|fd|sr)\d/;

/** Whole disks that were used, with their columns. `disks`: their names (/sys/block); what is not among them is a partition. */
export const parseDisks = (diskstats: string, disks: ReadonlySet<string>): { readonly device: string; readonly values: readonly number[] }[] =>
  diskstats.split("\n").flatMap((line) => {
    const [, device, columns] = /^ *\d+ +\d+ (\S+) (.+)$/.exec(line) ?? [];
    const values = columns && numberColumns(columns);
    if (!device || !values || VIRTUAL.test(device) || !disks.has(device)) return [];
    return (values[0] ?? 0) + (values[4] ?? 0) === 0 ? [] : [{ device, values }];
  });

export const diskReadings = (diskstats: string, disks: ReadonlySet<string>): Reading[] =>
  parseDisks(diskstats, disks).flatMap(({ device, values }) => {
    const [reads = 0, , sectorsRead = 0, , writes = 0, , sectorsWritten = 0, , , busyMs = 0] = values;
    return [
      reading("system.disk.io", sectorsRead * SECTOR_BYTES, { device, direction: "read" }),
      reading("system.disk.io", sectorsWritten * SECTOR_BYTES, { device, direction: "write" }),
      reading("system.disk.operations", reads, { device, direction: "read" }),
      reading("system.disk.operations", writes, { device, direction: "write" }),
      reading("system.disk.io_time", busyMs / 1e3, { device }),
    ];
  });
