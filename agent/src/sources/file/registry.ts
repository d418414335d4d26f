/**
 * Names to files: which inode a name leads to now, which file that is, and what became of the one
 * that had the name before.
 *
 * Invariants
 * - One inode is one FollowedFile, however many names lead to it; its first name is its `path`.
 * - A file that loses its name keeps its handle and is read to its end; without a handle it is looked
 *   for by inode beside its old name.
 * - Everything here runs in one task at a time (follower.ts), so no step sees another's half.
 */

import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import type { Adoption } from "./adoption.ts";
import type { ContentHistory } from "./content-history.ts";
import type { FileCounters } from "./counters.ts";
import type { FollowedFile } from "./followed-file.ts";
import type { PathFilter } from "./globs.ts";
import { errorCode, factsOfHandle, factsOfPath, inodeKey, isMissing, sameBirth, STAMP_SLACK_MS, type FileFacts } from "./identity.ts";
import type { FilePosition, PositionBook } from "./position.ts";
import type { Reader } from "./reader.ts";
import { isRotatedNameOf, namesBeforeRotation } from "./rotated-names.ts";
import type { UnreadablePaths } from "./unreadable.ts";

export interface RegistryParts {
  readonly filter: PathFilter;
  readonly wasFollowed: (path: string) => boolean;
  readonly maxFiles: number;
  readonly book: PositionBook;
  readonly history: ContentHistory;
  readonly adoption: Adoption;
  readonly reader: Pick<Reader, "wake" | "watchClosely">;
  readonly unreadable: UnreadablePaths;
  readonly counters: FileCounters;
  readonly clock: Clock;
  readonly log: Log;
}

/** Names come and go, of pods for one; the oldest are forgotten first. */
const MAX_VACANCIES = 10_000;
const WATCH_VACANCY_MS = 60_000;

interface Vacancy {
  readonly by: FollowedFile | undefined;
  /** When the name was last seen to lead to a file, and when it was found free: ms since 1970. */
  readonly sinceMs: number;
  readonly atMs: number;
}

export class Registry {
  readonly #parts: RegistryParts;
  readonly #byInode = new Map<string, FollowedFile>();
  readonly #byPath = new Map<string, FollowedFile>();
  /** By the name under which they were opened, until they are closed. */
  readonly #readAs = new Map<string, Set<FollowedFile>>();
  /** Names without a file: who takes one comes after what had it, and after what came and went meanwhile. */
  readonly #vacated = new Map<string, Vacancy>();
  /** Files that appear later are new: they are read from the beginning. */
  #atStart = true;
  #full = false;

  constructor(parts: RegistryParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#byInode.size;
  }

