/**
 * The disk buffer: what the agent has promised and the backend has not yet acknowledged.
 *
 * Files in the data folder (keys in keys.ts)
 *   buffer/        LevelDB: descriptions, small bodies, positions, ledger, agent id
 *   segments/      bodies over 64 KiB (segments.ts)
 *   vault.json     salt of an encrypted buffer (vault.ts)
 *   reserve        room for acknowledgements on a full disk (reserve.ts); not part of the budget
 *   quarantine-*   what could not be repaired at a start, untouched
 *
 * Invariants
 *   1. A batch, the source positions behind it and its entry in the ledger become true in one
 *      atomic synced LevelDB write. A large body is on the disk before that write begins.
 *   2. `commit` resolves after that write. Nothing is answered, read on or sent before.
 *   3. A batch leaves only by an acknowledgement, as a dead letter, as damaged, or by a policy that
 *      drops it, and each of them is booked in the write that removes it. So the law of conservation
 *      holds at every instant. A policy drops no batch that may be in the store (drop-queue.ts).
 *   4. A body that is read is checked against its crc32 before it is sent. Those written last are sent
 *      from memory (fresh-bodies.ts).
 *   5. The budget counts bytes of disk: whole segment files, small bodies and descriptions.
 *
 * Recovery at start
 *   - An uncommitted tail of a segment has no description: the file goes when nothing refers to it.
 *   - A torn tail of LevelDB's log is dropped by LevelDB. The batch and its positions go together,
 *     so the sources read those lines again.
 *   - Batches found are sent again under their old keys, as repeats.
 *   - A description or body that does not match its crc32 becomes a dead letter (reason "damaged").
 *   - A gap in the ledger means that rows vanished without trace (damage inside LevelDB): they are
 *     booked as dropped{damaged} and reported.
 *   - A LevelDB that does not open is repaired, or set aside (database.ts). Never fatal.
 *
 * Acknowledged batches stay on a shelf for two minutes: when the store comes back under another
 * boot id, it may have lost what it had not synced, and is asked about them again (schema.md, 4).
 */

import { STREAM_NAMES, type BatchAck, type BatchKey, type Stream } from "@obs/wire";
import type { BatchQueue, BufferState, Commit, CommitTarget } from "../core/batch-buffer.ts";
import type { Clock } from "../core/clock.ts";
import { bookAcknowledgement, bookInto, conservationGap, type Ledger } from "../core/conservation.ts";
import type { BufferedBatch, SealedBatch } from "../core/contracts.ts";
import type { Counters } from "../core/counters.ts";
import type { Log } from "../core/log.ts";
import { SpareMemory } from "../core/spare-memory.ts";
import { EntryCursor } from "./cursor.ts";
import type { Database, Operation } from "./database.ts";
import { DropPolicies, type DropOptions } from "./drop-policies.ts";
import type { Droppable, DropQueue } from "./drop-queue.ts";
import type { AcknowledgedPart, DeadPart, Entry, SegmentPlace } from "./entry.ts";
import type { EntryCodec } from "./entry-codec.ts";
import { FreshBodies } from "./fresh-bodies.ts";
import { GroupWriter } from "./group-writer.ts";
import { agentIdText, Identity, newAgentId } from "./identity.ts";
import { bodyKey, entryKey, markKey, META_AGENT } from "./keys.ts";
import type { BufferContents } from "./open-buffer.ts";
import { del, DESCRIPTION_BYTES, diskBytes, nothing, positionOperations, positionsIn, put, removeBody, shelved, unknownEntry } from "./operations.ts";
import type { Reserve } from "./reserve.ts";
import type { SegmentStore } from "./segments.ts";
import { Shelf, type Shelved } from "./shelf.ts";

export interface DiskBufferOptions extends DropOptions {
  readonly maxBytes: number;
  readonly deadLetterMaxBytes: number;
  /** How long acknowledged batches are kept; 0 = not at all. */
  readonly keepAcknowledgedMs: number;
  /** Bodies larger than this lie in segments; 64 KiB by default. */
  readonly inlineMaxBytes?: number;
  /** Is shown every batch before it is written. */
  readonly onCommit?: (batches: readonly SealedBatch[]) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
}

