/**
 * Finding files. Events (chokidar: one inotify watch per folder) are hints that make it quick, the
 * walk is the truth: what no event told, because a limit was reached, a filesystem has none or a link
 * was turned, the next walk finds.
 */

import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { watch, type FSWatcher } from "chokidar";
import type { PathFilter } from "./globs.ts";
import { errorCode, isMissing } from "./identity.ts";

/** A folder on a filesystem that hangs must not keep the source from starting. */
const READY_MS = 5_000;

export interface WatchEvents {
  /** Something happened to this name. */
  hint(path: string): void;
  failed(error: unknown): void;
}

export class FolderWatch {
  readonly #filter: PathFilter;
  readonly #events: WatchEvents;
  #watcher: FSWatcher | undefined;

  constructor(filter: PathFilter, events: WatchEvents) {
    this.#filter = filter;
    this.#events = events;
  }

  /** Resolves when changes are noticed from now on. */
  async start(): Promise<void> {
    const { wants, mayHold } = this.#filter;
    const watcher = watch([...this.#filter.bases], {
      ignoreInitial: true,
      ignorePermissionErrors: true,
      // A linked folder may lead anywhere, to / for one; linked files are found by the walk.
      followSymlinks: false,
      ignored: (path, stats) => (stats === undefined || stats.isDirectory() ? !mayHold(path) && !wants(path) : !wants(path)),
    });
    this.#watcher = watcher;
    for (const event of ["add", "change", "unlink"] as const) watcher.on(event, (path) => this.#events.hint(path));
    watcher.on("error", (error) => this.#events.failed(error));
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, READY_MS).unref();
      watcher.once("ready", () => (clearTimeout(late), resolve()));
    });
  }

  async close(): Promise<void> {
    await this.#watcher?.close();
  }
}

/** Wanted names below the filter's folders, in order of name. */
export async function* walk(
  filter: PathFilter,
  unreadable: (folder: string, code: string) => void,
): AsyncGenerator<string, void, undefined> {
  const visited = new Set<string>();
  for (const base of filter.bases) yield* walkFolder(base, filter, visited, unreadable);
}

async function* walkFolder(
  folder: string,
  filter: PathFilter,
  visited: Set<string>,
  unreadable: (folder: string, code: string) => void,
): AsyncGenerator<string, void, undefined> {
  if (visited.has(folder)) return;
  visited.add(folder);
  for (const entry of await entriesOf(folder, unreadable)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (filter.mayHold(path)) yield* walkFolder(path, filter, visited, unreadable);
    } else if ((entry.isFile() || entry.isSymbolicLink()) && filter.wants(path)) {
      yield path;
    }
  }
}

const entriesOf = async (folder: string, unreadable: (folder: string, code: string) => void): Promise<Dirent[]> => {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((one, other) => (one.name < other.name ? -1 : 1));
  } catch (error) {
    if (!isMissing(error)) unreadable(folder, errorCode(error));
    return [];
  }
};
