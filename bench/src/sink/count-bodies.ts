/** Opens what the sink recorded: rows out must be rows in, and nothing sensitive may be left. */

import { closeSync, openSync, readSync } from "node:fs";
import { zstdDecompressSync } from "node:zlib";
import { decodeNative } from "@obs/wire";
import type { SensitiveCounts } from "../work/application-log.ts";
import type { BodyHead } from "./protocol.ts";

export interface BodyCounts {
  /** Distinct rows of logs: a batch that was sent twice counts once. */
  rows: number;
  rawBytes: number;
  /** Labels that masking left in messages. */
  readonly masked: SensitiveCounts;
  /** Values that masking should have found in messages. */
  readonly unmasked: SensitiveCounts;
}

const LABELS: Readonly<Record<keyof SensitiveCounts, string>> = { email: "[EMAIL]", card: "[CARD]", ssn: "[SSN]", key: "[KEY]" };

/** The shapes that the work's generator writes, as the bench kit's check.py looks for them. */
const LEFT: Readonly<Record<keyof SensitiveCounts, RegExp>> = {
  email: /[\w.+-]+@[\w-]+\.[\w.-]+/,
  card: /card \d{4}-?\d{4}-?\d{4}-?\d{4}/,
  ssn: /\bssn \d{3}-\d{2}-\d{4}\b/,
  key: /sk_live_\w+/,
};

const DETECTORS = Object.keys(LABELS) as (keyof SensitiveCounts)[];

const noCounts = (): SensitiveCounts => ({ email: 0, card: 0, ssn: 0, key: 0 });

export const countBodies = (file: string): BodyCounts => {
  const counts: BodyCounts = { rows: 0, rawBytes: 0, masked: noCounts(), unmasked: noCounts() };
  const seen = new Set<string>();
  for (const { head, body } of readBodies(file)) {
    if (head.stream !== "logs" || seen.has(head.batch)) continue;
    seen.add(head.batch);
    countBody(zstdDecompressSync(body), counts);
  }
  return counts;
};

const countBody = (raw: Buffer, counts: BodyCounts): void => {
  counts.rawBytes += raw.length;
  for (const { rows, columns } of decodeNative(raw)) {
    const messages = columns["message"] as string[];
    if (messages.length !== rows) throw new Error(`a block of ${rows} rows has ${messages.length} messages`);
    counts.rows += rows;
    for (const message of messages) countSensitive(message, counts);
  }
};

const countSensitive = (message: string, { masked, unmasked }: BodyCounts): void => {
  for (const detector of DETECTORS) {
    if (message.includes(LABELS[detector])) masked[detector]++;
    if (LEFT[detector].test(message)) unmasked[detector]++;
  }
};

/** Walks the recording; a torn end, as a sink that was stopped leaves it, ends the walk. */
function* readBodies(file: string): Generator<{ head: BodyHead; body: Buffer }> {
  const descriptor = openSync(file, "r");
  const read = (bytes: number): Buffer | undefined => {
    const buffer = Buffer.allocUnsafe(bytes);
    return readSync(descriptor, buffer, 0, bytes, null) === bytes ? buffer : undefined;
  };
  const readSized = (): Buffer | undefined => {
    const size = read(4);
    return size && read(size.readUInt32LE(0));
  };
  try {
    for (;;) {
      const head = readSized();
      const body = head && readSized();
      if (!body) return;
      yield { head: JSON.parse(head.toString("utf8")) as BodyHead, body };
    }
  } finally {
    closeSync(descriptor);
  }
}
