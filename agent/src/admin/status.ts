/** What `obs-agent status` shows: one snapshot of a running agent. */

import { STREAM_NAMES, type Stream } from "@obs/wire";
import type { BufferState, OutputState } from "../core/batch-buffer.ts";
import { conservationGap, type SignalLedger } from "../core/conservation.ts";
import { VERSION } from "../core/version.ts";

export interface SenderState {
  readonly isBackendUp: boolean;
  readonly lastReason: string;
  readonly inFlight: number;
}

interface BackendState {
  readonly endpoint: string;
  readonly up: boolean;
  /** Why it is not. */
  readonly reason: string;
  readonly inFlight: number;
}

type Signals = Readonly<Record<Stream, SignalLedger & { readonly buffered: number; readonly gap: number }>>;

/** A backend besides the main one. */
export interface OutputStatus extends Omit<OutputState, "output" | "signals"> {
  readonly name: string;
  readonly backend: BackendState;
  readonly signals: Signals;
}

export interface Status {
  readonly version: string;
  readonly pid: number;
  readonly agentId: string;
  readonly host: string;
  readonly dataDir: string;
  readonly uptimeSeconds: number;
  readonly backend: BackendState;
  readonly buffer: Omit<BufferState, "ledger" | "agentId" | "outputs">;
  readonly lines: { readonly lines: number; readonly blank: number; readonly joined: number };
  readonly signals: Signals;
  readonly outputs: readonly OutputStatus[];
}

export interface StatusParts {
  readonly host: string;
  readonly dataDir: string;
  readonly startedMs: number;
  readonly nowMs: number;
  readonly buffer: BufferState;
  /** The main one first, then as the buffer has them. */
  readonly outputs: readonly { readonly config: { readonly endpoint: string }; readonly sender: SenderState }[];
}

const backendOf = ({ config: { endpoint }, sender }: StatusParts["outputs"][number]): BackendState => ({ endpoint, up: sender.isBackendUp, reason: sender.lastReason, inFlight: sender.inFlight });

const signalsWith = (signals: Readonly<Record<Stream, SignalLedger>>, buffered: Readonly<Record<Stream, number>>): Signals =>
  Object.fromEntries(STREAM_NAMES.map((stream) => [stream, { ...signals[stream], buffered: buffered[stream], gap: conservationGap(signals[stream], buffered[stream]) }])) as Signals;

export const statusOf = ({ host, dataDir, startedMs, nowMs, buffer, outputs: [main, ...further] }: StatusParts): Status => {
  const { ledger, agentId, outputs, ...state } = buffer;
  return {
    version: VERSION,
    pid: process.pid,
    agentId,
    host,
    dataDir,
    uptimeSeconds: Math.round((nowMs - startedMs) / 1_000),
    backend: backendOf(main!),
    buffer: state,
    lines: { lines: ledger.lines, blank: ledger.blank, joined: ledger.joined },
    signals: signalsWith(ledger.signals, state.rows),
    outputs: outputs.map(({ output, signals, ...unsettled }, index) => ({ name: output, backend: backendOf(further[index]!), ...unsettled, signals: signalsWith(signals, unsettled.rows) })),
  };
};

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`;
const total = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((sum, count) => sum + count, 0);
const byReason = (counts: Readonly<Record<string, number>>): string =>
  total(counts) === 0 ? "0" : `${total(counts)} (${Object.entries(counts).map(([reason, rows]) => `${reason} ${rows}`).join(", ")})`;

const backendLine = ({ endpoint, up, reason, inFlight }: BackendState): string => `${endpoint}: ${up ? "up" : `away: ${reason}`}, ${inFlight} in flight`;

const signalLines = (signals: Signals): string[] =>
  Object.entries(signals).map(
    ([stream, { records, stored, refused, dropped, deadLettered, buffered, gap }]) =>
      `${stream.padEnd(10)}${records} rows = ${stored} stored + ${byReason(refused)} refused + ${byReason(dropped)} dropped + ${deadLettered} dead-lettered + ${buffered} buffered${gap === 0 ? "" : `; GAP ${gap}`}`,
  );

/** For people. */
export const formatStatus = (status: Status): string => {
  const { backend, buffer, signals, outputs } = status;
  const lines = [
    `obs-agent ${status.version}, process ${status.pid}, up ${status.uptimeSeconds} s, agent id ${status.agentId}`,
    `backend   ${backendLine(backend)}`,
    `buffer    ${status.dataDir}: ${buffer.batches} batches waiting, ${mebibytes(buffer.bytes)} of ${mebibytes(buffer.maxBytes)}, ${buffer.deadLetterBatches} dead letters`,
    `lines     ${status.lines.lines} read, ${status.lines.blank} blank, ${status.lines.joined} joined to the record of another`,
    ...signalLines(signals),
    ...outputs.flatMap((output) => [
      `output    ${output.name}, ${backendLine(output.backend)}; ${output.batches} batches waiting, ${output.deadLetterBatches} dead letters`,
      ...signalLines(output.signals).map((line) => `  ${line}`),
    ]),
  ];
  return `${lines.join("\n")}\n`;
};
