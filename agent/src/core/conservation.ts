/**
 * The law of conservation, kept as a ledger that is written in the same atomic write as the batch
 * or acknowledgement it books, so that it holds at every instant, over restarts too:
 *
 *   records = stored + sum(refused) + sum(dropped) + dead-lettered + buffered     per signal and output
 *   lines   = records + joined + blank                                           for line sources
 *
 * (schema.md has the formula with the terms of stages that this agent does not have yet: generated,
 * merged, sampled out, promoted. They are zero here.)
 */

import { STREAM_NAMES, type Stream } from "@obs/wire";

export interface SignalLedger {
  /** Rows made durable. */
  records: number;
  /** Rows the backend says it has stored. */
  stored: number;
  /** Rows the backend will never store, by its reason. */
  refused: Record<string, number>;
  /** Rows lost here, by reason: `damaged`, and by policy `buffer_full` and `expired`, by the user's own code `filtered`. */
  dropped: Record<string, number>;
  /** Rows of batches that the backend will never take whole. */
  deadLettered: number;
}

export interface Ledger {
  lines: number;
  blank: number;
  /** Lines that went into the record of another line. */
  joined: number;
  /** Of the main output. */
  signals: Record<Stream, SignalLedger>;
  /** Of further outputs, by their names, each from when it came. */
  outputs: Record<string, Record<Stream, SignalLedger>>;
}

const emptySignal = (): SignalLedger => ({ records: 0, stored: 0, refused: {}, dropped: {}, deadLettered: 0 });

const emptySignals = (): Record<Stream, SignalLedger> => Object.fromEntries(STREAM_NAMES.map((stream) => [stream, emptySignal()])) as Record<Stream, SignalLedger>;

export const emptyLedger = (): Ledger => ({ lines: 0, blank: 0, joined: 0, signals: emptySignals(), outputs: {} });

/** What the ledger knows of one output: "" is the main one. A new one begins with nothing. */
export const signalsOf = (ledger: Ledger, output: string): Record<Stream, SignalLedger> => (output === "" ? ledger.signals : (ledger.outputs[output] ??= emptySignals()));

/** A ledger as it was written, also by an agent that knew fewer streams. Throws SyntaxError. */
export const parseLedger = (text: string): Ledger => {
  const kept = JSON.parse(text) as Partial<Ledger>;
  const outputs = Object.entries(kept.outputs ?? {}).map(([name, signals]) => [name, { ...emptySignals(), ...signals }] as const);
  return { ...emptyLedger(), ...kept, signals: { ...emptySignals(), ...kept.signals }, outputs: Object.fromEntries(outputs) };
};

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((total, count) => total + count, 0);

/** 0 while the law holds; positive: rows vanished; negative: rows appeared. */
export const conservationGap = (ledger: SignalLedger, bufferedRows: number): number =>
  ledger.records - ledger.stored - sum(ledger.refused) - sum(ledger.dropped) - ledger.deadLettered - bufferedRows;

export const bookInto = (counts: Record<string, number>, reason: string, rows: number): void => {
  const total = (counts[reason] ?? 0) + rows;
  if (total === 0) delete counts[reason];
  else counts[reason] = total;
};

/** What an acknowledgement said, or its reverse (`sign` -1) when the store has to be asked again. */
export const bookAcknowledgement = (
  ledger: SignalLedger,
  ack: { readonly stored: number; readonly refused: Readonly<Record<string, number>> },
  sign: 1 | -1 = 1,
): void => {
  ledger.stored += sign * ack.stored;
  for (const [reason, rows] of Object.entries(ack.refused)) bookInto(ledger.refused, reason, sign * rows);
};
