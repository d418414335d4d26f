/**
 * One backend per data folder.
 *
 * The lock is SQLite's on a small file: held by the kernel, gone with the process however it ends,
 * so there is no stale lock to judge. Beside it `instance.json` says who holds it, for the message.
 */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { UserError } from "./user-error.ts";

export interface Instance {
  readonly pid: number;
  /** Where it answers; undefined while it starts. */
  readonly url?: string;
}

export interface DataLock {
  /** Tells others where this backend answers. */
  announce(url: string): void;
  release(): void;
}

const instanceFile = (dataDir: string): string => join(dataDir, "instance.json");

/** Who works on the data folder, as far as it says; undefined when nobody does. */
export const readInstance = (dataDir: string): Instance | undefined => {
  try {
    return JSON.parse(readFileSync(instanceFile(dataDir), "utf8")) as Instance;
  } catch {
    return undefined;
  }
};

const inUse = (dataDir: string): UserError => {
  const other = readInstance(dataDir);
  const where = other?.url === undefined ? "is starting" : `answers at ${other.url}`;
  const process = other === undefined ? "" : ` (process ${other.pid})`;
  return new UserError(`already running on ${dataDir}: it ${where}${process}`);
};

/** Throws UserError when another process has the folder, or when it cannot be used. */
export const lockDataFolder = (dataDir: string): DataLock => {
  let database: DatabaseSync;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    database = new DatabaseSync(join(dataDir, "lock.db"), { timeout: 0 });
  } catch (error) {
    throw new UserError(`the data folder ${dataDir} cannot be used: ${(error as Error).message} (choose another with OBS_DATA_DIR)`);
  }
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch {
    database.close();
    throw inUse(dataDir);
  }
  const write = (instance: Instance): void => writeFileSync(instanceFile(dataDir), `${JSON.stringify(instance)}\n`, { mode: 0o600 });
  write({ pid: process.pid });
  return {
    announce: (url) => write({ pid: process.pid, url }),
    release: () => {
      rmSync(instanceFile(dataDir), { force: true });
      database.close();
    },
  };
};
