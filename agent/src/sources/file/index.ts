/**
 * The file source: discovers, follows and reads files, and survives their rotation. What it promises
 * is in ../README.md; how it is put together is on this screen.
 */

import type { Clock } from "../../core/clock.ts";
import type { LineShard, Source } from "../../core/contracts.ts";
import type { Log } from "../../core/log.ts";
import { Adoption } from "./adoption.ts";
import { ContentHistory } from "./content-history.ts";
import type { FileCounters } from "./counters.ts";
import { FolderWatch } from "./discovery.ts";
import { Follower } from "./follower.ts";
import { compileGlobs } from "./globs.ts";
import { errorCode } from "./identity.ts";
import { OpenFiles } from "./open-files.ts";
import type { FileSourceOptions } from "./options.ts";
import { PositionBook, type PositionReader } from "./position.ts";
import { Reader, type ReaderEvents } from "./reader.ts";
import { Readers } from "./readers.ts";
import { Registry } from "./registry.ts";
import { UnreadablePaths } from "./unreadable.ts";

export type { FileCounters, FileEvent, FileGauge } from "./counters.ts";
export { fileSourceSchema, type FileSourceInput, type FileSourceOptions } from "./options.ts";
export type { PositionReader } from "./position.ts";
export { compileGlobs as pathFilter, type PathFilter } from "./globs.ts";
export { POSITION_PREFIX } from "./position.ts";

export interface FileSourceDeps {
  /** Positions as the buffer holds them at start, by stream id. */
  readonly positions: PositionReader;
  readonly clock: Clock;
  readonly log: Log;
  /** Host name of the rows. */
  readonly host: string;
  readonly counters: FileCounters;
  /**
   * Whether another source of this process followed the name until now. Such a file without a position
   * is empty or new: it is read from its beginning, whatever `readFrom` says of files found at start.
   */
  readonly wasFollowed?: (path: string) => boolean;
  /** A file is not read while the promise for its path is pending: what its rows need is still to come. */
  readonly hold?: (path: string) => Promise<void> | undefined;
  /** For a shard that may keep whole lines back: a file is tried again when it was quiet for this long. */
  readonly retryQuietMs?: number;
}

const watchFailure = (error: unknown): string => {
  const code = errorCode(error);
  const remedy = code === "ENOSPC" || code === "EMFILE" ? "raise fs.inotify.max_user_watches and fs.inotify.max_user_instances" : "check the folder";
  return `file events are incomplete (${code}), changes are found by scanning: ${remedy}`;
};

/**
 * `start` resolves when every file that is there has been found and new ones are noticed; `stop` when
 * nothing is read any more. A position never includes bytes that the shard has not taken. Several
 * shards share the files, each with a reader of its own.
 */
export const createFileSource = (options: FileSourceOptions, shards: LineShard | readonly LineShard[], deps: FileSourceDeps): Source => {
  const { clock, log, counters, host } = deps;
  const filter = compileGlobs(options.include, options.exclude);
  const book = new PositionBook(deps.positions);
  const history = new ContentHistory();
  const openFiles = new OpenFiles(options.maxOpenFiles);
  const unreadable = new UnreadablePaths(log);
  const events: ReaderEvents = {
    truncated: (file, sinceMs, content) => {
      history.remember(file.stream.path, [content]);
      follower.searchCopies(file, sinceMs);
    },
    emptied: (file, sinceMs) => follower.searchCopies(file, sinceMs),
    lost: (file) => follower.refind(file),
    finished: (file) => registry.forget(file),
  };
  const all = [shards].flat();
  const readers = all.map((shard) => new Reader({ shard, openFiles, options, clock, counters, unreadable, hold: deps.hold, retryQuietMs: deps.retryQuietMs, events }));
  const reader = new Readers({ readers, flush: (index) => all[index]!.flush() });
  const adoption = new Adoption({ options, book, history, reader, openFiles, counters, clock, host });
  const registry = new Registry({ filter, wasFollowed: deps.wasFollowed ?? (() => false), maxFiles: options.maxFiles, book, history, adoption, reader, unreadable, counters, clock, log });
  const measured = (): void => {
    counters.set("files_followed", registry.size);
    counters.set("files_open", openFiles.count);
    counters.set("files_unreadable", unreadable.count);
  };
  const follower = new Follower({ registry, filter, unreadable, clock, scanIntervalMs: options.scanIntervalMs, measured });
  const watch = new FolderWatch(filter, { hint: (path) => follower.hint(path), failed: (error) => log.warn(watchFailure(error)) });
  const stopping = new AbortController();
  let started: Promise<void> | undefined;
  let running: Promise<unknown> = Promise.resolve();

  const begin = async (): Promise<void> => {
    await watch.start();
    await follower.begin();
    // A shard that fails ends the process: what is durable is read from there again.
    running = Promise.all([reader.run(stopping.signal), follower.run(stopping.signal)]);
  };

  return {
    name: "file",
    start: () => (started ??= begin()),
    stop: async () => {
      stopping.abort();
      await watch.close();
      await running;
      await openFiles.closeAll();
    },
  };
};
