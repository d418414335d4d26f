/**
 * What one output has yet to settle: its waiting batches in order, what it acknowledged last, its dead
 * letters, and its part of the ledger. The bodies that lie in segments are shared with the other outputs.
 *
 * Acknowledged batches stay on a shelf for two minutes: when the store comes back under another boot id,
 * it may have lost what it had not synced, and is asked about them again (schema.md, 4).
 */

import { STREAM_NAMES, type BatchAck, type Stream } from "@obs/wire";
import type { BatchQueue, OutputState, WhenFull } from "../core/batch-buffer.ts";
import type { Clock } from "../core/clock.ts";
import { bookAcknowledgement, bookInto, conservationGap, signalsOf, type Ledger, type SignalLedger } from "../core/conservation.ts";
import type { BufferedBatch } from "../core/contracts.ts";
import type { Counters } from "../core/counters.ts";
import type { Log } from "../core/log.ts";
import { SpareMemory } from "../core/spare-memory.ts";
import { EntryCursor } from "./cursor.ts";
import type { Database, Operation } from "./database.ts";
import { DropPolicies, type DropOptions } from "./drop-policies.ts";
import type { Droppable } from "./drop-queue.ts";
import type { AcknowledgedPart, DeadPart, Entry } from "./entry.ts";
import type { EntryCodec } from "./entry-codec.ts";
import { FreshBodies } from "./fresh-bodies.ts";
import type { GroupWriter } from "./group-writer.ts";
import { bodyKey, entryKey, MAIN_OUTPUT, markKey } from "./keys.ts";
import type { OutputContents } from "./open-buffer.ts";
import { del, nothing, put, removeBody, shelved, unknownEntry } from "./operations.ts";
import type { Leaving, Room } from "./room.ts";
import type { SegmentStore } from "./segments.ts";
import { Shelf, type Shelved } from "./shelf.ts";

export interface OutputQueueOptions extends DropOptions {
  /** "" is the main output. */
  readonly output: string;
  readonly deadLetterMaxBytes: number;
  /** How long acknowledged batches are kept; 0 = not at all. */
  readonly keepAcknowledgedMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
}

/** What all outputs share. */
export interface SharedParts {
  readonly database: Database;
  readonly segments: SegmentStore;
  readonly codec: EntryCodec;
  readonly writer: GroupWriter;
  readonly room: Room;
}

/** Acknowledged batches may fill this part of the budget. */
const ACKNOWLEDGED_SHARE = 0.25;
const SEEN_BOOTS = 64;
/** Bodies of settled batches whose memory is kept for the next: as many as are usually under way. */
const MAX_SPARES = 4;
const SHORTEST_EXPIRY_MS = 1_000;
const EMPTY = new Uint8Array(0);

export class OutputQueue implements BatchQueue {
  readonly output: string;
  readonly policies: DropPolicies;
  readonly #options: OutputQueueOptions;
  readonly #shared: SharedParts;
  readonly #cursor: EntryCursor;
  /** Descriptions of what the sender holds. */
  readonly #handedOut = new Map<string, Entry>();
  /** Of bodies that are handed out. */
  readonly #memory = new SpareMemory(MAX_SPARES);
  readonly #fresh = new FreshBodies(this.#memory);
  readonly #acknowledged = new Shelf();
  readonly #dead = new Shelf();
  readonly #seenBoots = new Set<string>();
  readonly #availableListeners: (() => void)[] = [];
  readonly #rows = Object.fromEntries(STREAM_NAMES.map((stream) => [stream, 0])) as Record<Stream, number>;
  #batches = 0;
  #cancelExpiry: () => void = () => {};
  #cancelAgeCheck: () => void = () => {};

  /** `run` is the key prefix of this process' batches. */
  constructor(options: OutputQueueOptions, shared: SharedParts, contents: OutputContents, run: string) {
    this.output = options.output;
    this.policies = new DropPolicies(options);
    this.#options = options;
    this.#shared = shared;
    this.#cursor = new EntryCursor(shared.database, this.output, run);
    for (const entry of contents.waiting) {
      this.#countIn(entry);
      this.policies.found(entry, contents.tried);
    }
    for (const entry of contents.acknowledged) {
      this.#acknowledged.put(shelved(entry, entry.atMs, entry.storeBoot));
      this.#seenBoots.add(entry.storeBoot);
    }
    for (const entry of contents.dead) this.#dead.put(shelved(entry, entry.atMs));
    for (const entry of [...contents.waiting, ...contents.acknowledged, ...contents.dead]) shared.room.take(entry);
  }

