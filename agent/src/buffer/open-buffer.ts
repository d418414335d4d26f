/** Reads a data folder as disk-buffer.ts describes it, and hands its contents to a DiskBuffer. */

import { join } from "node:path";
import { AgentError } from "../errors.ts";
import { emptyLedger, parseLedger, type Ledger } from "../core/conservation.ts";
import { openDatabase, type Database } from "./database.ts";
import { DiskBuffer, type DiskBufferOptions } from "./disk-buffer.ts";
import { mayDrop, type DropOptions } from "./drop-policies.ts";
import type { AcknowledgedPart, DeadPart, Entry } from "./entry.ts";
import { EntryCodec } from "./entry-codec.ts";
import { agentIdText, newAgentId } from "./identity.ts";
import { batchKeyIn, entryKey, MAIN_OUTPUT, markKey, marksKey, META_AGENT, META_FORMAT, META_LEDGER, PLAIN_FORMAT, rangeOf, SEALED_FORMAT, type EntryFamily } from "./keys.ts";
import { openFolderVault } from "./open-vault.ts";
import { positionsIn } from "./operations.ts";
import { Reserve } from "./reserve.ts";
import { openSegments, type SegmentStore } from "./segments.ts";

/** A segment leaves as a whole, so it is a small part of the budget. */
const SEGMENT_BYTES = { least: 256 << 10, share: 1 / 32, most: 16 << 20 };

export interface OpenBufferOptions extends DiskBufferOptions {
  /** The data folder. */
  readonly folder: string;
  readonly segmentBytes?: number;
  /** 32 bytes; with it, descriptions, bodies and positions are encrypted. */
  readonly encryptionKey?: Uint8Array;
  /** Id of a folder that has none yet, 16 hex digits; random by default. */
  readonly newAgentId?: string;
  /** For tests: stands between the buffer and what was opened. */
  readonly wrap?: (parts: { database: Database; segments: SegmentStore }) => { database: Database; segments: SegmentStore };
}

