/**
 * Looks into a data folder without changing it, also while an agent works on it: LevelDB is opened
 * on a copy of its files (tables, which never change, are linked), segments are read where they are.
 */

import { copyFile, link, mkdir, mkdtemp, open, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { STREAM_NAMES, type Stream } from "@obs/wire";
import { AgentError } from "../errors.ts";
import { conservationGap, parseLedger, signalsOf } from "../core/conservation.ts";
import { openCopy, type Database, type Recovery } from "./database.ts";
import { EntryCodec } from "./entry-codec.ts";
import type { AcknowledgedPart, DeadPart, Entry } from "./entry.ts";
import { batchKeyIn, bodyKey, MAIN_OUTPUT, META_LEDGER, outputIn, rangesOfAll, type EntryFamily } from "./keys.ts";
import { findVault } from "./open-vault.ts";
import { PLAIN } from "./vault.ts";

export const STATES = { i: "waiting", a: "acknowledged", d: "dead_letter" } as const satisfies Record<EntryFamily, string>;
export type BatchState = (typeof STATES)[EntryFamily];

export interface FoundBatch {
  readonly key: string;
  /** "" is the main output. */
  readonly output: string;
  readonly state: BatchState;
  /** undefined: the description is damaged. */
  readonly entry: (Entry & Partial<AcknowledgedPart & DeadPart>) | undefined;
}

export class Inspection {
  readonly recovery: Recovery;
  readonly #folder: string;
  readonly #database: Database;
  readonly #codec: EntryCodec;

  constructor(folder: string, database: Database, codec: EntryCodec, recovery: Recovery) {
    this.recovery = recovery;
    this.#folder = folder;
    this.#database = database;
    this.#codec = codec;
  }

  /** Waiting, then acknowledged, then dead letters. */
  async *batches(): AsyncIterable<FoundBatch> {
    for (const [family, state] of Object.entries(STATES) as [EntryFamily, BatchState][])
      for (const range of rangesOfAll(family))
        for await (const [name, value] of this.#database.iterator(range)) {
          const key = batchKeyIn(name);
          const entry = this.#codec.decode<Partial<AcknowledgedPart & DeadPart>>(key, value);
          yield { key, output: outputIn(name), state, entry: entry?.key === key ? entry : undefined };
        }
  }

  /** The body as it is sent; undefined when it is damaged or gone. */
  async bodyOf({ entry, output }: FoundBatch): Promise<Uint8Array | undefined> {
    if (!entry) return undefined;
    const stored = entry.place ? await this.#readSegment(entry.place.segment, entry.place.offset, entry.bodyBytes) : await this.#database.get(bodyKey(entry.key, output));
    return stored && this.#codec.decodeBody(entry, stored);
  }

  /** Rows that the ledger knows and no batch holds, by output and stream; only those that are not 0. */
  async gaps(bufferedRows: (output: string, stream: Stream) => number): Promise<{ readonly output: string; readonly stream: Stream; readonly rows: number }[]> {
    const text = await this.#database.get(META_LEDGER);
    const ledger = parseLedger(text ? Buffer.from(text).toString() : "{}");
    return [MAIN_OUTPUT, ...Object.keys(ledger.outputs)]
      .flatMap((output) => STREAM_NAMES.map((stream) => ({ output, stream, rows: conservationGap(signalsOf(ledger, output)[stream], bufferedRows(output, stream)) })))
      .filter(({ rows }) => rows !== 0);
  }

  async #readSegment(segment: number, offset: number, length: number): Promise<Buffer | undefined> {
    const file = await open(join(this.#folder, "segments", `${String(segment).padStart(10, "0")}.seg`), "r").catch(() => undefined);
    if (!file) return undefined;
    try {
      const body = Buffer.allocUnsafe(length);
      return body.subarray(0, (await file.read(body, 0, length, offset)).bytesRead);
    } finally {
      await file.close();
    }
  }
}

/** A table may go, or a log be replaced, while the agent works and its files are copied. */
const TRIES = 3;

const placeForCopy = async (folder: string): Promise<string> => {
  try {
    return await mkdtemp(join(folder, "inspection-"));
  } catch {
    return mkdtemp(join(tmpdir(), "obs-inspection-"));
  }
};

/** What a table refers to is older than it: first who refers, then what is referred to. */
const order = (name: string): number => (name === "CURRENT" ? 0 : name.startsWith("MANIFEST") ? 1 : name.endsWith(".log") ? 2 : 3);

const copyDatabase = async (from: string, to: string): Promise<void> => {
  await mkdir(to, { recursive: true });
  const names = (await readdir(from)).filter((name) => name !== "LOCK" && !name.startsWith("LOG"));
  for (const name of names.toSorted((one, other) => order(one) - order(other))) {
    const [source, target] = [join(from, name), join(to, name)];
    if (order(name) < 3) await copyFile(source, target);
    else await link(source, target).catch(() => copyFile(source, target));
  }
};

const openInspection = async (folder: string, copy: string): Promise<{ database: Database; recovery: Recovery }> => {
  for (let tries = 1; ; tries++) {
    const location = join(copy, String(tries));
    try {
      await copyDatabase(join(folder, "buffer"), location);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || tries === TRIES) throw new AgentError("data_dir_unusable", `there is no buffer to read in ${folder}: ${(error as Error).message}`, { cause: error });
      continue;
    }
    const opened = await openCopy(location, tries === TRIES);
    if (opened) return opened;
  }
};

/** Throws AgentError (data_dir_unusable, buffer_key). */
export const inspectBuffer = async <Result>(folder: string, key: Uint8Array | undefined, look: (inspection: Inspection) => Promise<Result>): Promise<Result> => {
  const copy = await placeForCopy(folder).catch((error: Error) => {
    throw new AgentError("data_dir_unusable", `there is no buffer to read in ${folder}: ${error.message}`, { cause: error });
  });
  try {
    const { database, recovery } = await openInspection(folder, copy);
    try {
      const vault = await findVault(database, folder, key);
      return await look(new Inspection(folder, database, new EntryCodec(vault ?? PLAIN), recovery));
    } finally {
      await database.close();
    }
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
};
