import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../core/clock.ts";
import type { Observation } from "../../core/contracts.ts";
import { parsePage, parseSeries } from "../prometheus/page.ts";
import { readCgroup } from "./cgroup.ts";
import { cpuTimeReadings } from "./cpu.ts";
import { fileHandleReadings, pagingReadings } from "./kernel.ts";
import { nodeExporterObservations } from "./node-exporter.ts";
import { OtelNames } from "./otel.ts";
import { pressureReadings } from "./pressure.ts";
import { processReadings, readProcessStates } from "./processes.ts";
import { Host, type HostSnapshot } from "./snapshot.ts";

const NODE_EXPORTER = "/usr/bin/prometheus-node-exporter";

const testdata = (name: string): string => fileURLToPath(new URL(`testdata/${name}`, import.meta.url));
const proc = (name: string): string => readFileSync(testdata(`vm/proc/${name}`), "utf8");

const nameOf = (metric: string, labels: Readonly<Record<string, string>>): string =>
  `${metric}{${Object.entries(labels)
    .filter(([name]) => name !== "host" && name !== "service")
    .map((pair) => pair.join("="))
    .join(",")}}`;

const table = (readings: readonly Pick<Observation, "labels" | "value" | "metric">[]): Record<string, number> => Object.fromEntries(readings.map(({ metric, labels, value }) => [nameOf(metric, labels), value]));

describe("what the kernel tells", () => {
  it("of each processor", () =>
    expect(table(cpuTimeReadings(proc("stat")))).toMatchObject({ "system.cpu.time{cpu=0,state=user}": 209.83, "system.cpu.time{cpu=1,state=interrupt}": 2.39, "system.cpu.time{cpu=1,state=steal}": 0.38 }));

  it("of pressure", () =>
    expect(table([...pressureReadings("cpu", proc("pressure/cpu")), ...pressureReadings("io", proc("pressure/io"))])).toEqual({
      "system.linux.pressure.stall_time{resource=cpu,share=some}": 1886.23225,
      "system.linux.pressure.stall_time{resource=cpu,share=full}": 0,
      "system.linux.pressure.stall_time{resource=io,share=some}": 52.170975,
      "system.linux.pressure.stall_time{resource=io,share=full}": 18.205934,
    }));

  it("of paging and file handles", () =>
    expect(table([...pagingReadings(proc("vmstat")), ...fileHandleReadings(proc("sys/fs/file-nr"))])).toEqual({
      "system.paging.faults{type=major}": 11350,
      "system.paging.faults{type=minor}": 192937831,
      "system.paging.operations{direction=in}": 12,
      "system.paging.operations{direction=out}": 34,
      "system.linux.file_handles.count{}": 1108,
      "system.linux.file_handles.limit{}": 2466170,
    }));

  it("of processes, whatever their names are", async () => {
    const states = await readProcessStates(testdata("vm/proc"));
    expect(Object.fromEntries(states)).toEqual({ S: 2, R: 1, Z: 1 });
    expect(table(processReadings(new Map([...states, ["D", 1], ["I", 5], ["X", 1]])))).toEqual({
      "system.processes.count{status=sleeping}": 7,
      "system.processes.count{status=running}": 1,
      "system.processes.count{status=defunct}": 1,
      "system.processes.count{status=disk_sleep}": 1,
      "system.processes.count{status=other}": 1,
    });
  });

  it.each([
    ["v2", { "container.cpu.limit{}": 1.5, "container.memory.limit{}": 268435456 }],
    ["v1, without limits", {}],
  ])("of a container with cgroup %s", async (name, limits) => {
    const readings = table(await readCgroup(testdata(`cgroup-${name.slice(0, 2)}`)));
    expect(Object.fromEntries(Object.entries(readings).map(([metric, value]) => [metric, Math.round(value * 1e6) / 1e6]))).toEqual({
      "container.cpu.time{}": 12.5, "container.cpu.throttled_time{}": 0.75, "container.memory.usage{}": 104857600, "container.memory.working_set{}": 83886080, "container.memory.rss{}": 52428800, ...limits,
    });
  });

  it("of a container that shows nothing", async () => expect(await readCgroup(testdata("nowhere"))).toEqual([]));
});

const look = (): Promise<HostSnapshot> =>
  new Host({ proc: testdata("vm/proc"), sys: testdata("vm/sys"), cgroup: testdata("cgroup-v2") }, systemClock, async () => ({ bsize: 4096, blocks: 1000, bfree: 400, bavail: 350, files: 100, ffree: 40 }) as never).look();

const metricsOf = async (perCpu: boolean) => new Set(new OtelNames(perCpu).observations(await look(), "h").map(({ metric }) => metric));

