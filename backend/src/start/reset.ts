/** Starting over: everything that obs keeps in its data folder is deleted, and nothing else there. */

import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { lockDataFolder } from "./data-lock.ts";

const KEPT = ["store", "gateway", "agent", "metadata.db", "metadata.db-wal", "metadata.db-shm", "api-key"];

/** Returns the names that were deleted. Throws UserError while a backend runs on the folder. */
export const resetDataFolder = (dataDir: string): string[] => {
  if (!existsSync(dataDir)) return [];
  const lock = lockDataFolder(dataDir);
  const found = KEPT.filter((name) => existsSync(join(dataDir, name)));
  for (const name of found) rmSync(join(dataDir, name), { recursive: true, force: true });
  lock.release();
  return found;
};
