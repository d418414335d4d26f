/**
 * Bytes of files to lines of the shard: one turn per file with data, round and round.
 *
 * Invariants
 * - `offset` moves only by what the shard said it took, so position + bytes handed on = position.
 * - A chunk is handed on only if, after it was read, the file still had the size and the first bytes
 *   that its stream is known by: bytes of two contents never meet in one stream.
 * - A handle is closed only when the file is read to its end, or can be opened again by its name.
 */

import type { FileHandle } from "node:fs/promises";
import { steadyMs, type Clock } from "../../core/clock.ts";
import type { LineShard } from "../../core/contracts.ts";
import type { FileCounters } from "./counters.ts";
import { Doorbell } from "./doorbell.ts";
import { LONGEST_MARK, recogniseEncoding } from "./encoding.ts";
import type { FollowedFile } from "./followed-file.ts";
import { beginsWith, errorCode, factsOfHandle, fingerprintOf, readAt, STAMP_SLACK_MS, type FileFacts } from "./identity.ts";
import type { OpenFiles } from "./open-files.ts";
import type { FileSourceOptions } from "./options.ts";
import type { Content } from "./position.ts";
import { Transcoder, type Filled } from "./transcoder.ts";
import type { UnreadablePaths } from "./unreadable.ts";

/** A file is looked at every `pollIntervalMs` for this long after it grew; then events and scans wake it. */
const WARM_MS = 10_000;
/** Looks per poll; with more warm files each is looked at more rarely, and events wake them. */
const POLL_FILES = 64;
/** A rotated file whose writer has not moved on is kept open this long after its last line. */
const KEEP_ROTATED_MS = 10 * 60_000;

/** What the reader finds out about names. */
export interface ReaderEvents {
  /** Its content was replaced after `sinceMs`, when this much of it had been read. */
  truncated(file: FollowedFile, sinceMs: number, content: Content): void;
  /** Was empty and has been written to after `sinceMs`: perhaps filled and truncated between two looks. */
  emptied(file: FollowedFile, sinceMs: number): void;
  /** The file's name does not lead to it any more, and it was not open. */
  lost(file: FollowedFile): void;
  /** Nothing will ever be read from it again. */
  finished(file: FollowedFile): void;
}

export interface ReaderParts {
  readonly shard: LineShard;
  readonly openFiles: OpenFiles;
  readonly options: FileSourceOptions;
  readonly clock: Clock;
  readonly unreadable: UnreadablePaths;
  readonly counters: FileCounters;
  readonly events: ReaderEvents;
  readonly hold: ((path: string) => Promise<void> | undefined) | undefined;
  readonly retryQuietMs: number | undefined;
}

/** What was read of a file; `rest` may also be a part of a byte order mark. */
type Chunk = Filled;

