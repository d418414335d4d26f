/**
 * Which file is this? A name is not an answer: names move at every rotation. A file is known by its
 * device, its inode, its birth time (inodes are reused) and a fingerprint of its first bytes
 * (copytruncate keeps all of the other three).
 */

import { hash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { stat, type FileHandle } from "node:fs/promises";

/** What `stat` tells about a file, in the types that the follower computes with. */
export interface FileFacts {
  readonly device: bigint;
  readonly inode: bigint;
  /** ns since 1970; 0 = not known. */
  readonly birthNs: bigint;
  readonly modifiedMs: number;
  readonly size: number;
  /** Names that lead to it; 0 = deleted while open. */
  readonly links: number;
  readonly regular: boolean;
}

/** Hash of the first `length` bytes; grows with the file until it is full. */
export interface Fingerprint {
  readonly length: number;
  readonly hash: string;
}

/** The kernel stamps files with a clock that is up to 10 ms behind the one that processes read. */
export const STAMP_SLACK_MS = 20;

export const EMPTY_FINGERPRINT: Fingerprint = { length: 0, hash: "" };

/**
 * Filesystems and sandboxes without birth times report the change time in its place. That one moves
 * with every write, so a birth time that equals the change time is not believed.
 */
export const factsOf = (stats: BigIntStats): FileFacts => ({
  device: stats.dev,
  inode: stats.ino,
  birthNs: stats.birthtimeNs === stats.ctimeNs ? 0n : stats.birthtimeNs,
  modifiedMs: Number(stats.mtimeNs / 1_000_000n),
  size: Number(stats.size),
  links: Number(stats.nlink),
  regular: stats.isFile(),
});

/** Facts of the file that `path` leads to, symbolic links followed; undefined when there is none. */
export const factsOfPath = async (path: string): Promise<FileFacts | undefined> => {
  try {
    return factsOf(await stat(path, { bigint: true }));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};

export const factsOfHandle = async (handle: FileHandle): Promise<FileFacts> =>
  factsOf(await handle.stat({ bigint: true }));

export const errorCode = (error: unknown): string => (error as NodeJS.ErrnoException | undefined)?.code ?? "unknown";

/** ELOOP: a symbolic link that leads to itself leads to no file. */
export const isMissing = (error: unknown): boolean => ["ENOENT", "ENOTDIR", "ELOOP"].includes(errorCode(error));

/** One inode is one file as long as somebody holds it: key of the follower's table. */
export const inodeKey = (facts: Pick<FileFacts, "device" | "inode">): string => `${facts.device}-${facts.inode}`;

/** Unknown birth times contradict nobody. */
export const sameBirth = (one: bigint, other: bigint): boolean => one === 0n || other === 0n || one === other;

export const fingerprintOf = (head: Uint8Array): Fingerprint =>
  head.length === 0 ? EMPTY_FINGERPRINT : { length: head.length, hash: hash("sha1", head, "base64") };

/** Whether a file that begins with `head` can be the one that had this fingerprint. */
export const beginsWith = (head: Uint8Array, fingerprint: Fingerprint): boolean =>
  head.length >= fingerprint.length &&
  fingerprintOf(head.subarray(0, fingerprint.length)).hash === fingerprint.hash;

/** Up to `length` bytes at `offset`; fewer at the end of the file. */
export const readAt = async (handle: FileHandle, offset: number, length: number): Promise<Buffer> => {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
};
