/**
 * Copies made by rotation (copytruncate). A copy is another inode with lines that were read already,
 * and at its end perhaps lines that were not: those that came between the last read and the truncation.
 */

import { hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { beginsWith, readAt, type FileFacts } from "./identity.ts";
import type { Content } from "./position.ts";

/** Compared at the end of what may be a copy of a file that still has its content. */
const COMPARED_BYTES = 1_024;

export interface Candidate {
  readonly handle: FileHandle;
  readonly facts: FileFacts;
  /** First bytes, at least as many as any fingerprint has. */
  readonly head: Uint8Array;
}

/** Whether the candidate holds this content up to where it was read. */
export const isCopyOf = async ({ handle, facts, head }: Candidate, { fingerprint, tail }: Content): Promise<boolean> => {
  if (fingerprint.length === 0 || !beginsWith(head, fingerprint)) return false;
  if (!tail) return true;
  if (facts.size < tail.end) return false;
  const bytes = await readAt(handle, tail.end - tail.length, tail.length);
  return hash("sha1", bytes, "base64") === tail.hash;
};

/** Whether the candidate is a copy, finished or under way, of a file whose content is still there. */
export const isCopyOfLive = async ({ handle, facts }: Candidate, original: FileHandle): Promise<boolean> => {
  for (const from of [0, Math.max(0, facts.size - COMPARED_BYTES)]) {
    const length = Math.min(COMPARED_BYTES, facts.size - from);
    const [copied, had] = [await readAt(handle, from, length), await readAt(original, from, length)];
    if (!copied.equals(had)) return false;
  }
  return true;
};