  /**
   * Names to look at even if no file has them: those that had one, for it may have gone without an
   * event, and those that became free lately, for their next file may have come and gone.
   */
  names(): string[] {
    const nowMs = this.#parts.clock.nowMs();
    const free = [...this.#vacated].filter(([, { atMs }]) => nowMs - atMs < WATCH_VACANCY_MS);
    return [...this.#byPath.keys(), ...free.map(([path]) => path)];
  }

  /** Brings the registry up to date with what is under this name now. */
  async inspect(path: string): Promise<void> {
    await this.#reporting(path, async () => {
      const facts = await factsOfPath(path);
      if (!facts?.regular) await this.#vacate(path);
      else if (this.#parts.filter.wants(path)) await this.#occupy(path, facts);
    });
  }

  /** Those of the names that `inspect` has something to do for. They are looked at together, which costs half of one by one. */
  async changed(paths: readonly string[]): Promise<string[]> {
    const facts = await Promise.all(paths.map((path) => factsOfPath(path).catch(() => undefined)));
    return paths.filter((path, index) => !this.#isAsBefore(path, facts[index]));
  }

  /** The name leads to the file that it led to, and the reader has seen all of that. */
  #isAsBefore(path: string, facts: FileFacts | undefined): boolean {
    const file = this.#byPath.get(path);
    const isSame = file?.path === path && facts?.regular === true && file.key === inodeKey(facts) && sameBirth(file.birthNs, facts.birthNs);
    if (!isSame || !file.attached || file.held || this.#vacated.has(path) || isTouched(file, facts)) return false;
    this.#parts.unreadable.readable(path);
    if (path === file.stream.path) file.seenMs = this.#parts.clock.nowMs();
    return true;
  }

  /** Not followed any more. Unless it is deleted, it goes on where it stopped when it is found again. */
  forget(file: FollowedFile): void {
    const { book, history } = this.#parts;
    file.closed = true;
    this.#byInode.delete(file.key);
    if (this.#byPath.get(file.path) === file) this.#byPath.delete(file.path);
    const vacancy = this.#vacated.get(file.stream.path);
    if (vacancy?.by === file) this.#vacated.set(file.stream.path, { ...vacancy, by: undefined });
    removeFrom(this.#readAs, file.stream.path, file);
    if (file.links === 0) history.remember(file.stream.path, [file.stream.contentUpTo(file.offset)]);
    else book.put(file.stream.positionAt(file.offset));
  }

  /** The reader could not open it: its name leads to another file, or to none. */
  async refind(file: FollowedFile): Promise<void> {
    if (file.attached) await this.inspect(file.path);
    else if (!file.closed) await this.#findMoved(file);
  }

  async #occupy(path: string, found: FileFacts): Promise<void> {
    const { reader, clock, unreadable, adoption } = this.#parts;
    const known = this.#knownBy(found);
    const before = this.#byPath.get(path);
    const file = known ?? (await this.#adopt(path, found));
    if (!file) return;
    unreadable.readable(path);
    if (before && before !== file) this.#detach(before);
    if (known) await this.#name(known, path);
    if (file.path !== path) return;
    const vacancy = before ? this.#vacancyOf(before) : this.#vacated.get(path);
    this.#vacated.delete(path);
    if (vacancy && vacancy.by !== file) await this.#succeed(vacancy, file);
    if (path === file.stream.path) file.seenMs = clock.nowMs();
    if (file.held) await adoption.resolveCopy(file, this.#originalsOf(path));
    if (known && isTouched(known, found)) reader.wake(known);
  }

  async #adopt(path: string, facts: FileFacts, rotatedFrom?: { path: string; sinceMs: number }): Promise<FollowedFile | undefined> {
    if (this.#isFull()) return undefined;
    const found = { path, facts, originals: this.#originalsOf(path), atStart: this.#atStart && !this.#parts.wasFollowed(path) };
    const adopted = await this.#parts.adoption.adopt(rotatedFrom ? { ...found, rotatedFrom } : found);
    if (!adopted) return undefined;
    const { file, replacedSinceMs } = adopted;
    this.#byInode.set(file.key, file);
    addTo(this.#readAs, file.stream.path, file);
    if (file.attached) this.#byPath.set(path, file);
    const successor = this.#byPath.get(file.stream.path);
    if (successor && successor !== file) successor.after = file;
    if (replacedSinceMs !== undefined) await this.searchRotated(file.stream.path, replacedSinceMs);
    return file;
  }

  /** Files under way that were read under a name from which this one may come by rotation. */
  #originalsOf(path: string): FollowedFile[] {
    const files = namesBeforeRotation(path).flatMap((name) => Array.from(this.#readAs.get(name) ?? []));
    return files.filter((file) => !file.held && file.path !== path);
  }

  #isFull(): boolean {
    const { maxFiles, counters, log } = this.#parts;
    if (this.#byInode.size < maxFiles) return false;
    counters.add("files_over_limit");
    if (!this.#full) log.warn(`${maxFiles} files are followed, further ones are left out: narrow include, or raise max_files`);
    this.#full = true;
    return true;
  }

  /** The file with this inode; not one that had the inode before it was reused. */
  #knownBy(facts: FileFacts): FollowedFile | undefined {
    const file = this.#byInode.get(inodeKey(facts));
    if (!file || sameBirth(file.birthNs, facts.birthNs)) return file;
    file.links = 0;
    this.forget(file);
    return undefined;
  }

  /** A known file is found under this name: its own, one more, or a new one after a rename. */
  async #name(file: FollowedFile, path: string): Promise<void> {
    if (file.path !== path) {
      const old = file.attached ? await factsOfPath(file.path) : undefined;
      if (old && inodeKey(old) === file.key) return;
      if (this.#byPath.get(file.path) === file) {
        this.#byPath.delete(file.path);
        this.#leaveVacant(file.path, this.#vacancyOf(file));
      }
      if (file.attached) this.#parts.counters.add("rotations");
      file.rotated = true;
      file.path = path;
    }
    file.attached = true;
    this.#byPath.set(path, file);
  }

  /** The name leads to nothing (or nothing that can be read). */
  async #vacate(path: string): Promise<void> {
    this.#parts.unreadable.forget(path);
    const file = this.#byPath.get(path);
    const vacancy = this.#vacated.get(path);
    if (!file) return vacancy && this.searchRotated(path, vacancy.sinceMs);
    this.#byPath.delete(path);
    this.#leaveVacant(path, this.#vacancyOf(file));
    this.#detach(file);
    if (!file.handle) await this.#findMoved(file);
    if (!(await isDeleted(file))) await this.searchRotated(path, file.seenMs);
  }

  #vacancyOf(file: FollowedFile): Vacancy {
    return { by: file, sinceMs: file.seenMs, atMs: this.#parts.clock.nowMs() };
  }

  #leaveVacant(path: string, vacancy: Vacancy): void {
    this.#vacated.set(path, vacancy);
    if (this.#vacated.size > MAX_VACANCIES) this.#vacated.delete(this.#vacated.keys().next().value!);
  }

  #detach(file: FollowedFile): void {
    const { counters, reader } = this.#parts;
    if (file.attached) counters.add("rotations");
    file.attached = false;
    file.rotated = true;
    reader.watchClosely(file);
    reader.wake(file);
  }

  /** `file` has the name that another had. */
  async #succeed({ by, sinceMs }: Vacancy, file: FollowedFile): Promise<void> {
    if (by && !by.closed) file.after = by;
    if (by && !by.closed && !by.handle && !by.attached) await this.#findMoved(by);
    await this.searchRotated(file.path, sinceMs);
  }

  /** A file that was not open when it lost its name: it may be under another one in its folder. */
  async #findMoved(file: FollowedFile): Promise<void> {
    const folder = dirname(file.path);
    for (const name of await namesIn(folder)) {
      const path = join(folder, name);
      const other = this.#byPath.get(path);
      if (other && other !== file) continue;
      const facts = await this.#factsOf(path);
      if (!facts || inodeKey(facts) !== file.key || !sameBirth(facts.birthNs, file.birthNs)) continue;
      file.path = path;
      this.#parts.reader.wake(file);
      return;
    }
    this.forget(file);
  }

  /**
   * Looks beside `path` for what it once named and nobody has read: files that were rotated away
   * unseen since `sinceMs`, and copies with lines behind what was read before a truncation. `names`:
   * those of the folder, when somebody has listed it just now.
   */
  async searchRotated(path: string, sinceMs: number, names?: readonly string[]): Promise<void> {
    for (const name of names ?? (await namesIn(dirname(path)))) {
      const candidate = join(dirname(path), name);
      if (!isRotatedNameOf(path, candidate)) continue;
      const facts = await this.#factsOf(candidate);
      if (!facts?.regular) continue;
      const known = this.#byInode.get(inodeKey(facts));
      if (known?.held) await this.#reporting(candidate, () => this.#parts.adoption.resolveCopy(known, this.#originalsOf(known.path)));
      else if (this.#parts.filter.wants(candidate)) await this.inspect(candidate);
      else if (!known) await this.#reporting(candidate, () => this.#adopt(candidate, facts, { path, sinceMs }));
    }
  }

  /**
   * The first look after a start, before anything is read. Files of positions come first, wherever
   * rotation has put them, so that copies of what they held are recognised. Positions of names that
   * another group of globs wants are that group's affair.
   */
  async begin(paths: readonly string[]): Promise<void> {
    const { book, history } = this.#parts;
    const others: string[] = [];
    for (const path of paths) {
      const facts = await this.#factsOf(path);
      if (facts?.regular && book.mayBe(facts)) await this.inspect(path);
      else others.push(path);
    }
    const moved = [...book.unclaimed()].filter(({ path }) => this.#parts.filter.wants(path));
    for (const folder of new Set(moved.map(({ path }) => dirname(path)))) await this.#findClaimed(folder);
    for (const { path, past, ...content } of book.unclaimed()) history.remember(path, [...past, content]);
    for (const path of others) await this.inspect(path);
    for (const [path, sinceMs] of latestBy(moved)) {
      if (!this.#byPath.has(path)) this.#leaveVacant(path, { by: undefined, sinceMs, atMs: this.#parts.clock.nowMs() });
      await this.searchRotated(path, sinceMs);
    }
    this.#atStart = false;
  }

  /** Files of positions under names that no glob wants. */
  async #findClaimed(folder: string): Promise<void> {
    for (const name of await namesIn(folder)) {
      const path = join(folder, name);
      const facts = await this.#factsOf(path);
      if (facts?.regular && this.#parts.book.mayBe(facts, this.#parts.filter.wants) && !this.#knownBy(facts)) {
        await this.#reporting(path, () => this.#adopt(path, facts, { path, sinceMs: Infinity }));
      }
    }
  }

  /** One file that cannot be read must not keep the others from being followed. */
  async #reporting(path: string, act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!isMissing(error)) this.#parts.unreadable.report(path, errorCode(error));
    }
  }

  async #factsOf(path: string): Promise<FileFacts | undefined> {
    try {
      return await factsOfPath(path);
    } catch (error) {
      if (this.#parts.filter.wants(path)) this.#parts.unreadable.report(path, errorCode(error));
      return undefined;
    }
  }
}

/** A deleted file has not been rotated: nothing has to be looked for. */
const isDeleted = async ({ closed, handle }: FollowedFile): Promise<boolean> => {
  try {
    return closed || (handle !== undefined && (await factsOfHandle(handle)).links === 0);
  } catch {
    // Closed by the reader meanwhile, which does that only to what it has read to the end.
    return true;
  }
};

const addTo = (files: Map<string, Set<FollowedFile>>, path: string, file: FollowedFile): void => {
  const sharing = files.get(path);
  if (sharing) sharing.add(file);
  else files.set(path, new Set([file]));
};

const removeFrom = (files: Map<string, Set<FollowedFile>>, path: string, file: FollowedFile): void => {
  const sharing = files.get(path);
  sharing?.delete(file);
  if (sharing?.size === 0) files.delete(path);
};

/** When each name was last seen to lead to one of these files, in ms since 1970. */
const latestBy = (positions: readonly FilePosition[]): Map<string, number> => {
  const latest = new Map<string, number>();
  for (const { path, seenMs } of positions) latest.set(path, Math.max(latest.get(path) ?? 0, seenMs));
  return latest;
};

/** Whether the reader has not seen the file as it is now. */
const isTouched = (file: FollowedFile, facts: FileFacts): boolean =>
  facts.size !== file.size || facts.size < file.offset || facts.modifiedMs > file.lastTurnMs - STAMP_SLACK_MS;

export const namesIn = async (folder: string): Promise<string[]> => {
  try {
    return (await readdir(folder)).sort();
  } catch {
    // Gone or unreadable: the walk names it.
    return [];
  }
};
