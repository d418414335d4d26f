/** Reads a data folder as disk-buffer.ts describes it, and hands its contents to a DiskBuffer. */

import { join } from "node:path";
import { AgentError } from "../errors.ts";
import { emptyLedger, type Ledger } from "../core/conservation.ts";
import { openDatabase, type Database } from "./database.ts";
import { DiskBuffer, type DiskBufferOptions } from "./disk-buffer.ts";
import { decodeEntry, type AcknowledgedPart, type DeadPart, type Entry } from "./entry.ts";
import { agentIdText, newAgentId } from "./identity.ts";
import { FORMAT_VERSION, META_AGENT, META_FORMAT, META_LEDGER, rangeOf, type EntryFamily } from "./keys.ts";
import { Reserve } from "./reserve.ts";
import { openSegments, type SegmentStore } from "./segments.ts";

const SEGMENT_BYTES = 16 << 20;

export interface OpenBufferOptions extends DiskBufferOptions {
  /** The data folder. */
  readonly folder: string;
  readonly segmentBytes?: number;
  /** Id of a folder that has none yet, 16 hex digits; random by default. */
  readonly newAgentId?: string;
  /** For tests: stands between the buffer and what was opened. */
  readonly wrap?: (parts: { database: Database; segments: SegmentStore }) => { database: Database; segments: SegmentStore };
}

/** Throws AgentError (data_dir_locked, data_dir_unusable, buffer_version); damage is not an error. */
export const openDiskBuffer = async (options: OpenBufferOptions): Promise<DiskBuffer> => {
  const { folder, log, counters } = options;
  const opened = await openDatabase(folder, log);
  try {
    await checkFormat(opened.database, folder);
    const segments = await openSegments(join(folder, "segments"), options.segmentBytes ?? SEGMENT_BYTES);
    const reserve = new Reserve(folder, options.maxBytes);
    const parts = { reserve, ...(options.wrap?.({ database: opened.database, segments }) ?? { database: opened.database, segments }) };
    const contents = await readContents(opened.database, segments, options.newAgentId ?? agentIdText(newAgentId()));
    await segments.removeUnused();
    if (opened.recovery !== "none") counters.add("obs_component_errors_total", { component: "buffer", kind: opened.recovery });
    const buffer = new DiskBuffer(options, parts, contents);
    await buffer.settleFound(contents);
    if (!(await reserve.take())) log.warn("the disk is nearly full: there is no room for the buffer's reserve", { folder });
    return buffer;
  } catch (error) {
    await opened.database.close();
    throw error;
  }
};

export interface DamagedEntry {
  readonly batchKey: string;
  readonly value: Uint8Array;
  /** Present when the description is whole and only its body is missing. */
  readonly entry: Entry | undefined;
}

export interface BufferContents {
  readonly agent: bigint;
  readonly ledger: Ledger;
  readonly positions: ReadonlyMap<string, Uint8Array>;
  readonly waiting: readonly Entry[];
  readonly damaged: readonly DamagedEntry[];
  readonly acknowledged: readonly (Entry & AcknowledgedPart)[];
  readonly dead: readonly (Entry & DeadPart)[];
}

const readContents = async (database: Database, segments: SegmentStore, newId: string): Promise<BufferContents> => {
  const waiting = await scan(database, segments, "i");
  const acknowledged = await scan<AcknowledgedPart>(database, segments, "a");
  const dead = await scan<DeadPart>(database, segments, "d");
  // What is settled and damaged is of no use to anyone.
  const useless = [...acknowledged.damaged.map(({ batchKey }) => `a/${batchKey}`), ...dead.damaged.map(({ batchKey }) => `d/${batchKey}`)];
  if (useless.length > 0) await database.batch(useless.map((key) => ({ type: "del", key })));
  return {
    agent: await agentIdOf(database, newId),
    ledger: await ledgerOf(database),
    positions: new Map((await database.iterator(rangeOf("p")).all()).map(([key, value]) => [key.slice(2), value])),
    waiting: waiting.entries,
    damaged: waiting.damaged,
    acknowledged: acknowledged.entries,
    dead: dead.entries,
  };
};

const scan = async <Part extends object = object>(database: Database, segments: SegmentStore, family: EntryFamily) => {
  const entries: (Entry & Part)[] = [];
  const damaged: DamagedEntry[] = [];
  for await (const [key, value] of database.iterator(rangeOf(family))) {
    const entry = decodeEntry<Part>(value);
    const isWhole = entry && entry.key === key.slice(2) && (!entry.place || segments.retain(entry.place, entry.bodyBytes));
    if (isWhole) entries.push(entry);
    else damaged.push({ batchKey: key.slice(2), value, entry });
  }
  return { entries, damaged };
};

const textOf = async (database: Database, key: string): Promise<string | undefined> => {
  const value = await database.get(key);
  return value && Buffer.from(value).toString();
};

const checkFormat = async (database: Database, folder: string): Promise<void> => {
  const found = await textOf(database, META_FORMAT);
  if (found === undefined) return database.put(META_FORMAT, Buffer.from(String(FORMAT_VERSION)));
  if (Number(found) > FORMAT_VERSION)
    throw new AgentError("buffer_version", `the buffer in ${folder} was written by a newer agent (format ${found}, this one knows ${FORMAT_VERSION}): run that version, or choose another data folder`);
};

const agentIdOf = async (database: Database, newId: string): Promise<bigint> => {
  const found = (await textOf(database, META_AGENT)) ?? "";
  if (/^[0-9a-f]{16}$/.test(found)) return BigInt(`0x${found}`);
  await database.batch([{ type: "put", key: META_AGENT, value: Buffer.from(newId) }], { sync: true });
  return BigInt(`0x${newId}`);
};

const ledgerOf = async (database: Database): Promise<Ledger> => {
  try {
    return { ...emptyLedger(), ...(JSON.parse((await textOf(database, META_LEDGER)) ?? "{}") as Partial<Ledger>) };
  } catch {
    return emptyLedger();
  }
};
