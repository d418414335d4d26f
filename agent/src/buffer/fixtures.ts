/** What the buffer's tests build on. */

import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatBatchKey, type BatchAck, type Stream } from "@obs/wire";
import { systemClock } from "../core/clock.ts";
import type { SealedBatch } from "../core/contracts.ts";
import { MetricsRegistry } from "../core/counters.ts";
import { silentLog } from "../core/log.ts";
import type { DiskBuffer } from "./disk-buffer.ts";
import { openDiskBuffer, type OpenBufferOptions } from "./open-buffer.ts";

export const withFolder = async (run: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "obs-buffer-"));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

export const open = (folder: string, options: Partial<OpenBufferOptions> = {}): Promise<DiskBuffer> =>
  openDiskBuffer({ folder, maxBytes: 1 << 30, deadLetterMaxBytes: 1 << 20, keepAcknowledgedMs: 0, clock: systemClock, log: silentLog, counters: new MetricsRegistry(), ...options });

export interface BatchShape {
  readonly stream?: Stream;
  readonly rows?: number;
  readonly bytes?: number;
  readonly positions?: Readonly<Record<string, string>>;
  readonly tenant?: string;
  /** Class of its source, whose policy it follows. */
  readonly source?: string;
}

/** Seals and commits a batch; resolves with it once it is durable. */
export const commitBatch = async (buffer: DiskBuffer, { stream = "logs", rows = 10, bytes = 100, positions = {}, tenant = "", source = "" }: BatchShape = {}): Promise<SealedBatch> => {
  const batch: SealedBatch = {
    stream,
    key: formatBatchKey(buffer.nextKey()),
    rows,
    rawBytes: bytes * 4,
    firstNs: 1n,
    lastNs: 2n ** 60n,
    body: randomBytes(bytes),
    positions: new Map(Object.entries(positions).map(([id, text]) => [id, Buffer.from(text)])),
    tenant,
  };
  await buffer.intake(source).commit({ batches: [batch], lines: { lines: rows, blank: 0, joined: 0 } });
  return batch;
};

export const ack = (stored: number, storeBoot = "boot-1", refused: Record<string, number> = {}): BatchAck => ({
  stored,
  refused,
  serverTime: "2026-01-01T00:00:00.000Z",
  storeBoot,
  policyVersion: 1,
});

/** Everything that waits, in the order in which it comes. */
export const takeAll = async (buffer: DiskBuffer) => {
  const taken = [];
  for (let batch = await buffer.main.next(); batch; batch = await buffer.main.next()) taken.push(batch);
  return taken;
};

/** Larger than what is kept in LevelDB. */
export const LARGE = 100_000;
