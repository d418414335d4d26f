/**
 * The same host under the names of Prometheus' node_exporter, for dashboards and alerts that were
 * written for it: https://github.com/prometheus/node_exporter (collectors cpu, diskstats, filefd,
 * filesystem, loadavg, meminfo, netdev, pressure, processes, stat, time, vmstat).
 */

import type { MetricKind } from "@obs/wire";
import type { Observation } from "../../core/contracts.ts";
import { numberColumns } from "./columns.ts";
import { parseCpuTicks, TICKS_PER_SECOND } from "./cpu.ts";
import { parseDisks, SECTOR_BYTES } from "./disk.ts";
import { parseFileHandles, parsePairs } from "./kernel.ts";
import { parseInterfaces } from "./network.ts";
import { parsePressure } from "./pressure.ts";
import type { HostSnapshot } from "./snapshot.ts";

type NamedReading = Omit<Observation, "help"> & { readonly help?: string };

const counter = (metric: string, value: number, unit = "", labels: Readonly<Record<string, string>> = {}): NamedReading => ({ metric, labels, kind: "counter", unit, value });
const gauge = (metric: string, value: number, unit = "", labels: Readonly<Record<string, string>> = {}): NamedReading => ({ metric, labels, kind: "gauge", unit, value });

const MODES = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"] as const;

const cpu = ({ stat }: HostSnapshot["texts"]): NamedReading[] =>
  parseCpuTicks(stat).flatMap(({ processor, ticks }) => {
    const seconds = (index: number): number => (ticks[index] ?? 0) / TICKS_PER_SECOND;
    return [
      ...MODES.map((mode, index) => counter("node_cpu_seconds_total", seconds(index), "s", { cpu: processor, mode })),
      counter("node_cpu_guest_seconds_total", seconds(8), "s", { cpu: processor, mode: "user" }),
      counter("node_cpu_guest_seconds_total", seconds(9), "s", { cpu: processor, mode: "nice" }),
    ];
  });

const STAT: Readonly<Record<string, readonly [name: string, kind: MetricKind]>> = {
  ctxt: ["node_context_switches_total", "counter"],
  intr: ["node_intr_total", "counter"],
  processes: ["node_forks_total", "counter"],
  btime: ["node_boot_time_seconds", "gauge"],
  procs_running: ["node_procs_running", "gauge"],
  procs_blocked: ["node_procs_blocked", "gauge"],
};

const stat = ({ stat: text }: HostSnapshot["texts"]): NamedReading[] => {
  const values = parsePairs(text);
  return Object.entries(STAT).flatMap(([field, [metric, kind]]) => (values.has(field) ? [{ metric, labels: {}, kind, unit: "", value: values.get(field)! }] : []));
};

const load = ({ loadavg }: HostSnapshot["texts"]): NamedReading[] => {
  const values = numberColumns(loadavg.split(" ").slice(0, 3).join(" "));
  return loadavg === "" || values?.length !== 3 ? [] : ["node_load1", "node_load5", "node_load15"].map((metric, index) => gauge(metric, values[index]!));
};

/** `Active(anon)` is Active_anon; amounts in kB are given in bytes. */
const memory = ({ meminfo }: HostSnapshot["texts"]): NamedReading[] =>
  [...meminfo.matchAll(/^([\w()]+): +(\d+)( kB)?$/gm)].map(([, field, amount, isKibibytes]) => {
    const name = `node_memory_${field!.replace(/\((.*)\)/, "_$1")}`;
    return isKibibytes ? gauge(`${name}_bytes`, Number(amount) * 1024, "By") : gauge(name, Number(amount));
  });