export interface BufferParts {
  readonly database: Database;
  readonly segments: SegmentStore;
  readonly reserve: Reserve;
  readonly codec: EntryCodec;
}

const INLINE_MAX_BYTES = 64 << 10;
/** Acknowledged batches may fill this part of the budget. */
const ACKNOWLEDGED_SHARE = 0.25;
const SEEN_BOOTS = 64;
/** Bodies of settled batches whose memory is kept for the next: as many as are usually under way. */
const MAX_SPARES = 4;
const SHORTEST_EXPIRY_MS = 1_000;
const EMPTY = new Uint8Array(0);

/** Bytes that changes under way will free. */
interface Leaving {
  bytes: number;
}

interface Described {
  readonly batch: SealedBatch;
  readonly entry: Entry;
  readonly body: Uint8Array;
  readonly isLarge: boolean;
}

/** Made by openDiskBuffer (open-buffer.ts). */
export class DiskBuffer implements CommitTarget, BatchQueue {
  readonly #options: DiskBufferOptions;
  readonly #database: Database;
  readonly #segments: SegmentStore;
  readonly #codec: EntryCodec;
  readonly #writer: GroupWriter;
  readonly #cursor: EntryCursor;
  readonly #identity: Identity;
  /** Descriptions of what the sender holds. */
  readonly #handedOut = new Map<string, Entry>();
  /** Of bodies that are handed out. */
  readonly #memory = new SpareMemory(MAX_SPARES);
  readonly #fresh = new FreshBodies(this.#memory);
  readonly #acknowledged = new Shelf();
  readonly #dead = new Shelf();
  readonly #seenBoots = new Set<string>();
  readonly #roomWaiters = new Set<() => void>();
  readonly #availableListeners: (() => void)[] = [];
  readonly #rows = Object.fromEntries(STREAM_NAMES.map((stream) => [stream, 0])) as Record<Stream, number>;
  #batches = 0;
  #databaseBytes = 0;
  /** What commits under way will take, and what drops under way will free. */
  #incomingBytes = 0;
  #leavingBytes = 0;
  readonly #policies: DropPolicies;
  readonly #drops: DropQueue | undefined;
  #cancelExpiry: () => void = () => {};
  #cancelAgeCheck: () => void = () => {};
  /** Positions of all sources as they were at start. */
  readonly positions: ReadonlyMap<string, Uint8Array>;

  constructor(options: DiskBufferOptions, { database, segments, reserve, codec }: BufferParts, contents: BufferContents) {
    const { clock, log, counters } = options;
    this.#options = options;
    this.#database = database;
    this.#segments = segments;
    this.#codec = codec;
    this.#policies = new DropPolicies(options, (segment) => segments.usage(segment));
    this.#drops = this.#policies.queue;
    this.positions = contents.positions;
    this.#identity = new Identity(contents.agent);
    this.#cursor = new EntryCursor(database, this.#identity.run);
    this.#writer = new GroupWriter({ database, segments, reserve, ledger: contents.ledger, clock, log, counters, onFailure: () => this.#expire(0), onRecovered: () => this.#announce() });
    for (const entry of contents.waiting) {
      this.#countIn(entry);
      this.#policies.found(entry, contents.tried);
    }
    for (const entry of contents.acknowledged) {
      this.#acknowledged.put(shelved(entry, entry.atMs, entry.storeBoot));
      this.#seenBoots.add(entry.storeBoot);
    }
    for (const entry of contents.dead) this.#dead.put(shelved(entry, entry.atMs));
    for (const entry of [...contents.waiting, ...contents.acknowledged, ...contents.dead]) this.#databaseBytes += diskBytes(entry);
  }

