/** How a file that was found becomes one that is followed: opened, recognised, put at its offset. */

import type { FileHandle } from "node:fs/promises";
import { beginningOf, copyBeginning, type Beginning } from "./beginnings.ts";
import type { Clock } from "../../core/clock.ts";
import type { ContentHistory } from "./content-history.ts";
import type { Candidate } from "./copies.ts";
import type { FileCounters } from "./counters.ts";
import type { StreamResource } from "./file-stream.ts";
import { FollowedFile } from "./followed-file.ts";
import { factsOfHandle, fingerprintOf, inodeKey, readAt, STAMP_SLACK_MS, type FileFacts, type Fingerprint } from "./identity.ts";
import { openIfThere, type OpenFiles } from "./open-files.ts";
import type { FileSourceOptions } from "./options.ts";
import type { Content, PositionBook } from "./position.ts";
import type { Reader } from "./reader.ts";
import { serviceOfPath } from "./service-name.ts";

/** The writer of a rotated file may still be at it. */
const FRESH_MS = 10 * 60_000;

export interface AdoptionParts {
  readonly options: FileSourceOptions;
  readonly book: PositionBook;
  readonly history: ContentHistory;
  readonly reader: Pick<Reader, "wake">;
  readonly openFiles: OpenFiles;
  readonly counters: FileCounters;
  readonly clock: Clock;
  readonly host: string;
}

export interface Found {
  readonly path: string;
  readonly facts: FileFacts;
  /** Files that were read under a name from which this one may come by rotation. */
  readonly originals: readonly FollowedFile[];
  /** True before the source has started: the file may be older than obs on this host. */
  readonly atStart: boolean;
  /** Set when no glob wants the name: the name it had before rotation, and since when nobody looked. */
  readonly rotatedFrom?: { readonly path: string; readonly sinceMs: number };
}

export interface Adopted {
  readonly file: FollowedFile;
  /** Content that a position belongs to was replaced since then: a copy may hold unread lines. */
  readonly replacedSinceMs: number | undefined;
}

export class Adoption {
  readonly #parts: AdoptionParts;

  constructor(parts: AdoptionParts) {
    this.#parts = parts;
  }

