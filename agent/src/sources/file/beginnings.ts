/** Where reading of a file begins that has just been found. */

import type { FileHandle } from "node:fs/promises";
import type { Clock } from "../../core/clock.ts";
import type { ContentHistory } from "./content-history.ts";
import { isCopyOf, isCopyOfLive, type Candidate } from "./copies.ts";
import type { FollowedFile } from "./followed-file.ts";
import { beginsWith, factsOfHandle, inodeKey, readAt } from "./identity.ts";
import { openIfThere } from "./open-files.ts";
import type { FileSourceOptions } from "./options.ts";
import type { Content, FilePosition, PositionBook } from "./position.ts";
import { namesBeforeRotation } from "./rotated-names.ts";
import { startOffset } from "./start-offset.ts";

export type Beginning =
  /** An earlier process has read it up to its position. */
  | { readonly kind: "known"; readonly position: FilePosition }
  /** The inode is known, but its content was replaced while nobody looked. */
  | { readonly kind: "replaced"; readonly position: FilePosition }
  /** It holds what was read under another name, and perhaps more behind it. */
  | { readonly kind: "copy"; readonly content: Content }
  /** It may be a copy of what is being read: nothing is read before that is known. */
  | { readonly kind: "held" }
  | { readonly kind: "new"; readonly offset: number };

export interface BeginningParts {
  readonly book: PositionBook;
  readonly history: ContentHistory;
  readonly options: FileSourceOptions;
  readonly clock: Clock;
}

/** `originals`: files that were read under a name from which the candidate's rotated name may come. */
export const beginningOf = async (
  path: string,
  candidate: Candidate,
  originals: readonly FollowedFile[],
  atStart: boolean,
  parts: BeginningParts,
): Promise<Beginning> => {
  const recognised = parts.book.claim(candidate.facts, candidate.head);
  if (recognised) return { kind: recognised.kind === "same" ? "known" : "replaced", position: recognised.position };
  const copied = await copyBeginning(path, candidate, originals, parts.history);
  return copied ?? { kind: "new", offset: atStart ? await offsetAtStart(candidate, parts) : 0 };
};

/** Undefined when the candidate is no copy. */
export const copyBeginning = async (
  path: string,
  candidate: Candidate,
  originals: readonly FollowedFile[],
  history: ContentHistory,
): Promise<Extract<Beginning, { kind: "copy" | "held" }> | undefined> => {
  // In this order: a content that is lost in between is in the history by then.
  const isHeld = await mayCopyAny(candidate, originals);
  const content = await contentCopiedBy(path, candidate, history);
  if (content) return { kind: "copy", content };
  return isHeld || (originals.length > 0 && (await hasChanged(candidate))) ? { kind: "held" } : undefined;
};

/** Since it was looked at: a copy may have been finished, and its original truncated, in between. */
const hasChanged = async ({ handle, facts }: Candidate): Promise<boolean> => (await factsOfHandle(handle)).size !== facts.size;

const mayCopyAny = async (candidate: Candidate, originals: readonly FollowedFile[]): Promise<boolean> => {
  for (const original of originals) if (await mayCopy(candidate, original)) return true;
  return false;
};

/** What the candidate has of contents that were read under the name that it had before rotation. */
const contentCopiedBy = async (path: string, candidate: Candidate, history: ContentHistory): Promise<Content | undefined> => {
  const contents = namesBeforeRotation(path).flatMap((name) => history.of(name));
  for (const content of contents.toReversed()) {
    if (await isCopyOf(candidate, content)) return { ...content, end: Math.min(content.end, candidate.facts.size) };
  }
  return undefined;
};

/**
 * Whether the candidate is so far nothing but a part of what the original holds. Undecided while the
 * original cannot be read, or has just lost its content and the reader has not seen it yet.
 */
const mayCopy = async (candidate: Candidate, original: FollowedFile): Promise<boolean> => {
  if (original.closed) return false;
  const opened = original.handle ? undefined : await openIfThere(original.path);
  const handle = original.handle ?? opened;
  if (!handle) return true;
  try {
    const before = await factsOfHandle(handle);
    const isPart = before.size >= candidate.facts.size && (await isCopyOfLive(candidate, handle));
    return isPart || !(await holdsStream(handle, original));
  } catch {
    return true;
  } finally {
    await opened?.close();
  }
};

const holdsStream = async (handle: FileHandle, { key, offset, stream: { fingerprint } }: FollowedFile): Promise<boolean> => {
  // The reader may let the fingerprint grow meanwhile: compared is the one that the head was read for.
  const facts = await factsOfHandle(handle);
  const head = await readAt(handle, 0, fingerprint.length);
  return inodeKey(facts) === key && facts.size >= offset && beginsWith(head, fingerprint);
};

/**
 * A file found at start without a position. Born after the last run: it is all new. Not written to
 * since: nothing in it is new. Else it is one that this source has never had, as at a first start.
 */
const offsetAtStart = async ({ handle, facts }: Candidate, { book, options, clock }: BeginningParts): Promise<number> => {
  const isFirstStart = book.lastRunMs === 0;
  if (!isFirstStart && Number(facts.birthNs / 1_000_000n) > book.lastRunMs) return 0;
  const untouched = !isFirstStart && options.readFrom !== "beginning" && facts.modifiedMs < book.lastRunMs;
  return startOffset(handle, facts, { ...options, ...(untouched && { readFrom: "end" }) }, clock.nowMs());
};