const disks = ({ texts, disks: whole }: HostSnapshot): NamedReading[] =>
  parseDisks(texts.diskstats, whole).flatMap(({ device, values }) => {
    const [reads = 0, readsMerged = 0, sectorsRead = 0, readMs = 0, writes = 0, writesMerged = 0, sectorsWritten = 0, writeMs = 0, now = 0, busyMs = 0, weightedMs = 0] = values;
    const of = (name: string, value: number, unit = ""): NamedReading => counter(`node_disk_${name}_total`, value, unit, { device });
    return [
      of("reads_completed", reads), of("reads_merged", readsMerged), of("read_bytes", sectorsRead * SECTOR_BYTES, "By"), of("read_time_seconds", readMs / 1e3, "s"),
      of("writes_completed", writes), of("writes_merged", writesMerged), of("written_bytes", sectorsWritten * SECTOR_BYTES, "By"), of("write_time_seconds", writeMs / 1e3, "s"),
      gauge("node_disk_io_now", now, "", { device }), of("io_time_seconds", busyMs / 1e3, "s"), of("io_time_weighted_seconds", weightedMs / 1e3, "s"),
    ];
  });

const filesystems = ({ mounts }: HostSnapshot): NamedReading[] =>
  mounts.flatMap(({ mount: { device, mountpoint, type }, stats: { bsize, blocks, bfree, bavail, files, ffree } }) => {
    const of = (name: string, value: number, unit = ""): NamedReading => gauge(`node_filesystem_${name}`, value, unit, { device, fstype: type, mountpoint });
    return blocks === 0 ? [] : [of("size_bytes", blocks * bsize, "By"), of("free_bytes", bfree * bsize, "By"), of("avail_bytes", bavail * bsize, "By"), of("files", files), of("files_free", ffree)];
  });

const network = ({ texts }: HostSnapshot): NamedReading[] =>
  parseInterfaces(texts.network).flatMap(({ device, values }) =>
    (["receive", "transmit"] as const).flatMap((direction, index) => {
      const [bytes = 0, packets = 0, errors = 0, dropped = 0] = values.slice(index * 8);
      const of = (name: string, value: number, unit = ""): NamedReading => counter(`node_network_${direction}_${name}_total`, value, unit, { device });
      return [of("bytes", bytes, "By"), of("packets", packets), of("errs", errors), of("drop", dropped)];
    }),
  );

const pressureTime = (name: string, seconds: number | undefined): NamedReading[] => (seconds === undefined ? [] : [counter(`node_pressure_${name}_seconds_total`, seconds, "s")]);

const pressure = ({ pressure: texts }: HostSnapshot): NamedReading[] => {
  const [cpuTime, io, memoryTime] = [texts.cpu, texts.io, texts.memory].map(parsePressure);
  return [...pressureTime("cpu_waiting", cpuTime?.some), ...pressureTime("io_waiting", io?.some), ...pressureTime("io_stalled", io?.full), ...pressureTime("memory_waiting", memoryTime?.some), ...pressureTime("memory_stalled", memoryTime?.full)];
};

const VMSTAT = /^(?:oom_kill|pgpgin|pgpgout|pswpin|pswpout|pgfault|pgmajfault)$/;

const kernel = ({ texts, processes }: HostSnapshot): NamedReading[] => {
  const handles = parseFileHandles(texts.fileNr);
  return [
    ...[...parsePairs(texts.vmstat)].filter(([name]) => VMSTAT.test(name)).map(([name, value]) => counter(`node_vmstat_${name}`, value)),
    ...(handles ? [gauge("node_filefd_allocated", handles.allocated), gauge("node_filefd_maximum", handles.limit)] : []),
    ...[...processes].map(([state, count]) => gauge("node_processes_state", count, "", { state })),
  ];
};

export const nodeExporterObservations = (snapshot: HostSnapshot, host: string, nowMs: number): Observation[] => {
  const { texts } = snapshot;
  const readings = [...cpu(texts), ...stat(texts), ...load(texts), ...memory(texts), ...disks(snapshot), ...filesystems(snapshot), ...network(snapshot), ...pressure(snapshot), ...kernel(snapshot)];
  if (readings.length === 0) return [];
  return [...readings, gauge("node_time_seconds", nowMs / 1e3, "s")].map((reading) => ({ help: "", ...reading, labels: { ...reading.labels, host, service: "host" } }));
};