export class Reader {
  readonly #parts: ReaderParts;
  readonly #queue: FollowedFile[] = [];
  readonly #warm = new Set<FollowedFile>();
  readonly #behind = new Set<FollowedFile>();
  #nextPollMs = 0;
  readonly #bell = new Doorbell();
  /** What is read of files that are not UTF-8, before it becomes that in the shard's input. */
  #raw: Buffer | undefined;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
  }

  /** Gives the file a turn. Harmless when it has nothing new. */
  wake(file: FollowedFile): void {
    if (file.queued || file.closed) return;
    file.queued = true;
    this.#queue.push(file);
    this.#bell.ring();
  }

  /** Looks at the file often for a while, whether or not it has data. */
  watchClosely(file: FollowedFile): void {
    this.#warm.add(file);
  }

  /** Reads until the signal aborts. Rejects only when the shard does: then nothing more can be kept. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, options } = this.#parts;
    signal.addEventListener("abort", () => this.#bell.ring(), { once: true });
    while (!signal.aborted) {
      if (steadyMs(clock) >= this.#nextPollMs) {
        await this.#poll();
        this.#nextPollMs = steadyMs(clock) + options.pollIntervalMs;
      }
      const file = this.#queue.shift();
      if (signal.aborted) return;
      if (!file) await this.#bell.wait(clock, this.#nextPollMs - steadyMs(clock));
      else {
        file.queued = false;
        await this.#turn(file, signal);
      }
    }
  }

  /** One of another reader's is not in this queue: it is looked for again later, and not at once. */
  #putBehind(file: FollowedFile): void {
    if (file.after!.reader === file.reader) this.wake(file);
    else this.#behind.add(file);
  }

  async #turn(file: FollowedFile, signal: AbortSignal): Promise<void> {
    if (file.closed || file.held || file.barred) return;
    if (isBehind(file)) return this.#putBehind(file);
    const held = this.#parts.hold?.(file.stream.path);
    if (held) return void held.then(() => this.wake(file));
    file.after = undefined;
    const { shard, clock } = this.#parts;
    file.lastTurnMs = clock.nowMs();
    file.caughtUp = false;
    await shard.ready(signal);
    if (signal.aborted) return;
    const chunk = await this.#read(file);
    if (!chunk) return;
    const atEnd = file.offset + chunk.length + chunk.rest >= file.size;
    const final = atEnd && this.#isOver(file);
    await this.#handOn(file, chunk, final);
    this.#warm.add(file);
    // What the shard has left of a chunk that reaches the end waits for growth, or is recalled.
    if (!atEnd) return this.wake(file);
    file.caughtUp = true;
    if (final && this.#mayClose(file)) await this.#finish(file);
  }

  async #handOn(file: FollowedFile, { length, textLength }: Chunk, final: boolean): Promise<void> {
    const { shard, counters } = this.#parts;
    const { stream } = file;
    if (length === 0 && !file.unrecorded) return;
    const transcoder = typeof stream.reading === "object" ? stream.reading : undefined;
    const offset = transcoder ? transcoder.textOffset : file.offset;
    let consumed = length === 0 ? 0 : await shard.append(stream, offset, textLength, final);
    if (consumed === 0 && file.unrecorded) await shard.append(stream, offset, 0);
    if (transcoder) consumed = transcoder.take(consumed);
    file.unrecorded = false;
    file.offset += consumed;
    counters.add("bytes_read", consumed);
  }

  /** Reads into the shard's input, if that is still the content of the file's stream. */
  async #read(file: FollowedFile): Promise<Chunk | undefined> {
    const { shard, openFiles, events, counters, clock } = this.#parts;
    try {
      const handle = await openFiles.handleOf(file);
      if (!handle) return void events.lost(file);
      const wasEmpty = file.stream.fingerprint.length === 0;
      const isKnown = await this.#knowsReading(file, handle);
      const target = typeof file.stream.reading === "object" ? (this.#raw ??= Buffer.allocUnsafe(shard.input.length)) : shard.input;
      const { bytesRead } = await handle.read(target, 0, isKnown ? target.length : 0, file.offset);
      const facts = await factsOfHandle(handle);
      if (await this.#isSameContent(file, handle, facts, file.offset + bytesRead)) {
        file.observe(facts, clock);
        if (wasEmpty && facts.modifiedMs > file.verifiedMs - STAMP_SLACK_MS) events.emptied(file, file.verifiedMs);
        file.verifiedMs = file.lastTurnMs;
        return this.#chunkOf(file, target, bytesRead);
      }
      const lost = file.stream.contentUpTo(file.offset);
      file.beginAnew();
      file.observe(facts, clock);
      counters.add("truncations");
      events.truncated(file, file.verifiedMs, lost);
      this.wake(file);
    } catch (error) {
      this.#failed(file, error);
    }
    return undefined;
  }

  /** Finds out how the stream's bytes are to be read; false while too few are there to tell. */
  async #knowsReading(file: FollowedFile, handle: FileHandle): Promise<boolean> {
    const { stream } = file;
    if (stream.reading) return true;
    const recognised = recogniseEncoding(await readAt(handle, 0, LONGEST_MARK), this.#parts.options.encoding);
    if (!recognised) return false;
    const { encoding, markBytes } = recognised;
    file.offset = Math.max(file.offset, markBytes);
    stream.reading = encoding === "utf-8" ? "as-is" : new Transcoder(encoding, file.offset);
    return true;
  }

  #chunkOf({ stream, offset }: FollowedFile, target: Buffer, bytesRead: number): Chunk {
    if (bytesRead > 0) stream.rememberTail(target, offset, bytesRead);
    if (typeof stream.reading === "object") return stream.reading.fill(target.subarray(0, bytesRead), this.#parts.shard.input, bytesRead === target.length);
    return { length: bytesRead, textLength: bytesRead, rest: stream.reading ? 0 : LONGEST_MARK - 1 };
  }

  /** Tells copytruncate also when the file has grown past the offset again; lets the fingerprint grow. */
  async #isSameContent(file: FollowedFile, handle: FileHandle, facts: FileFacts, end: number): Promise<boolean> {
    if (facts.size < end) return false;
    const { stream } = file;
    const wanted = Math.min(Math.max(this.#parts.options.fingerprintBytes, stream.fingerprint.length), facts.size);
    const head = await readAt(handle, 0, wanted);
    // Fewer bytes than the file had a moment ago: it is being truncated right now.
    if (head.length < wanted || !beginsWith(head, stream.fingerprint)) return false;
    if (head.length > stream.fingerprint.length) stream.fingerprint = fingerprintOf(head);
    return true;
  }

  #failed(file: FollowedFile, error: unknown): void {
    file.caughtUp = true;
    this.#parts.counters.add("read_errors");
    this.#parts.unreadable.report(file.path, errorCode(error));
  }

  /** Nobody will finish an unterminated last line. */
  #isOver(file: FollowedFile): boolean {
    const quietMs = steadyMs(this.#parts.clock) - file.lastGrowthMs;
    return (file.rotated || file.links === 0) && quietMs >= this.#parts.options.rotatedQuietMs;
  }

  #isDueAgain({ lastGrowthMs }: FollowedFile): boolean {
    return steadyMs(this.#parts.clock) - lastGrowthMs >= (this.#parts.retryQuietMs ?? Infinity);
  }

  #mayClose(file: FollowedFile): boolean {
    if (file.attached) return false;
    return file.links === 0 || steadyMs(this.#parts.clock) - file.lastGrowthMs >= KEEP_ROTATED_MS;
  }

  async #finish(file: FollowedFile): Promise<void> {
    file.closed = true;
    this.#warm.delete(file);
    await this.#parts.openFiles.close(file);
    this.#parts.events.finished(file);
  }

  /** Looks at files that grew lately and at rotated ones that wait for their end. */
  async #poll(): Promise<void> {
    for (const file of this.#behind) this.wake(file);
    this.#behind.clear();
    let left = POLL_FILES;
    for (const file of this.#warm) {
      if (left-- === 0) break;
      // To the back, so that all get their look when there are many.
      this.#warm.delete(file);
      if (file.closed || !file.handle) continue;
      if (!file.queued && (await this.#hasNews(file))) this.wake(file);
      const cold = steadyMs(this.#parts.clock) - file.lastGrowthMs >= WARM_MS;
      if (!cold || !file.attached) this.#warm.add(file);
    }
  }

  async #hasNews(file: FollowedFile): Promise<boolean> {
    try {
      const facts = await factsOfHandle(file.handle!);
      const grown = facts.size !== file.size;
      file.links = facts.links;
      const unfinished = file.offset < facts.size && (this.#isOver(file) || this.#isDueAgain(file));
      return grown || unfinished || (this.#isOver(file) && this.#mayClose(file));
    } catch (error) {
      this.#failed(file, error);
      return false;
    }
  }
}

/** A rotated file is read before the one that took its name, as long as it has a turn coming. */
const isBehind = ({ after }: FollowedFile): boolean => after !== undefined && after.queued && !after.closed && !after.caughtUp;