  /** Second half of the start: damage is set aside and the ledger made whole. */
  async settleFound({ damaged }: BufferContents): Promise<void> {
    for (const { batchKey, value, entry: found } of damaged) {
      // Its place points nowhere; the description is all there is.
      const { place: _place, ...entry } = found ?? unknownEntry(batchKey);
      this.#countIn(entry);
      this.#databaseBytes += diskBytes(entry);
      await this.#setAside(batchKey, value, entry);
    }
    await this.#closeGaps();
    this.#expire(this.#options.keepAcknowledgedMs);
    this.#checkAge();
    if (this.#batches > 0) this.#options.log.info("batches of an earlier run are waiting and will be sent again", { batches: this.#batches, rows: this.#rows });
  }

  // ---- the side of the shards

  nextKey(): BatchKey {
    const run = this.#identity.run;
    const key = this.#identity.nextKey();
    if (this.#identity.run !== run) this.#cursor.beginRun(this.#identity.run);
    return key;
  }

  commit(commit: Commit): Promise<void> {
    return this.#commitFrom("", commit);
  }

  /** The buffer as a class of sources sees it: its batches follow its policy. */
  intake(source: string): CommitTarget {
    const waits = this.#policies.of(source) === "push_back";
    return {
      nextKey: () => this.nextKey(),
      commit: (commit) => this.#commitFrom(source, commit),
      whenRoom: (signal) => (waits ? this.whenRoom(signal) : Promise.resolve()),
    };
  }

  async #commitFrom(source: string, { batches, positions = new Map(), lines }: Commit): Promise<void> {
    this.#options.onCommit?.(batches);
    const all = batches.map((batch) => this.#describe(batch, source));
    const large = all.filter(({ isLarge }) => isLarge);
    const size = all.reduce((total, { body }) => total + DESCRIPTION_BYTES + body.length, 0);
    const isTaken = batches.length === 0 || this.#makeRoom(source, size);
    const book = (ledger: Ledger): void => {
      for (const { stream, rows } of batches) {
        ledger.signals[stream].records += rows;
        if (!isTaken) bookInto(ledger.signals[stream].dropped, "buffer_full", rows);
      }
      ledger.lines += lines?.lines ?? 0;
      ledger.blank += lines?.blank ?? 0;
      ledger.joined += lines?.joined ?? 0;
    };
    if (!isTaken) {
      this.#policies.note(batches, "the newest");
      const passed = [positions, ...batches.map((batch) => batch.positions)];
      // On a full disk it must not wait for room like a write that grows.
      return this.#writer.write({ ...nothing, durable: !this.#writer.isFailing, operations: () => passed.flatMap((known) => positionOperations(known, this.#codec)), book });
    }
    for (const { batch, isLarge } of all) if (isLarge) this.#fresh.keep(batch.key, batch.body);
    for (const { entry } of all) this.#drops?.expect(this.#policies.droppable(entry));
    this.#incomingBytes += size;
    let placed: Entry[] = [];
    await this.#writer
      .write({
        bodies: large.map(({ body }) => body),
        durable: true,
        operations: (places) => {
          placed = all.map((described) => withPlace(described.entry, places[large.indexOf(described)]));
          return [...all.flatMap((described, index) => this.#batchOperations(described, placed[index]!)), ...positionOperations(positions, this.#codec)];
        },
        book,
      })
      .finally(() => (this.#incomingBytes -= size));
    for (const entry of placed) {
      this.#countIn(entry);
      this.#databaseBytes += diskBytes(entry);
      this.#drops?.becameDurable(this.#policies.droppable(entry));
    }
    this.#announce();
  }

  async whenRoom(signal?: AbortSignal): Promise<void> {
    const isAborted = (): boolean => signal?.aborted === true;
    while (this.bytes >= this.#options.maxBytes && !isAborted()) {
      this.#expire(0);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#roomWaiters.delete(wake);
          signal?.removeEventListener("abort", wake);
          resolve();
        };
        this.#roomWaiters.add(wake);
        signal?.addEventListener("abort", wake, { once: true });
      });
    }
  }

  // ---- the side of the sender

  onAvailable(listener: () => void): void {
    this.#availableListeners.push(listener);
  }

  async next(): Promise<BufferedBatch | undefined> {
    for (let found = await this.#cursor.next(); found; found = await this.#cursor.next()) {
      const { batchKey, value, repeat } = found;
      if (this.#drops?.goesOut(batchKey) === false) continue;
      const entry = this.#codec.decode(batchKey, value);
      const body = entry && (this.#fresh.take(entry.key) ?? (await this.#readBody(entry)));
      if (!entry || !body) {
        await this.#setAside(batchKey, value, entry ?? unknownEntry(batchKey));
        continue;
      }
      if (this.#drops) await this.#writer.write({ ...nothing, operations: () => [put(markKey(batchKey), EMPTY)] });
      this.#handedOut.set(entry.key, entry);
      const { key, stream, tenant, rows, rawBytes, firstNs, lastNs } = entry;
      return { key, stream, tenant, rows, rawBytes, firstNs, lastNs, body, attempt: repeat ? 2 : 1 };
    }
    return undefined;
  }

  async bodyOf({ key }: BufferedBatch): Promise<Uint8Array | undefined> {
    const entry = this.#handedOut.get(key);
    return entry && this.#readBody(entry);
  }

  async acknowledge({ key, body }: BufferedBatch, ack: BatchAck): Promise<void> {
    const entry = this.#takeBack(key);
    this.#memory.give(body);
    const { clock, keepAcknowledgedMs } = this.#options;
    const part: AcknowledgedPart = { atMs: clock.nowMs(), storeBoot: ack.storeBoot, stored: ack.stored, refused: ack.refused };
    const keep = keepAcknowledgedMs > 0;
    await this.#writer.write({
      ...nothing,
      operations: () => [...this.#leaveQueue(key), ...(keep ? [put(entryKey("a", key), this.#codec.encode(entry, part))] : removeBody(entry))],
      book: (ledger) => bookAcknowledgement(ledger.signals[entry.stream], ack),
    });
    this.#countOut(entry);
    if (keep) this.#acknowledged.put(shelved(entry, part.atMs, ack.storeBoot));
    else await this.#letGo([shelved(entry, part.atMs)]);
    await this.#noticeBoot(ack.storeBoot);
    this.#expire(this.#writer.isFailing ? 0 : keepAcknowledgedMs);
  }

  async deadLetter({ key, body }: BufferedBatch, reason: string): Promise<void> {
    const entry = this.#takeBack(key);
    await this.#bury(entry, body, reason, (ledger) => (ledger.signals[entry.stream].deadLettered += entry.rows));
  }

  /**
   * The agent id of this batch belongs to another key: batches sealed from now on get a new one.
   * Those sealed before keep theirs (they may be stored already) and wait for that key to go.
   */
  async leaveAgentId({ key: taken }: BufferedBatch): Promise<void> {
    if (!taken.startsWith(`${this.#identity.agentId}-`)) return;
    const agent = newAgentId();
    this.#identity.begin(agent);
    this.#cursor.beginRun(this.#identity.run);
    this.#options.log.warn("the agent id belongs to another API key (a copied data folder, or a key that was replaced and not revoked): new batches get a new one", { agentId: this.#identity.agentId });
    await this.#writer.write({ ...nothing, durable: true, operations: () => [put(META_AGENT, Buffer.from(agentIdText(agent)))] });
  }

  /** The sender has ended: what it held and did not settle comes up again, as repeats, for the next one. */
  takeBackAll(): void {
    for (const key of this.#handedOut.keys()) {
      this.#drops?.mayBeStored(key);
      this.#cursor.repeat(key);
    }
    this.#handedOut.clear();
    this.#announce();
  }

  // ---- what others ask

  /** Positions of all sources as they are durable now. */
  async readPositions(): Promise<ReadonlyMap<string, Uint8Array>> {
    return positionsIn(this.#database, this.#codec);
  }

  /** Bytes of disk, as the budget counts them. */
  get bytes(): number {
    return this.#segments.bytes + this.#databaseBytes;
  }

  state(): BufferState {
    return {
      agentId: this.#identity.agentId,
      bytes: this.bytes,
      maxBytes: this.#options.maxBytes,
      batches: this.#batches,
      rows: { ...this.#rows },
      acknowledgedBatches: this.#acknowledged.size,
      deadLetterBatches: this.#dead.size,
      deadLetterBytes: this.#dead.bytes,
      commits: this.#writer.commits,
      ledger: this.#writer.ledger,
    };
  }

  /** Lets writes under way finish. The folder is free for another process afterwards. */
  async close(): Promise<void> {
    this.#cancelExpiry();
    this.#cancelAgeCheck();
    await this.#writer.close();
    await this.#segments.close();
    await this.#database.close();
  }

  // ---- bodies and descriptions

  #describe(batch: SealedBatch, source: string): Described {
    const { key, stream, tenant, rows, rawBytes, firstNs, lastNs } = batch;
    const { body, facts } = this.#codec.encodeBody(key, batch.body);
    const sinceMs = Math.round(this.#options.clock.nowMs());
    const entry: Entry = { key, stream, tenant, rows, rawBytes, firstNs, lastNs, ...facts, ...(source !== "" && { source }), sinceMs };
    return { batch, entry, body, isLarge: body.length > (this.#options.inlineMaxBytes ?? INLINE_MAX_BYTES) };
  }

  #batchOperations({ batch, body }: Described, entry: Entry): Operation[] {
    const described = put(entryKey("i", entry.key), this.#codec.encode(entry));
    return [described, ...(entry.place ? [] : [put(bodyKey(entry.key), body)]), ...positionOperations(batch.positions, this.#codec)];
  }

  /** undefined when the body is damaged. A read that fails is not damage: it throws. */
  async #readBody(entry: Entry): Promise<Uint8Array | undefined> {
    const stored = entry.place ? await this.#segments.read(entry.place, this.#memory.take(entry.bodyBytes)) : await this.#database.get(bodyKey(entry.key));
    const body = stored && this.#codec.decodeBody(entry, stored);
    if (stored && body !== stored) this.#memory.give(stored);
    return body;
  }

  #leaveQueue(key: string): Operation[] {
    return [del(entryKey("i", key)), ...(this.#drops ? [del(markKey(key))] : [])];
  }

  #takeBack(key: string): Entry {
    const entry = this.#handedOut.get(key);
    if (!entry) throw new Error(`BUG: batch ${key} was settled twice or never handed out`);
    this.#handedOut.delete(key);
    return entry;
  }

  // ---- entries that leave

  async #setAside(key: string, value: Uint8Array, entry: Entry): Promise<void> {
    const { log, counters } = this.#options;
    const rest = entry.place ? await this.#segments.read(entry.place, this.#memory.take(entry.bodyBytes)).catch(() => undefined) : await this.#database.get(bodyKey(key));
    await this.#bury(entry, rest ?? value, "damaged", (ledger) => bookInto(ledger.signals[entry.stream].dropped, "damaged", entry.rows));
    counters.add("obs_component_errors_total", { component: "buffer", kind: "damaged_entry" });
    log.error("a damaged batch was set aside as a dead letter", { batch: key, stream: entry.stream, rows: entry.rows });
  }

  /** Makes a waiting batch a dead letter. Its body moves into LevelDB, so that it pins no segment. */
  async #bury(entry: Entry, plain: Uint8Array, reason: string, book: (ledger: Ledger) => void): Promise<void> {
    const atMs = this.#options.clock.nowMs();
    const { place: _place, sealed: _sealed, ...rest } = entry;
    const { body, facts } = this.#codec.encodeBody(entry.key, plain);
    const buried: Entry = { ...rest, ...facts };
    await this.#writer.write({
      ...nothing,
      operations: () => [...this.#leaveQueue(entry.key), put(bodyKey(entry.key), body), put(entryKey("d", entry.key), this.#codec.encode<DeadPart>(buried, { atMs, reason }))],
      book,
    });
    this.#countOut(entry);
    await this.#letGo([shelved(entry, atMs)]);
    this.#databaseBytes += diskBytes(buried);
    this.#dead.put(shelved(buried, atMs));
    const over = this.#dead.takeExpired(0, this.#options.deadLetterMaxBytes);
    if (over.length > 0) await this.#remove("d", over);
  }

  /** Lets go of acknowledged batches older than `ageMs`, and of those over their share of the budget. */
  #expire(ageMs: number): void {
    const { clock, maxBytes, keepAcknowledgedMs, log } = this.#options;
    this.#cancelExpiry();
    const beforeMs = ageMs === 0 ? Number.POSITIVE_INFINITY : clock.nowMs() - ageMs;
    const expired = this.#acknowledged.takeExpired(beforeMs, maxBytes * ACKNOWLEDGED_SHARE);
    if (expired.length > 0) this.#remove("a", expired).catch((error: unknown) => log.debug("acknowledged batches stay until the next start", { error }));
    if (this.#acknowledged.size > 0) this.#cancelExpiry = clock.after(Math.max(SHORTEST_EXPIRY_MS, keepAcknowledgedMs / 8), () => this.#expire(keepAcknowledgedMs));
  }

  async #remove(family: "a" | "d", entries: readonly Shelved[], leaving?: Leaving): Promise<void> {
    await this.#writer.write({ ...nothing, operations: () => entries.flatMap((entry) => [del(entryKey(family, entry.key)), ...removeBody(entry)]) });
    await this.#letGo(entries, leaving);
  }

  /** The disk that the entries took is free. */
  async #letGo(entries: readonly Pick<Entry, "bodyBytes" | "place">[], leaving?: Leaving): Promise<void> {
    const released: Promise<void>[] = [];
    const before = this.bytes;
    for (const entry of entries) {
      this.#databaseBytes -= diskBytes(entry);
      if (entry.place) released.push(this.#segments.release(entry.place));
    }
    if (leaving) this.#noLongerLeaving(leaving, before - this.bytes);
    await Promise.all(released);
    for (const wake of this.#roomWaiters) wake();
  }

  /** A boot id never seen before: what other boots acknowledged is asked about again. */
  async #noticeBoot(storeBoot: string): Promise<void> {
    if (this.#seenBoots.has(storeBoot)) return;
    this.#seenBoots.add(storeBoot);
    if (this.#seenBoots.size > SEEN_BOOTS) this.#seenBoots.delete(this.#seenBoots.values().next().value!);
    const again = this.#acknowledged.takeOfOtherBoots(storeBoot);
    if (again.length === 0) return;
    this.#options.log.info("the store has started anew: asking again about the batches it acknowledged last", { batches: again.length });
    for (const { key } of again) await this.#waitAgain(key);
    this.#announce();
  }

  async #waitAgain(key: string): Promise<void> {
    const value = await this.#database.get(entryKey("a", key));
    const found = value && this.#codec.decode<AcknowledgedPart>(key, value);
    if (!found) return;
    const { atMs: _atMs, storeBoot: _storeBoot, stored, refused, ...entry } = found;
    this.#drops?.mayBeStored(key);
    await this.#writer.write({
      ...nothing,
      operations: () => [del(entryKey("a", key)), put(entryKey("i", key), this.#codec.encode(entry)), ...(this.#drops ? [put(markKey(key), EMPTY)] : [])],
      book: (ledger) => bookAcknowledgement(ledger.signals[entry.stream], { stored, refused }, -1),
    });
    this.#countIn(entry);
    this.#cursor.repeat(key);
  }

  // ---- policies that drop

  /**
   * Whether `size` more bytes of this source may come. Chooses at once, and lets the writing follow:
   * batches become durable in the order of their keys.
   */
  #makeRoom(source: string, size: number): boolean {
    const { maxBytes, log } = this.#options;
    if (this.#policies.of(source) === "push_back") return true;
    if (this.#writer.isFailing) return false;
    const over = this.bytes + this.#incomingBytes - this.#leavingBytes + size - maxBytes;
    if (over <= 0) return true;
    const settled = this.#acknowledged.takeExpired(Number.POSITIVE_INFINITY, 0);
    const { victims, freedBytes } = this.#policies.choose(source, over, settled);
    const hasRoom = freedBytes >= over;
    const leaving = { bytes: hasRoom ? freedBytes : 0 };
    this.#leavingBytes += leaving.bytes;
    Promise.all([settled.length > 0 && this.#remove("a", settled, leaving), hasRoom && victims.length > 0 && this.#drop(victims, "buffer_full", leaving)])
      .catch((error: unknown) => log.debug("batches that were to leave stay until the next start", { error }))
      .finally(() => this.#noLongerLeaving(leaving, leaving.bytes));
    return hasRoom;
  }

  #noLongerLeaving(leaving: Leaving, bytes: number): void {
    const part = Math.min(bytes, leaving.bytes);
    leaving.bytes -= part;
    this.#leavingBytes -= part;
  }

  /** Rows that were never sent go for good, counted in the same write. */
  async #drop(entries: readonly Droppable[], reason: "buffer_full" | "expired", leaving?: Leaving): Promise<void> {
    this.#drops?.take(entries);
    this.#policies.note(entries, reason === "expired" ? "those older than the age limit" : "the oldest");
    await this.#writer.write({
      ...nothing,
      operations: () => entries.flatMap((entry) => [...this.#leaveQueue(entry.key), ...removeBody(entry)]),
      book: (ledger) => {
        for (const { stream, rows } of entries) bookInto(ledger.signals[stream].dropped, reason, rows);
      },
    });
    for (const entry of entries) this.#countOut(entry);
    await this.#letGo(entries, leaving);
  }

  #checkAge(): void {
    const { clock, log } = this.#options;
    const { ageCheckMs } = this.#policies;
    if (ageCheckMs === 0) return;
    const expired = this.#policies.expired();
    if (expired.length > 0) this.#drop(expired, "expired").catch((error: unknown) => log.debug("old batches stay until the next start", { error }));
    this.#cancelAgeCheck = clock.after(ageCheckMs, () => this.#checkAge());
  }

  // ---- figures

  #countIn({ stream, rows }: Pick<Entry, "stream" | "rows">): void {
    this.#batches += 1;
    this.#rows[stream] += rows;
  }

  #countOut({ stream, rows }: Pick<Entry, "stream" | "rows">): void {
    this.#batches -= 1;
    this.#rows[stream] -= rows;
  }

  /** Books rows that came or went without trace, so that the law holds again. */
  async #closeGaps(): Promise<void> {
    const gaps = STREAM_NAMES.map((stream) => ({ stream, gap: conservationGap(this.#writer.ledger.signals[stream], this.#rows[stream]) })).filter(({ gap }) => gap !== 0);
    if (gaps.length === 0) return;
    for (const { stream, gap } of gaps)
      this.#options.log.error(gap > 0 ? "the buffer was damaged: rows are missing" : "the buffer was damaged: rows that were settled are there again and will be sent as repeats", { stream, rows: Math.abs(gap) });
    await this.#writer.write({
      ...nothing,
      durable: true,
      book: (ledger) => {
        for (const { stream, gap } of gaps) {
          if (gap > 0) bookInto(ledger.signals[stream].dropped, "damaged", gap);
          else ledger.signals[stream].records -= gap;
        }
      },
    });
  }

  #announce(): void {
    for (const listener of this.#availableListeners) listener();
  }
}

const withPlace = (entry: Entry, place: SegmentPlace | undefined): Entry => (place ? { ...entry, place } : entry);
