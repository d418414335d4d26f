/** The figures of a pipeline: what /metrics shows beyond what its parts count themselves. */

import { readlinkSync } from "node:fs";
import type { OutputStatus, Status } from "./admin/status.ts";
import { withLabels, type Counters, type MetricsRegistry } from "./core/counters.ts";
import { VERSION } from "./core/version.ts";
import type { RowCounts } from "./rows/contracts.ts";

/** What a source counts, under its name. */
export const sourceCounters = (counters: MetricsRegistry, source: string) => ({
  add: (event: string, by?: number): void => counters.add("obs_source_total", { source, event }, by),
  set: (state: string, value: number): void => counters.set("obs_source", { source, state }, value),
});

/** Files that this process's own output goes to; following one would feed it on itself. */
export const outputsOfThisProcess = (): string[] =>
  [1, 2].flatMap((descriptor) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${descriptor}`);
      return path.startsWith("/") && !path.startsWith("/dev/") ? [path] : [];
    } catch {
      return [];
    }
  });

const setLines = (counters: Counters, { lines }: Status): void => {
  counters.set("obs_lines_total", {}, lines.lines);
  counters.set("obs_lines_blank_total", {}, lines.blank);
  counters.set("obs_lines_joined_total", {}, lines.joined);
};

/** What one output has come to. */
const setOutput = (counters: Counters, { signals, backend, batches, acknowledgedBatches, deadLetterBytes }: Omit<OutputStatus, "name" | "deadLetterBatches" | "rows">): void => {
  counters.set("obs_sender_in_flight", {}, backend.inFlight);
  counters.set("obs_sender_backend_up", {}, backend.up ? 1 : 0);
  counters.set("obs_buffer_batches", {}, batches);
  counters.set("obs_buffer_acknowledged_batches", {}, acknowledgedBatches);
  counters.set("obs_buffer_dead_letter_bytes", {}, deadLetterBytes);
  for (const [signal, { records, stored, refused, dropped, deadLettered, buffered, gap }] of Object.entries(signals)) {
    counters.set("obs_component_received_events_total", { signal }, records);
    counters.set("obs_component_sent_events_total", { signal }, stored);
    counters.set("obs_component_discarded_events_total", { signal, reason: "dead_lettered" }, deadLettered);
    for (const [reason, rows] of Object.entries(refused)) counters.set("obs_component_discarded_events_total", { signal, reason: `refused_${reason}` }, rows);
    for (const [reason, rows] of Object.entries(dropped)) counters.set("obs_component_discarded_events_total", { signal, reason: `dropped_${reason}` }, rows);
    counters.set("obs_buffer_events", { signal }, buffered);
    counters.set("obs_conservation_gap", { signal }, gap);
  }
};

const setBuffer = (counters: MetricsRegistry, { buffer }: Status): void => {
  counters.set("obs_buffer_bytes", {}, buffer.bytes);
  counters.set("obs_buffer_max_bytes", {}, buffer.maxBytes);
  counters.set("obs_buffer_commits_total", {}, buffer.commits);
};

const setRows = (counters: MetricsRegistry, blocks: readonly RowCounts[]): void => {
  const sums = new Map<string, number>();
  for (const { lines: _lines, records: _records, blank: _blank, joined: _joined, masked, ...outcomes } of blocks)
    for (const [outcome, rows] of [...Object.entries(outcomes), ...Object.entries(masked).map(([kind, times]) => [`masked_${kind}`, times] as const)])
      sums.set(outcome, (sums.get(outcome) ?? 0) + rows);
  for (const [outcome, rows] of sums) counters.set("obs_rows_total", { outcome: outcome.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) }, rows);
};

const setProcess = (counters: MetricsRegistry, { agentId, host, uptimeSeconds }: Status): void => {
  const { user, system } = process.cpuUsage();
  counters.set("obs_agent_info", { version: VERSION, host, agent_id: agentId }, 1);
  counters.set("obs_agent_uptime_seconds", {}, uptimeSeconds);
  counters.set("process_cpu_seconds_total", {}, (user + system) / 1e6);
  counters.set("process_resident_memory_bytes", {}, process.memoryUsage.rss());
};

/** Reads them anew for each request. */
export const collectFigures = (counters: MetricsRegistry, status: () => Status, blocks: () => readonly RowCounts[]): void =>
  counters.onCollect(() => {
    const now = status();
    setLines(counters, now);
    setOutput(counters, { ...now.buffer, backend: now.backend, signals: now.signals });
    for (const output of now.outputs) setOutput(withLabels(counters, { output: output.name }), output);
    setBuffer(counters, now);
    setRows(counters, blocks());
    setProcess(counters, now);
  });
