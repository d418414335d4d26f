import { steadyMs, type Clock } from "../../core/clock.ts";
import type { FileHandle } from "node:fs/promises";
import { inodeKey, type FileFacts } from "./identity.ts";
import { FileStream, type StreamResource } from "./file-stream.ts";
import type { Content } from "./position.ts";

/** Contents remembered from before truncations: enough to tell the usual number of kept copies. */
const MAX_PAST = 8;

/**
 * One inode that is followed, under whatever name. The registry moves names (`path`, `attached`),
 * the reader moves bytes (`offset`, `stream`, `handle`); neither writes the other's fields.
 */
export class FollowedFile {
  readonly key: string;
  readonly device: bigint;
  readonly inode: bigint;
  birthNs: bigint;

  // Names: the registry's.
  path: string;
  /** `path` leads to this file. A detached one is read to its end through its handle. */
  attached = true;
  /** It lost the name under which it was read: an unterminated last line will not be finished. */
  rotated = false;
  /** ms since 1970: when `path` last led to this file. */
  seenMs: number;
  /** The file that had the name before; it is read first. The reader forgets it when that is done. */
  after: FollowedFile | undefined;
  /** It may be a copy of what is being read elsewhere: not read before that is known. */
  held = false;

  // Bytes: the reader's.
  handle: FileHandle | undefined;
  stream: FileStream;
  offset = 0;
  size = 0;
  links = 1;
  queued = false;
  /** Which of the source's readers has it, for as long as it is followed; set with its first turn. */
  reader: number | undefined;
  /** It waits for another reader's lines to be durable. */
  barred = false;
  /** Everything up to the last look was handed on, except for an unterminated line. */
  caughtUp = false;
  /** Never read again: deleted, or rotated away and silent for long. */
  closed = false;
  lastGrowthMs: number;
  lastTurnMs = 0;
  /** ms since 1970: when the content was last seen to be the stream's. */
  verifiedMs: number;
  /** Begun behind unread lines: that position is to be stored even if no line ever comes. */
  unrecorded = false;
  readonly #resource: StreamResource;
  readonly #recall: () => void;

  /** `wake`: gives the file a turn. */
  constructor(path: string, facts: FileFacts, streamPath: string, resource: StreamResource, clock: Clock, wake: (file: FollowedFile) => void) {
    this.key = inodeKey(facts);
    this.device = facts.device;
    this.inode = facts.inode;
    this.birthNs = facts.birthNs;
    this.path = path;
    this.size = facts.size;
    this.links = facts.links;
    this.seenMs = clock.nowMs();
    this.lastGrowthMs = steadyMs(clock);
    this.verifiedMs = this.seenMs;
    this.#resource = resource;
    this.#recall = () => wake(this);
    this.stream = new FileStream(streamPath, resource, this, [], this.#recall);
  }

  /** Goes on where content has been read to, by an earlier process or under another name. */
  resumeAt(content: Content, past: readonly Content[] = []): void {
    this.#begin(content.end, past);
    this.stream.fingerprint = content.fingerprint;
    this.stream.restoreTail(content.tail);
    this.stream.isSkipping = content.isSkipping;
  }

  /** The content is another: remembers what was read of the old one and begins anew. */
  beginAnew(): void {
    const { stream, offset } = this;
    this.#begin(0, [...stream.past, stream.contentUpTo(offset)]);
  }

  #begin(offset: number, past: readonly Content[]): void {
    // Nothing can be said about empty content: every file begins like it.
    const telling = past.filter(({ fingerprint }) => fingerprint.length > 0).slice(-MAX_PAST);
    this.stream = new FileStream(this.stream.path, this.#resource, this, telling, this.#recall);
    this.offset = offset;
  }

  /** What `stat` of the open file says now. */
  observe(facts: FileFacts, clock: Clock): void {
    if (facts.size !== this.size) this.lastGrowthMs = steadyMs(clock);
    this.size = facts.size;
    this.links = facts.links;
    if (this.birthNs === 0n) this.birthNs = facts.birthNs;
  }
}
