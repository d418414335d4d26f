/**
 * The metrics of a host: names, kinds and units of OpenTelemetry's semantic conventions for system
 * metrics (https://opentelemetry.io/docs/specs/semconv/system/system-metrics/).
 */

import type { MetricKind } from "@obs/wire";
import type { Observation } from "../../core/contracts.ts";

export const METRICS = {
  "system.cpu.utilization": ["gauge", "1", "Share of the time of all processors since the last reading, by state."],
  "system.cpu.time": ["counter", "s", "Time of one processor, by state."],
  "system.cpu.logical.count": ["updown", "{cpu}", "Logical processors."],
  "system.cpu.load_average.1m": ["gauge", "{thread}", "Runnable and uninterruptible threads, over 1 minute."],
  "system.cpu.load_average.5m": ["gauge", "{thread}", "Runnable and uninterruptible threads, over 5 minutes."],
  "system.cpu.load_average.15m": ["gauge", "{thread}", "Runnable and uninterruptible threads, over 15 minutes."],
  "system.memory.usage": ["updown", "By", "Memory by state; the states add up to all of it."],
  "system.memory.utilization": ["gauge", "1", "Share of the memory, by state."],
  "system.memory.limit": ["updown", "By", "All memory."],
  "system.paging.usage": ["updown", "By", "Swap space by state."],
  "system.paging.faults": ["counter", "{fault}", "Page faults; `major` ones had to read from a disk."],
  "system.paging.operations": ["counter", "{page}", "Pages swapped in and out."],
  "system.processes.count": ["updown", "{process}", "Processes by status."],
  "system.linux.pressure.stall_time": ["counter", "s", "Time in which some, or all (`full`), tasks waited for a resource (PSI)."],
  "system.linux.file_handles.count": ["updown", "{file_handle}", "Open file handles of the host."],
  "system.linux.file_handles.limit": ["updown", "{file_handle}", "Most file handles that the host may have open."],
  "container.cpu.time": ["counter", "s", "CPU time of this container."],
  "container.cpu.throttled_time": ["counter", "s", "Time in which this container was kept from running by its limit."],
  "container.cpu.limit": ["updown", "{cpu}", "Processors that this container may use."],
  "container.memory.usage": ["updown", "By", "Memory of this container, with its page cache."],
  "container.memory.working_set": ["updown", "By", "Memory of this container without page cache that is not in use: what is held against its limit."],
  "container.memory.rss": ["updown", "By", "Anonymous memory of this container."],
  "container.memory.limit": ["updown", "By", "Memory that this container may use."],
  "system.disk.io": ["counter", "By", "Bytes read from and written to a disk."],
  "system.disk.operations": ["counter", "{operation}", "Reads and writes of a disk that were completed."],
  "system.disk.io_time": ["counter", "s", "Time that a disk was busy."],
  "system.filesystem.usage": ["updown", "By", "Bytes of a filesystem by state; `reserved` is for root alone."],
  "system.filesystem.utilization": ["gauge", "1", "Used share of what users can have of a filesystem."],
  "system.network.io": ["counter", "By", "Bytes of a network interface."],
  "system.network.errors": ["counter", "{error}", "Errors of a network interface."],
  "system.network.dropped": ["counter", "{packet}", "Packets that a network interface dropped."],
  "system.uptime": ["gauge", "s", "Time since the host was started."],
} as const satisfies Record<string, readonly [MetricKind, unit: string, help: string]>;

export type HostMetric = keyof typeof METRICS;

/** One observation without the labels that all of a host's have. */
export interface Reading {
  readonly metric: HostMetric;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export const reading = (metric: HostMetric, value: number, labels: Readonly<Record<string, string>> = {}): Reading => ({ metric, labels, value });

export const toObservation = ({ metric, labels, value }: Reading, host: string): Observation => {
  const [kind, unit, help] = METRICS[metric];
  return { metric, kind, unit, help, value, labels: { ...labels, host, service: "host" } };
};