/** Throws AgentError (data_dir_locked, data_dir_unusable, buffer_version, buffer_key); damage is not an error. */
export const openDiskBuffer = async (options: OpenBufferOptions): Promise<DiskBuffer> => {
  const { folder, log, counters } = options;
  const opened = await openDatabase(folder, log);
  try {
    await checkFormat(opened.database, folder);
    const codec = new EntryCodec(await openFolderVault(opened.database, folder, options.encryptionKey));
    const segments = await openSegments(join(folder, "segments"), options.segmentBytes ?? Math.min(SEGMENT_BYTES.most, Math.max(SEGMENT_BYTES.least, options.maxBytes * SEGMENT_BYTES.share)));
    const reserve = new Reserve(folder, options.maxBytes);
    const parts = { reserve, codec, ...(options.wrap?.({ database: opened.database, segments }) ?? { database: opened.database, segments }) };
    const contents = await readContents(opened.database, segments, codec, options);
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

/** What was found of one output. */
export interface OutputContents {
  /** Oldest first, as far as they say since when they wait. */
  readonly waiting: readonly Entry[];
  /** Of the waiting ones those that may be in the store; `all` when nobody kept that up. */
  readonly tried: ReadonlySet<string> | "all";
  readonly damaged: readonly DamagedEntry[];
  readonly acknowledged: readonly (Entry & AcknowledgedPart)[];
  readonly dead: readonly (Entry & DeadPart)[];
}

export interface BufferContents {
  readonly agent: bigint;
  readonly ledger: Ledger;
  readonly positions: ReadonlyMap<string, Uint8Array>;
  /** By name; "" is the main one. */
  readonly outputs: ReadonlyMap<string, OutputContents>;
}

const readContents = async (database: Database, segments: SegmentStore, codec: EntryCodec, options: OpenBufferOptions): Promise<BufferContents> => {
  const ledger = await ledgerOf(database);
  const further = options.outputs ?? [];
  for (const name of Object.keys(ledger.outputs)) if (!further.some((output) => output.name === name)) await forgetOutput(database, ledger, name, options);
  const outputs = new Map<string, OutputContents>();
  outputs.set(MAIN_OUTPUT, await readOutput(database, segments, codec, MAIN_OUTPUT, options));
  for (const { name, whenFull } of further) outputs.set(name, await readOutput(database, segments, codec, name, { ...options, ...(whenFull && { whenFullForAll: whenFull }) }));
  return { agent: await agentIdOf(database, options.newAgentId ?? agentIdText(newAgentId())), ledger, positions: await positionsIn(database, codec), outputs };
};

/** An output that is not configured any more: nobody can settle what waits for it. */
const forgetOutput = async (database: Database, ledger: Ledger, name: string, { log }: OpenBufferOptions): Promise<void> => {
  const waiting = (await database.keys(rangeOf("i", name)).all()).length;
  if (waiting > 0) log.warn("an output is not configured any more: the batches that wait for it are dropped", { output: name, batches: waiting });
  for (const family of ["i", "a", "d", "o", "b"] as const) await database.clear(rangeOf(family, name));
  await database.del(marksKey(name));
  delete ledger.outputs[name];
};

const readOutput = async (database: Database, segments: SegmentStore, codec: EntryCodec, output: string, policies: DropOptions): Promise<OutputContents> => {
  const waiting = await scan(database, segments, codec, "i", output);
  const acknowledged = await scan<AcknowledgedPart>(database, segments, codec, "a", output);
  const dead = await scan<DeadPart>(database, segments, codec, "d", output);
  // What is settled and damaged is of no use to anyone.
  const useless = [...acknowledged.damaged.map(({ batchKey }) => entryKey("a", batchKey, output)), ...dead.damaged.map(({ batchKey }) => entryKey("d", batchKey, output))];
  if (useless.length > 0) await database.batch(useless.map((key) => ({ type: "del", key })));
  return {
    waiting: waiting.entries.toSorted((one, other) => (one.sinceMs ?? 0) - (other.sinceMs ?? 0)),
    tried: await triedBatches(database, output, mayDrop(policies)),
    damaged: waiting.damaged,
    acknowledged: acknowledged.entries,
    dead: dead.entries,
  };
};

/** Marks are complete only if every process since the first of them has kept them up. */
const triedBatches = async (database: Database, output: string, isKeptUp: boolean): Promise<ReadonlySet<string> | "all"> => {
  const marks = marksKey(output);
  if (!isKeptUp) {
    if ((await database.get(marks)) === undefined) return "all";
    await database.clear(rangeOf("o", output));
    await database.del(marks);
    return "all";
  }
  if (await database.get(marks)) return new Set((await database.keys(rangeOf("o", output)).all()).map(batchKeyIn));
  const found = await database.keys(rangeOf("i", output)).all();
  await database.batch([...found.map((key) => ({ type: "put" as const, key: markKey(batchKeyIn(key), output), value: new Uint8Array(0) })), { type: "put", key: marks, value: Buffer.from("1") }]);
  return "all";
};

const scan = async <Part extends object = object>(database: Database, segments: SegmentStore, codec: EntryCodec, family: EntryFamily, output: string) => {
  const entries: (Entry & Part)[] = [];
  const damaged: DamagedEntry[] = [];
  for await (const [key, value] of database.iterator(rangeOf(family, output))) {
    const batchKey = batchKeyIn(key);
    const entry = codec.decode<Part>(batchKey, value);
    const isWhole = entry && entry.key === batchKey && (!entry.place || segments.retain(entry.place, entry.bodyBytes));
    if (isWhole) entries.push(entry);
    else damaged.push({ batchKey, value, entry });
  }
  return { entries, damaged };
};

const textOf = async (database: Database, key: string): Promise<string | undefined> => {
  const value = await database.get(key);
  return value && Buffer.from(value).toString();
};

const checkFormat = async (database: Database, folder: string): Promise<void> => {
  const found = await textOf(database, META_FORMAT);
  if (found === undefined) return database.put(META_FORMAT, Buffer.from(String(PLAIN_FORMAT)));
  if (Number(found) > SEALED_FORMAT)
    throw new AgentError("buffer_version", `the buffer in ${folder} was written by a newer agent (format ${found}, this one knows ${SEALED_FORMAT}): run that version, or choose another data folder`);
};

const agentIdOf = async (database: Database, newId: string): Promise<bigint> => {
  const found = (await textOf(database, META_AGENT)) ?? "";
  if (/^[0-9a-f]{16}$/.test(found)) return BigInt(`0x${found}`);
  await database.batch([{ type: "put", key: META_AGENT, value: Buffer.from(newId) }], { sync: true });
  return BigInt(`0x${newId}`);
};

const ledgerOf = async (database: Database): Promise<Ledger> => {
  try {
    return parseLedger((await textOf(database, META_LEDGER)) ?? "{}");
  } catch {
    return emptyLedger();
  }
};