describe("names", () => {
  it("of OpenTelemetry, processors one by one on demand", async () => {
    const [plain, perCpu] = [await metricsOf(false), await metricsOf(true)];
    expect(plain).toEqual(new Set([...perCpu].filter((metric) => metric !== "system.cpu.time")));
    expect(perCpu.has("system.cpu.time")).toBe(true);
    for (const metric of ["system.processes.count", "system.linux.pressure.stall_time", "container.memory.usage", "system.paging.usage"]) expect(plain.has(metric)).toBe(true);
  });

  it("of node_exporter", async () => {
    const observations = nodeExporterObservations(await look(), "h", 1_700_000_000_500);
    expect(observations.every(({ labels }) => labels["host"] === "h" && labels["service"] === "host")).toBe(true);
    expect(table(observations)).toMatchObject({
      "node_cpu_seconds_total{cpu=0,mode=user}": 209.83,
      "node_cpu_guest_seconds_total{cpu=1,mode=nice}": 0.1,
      "node_context_switches_total{}": 5139045,
      "node_intr_total{}": 2102736,
      "node_procs_running{}": 2,
      "node_load15{}": 0.85,
      "node_memory_MemTotal_bytes{}": 24684084 * 1024,
      "node_memory_HugePages_Total{}": 0,
      "node_disk_read_bytes_total{device=vda}": 11884130 * 512,
      "node_disk_io_time_weighted_seconds_total{device=vda}": 121.519,
      "node_filesystem_avail_bytes{device=/dev/vda1,fstype=ext4,mountpoint=/}": 350 * 4096,
      "node_filesystem_files_free{device=/dev/sdb,fstype=xfs,mountpoint=/mnt/my disk}": 40,
      "node_network_transmit_drop_total{device=eth0}": 2,
      "node_pressure_io_stalled_seconds_total{}": 18.205934,
      "node_vmstat_oom_kill{}": 2,
      "node_filefd_maximum{}": 2466170,
      "node_processes_state{state=Z}": 1,
      "node_time_seconds{}": 1_700_000_000.5,
    });
  });

  it("of either are finite numbers for whatever text the kernel or a sandbox shows", () => {
    const words = fc.oneof(fc.constantFrom("cpu", "cpu0", "some", "full", "total=5", "pgfault", "MemTotal:", "kB", "vda", "eth0:", "NaN", "9e999", "\t"), fc.nat().map(String), fc.string({ maxLength: 4 }));
    const text = fc.array(fc.array(words, { maxLength: 14 }).map((line) => line.join(" ")), { maxLength: 6 }).map((lines) => lines.join("\n"));
    fc.assert(
      fc.property(text, (anything) => {
        const texts = { stat: anything, loadavg: anything, uptime: anything, meminfo: anything, diskstats: anything, network: anything, mounts: anything, vmstat: anything, fileNr: anything };
        const snapshot: HostSnapshot = { texts, pressure: { cpu: anything, io: anything, memory: anything }, disks: new Set(["vda"]), mounts: [], processes: new Map(), container: [] };
        const observations = [...nodeExporterObservations(snapshot, "h", 0), ...new OtelNames(true).observations(snapshot, "h")];
        expect(observations.every(({ value }) => Number.isFinite(value))).toBe(true);
      }),
    );
  });

  it.runIf(existsSync(NODE_EXPORTER))("are those of a real node_exporter (Debian: prometheus-node-exporter)", async () => {
    const exporter = spawn(NODE_EXPORTER, ["--web.listen-address=127.0.0.1:0", "--collector.processes"], { stdio: ["ignore", "ignore", "pipe"] });
    try {
      let log = "";
      exporter.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
      await expect.poll(() => log, { timeout: 10_000 }).toMatch(/address=127\.0\.0\.1:\d+/);
      const [, address] = /address=(127\.0\.0\.1:\d+)/.exec(log)!;
      const page = await (await fetch(`http://${address}/metrics`)).text();
      const theirs = new Map<string, { labels: string; value: number }>();
      const types = new Map<string, string>();
      parsePage(page, "text", {
        metadata: (what, family, text) => what === "TYPE" && types.set(family, text),
        exemplar: () => {},
        sample: (text, value) => {
          const { name, labels } = parseSeries(text)!;
          theirs.set(name, { labels: [...labels.keys()].sort().join(","), value });
        },
      });
      const observations = nodeExporterObservations(await new Host({ proc: "/proc", sys: "/sys" }, systemClock).look(), "h", Date.now());
      for (const { metric, labels, kind } of observations) {
        const names = Object.keys(labels).filter((name) => name !== "host" && name !== "service");
        // Without pressure or a disk in the kernel, neither has it.
        expect([metric, theirs.get(metric)?.labels]).toEqual([metric, names.sort().join(",")]);
        // They call what only grows untyped where the kernel does not promise it.
        expect([kind, "untyped"]).toContain(types.get(metric));
      }
      for (const steady of ["node_boot_time_seconds", "node_memory_MemTotal_bytes", "node_filefd_maximum"]) expect([steady, observations.find(({ metric }) => metric === steady)?.value]).toEqual([steady, theirs.get(steady)!.value]);
      expect(observations.length).toBeGreaterThan(60);
    } finally {
      exporter.kill();
    }
  });
});
