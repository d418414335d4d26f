/**
 * Opens the buffer's LevelDB, and brings a damaged one back: first LevelDB's own repair, then the
 * folder is set aside and an empty one takes its place. LevelDB's lock (fcntl, so it ends with the
 * process however it ends) is the lock of the data folder.
 */

import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Level } from "level";
import { AgentError } from "../errors.ts";
import type { Log } from "../core/log.ts";

export type Database = Level<string, Uint8Array>;
export type Operation = { type: "put"; key: string; value: Uint8Array } | { type: "del"; key: string };

export type Recovery = "none" | "repaired" | "replaced";

/** No compression: bodies are zstd. Two memtables of 4 MiB hold what does not go to segments. */
const OPTIONS = {
  keyEncoding: "utf8",
  valueEncoding: "view",
  compression: false,
  writeBufferSize: 4 << 20,
  maxFileSize: 8 << 20,
  cacheSize: 1 << 20,
  maxOpenFiles: 64,
} as const;

/** `level` types what browsers have too; Node's LevelDB can also repair. */
const repair = (location: string): Promise<void> => (Level as unknown as { repair(location: string): Promise<void> }).repair(location);

/** The reason why LevelDB did not open, as `level` wraps it. */
const reasonOf = (error: unknown): { code: string; message: string } => {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  return { code: cause?.code ?? "", message: cause?.message ?? String(error) };
};

/** Faults of the machine, not of the files: a repair would not help, and might harm. */
const NOT_DAMAGE = /permission denied|operation not permitted|read-only|no space left|quota|too many open files|not a directory|input\/output error/i;

const tryOpen = async (location: string): Promise<Database> => {
  const database: Database = new Level(location, OPTIONS);
  await database.open();
  return database;
};

const pidOfHolder = async (folder: string): Promise<string> => {
  const pid = await readFile(join(folder, "agent.pid"), "utf8").catch(() => "");
  return /^\d+$/.test(pid.trim()) ? ` (process ${pid.trim()})` : "";
};

export const openDatabase = async (folder: string, log: Log): Promise<{ database: Database; recovery: Recovery }> => {
  const location = join(folder, "buffer");
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new AgentError("data_dir_unusable", `cannot create the data folder ${folder}: ${(error as Error).message}`, { cause: error });
  }
  const opened = await openOrRecover(folder, location, log);
  await writeFile(join(folder, "agent.pid"), `${process.pid}\n`).catch(() => {});
  return opened;
};

const openOrRecover = async (folder: string, location: string, log: Log): Promise<{ database: Database; recovery: Recovery }> => {
  try {
    return { database: await tryOpen(location), recovery: "none" };
  } catch (error) {
    const { code, message } = reasonOf(error);
    if (code === "LEVEL_LOCKED")
      throw new AgentError("data_dir_locked", `another agent${await pidOfHolder(folder)} works on the data folder ${folder}: stop it, or give this one another folder (data_dir, OBS_AGENT_DATA_DIR)`);
    if (NOT_DAMAGE.test(message))
      throw new AgentError("data_dir_unusable", `cannot open the buffer in ${location}: ${message}`, { cause: error });
    log.error("the buffer is damaged: trying to repair it", { folder: location, reason: message });
  }
  try {
    await repair(location);
    const database = await tryOpen(location);
    log.warn("the buffer was repaired; lines of its last batches may be read and sent again", { folder: location });
    return { database, recovery: "repaired" };
  } catch (error) {
    const aside = join(folder, `quarantine-${Date.now()}`);
    await mkdir(aside, { mode: 0o700 });
    for (const name of ["buffer", "segments"]) await rename(join(folder, name), join(aside, name)).catch(() => {});
    log.error("the buffer cannot be repaired: it was set aside and a new one begun; batches in it were not sent, and sources start as if seen for the first time", { aside, reason: reasonOf(error).message });
    return { database: await tryOpen(location), recovery: "replaced" };
  }
};

/**
 * Opens a copy that nobody else has. Without `mayRepair` undefined when it does not open: a copy of
 * files that are being written may be of two moments.
 */
export const openCopy = async (location: string, mayRepair: boolean): Promise<{ database: Database; recovery: Recovery } | undefined> => {
  try {
    return { database: await tryOpen(location), recovery: "none" };
  } catch (error) {
    if (!mayRepair) return undefined;
    try {
      await repair(location);
      return { database: await tryOpen(location), recovery: "repaired" };
    } catch {
      throw new AgentError("data_dir_unusable", `the buffer's index cannot be opened, nor repaired: ${reasonOf(error).message}`, { cause: error });
    }
  }
};
