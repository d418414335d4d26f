/**
 * One reader per shard, and which of them reads a file: always the same one while the file is followed.
 *
 * Invariants
 * - Files of one name, and those that rotation has made of it, are read by one reader: the position of
 *   a copy says of its original that it was read up to there, so neither may become durable alone.
 * - Positions are stored under the inode. A file whose inode another reader has read before (it was
 *   deleted, and its inode is used again) waits until what was read then is durable: an older
 *   position must not overwrite a younger one.
 */

import type { FollowedFile } from "./followed-file.ts";
import type { Reader } from "./reader.ts";
import { namesBeforeRotation } from "./rotated-names.ts";

/** Names and inodes remembered beyond the files that had them; the oldest are forgotten first. */
const MAX_REMEMBERED = 20_000;
/** A file without anything to read is some work too. */
const LEAST_BYTES = 64 * 1024;

type AnyReader = Pick<Reader, "wake" | "watchClosely" | "run">;

export interface ReadersParts {
  /** At least one. */
  readonly readers: readonly AnyReader[];
  /** Makes durable what the n-th reader has handed on. */
  readonly flush: (reader: number) => Promise<void>;
}

export class Readers {
  readonly #readers: readonly AnyReader[];
  readonly #flush: ReadersParts["flush"];
  /** Bytes that were there when its files were given to it. */
  readonly #load: number[];
  readonly #byName = new Map<string, number>();
  readonly #byInode = new Map<string, number>();
  readonly #failed = Promise.withResolvers<never>();

  constructor({ readers, flush }: ReadersParts) {
    this.#readers = readers;
    this.#flush = flush;
    this.#load = readers.map(() => 0);
    // A failure that comes when nobody runs any more has nobody to tell.
    this.#failed.promise.catch(() => {});
  }

  /** Gives the file a turn. Harmless when it has nothing new. */
  wake(file: FollowedFile): void {
    this.#readerOf(file).wake(file);
  }

  /** Looks at the file often for a while, whether or not it has data. */
  watchClosely(file: FollowedFile): void {
    this.#readerOf(file).watchClosely(file);
  }

  /** Reads until the signal aborts. Rejects only when a shard does. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.race([Promise.all(this.#readers.map((reader) => reader.run(signal))), this.#failed.promise]);
  }

  #readerOf(file: FollowedFile): AnyReader {
    if (this.#readers.length === 1) return this.#readers[0]!;
    if (file.reader === undefined) {
      const before = this.#byInode.get(file.key);
      file.reader = this.#choose(file);
      remember(this.#byInode, file.key, file.reader);
      if (before !== undefined && before !== file.reader) this.#bar(file, before);
    }
    return this.#readers[file.reader]!;
  }

  #choose(file: FollowedFile): number {
    const name = firstNameOf(file.stream.path);
    const reader = this.#byName.get(name) ?? this.#load.indexOf(Math.min(...this.#load));
    remember(this.#byName, name, reader);
    this.#load[reader]! += Math.max(file.size - file.offset, LEAST_BYTES);
    return reader;
  }

  #bar(file: FollowedFile, before: number): void {
    file.barred = true;
    this.#flush(before).then(() => {
      file.barred = false;
      this.wake(file);
    }, this.#failed.reject);
  }
}

/** The name under which a log file began, of whatever rotation has made of it. */
export const firstNameOf = (path: string): string => {
  const before = namesBeforeRotation(path).at(-1);
  return before === undefined ? path : firstNameOf(before);
};

const remember = (known: Map<string, number>, name: string, reader: number): void => {
  known.delete(name);
  known.set(name, reader);
  if (known.size > MAX_REMEMBERED) known.delete(known.keys().next().value!);
};
