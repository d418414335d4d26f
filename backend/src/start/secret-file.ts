/** Small files that only their owner may read. */

import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Undefined when there is no such file. */
export const readSecretFile = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
};

/** Whole or not at all: readers see the old text or the new one. */
export const writeSecretFile = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${text}\n`, { mode: 0o600 });
  // `mode` counts for new files only; a draft may be left over from a crash.
  chmodSync(draft, 0o600);
  renameSync(draft, path);
};
