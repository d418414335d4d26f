/** The charts of the host page, as data. Metric names are OpenTelemetry's for systems. */

import type { MetricQuery } from "../../api/metrics.ts";
import { formatUnit, type Unit } from "../../format/units.ts";

/** Newest value of each line by its name, hidden ones too. */
export type Latest = Readonly<Record<string, number>>;

export interface PanelQuery {
  readonly metric: string;
  readonly fn: MetricQuery["fn"];
  /** The label whose values are the lines' names; a query without one is a line named `name`. */
  readonly by?: string;
  readonly name?: string;
  readonly match?: readonly string[];
}

export interface Panel {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  readonly queries: readonly PanelQuery[];
  readonly stacked: boolean;
  /** Lines in this order, others after them by name; in stacks the first is at the bottom. */
  readonly order: readonly string[];
  /** Read but not drawn. */
  readonly hidden: readonly string[];
  /** Top of the scale: a number, or the sum of all lines, hidden ones too. */
  readonly ceiling: number | "sum" | undefined;
  /** The figure beside the title. */
  readonly headline: (latest: Latest) => string | undefined;
}

const sum = (latest: Latest): number => Object.values(latest).reduce((total, value) => total + value, 0);

const share = (part: number, whole: number): string | undefined => (whole > 0 ? formatUnit(part / whole, "fraction") : undefined);

const highest = (latest: Latest): string | undefined => {
  const values = Object.values(latest);
  return values.length === 0 ? undefined : formatUnit(Math.max(...values), "fraction");
};

const inAndOut = (latest: Latest): string | undefined => (Object.keys(latest).length === 0 ? undefined : formatUnit(sum(latest), "bytesPerSecond"));

export const PANELS: readonly Panel[] = [
  {
    id: "cpu",
    title: "CPU",
    unit: "fraction",
    queries: [{ metric: "system.cpu.utilization", fn: "avg", by: "state" }],
    stacked: true,
    order: ["user", "system", "iowait", "steal", "softirq", "interrupt", "nice"],
    hidden: ["idle"],
    ceiling: 1,
    headline: (latest) => share(sum(latest) - (latest.idle ?? 0), sum(latest)),
  },
  {
    id: "memory",
    title: "Memory",
    unit: "bytes",
    queries: [{ metric: "system.memory.usage", fn: "avg", by: "state" }],
    stacked: true,
    order: ["used", "slab_unreclaimable", "slab_reclaimable", "buffered", "buffers", "cached"],
    hidden: ["free"],
    ceiling: "sum",
    headline: (latest) => share(latest.used ?? 0, sum(latest)),
  },
  {
    id: "load",
    title: "Load average",
    unit: "number",
    queries: ["1m", "5m", "15m"].map((name) => ({ metric: `system.cpu.load_average.${name}`, fn: "avg", name })),
    stacked: false,
    order: ["1m", "5m", "15m"],
    hidden: [],
    ceiling: undefined,
    headline: (latest) => ("1m" in latest ? formatUnit(latest["1m"], "number") : undefined),
  },
  {
    id: "filesystem",
    title: "Filesystems",
    unit: "fraction",
    queries: [{ metric: "system.filesystem.utilization", fn: "max", by: "mountpoint" }],
    stacked: false,
    order: ["/"],
    hidden: [],
    ceiling: 1,
    headline: highest,
  },
  {
    id: "disk",
    title: "Disk",
    unit: "bytesPerSecond",
    queries: [{ metric: "system.disk.io", fn: "rate", by: "direction" }],
    stacked: false,
    order: ["read", "write"],
    hidden: [],
    ceiling: undefined,
    headline: inAndOut,
  },
  {
    id: "network",
    title: "Network",
    unit: "bytesPerSecond",
    // Traffic of the machine with itself says nothing about its network.
    queries: [{ metric: "system.network.io", fn: "rate", by: "direction", match: ["device!:lo"] }],
    stacked: false,
    order: ["receive", "transmit"],
    hidden: [],
    ceiling: undefined,
    headline: inAndOut,
  },
];
