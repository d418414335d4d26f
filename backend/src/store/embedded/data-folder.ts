/**
 * Who uses a data folder: `store.json` (0600) names the backend, its store process and how to
 * reach it. A restarted backend waits here until the old store process has let go; ClickHouse's
 * own lock (`data/status`) is the last line of defence.
 */

import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { StoreUsers } from "./config-files.ts";
import { writePrivate } from "./config-files.ts";
import { identify, isRunning, type ProcessIdentity } from "./process-identity.ts";

export interface StoreRecord {
  readonly backend: ProcessIdentity;
  readonly store: ProcessIdentity;
  readonly url: string;
  readonly users: StoreUsers;
}

/** The folder belongs to a process that runs. The message is one line for a person. */
export class DataFolderInUse extends Error {
  constructor(message: string) {
    super(message);
    this.name = "DataFolderInUse";
  }
}

export const storeRecordPath = (dataDir: string): string => join(dataDir, "store.json");

/** How to reach the store of a data folder, for tools of the same user; undefined when there is none. */
export const readStoreRecord = async (dataDir: string): Promise<StoreRecord | undefined> => {
  try {
    return JSON.parse(await readFile(storeRecordPath(dataDir), "utf8")) as StoreRecord;
  } catch {
    return undefined;
  }
};

export const writeStoreRecord = async (dataDir: string, childPid: number, reach: Pick<StoreRecord, "url" | "users">): Promise<void> => {
  const record: StoreRecord = { backend: await identify(process.pid), store: await identify(childPid), ...reach };
  await writePrivate(storeRecordPath(dataDir), `${JSON.stringify(record, null, 2)}\n`);
};

export const removeStoreRecord = (dataDir: string): Promise<void> => rm(storeRecordPath(dataDir), { force: true });

/** Resolves once no store process holds the folder. Throws DataFolderInUse. */
export const waitUntilReleased = async (dataDir: string, timeoutMs: number): Promise<void> => {
  const record = await readStoreRecord(dataDir);
  if (!record || !(await isRunning(record.store))) return;
  if (record.backend.pid !== process.pid && (await isRunning(record.backend))) {
    throw new DataFolderInUse(`the data folder ${dataDir} is in use by process ${record.backend.pid}: stop it, or choose another folder with OBS_DATA_DIR`);
  }
  // The backend is gone, so its store ends as soon as it sees the end of its stdin.
  const deadline = performance.now() + timeoutMs;
  while (await isRunning(record.store)) {
    if (performance.now() > deadline) {
      throw new DataFolderInUse(`the store process ${record.store.pid} of an earlier run still holds ${dataDir}: end it (kill -9 ${record.store.pid}) and start again`);
    }
    await delay(50);
  }
};