  /** Second half of the start: damage is set aside and the ledger made whole. */
  async settleFound({ damaged }: OutputContents): Promise<void> {
    for (const { batchKey, value, entry: found } of damaged) {
      // Its place points nowhere; the description is all there is.
      const { place: _place, ...entry } = found ?? unknownEntry(batchKey);
      this.#countIn(entry);
      this.#shared.room.take(entry);
      await this.#setAside(batchKey, value, entry);
    }
    await this.#closeGaps();
    this.expire(this.#options.keepAcknowledgedMs);
    this.#checkAge();
    if (this.#batches > 0) this.#options.log.info("batches of an earlier run are waiting and will be sent again", { batches: this.#batches, rows: this.#rows });
  }

  // ---- what comes

  /** Batches of `run` come after those of all earlier runs. */
  beginRun(run: string): void {
    this.#cursor.beginRun(run);
  }

  /** Before the write: `body` is the batch as it will be sent, kept when it is too large for LevelDB. */
  expect(entry: Entry, body: Uint8Array | undefined): void {
    // Further outputs may lag for days; what they need is on the disk.
    if (body && this.output === MAIN_OUTPUT) this.#fresh.keep(entry.key, body);
    this.policies.queue?.expect(this.policies.droppable(entry));
  }

  /** The writes that make it wait; `stored` is the body as it lies on the disk. */
  arrival(entry: Entry, stored: Uint8Array): Operation[] {
    const { codec } = this.#shared;
    return [put(entryKey("i", entry.key, this.output), codec.encode(entry)), ...(entry.place ? [] : [put(bodyKey(entry.key, this.output), stored)])];
  }

  arrived(entry: Entry): void {
    this.#countIn(entry);
    this.#shared.room.take(entry);
    this.policies.queue?.becameDurable(this.policies.droppable(entry));
  }

  // ---- the side of the sender

  onAvailable(listener: () => void): void {
    this.#availableListeners.push(listener);
  }

  announce(): void {
    for (const listener of this.#availableListeners) listener();
  }

  async next(): Promise<BufferedBatch | undefined> {
    const { codec, writer } = this.#shared;
    const drops = this.policies.queue;
    for (let found = await this.#cursor.next(); found; found = await this.#cursor.next()) {
      const { batchKey, value, repeat } = found;
      if (drops?.goesOut(batchKey) === false) continue;
      const entry = codec.decode(batchKey, value);
      const body = entry && (this.#fresh.take(entry.key) ?? (await this.#readBody(entry)));
      if (!entry || !body) {
        await this.#setAside(batchKey, value, entry ?? unknownEntry(batchKey));
        continue;
      }
      if (drops) await writer.write({ ...nothing, operations: () => [put(markKey(batchKey, this.output), EMPTY)] });
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
    const { writer, codec, room } = this.#shared;
    const part: AcknowledgedPart = { atMs: clock.nowMs(), storeBoot: ack.storeBoot, stored: ack.stored, refused: ack.refused };
    const keep = keepAcknowledgedMs > 0;
    await writer.write({
      ...nothing,
      operations: () => [...this.#leaveQueue(key), ...(keep ? [put(entryKey("a", key, this.output), codec.encode(entry, part))] : removeBody(entry, this.output))],
      book: (ledger) => bookAcknowledgement(this.#signals(ledger)[entry.stream], ack),
    });
    this.#countOut(entry);
    if (keep) this.#acknowledged.put(shelved(entry, part.atMs, ack.storeBoot));
    else await room.letGo([entry]);
    await this.#noticeBoot(ack.storeBoot);
    this.expire(writer.isFailing ? 0 : keepAcknowledgedMs);
  }

  async deadLetter({ key, body }: BufferedBatch, reason: string): Promise<void> {
    const entry = this.#takeBack(key);
    await this.#bury(entry, body, reason, (signals) => (signals[entry.stream].deadLettered += entry.rows));
  }

  /** The sender has ended: what it held and did not settle comes up again, as repeats, for the next one. */
  takeBackAll(): void {
    for (const key of this.#handedOut.keys()) {
      this.policies.queue?.mayBeStored(key);
      this.#cursor.repeat(key);
    }
    this.#handedOut.clear();
    this.announce();
  }

  state(): OutputState {
    return {
      output: this.output,
      batches: this.#batches,
      rows: { ...this.#rows },
      acknowledgedBatches: this.#acknowledged.size,
      deadLetterBatches: this.#dead.size,
      deadLetterBytes: this.#dead.bytes,
      signals: this.#signals(this.#shared.writer.ledger),
    };
  }

  close(): void {
    this.#cancelExpiry();
    this.#cancelAgeCheck();
  }

  // ---- what goes

  policyOf(source: string): WhenFull {
    return this.policies.of(source);
  }

  /** Acknowledged batches, which leave as soon as room is needed; to be given to `removeSettled`. */
  takeSettled(): Shelved[] {
    return this.#acknowledged.takeExpired(Number.POSITIVE_INFINITY, 0);
  }

  removeSettled(entries: readonly Shelved[], leaving?: Leaving): Promise<void> {
    return this.#remove("a", entries, leaving);
  }

  /** Rows that were never sent go for good, counted in the same write. */
  async drop(entries: readonly Droppable[], reason: "buffer_full" | "expired", leaving?: Leaving): Promise<void> {
    this.policies.queue?.take(entries);
    this.policies.note(entries, reason === "expired" ? "those older than the age limit" : "the oldest");
    await this.#shared.writer.write({
      ...nothing,
      operations: () => entries.flatMap((entry) => [...this.#leaveQueue(entry.key), ...removeBody(entry, this.output)]),
      book: (ledger) => {
        for (const { stream, rows } of entries) bookInto(this.#signals(ledger)[stream].dropped, reason, rows);
      },
    });
    for (const entry of entries) this.#countOut(entry);
    await this.#shared.room.letGo(entries, leaving);
  }

  /** Lets go of acknowledged batches older than `ageMs`, and of those over their share of the budget. */
  expire(ageMs: number): void {
    const { clock, keepAcknowledgedMs, log } = this.#options;
    this.#cancelExpiry();
    const beforeMs = ageMs === 0 ? Number.POSITIVE_INFINITY : clock.nowMs() - ageMs;
    const expired = this.#acknowledged.takeExpired(beforeMs, this.#shared.room.maxBytes * ACKNOWLEDGED_SHARE);
    if (expired.length > 0) this.#remove("a", expired).catch((error: unknown) => log.debug("acknowledged batches stay until the next start", { error }));
    if (this.#acknowledged.size > 0) this.#cancelExpiry = clock.after(Math.max(SHORTEST_EXPIRY_MS, keepAcknowledgedMs / 8), () => this.expire(keepAcknowledgedMs));
  }

  #checkAge(): void {
    const { clock, log } = this.#options;
    const { ageCheckMs } = this.policies;
    if (ageCheckMs === 0) return;
    const expired = this.policies.expired();
    if (expired.length > 0) this.drop(expired, "expired").catch((error: unknown) => log.debug("old batches stay until the next start", { error }));
    this.#cancelAgeCheck = clock.after(ageCheckMs, () => this.#checkAge());
  }

  async #remove(family: "a" | "d", entries: readonly Shelved[], leaving?: Leaving): Promise<void> {
    await this.#shared.writer.write({ ...nothing, operations: () => entries.flatMap((entry) => [del(entryKey(family, entry.key, this.output)), ...removeBody(entry, this.output)]) });
    await this.#shared.room.letGo(entries, leaving);
  }

  #leaveQueue(key: string): Operation[] {
    return [del(entryKey("i", key, this.output)), ...(this.policies.queue ? [del(markKey(key, this.output))] : [])];
  }

  #takeBack(key: string): Entry {
    const entry = this.#handedOut.get(key);
    if (!entry) throw new Error(`BUG: batch ${key} was settled twice or never handed out`);
    this.#handedOut.delete(key);
    return entry;
  }

  // ---- damage, and dead letters

  /** undefined when the body is damaged. A read that fails is not damage: it throws. */
  async #readBody(entry: Entry): Promise<Uint8Array | undefined> {
    const stored = await this.#readStored(entry);
    const body = stored && this.#shared.codec.decodeBody(entry, stored);
    if (stored && body !== stored) this.#memory.give(stored);
    return body;
  }

  #readStored({ key, place, bodyBytes }: Entry): Promise<Uint8Array | undefined> {
    const { database, segments } = this.#shared;
    return place ? segments.read(place, this.#memory.take(bodyBytes)) : database.get(bodyKey(key, this.output));
  }

  async #setAside(key: string, value: Uint8Array, entry: Entry): Promise<void> {
    const { log, counters } = this.#options;
    const rest = entry.place ? await this.#readStored(entry).catch(() => undefined) : await this.#readStored({ ...entry, key });
    await this.#bury(entry, rest ?? value, "damaged", (signals) => bookInto(signals[entry.stream].dropped, "damaged", entry.rows));
    counters.add("obs_component_errors_total", { component: "buffer", kind: "damaged_entry" });
    log.error("a damaged batch was set aside as a dead letter", { batch: key, stream: entry.stream, rows: entry.rows });
  }

  /** Makes a waiting batch a dead letter. Its body moves into LevelDB, so that it pins no segment. */
  async #bury(entry: Entry, plain: Uint8Array, reason: string, book: (signals: Record<Stream, SignalLedger>) => void): Promise<void> {
    const { codec, writer, room } = this.#shared;
    const atMs = this.#options.clock.nowMs();
    const { place: _place, sealed: _sealed, ...rest } = entry;
    const { body, facts } = codec.encodeBody(entry.key, plain);
    const buried: Entry = { ...rest, ...facts };
    await writer.write({
      ...nothing,
      operations: () => [...this.#leaveQueue(entry.key), put(bodyKey(entry.key, this.output), body), put(entryKey("d", entry.key, this.output), codec.encode<DeadPart>(buried, { atMs, reason }))],
      book: (ledger) => book(this.#signals(ledger)),
    });
    this.#countOut(entry);
    await room.letGo([entry]);
    room.take(buried);
    this.#dead.put(shelved(buried, atMs));
    const over = this.#dead.takeExpired(0, this.#options.deadLetterMaxBytes);
    if (over.length > 0) await this.#remove("d", over);
  }

  // ---- a store that started anew

  /** A boot id never seen before: what other boots acknowledged is asked about again. */
  async #noticeBoot(storeBoot: string): Promise<void> {
    if (this.#seenBoots.has(storeBoot)) return;
    this.#seenBoots.add(storeBoot);
    if (this.#seenBoots.size > SEEN_BOOTS) this.#seenBoots.delete(this.#seenBoots.values().next().value!);
    const again = this.#acknowledged.takeOfOtherBoots(storeBoot);
    if (again.length === 0) return;
    this.#options.log.info("the store has started anew: asking again about the batches it acknowledged last", { batches: again.length });
    for (const { key } of again) await this.#waitAgain(key);
    this.announce();
  }

  async #waitAgain(key: string): Promise<void> {
    const { database, codec, writer } = this.#shared;
    const value = await database.get(entryKey("a", key, this.output));
    const found = value && codec.decode<AcknowledgedPart>(key, value);
    if (!found) return;
    const { atMs: _atMs, storeBoot: _storeBoot, stored, refused, ...entry } = found;
    this.policies.queue?.mayBeStored(key);
    await writer.write({
      ...nothing,
      operations: () => [
        del(entryKey("a", key, this.output)),
        put(entryKey("i", key, this.output), codec.encode(entry)),
        ...(this.policies.queue ? [put(markKey(key, this.output), EMPTY)] : []),
      ],
      book: (ledger) => bookAcknowledgement(this.#signals(ledger)[entry.stream], { stored, refused }, -1),
    });
    this.#countIn(entry);
    this.#cursor.repeat(key);
  }

  // ---- figures

  #signals(ledger: Ledger): Record<Stream, SignalLedger> {
    return signalsOf(ledger, this.output);
  }

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
    const signals = this.#signals(this.#shared.writer.ledger);
    const gaps = STREAM_NAMES.map((stream) => ({ stream, gap: conservationGap(signals[stream], this.#rows[stream]) })).filter(({ gap }) => gap !== 0);
    if (gaps.length === 0) return;
    for (const { stream, gap } of gaps)
      this.#options.log.error(gap > 0 ? "the buffer was damaged: rows are missing" : "the buffer was damaged: rows that were settled are there again and will be sent as repeats", { stream, rows: Math.abs(gap) });
    await this.#shared.writer.write({
      ...nothing,
      durable: true,
      book: (ledger) => {
        for (const { stream, gap } of gaps) {
          if (gap > 0) bookInto(this.#signals(ledger)[stream].dropped, "damaged", gap);
          else this.#signals(ledger)[stream].records -= gap;
        }
      },
    });
  }
}
