/** Whether this host has a journal that the agent may read. */

import { constants, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { isAllowed } from "../../core/is-allowed.ts";

const FOLDERS = ["/var/log/journal", "/run/log/journal"];
/** Where programs write to; it is there while journald runs. */
const SOCKET = "/run/systemd/journal/socket";

const namesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
};

export interface JournalPlaces {
  readonly folders?: readonly string[];
  readonly socket?: string;
  /** PATH. */
  readonly searchPath?: string;
}

/** journald runs, `journalctl` is there, and so is at least one journal file that can be read. */
export const findJournal = ({ folders = FOLDERS, socket = SOCKET, searchPath = process.env.PATH ?? "" }: JournalPlaces = {}): boolean =>
  searchPath.split(delimiter).some((folder) => isAllowed(join(folder, "journalctl"), constants.X_OK)) &&
  isAllowed(socket, constants.F_OK) &&
  folders.flatMap(namesIn).flatMap(namesIn).some((file) => file.endsWith(".journal") && isAllowed(file, constants.R_OK));
