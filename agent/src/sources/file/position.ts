/**
 * What is stored for a file so that reading goes on after a restart, and how a file found at start is
 * recognised by it. The entry's id is `file/<device>-<inode>`: two files that are alive at one time
 * never share it, and a reused inode overwrites the entry of a file that is gone.
 */

import { beginsWith, inodeKey, sameBirth, type FileFacts, type Fingerprint } from "./identity.ts";

/** Hash of the last `length` bytes before `end`: together with the first bytes it tells a copy. */
export interface Tail {
  readonly end: number;
  readonly length: number;
  readonly hash: string;
}

/** Content that was read up to `end`, wherever it may lie now. */
export interface Content {
  readonly fingerprint: Fingerprint;
  readonly end: number;
  readonly tail: Tail | undefined;
  /** `end` stands in a line that was cut: the rest of it is to be skipped. */
  readonly isSkipping: boolean;
}

export interface FilePosition extends Content {
  readonly device: bigint;
  readonly inode: bigint;
  readonly birthNs: bigint;
  /** The name under which it was read. */
  readonly path: string;
  /** ms since 1970: when the name last led to this file. */
  readonly seenMs: number;
  /** What the same inode held before it was truncated, newest last. */
  readonly past: readonly Content[];
}

export const POSITION_PREFIX = "file/";

export const positionId = (facts: Pick<FileFacts, "device" | "inode">): string => POSITION_PREFIX + inodeKey(facts);

type StoredContent = [length: number, hash: string, end: number, tail?: [end: number, length: number, hash: string] | null, isSkipping?: boolean];

const storeContent = ({ fingerprint, end, tail, isSkipping }: Content): StoredContent => {
  const stored: StoredContent = [fingerprint.length, fingerprint.hash, end];
  if (tail) stored.push([tail.end, tail.length, tail.hash]);
  else if (isSkipping) stored.push(null);
  if (isSkipping) stored.push(true);
  return stored;
};

const loadContent = ([length, hash, end, tail, isSkipping = false]: StoredContent): Content => ({
  fingerprint: { length, hash },
  end,
  tail: tail ? { end: tail[0], length: tail[1], hash: tail[2] } : undefined,
  isSkipping,
});

export const encodePosition = (position: FilePosition): Uint8Array =>
  Buffer.from(
    JSON.stringify({
      version: 1,
      device: String(position.device),
      inode: String(position.inode),
      birth: String(position.birthNs),
      path: position.path,
      seen: position.seenMs,
      content: storeContent(position),
      past: position.past.map(storeContent),
    }),
  );

/** The position, or undefined when the bytes are none: such a file is treated as never seen. */
export const decodePosition = (bytes: Uint8Array): FilePosition | undefined => {
  try {
    const stored = JSON.parse(Buffer.from(bytes).toString());
    if (stored.version !== 1) return undefined;
    return {
      device: BigInt(stored.device),
      inode: BigInt(stored.inode),
      birthNs: BigInt(stored.birth),
      path: String(stored.path),
      seenMs: Number(stored.seen),
      ...loadContent(stored.content),
      past: stored.past.map(loadContent),
    };
  } catch {
    return undefined;
  }
};

/** Positions as the buffer held them at start. A `Map` of ids to bytes is one. */
export type PositionReader = Iterable<readonly [string, Uint8Array]>;

export type Recognition =
  /** The file of this position, with what was read still in it. */
  | { readonly kind: "same"; readonly position: FilePosition }
  /** The inode of this position with other content: truncated while nobody looked, or reused. */
  | { readonly kind: "replaced"; readonly position: FilePosition };

export class PositionBook {
  readonly #byInode = new Map<bigint, Set<FilePosition>>();
  /** ms since 1970 of the last sign of life in any position; 0 = this is the first start. */
  readonly lastRunMs: number;
  /** First bytes to read of a file so that every stored fingerprint can be compared. */
  readonly longestFingerprint: number;

  constructor(positions: PositionReader) {
    let lastRunMs = 0;
    let longestFingerprint = 0;
    for (const [id, bytes] of positions) {
      const position = id.startsWith(POSITION_PREFIX) ? decodePosition(bytes) : undefined;
      if (!position) continue;
      this.put(position);
      lastRunMs = Math.max(lastRunMs, position.seenMs);
      for (const content of [position, ...position.past]) {
        longestFingerprint = Math.max(longestFingerprint, content.fingerprint.length);
      }
    }
    this.lastRunMs = lastRunMs;
    this.longestFingerprint = longestFingerprint;
  }

  /** For a file that is not followed any more and may be found again. */
  put(position: FilePosition): void {
    const sharing = this.#byInode.get(position.inode);
    if (sharing) sharing.add(position);
    else this.#byInode.set(position.inode, new Set([position]));
  }

  /** Positions whose file has not been found yet. */
  *unclaimed(): Iterable<FilePosition> {
    for (const sharing of this.#byInode.values()) yield* sharing;
  }

  /** Whether the file of a position may be this one, by `stat` alone; `isOf` says which names of positions count. */
  mayBe(facts: FileFacts, isOf: (path: string) => boolean = () => true): boolean {
    for (const position of this.#byInode.get(facts.inode) ?? []) {
      if (isSameInode(position, facts) && isOf(position.path)) return true;
    }
    return false;
  }

  /** Takes the position that belongs to a file with these facts and first bytes out of the book. */
  claim(facts: FileFacts, head: Uint8Array): Recognition | undefined {
    const sharing = this.#byInode.get(facts.inode);
    for (const position of sharing ?? []) {
      if (!isSameInode(position, facts)) continue;
      sharing!.delete(position);
      if (sharing!.size === 0) this.#byInode.delete(facts.inode);
      const kept = facts.size >= position.end && beginsWith(head, position.fingerprint);
      return { kind: kept ? "same" : "replaced", position };
    }
    return undefined;
  }
}

/** Device numbers may change over a reboot; inode and a known birth time together do not. */
const isSameInode = (position: FilePosition, facts: FileFacts): boolean =>
  position.inode === facts.inode &&
  (position.device === facts.device
    ? sameBirth(position.birthNs, facts.birthNs)
    : position.birthNs !== 0n && position.birthNs === facts.birthNs);
