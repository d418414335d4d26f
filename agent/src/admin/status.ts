/** What `obs-agent status` shows: one snapshot of a running agent. */

import { STREAM_NAMES, type Stream } from "@obs/wire";
import type { BufferState } from "../core/batch-buffer.ts";
import { conservationGap, type SignalLedger } from "../core/conservation.ts";
import { VERSION } from "../core/version.ts";

export interface SenderState {
  readonly isBackendUp: boolean;
  readonly lastReason: string;
  readonly inFlight: number;
}

export interface Status {
  readonly version: string;
  readonly pid: number;
  readonly agentId: string;
  readonly host: string;
  readonly dataDir: string;
  readonly uptimeSeconds: number;
  readonly backend: { readonly endpoint: string; readonly up: boolean; readonly reason: string; readonly inFlight: number };
  readonly buffer: Omit<BufferState, "ledger" | "agentId">;
  readonly lines: { readonly lines: number; readonly blank: number; readonly joined: number };
  readonly signals: Readonly<Record<Stream, SignalLedger & { readonly buffered: number; readonly gap: number }>>;
}

export interface StatusParts {
  readonly host: string;
  readonly dataDir: string;
  readonly endpoint: string;
  readonly startedMs: number;
  readonly nowMs: number;
  readonly buffer: BufferState;
  readonly sender: SenderState;
}

export const statusOf = ({ host, dataDir, endpoint, startedMs, nowMs, buffer, sender }: StatusParts): Status => {
  const { ledger, agentId, ...state } = buffer;
  const signals = STREAM_NAMES.map((stream) => {
    const buffered = state.rows[stream];
    return [stream, { ...ledger.signals[stream], buffered, gap: conservationGap(ledger.signals[stream], buffered) }] as const;
  });
  return {
    version: VERSION,
    pid: process.pid,
    agentId,
    host,
    dataDir,
    uptimeSeconds: Math.round((nowMs - startedMs) / 1_000),
    backend: { endpoint, up: sender.isBackendUp, reason: sender.lastReason, inFlight: sender.inFlight },
    buffer: state,
    lines: { lines: ledger.lines, blank: ledger.blank, joined: ledger.joined },
    signals: Object.fromEntries(signals) as Status["signals"],
  };
};

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`;
const total = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((sum, count) => sum + count, 0);
const byReason = (counts: Readonly<Record<string, number>>): string =>
  total(counts) === 0 ? "0" : `${total(counts)} (${Object.entries(counts).map(([reason, rows]) => `${reason} ${rows}`).join(", ")})`;

/** For people. */
export const formatStatus = (status: Status): string => {
  const { backend, buffer, signals } = status;
  const lines = [
    `obs-agent ${status.version}, process ${status.pid}, up ${status.uptimeSeconds} s, agent id ${status.agentId}`,
    `backend   ${backend.endpoint}: ${backend.up ? "up" : `away: ${backend.reason}`}, ${backend.inFlight} in flight`,
    `buffer    ${status.dataDir}: ${buffer.batches} batches waiting, ${mebibytes(buffer.bytes)} of ${mebibytes(buffer.maxBytes)}, ${buffer.deadLetterBatches} dead letters`,
    `lines     ${status.lines.lines} read, ${status.lines.blank} blank, ${status.lines.joined} joined to the record of another`,
  ];
  for (const [stream, { records, stored, refused, dropped, deadLettered, buffered, gap }] of Object.entries(signals))
    lines.push(
      `${stream.padEnd(10)}${records} rows = ${stored} stored + ${byReason(refused)} refused + ${byReason(dropped)} dropped + ${deadLettered} dead-lettered + ${buffered} buffered${gap === 0 ? "" : `; GAP ${gap}`}`,
    );
  return `${lines.join("\n")}\n`;
};