  /**
   * Undefined when the file is gone again, or when its name is not wanted and it is none of: read
   * before, a copy of such content, born and written while nobody looked.
   */
  async adopt(found: Found): Promise<Adopted | undefined> {
    const handle = await openIfThere(found.path);
    if (!handle) return undefined;
    let adopted: Adopted | undefined;
    try {
      const candidate = await this.#candidate(handle);
      if (inodeKey(candidate.facts) !== inodeKey(found.facts)) return undefined;
      const beginning = await beginningOf(found.path, candidate, found.originals, found.atStart, this.#parts);
      if (found.rotatedFrom && !this.#isWorthwhile(beginning, candidate.facts, found.rotatedFrom.sinceMs)) {
        if ("position" in beginning) this.#parts.book.put(beginning.position);
        return undefined;
      }
      adopted = this.#follow(found, candidate, beginning);
    } finally {
      await (adopted ? this.#parts.openFiles.offer(adopted.file, handle) : handle.close());
    }
    if (!adopted.file.caughtUp) this.#parts.reader.wake(adopted.file);
    return adopted;
  }

  /** Looks again whether a held file is a copy, now that more is known of it and of the originals. */
  async resolveCopy(file: FollowedFile, originals: readonly FollowedFile[]): Promise<void> {
    const handle = await openIfThere(file.path);
    if (!handle) return;
    try {
      const candidate = await this.#candidate(handle);
      if (inodeKey(candidate.facts) !== file.key) return;
      file.size = candidate.facts.size;
      const beginning = await copyBeginning(file.path, candidate, originals, this.#parts.history);
      // The reader finds out whether the original still has its content.
      if (beginning?.kind === "held") return originals.forEach((original) => this.#parts.reader.wake(original));
      if (beginning) this.#resumeCopy(file, beginning.content);
      else file.stream.fingerprint = this.#fingerprintOf(candidate.head);
      file.held = false;
      this.#parts.reader.wake(file);
    } finally {
      await handle.close();
    }
  }

  #follow(found: Found, { facts, head }: Candidate, beginning: Beginning): Adopted {
    const { clock, counters, reader } = this.#parts;
    const position = "position" in beginning ? beginning.position : undefined;
    const readAs = position?.path ?? found.rotatedFrom?.path ?? found.path;
    const file = new FollowedFile(found.path, facts, readAs, this.#resourceOf(readAs), clock, (woken) => reader.wake(woken));
    file.attached = found.rotatedFrom === undefined;
    // Its name has not led to it since then: files that were born meanwhile may still be unread.
    if (found.rotatedFrom) file.seenMs = Math.min(file.seenMs, found.rotatedFrom.sinceMs);
    file.rotated = readAs !== found.path;
    this.#begin(file, beginning);
    // From here on: a file that is truncated before it is read for the first time is noticed too.
    if (file.stream.fingerprint.length === 0) file.stream.fingerprint = this.#fingerprintOf(head);
    if (file.rotated && beginning.kind !== "copy" && file.size > file.offset) counters.add("rotated_found");
    file.caughtUp = file.offset === file.size && !file.unrecorded;
    return { file, replacedSinceMs: beginning.kind === "replaced" ? beginning.position.seenMs : undefined };
  }

  #begin(file: FollowedFile, beginning: Beginning): void {
    switch (beginning.kind) {
      case "known":
      case "replaced":
        file.resumeAt(beginning.position, beginning.position.past);
        file.seenMs = beginning.position.seenMs;
        this.#parts.history.remember(file.stream.path, beginning.position.past);
        if (beginning.kind === "known") return;
        this.#parts.history.remember(file.stream.path, [beginning.position]);
        file.beginAnew();
        return this.#parts.counters.add("truncations");
      case "copy":
        return this.#resumeCopy(file, beginning.content);
      case "held":
        file.held = true;
        return;
      case "new":
        file.offset = beginning.offset;
        file.unrecorded = beginning.offset > 0;
    }
  }

  #resumeCopy(file: FollowedFile, content: Content): void {
    file.resumeAt(content);
    file.rotated = true;
    file.unrecorded = true;
    if (file.size > content.end) this.#parts.counters.add("truncations_recovered");
  }

  async #candidate(handle: FileHandle): Promise<Candidate> {
    const { options, book } = this.#parts;
    const facts = await factsOfHandle(handle);
    const head = await readAt(handle, 0, Math.max(options.fingerprintBytes, book.longestFingerprint));
    return { handle, facts, head };
  }

  #fingerprintOf(head: Uint8Array): Fingerprint {
    return fingerprintOf(head.subarray(0, this.#parts.options.fingerprintBytes));
  }

  #resourceOf(path: string): StreamResource {
    const { options, host } = this.#parts;
    return { service: options.service ?? serviceOfPath(path), host, environment: options.environment, format: options.parser };
  }

  /** Whether a file that no glob wants by its name has, or may soon get, lines that nobody has read. */
  #isWorthwhile(beginning: Beginning, facts: FileFacts, sinceMs: number): boolean {
    if (beginning.kind === "known") {
      const isFresh = this.#parts.clock.nowMs() - facts.modifiedMs < FRESH_MS;
      return facts.size > beginning.position.end || isFresh;
    }
    if (beginning.kind === "copy") return facts.size > beginning.content.end;
    // Only a birth time can say that this is the file of the position and not its inode, used again.
    if (beginning.kind === "replaced" && facts.birthNs !== 0n) return true;
    const bornMs = facts.birthNs === 0n ? facts.modifiedMs : Number(facts.birthNs / 1_000_000n);
    return Math.min(bornMs, facts.modifiedMs) >= sinceMs - STAMP_SLACK_MS;
  }
}
