/** `obs-agent top`: the running agent's counters, and how fast they grow. */

import { fetchStatus, fetchText } from "../admin/client.ts";
import type { Status } from "../admin/status.ts";
import { AgentError } from "../errors.ts";
import { findDataDir } from "./configuration.ts";
import { listOf, numberOf, switchOf, type Invocation } from "./definition.ts";
import { painter, type Paint } from "./paint.ts";

export interface Reading {
  readonly atMs: number;
  readonly status: Status;
  /** Prometheus text: what the status does not hold. */
  readonly metrics: ReadonlyMap<string, number>;
}

interface Growth {
  readonly total: number;
  readonly perSecond: number;
}

export interface TopView {
  readonly intervalSeconds: number;
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  readonly uptimeSeconds: number;
  readonly cpuPercent: number;
  readonly residentBytes: number;
  readonly backend: Status["backend"];
  readonly outputs: Status["outputs"];
  readonly sentBytes: Growth;
  readonly buffer: Status["buffer"];
  readonly lines: Growth;
  readonly signals: Readonly<Record<string, { readonly records: Growth; readonly stored: Growth; readonly buffered: number; readonly lost: number; readonly gap: number }>>;
  /** By source and event, such as `file.bytes_read`. */
  readonly sources: Readonly<Record<string, Growth>>;
}

const SAMPLE = /^([a-z_]+(?:\{.*\})?) (\S+)$/;

/** Name and labels, as they stand in the text, to value. */
export const parseMetrics = (text: string): Map<string, number> =>
  new Map(text.split("\n").flatMap((line) => {
    const [, name, value] = SAMPLE.exec(line) ?? [];
    return name === undefined ? [] : [[name, Number(value)] as const];
  }));

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((total, count) => total + count, 0);
const round = (value: number): number => Math.round(value * 10) / 10;

export const compare = (before: Reading, now: Reading): TopView => {
  const intervalSeconds = (now.atMs - before.atMs) / 1_000;
  const grown = (total: number, earlier: number): Growth => ({ total, perSecond: intervalSeconds > 0 ? round((total - earlier) / intervalSeconds) : 0 });
  const metric = (name: string): Growth => grown(now.metrics.get(name) ?? 0, before.metrics.get(name) ?? 0);
  const { version, host, pid, uptimeSeconds, backend, buffer, outputs } = now.status;
  const signals = Object.entries(now.status.signals).map(([name, { records, stored, refused, dropped, deadLettered, buffered, gap }]) => {
    const earlier = before.status.signals[name as keyof Status["signals"]];
    return [name, { records: grown(records, earlier.records), stored: grown(stored, earlier.stored), buffered, lost: sum(refused) + sum(dropped) + deadLettered, gap }] as const;
  });
  const sources = [...now.metrics.keys()].flatMap((name) => {
    const labels = /^obs_source_total\{source="(.*)",event="(.*)"\}$/.exec(name);
    return labels ? [[`${labels[1]}.${labels[2]}`, metric(name)] as const] : [];
  });
  return {
    intervalSeconds, version, host, pid, uptimeSeconds,
    cpuPercent: round(100 * metric("process_cpu_seconds_total").perSecond), residentBytes: now.metrics.get("process_resident_memory_bytes") ?? 0,
    backend, outputs, sentBytes: metric("obs_sender_sent_bytes_total"), buffer,
    lines: grown(now.status.lines.lines, before.status.lines.lines),
    signals: Object.fromEntries(signals), sources: Object.fromEntries(sources),
  };
};

const UNITS = ["", "k", "M", "G", "T"];

/** `1.2M`: three digits say enough in a table that moves. */
export const short = (value: number): string => {
  let scaled = value;
  let unit = 0;
  for (; Math.abs(scaled) >= 9_999.5 && unit < UNITS.length - 1; unit++) scaled /= 1_000;
  return `${Math.round(scaled * 10) / 10}${UNITS[unit]}`;
};

const row = (name: string, { total, perSecond }: Growth, more = ""): string => `${name.padEnd(28)}${short(total).padStart(10)}${short(perSecond).padStart(10)}/s${more && `  ${more}`}`;

const backendText = ({ endpoint, up, reason, inFlight }: Status["backend"], paint: Paint): string => `${endpoint}: ${up ? paint("green", "up") : paint("red", `away: ${reason}`)}, ${inFlight} in flight`;

export const formatTop = (view: TopView, paint: Paint): string => {
  const { backend, outputs, buffer } = view;
  const lines = [
    paint("bold", `obs-agent ${view.version} on ${view.host}, process ${view.pid}, up ${view.uptimeSeconds} s`),
    `CPU ${view.cpuPercent} %   memory ${short(view.residentBytes)}B   buffer ${short(buffer.bytes)}B of ${short(buffer.maxBytes)}B, ${buffer.batches} batches waiting, ${buffer.deadLetterBatches} dead letters`,
    `backend ${backendText(backend, paint)}`,
    ...outputs.map(({ name, backend: other, batches }) => `output  ${name}, ${backendText(other, paint)}, ${batches} batches waiting`),
    "",
    paint("dim", `${"".padEnd(28)}${"total".padStart(10)}${"rate".padStart(10)}`),
    row("lines read", view.lines),
    ...Object.entries(view.signals).flatMap(([name, { records, stored, buffered, lost, gap }]) => [
      row(`${name} made durable`, records, `${short(buffered)} buffered`),
      row(`${name} stored`, stored, `${lost > 0 ? paint("red", `${short(lost)} refused or dropped`) : ""}${gap === 0 ? "" : paint("red", ` GAP ${gap}`)}`),
    ]),
    row("bytes sent", view.sentBytes),
    ...Object.entries(view.sources).map(([name, growth]) => row(name, growth)),
  ];
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
};

const read = async (dataDir: string): Promise<Reading> => {
  const [status, metrics] = await Promise.all([fetchStatus(dataDir), fetchText(dataDir, "/metrics")]);
  return { atMs: performance.now(), status, metrics: parseMetrics(metrics) };
};

const CLEAR = "\u001B[H\u001B[J";

export const top = async (invocation: Invocation): Promise<number> => {
  const seconds = numberOf(invocation, "interval") ?? 1;
  if (seconds <= 0) throw new AgentError("usage", "--interval has to be more than 0 (obs-agent help top)");
  const dataDir = await findDataDir(listOf(invocation, "config"));
  const [isOnce, isJson] = [switchOf(invocation, "once"), switchOf(invocation, "json")];
  const paint = painter(process.stdout);
  const isScreen = process.stdout.isTTY && !isJson && !isOnce;
  let before = await read(dataDir);
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    const now = await read(dataDir);
    const view = compare(before, now);
    process.stdout.write(isJson ? `${JSON.stringify(view)}\n` : `${isScreen ? CLEAR : ""}${formatTop(view, paint)}`);
    if (isOnce) return 0;
    before = now;
  }
};
