/**
 * What one output has yet to settle: its waiting batches in order, and its part of the ledger. What it has
 * settled lies beside it (acknowledged.ts, dead-letters.ts). The bodies that lie in segments are shared
 * with the other outputs.
 */

import type { BatchAck, Stream } from "@obs/wire";
import type { BatchQueue, OutputState, WhenFull } from "../core/batch-buffer.ts";
import { idOf, parseId } from "../core/batch-part.ts";
import { bookAcknowledgement, bookInto, signalsOf, type Ledger, type SignalLedger } from "../core/conservation.ts";
import type { BufferedBatch } from "../core/contracts.ts";
import type { Counters } from "../core/counters.ts";
import { Acknowledged, type AcknowledgedOptions } from "./acknowledged.ts";
import { EntryCursor } from "./cursor.ts";
import type { Database, Operation } from "./database.ts";
import { DeadLetters, type DeadLetterOptions } from "./dead-letters.ts";
import { DropPolicies, type DropOptions } from "./drop-policies.ts";
import type { Droppable } from "./drop-queue.ts";
import type { AcknowledgedPart, Entry } from "./entry.ts";
import type { EntryCodec } from "./entry-codec.ts";
import type { GroupWriter } from "./group-writer.ts";
import { halvesOf, type Half } from "./halves.ts";
import { bodyKey, entryKey, markKey } from "./keys.ts";
import type { OutputContents } from "./open-buffer.ts";
import { del, nothing, put, removeBody, unknownEntry } from "./operations.ts";
import type { Leaving, Room } from "./room.ts";
import type { SegmentStore } from "./segments.ts";
import type { Shelved } from "./shelf.ts";
import { StoredBodies } from "./stored-bodies.ts";
import { WaitingRows } from "./waiting-rows.ts";

/** `output`: "" is the main one. */
export interface OutputQueueOptions extends DropOptions, AcknowledgedOptions, DeadLetterOptions {
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

const EMPTY = new Uint8Array(0);

export class OutputQueue implements BatchQueue {
  readonly output: string;
  readonly policies: DropPolicies;
  readonly acknowledged: Acknowledged;
  readonly #options: OutputQueueOptions;
  readonly #shared: SharedParts;
  readonly #cursor: EntryCursor;
  readonly #dead: DeadLetters;
  readonly #bodies: StoredBodies;
  readonly #waiting = new WaitingRows();
  /** Descriptions of what the sender holds. */
  readonly #handedOut = new Map<string, Entry>();
  readonly #availableListeners: (() => void)[] = [];
  #cancelAgeCheck: () => void = () => {};

  /** `run` is the key prefix of this process' batches. */
  constructor(options: OutputQueueOptions, shared: SharedParts, contents: OutputContents, run: string) {
    this.output = options.output;
    this.policies = new DropPolicies(options);
    this.#options = options;
    this.#shared = shared;
    this.#cursor = new EntryCursor(shared.database, this.output, run);
    this.#bodies = new StoredBodies(this.output, shared);
    this.acknowledged = new Acknowledged(options, shared, contents.acknowledged);
    this.#dead = new DeadLetters(options, shared, contents.dead);
    for (const entry of contents.waiting) {
      this.#waiting.comes(entry);
      this.policies.found(entry, contents.tried);
      shared.room.take(entry);
    }
  }

  /** Second half of the start: damage is set aside and the ledger made whole. */
  async settleFound({ damaged }: OutputContents): Promise<void> {
    const { log, keepAcknowledgedMs } = this.#options;
    const { room, writer } = this.#shared;
    for (const { batchKey, value, entry: found } of damaged) {
      // Its place points nowhere; the description is all there is.
      const { place: _place, ...entry } = found ?? unknownEntry(batchKey);
      this.#waiting.comes(entry);
      room.take(entry);
      await this.#setAside(batchKey, value, entry);
    }
    const repair = this.#waiting.repair(this.#signals(writer.ledger), log);
    if (repair) await writer.write({ ...nothing, durable: true, book: (ledger) => repair(this.#signals(ledger)) });
    this.acknowledged.expire(keepAcknowledgedMs);
    this.#checkAge();
    const { batches, rows } = this.#waiting;
    if (batches > 0) log.info("batches of an earlier run are waiting and will be sent again", { batches, rows });
  }

  // ---- what comes

  /** Batches of `run` come after those of all earlier runs. */
  beginRun(run: string): void {
    this.#cursor.beginRun(run);
  }

  /** Before the write: `body` is the batch as it will be sent, kept when it is too large for LevelDB. */
  expect(entry: Entry, body: Uint8Array | undefined): void {
    if (body) this.#bodies.keep(entry.key, body);
    this.policies.queue?.expect(this.policies.droppable(entry));
  }

  /** The writes that make it wait; `stored` is the body as it lies on the disk. */
  arrival(entry: Entry, stored: Uint8Array): Operation[] {
    const { codec } = this.#shared;
    return [put(entryKey("i", entry.key, this.output), codec.encode(entry)), ...(entry.place ? [] : [put(bodyKey(entry.key, this.output), stored)])];
  }

  arrived(entry: Entry): void {
    this.#waiting.comes(entry);
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
      const body = entry && (await this.#bodies.take(entry));
      if (!entry || !body) {
        await this.#setAside(batchKey, value, entry ?? unknownEntry(batchKey));
        continue;
      }
      if (drops) await writer.write({ ...nothing, operations: () => [put(markKey(batchKey, this.output), EMPTY)] });
      this.#handedOut.set(entry.key, entry);
      const { key: id, stream, tenant, rows, rawBytes, firstNs, lastNs } = entry;
      return { ...parseId(id), stream, tenant, rows, rawBytes, firstNs, lastNs, body, attempt: repeat ? 2 : 1 };
    }
    return undefined;
  }

  async bodyOf(batch: BufferedBatch): Promise<Uint8Array | undefined> {
    const entry = this.#handedOut.get(idOf(batch));
    return entry && this.#bodies.read(entry);
  }

  async acknowledge(batch: BufferedBatch, ack: BatchAck): Promise<void> {
    const entry = this.#takeBack(batch);
    this.#bodies.give(batch.body);
    const { writer } = this.#shared;
    await writer.write({
      ...nothing,
      operations: () => [...this.#leaveQueue(entry.key), ...this.acknowledged.arrival(entry, ack)],
      book: (ledger) => bookAcknowledgement(this.#signals(ledger)[entry.stream], ack),
    });
    this.#waiting.goes(entry);
    await this.acknowledged.arrived(entry, ack);
    await this.#askAgain(this.acknowledged.takeDoubtful(ack.storeBoot));
    this.acknowledged.expire(writer.isFailing ? 0 : this.#options.keepAcknowledgedMs);
  }

  async deadLetter(batch: BufferedBatch, reason: string): Promise<void> {
    const entry = this.#takeBack(batch);
    await this.#bury(entry, batch.body, reason, (signals) => (signals[entry.stream].deadLettered += entry.rows));
  }

  async halve(batch: BufferedBatch): Promise<boolean> {
    const halves = this.#cut(batch);
    if (halves.length === 0) return false;
    const whole = this.#takeBack(batch);
    this.#bodies.give(batch.body);
    const { codec, writer, room } = this.#shared;
    const { place: _place, sealed: _sealed, ...rest } = whole;
    const sealed = halves.map(({ id, rows, rawBytes, body }) => ({ ...codec.encodeBody(id, body), entry: { ...rest, key: id, rows, rawBytes } }));
    for (const { id } of halves) this.#willComeAgain(id);
    let parts: Entry[] = [];
    await writer.write({
      bodies: sealed.map(({ body }) => ({ body, holders: 1 })),
      // The whole one's body goes with this write, and its rows may be nowhere else.
      durable: true,
      operations: (places) => {
        parts = sealed.map(({ entry, facts }, index) => ({ ...entry, ...facts, place: places[index]! }));
        return [...this.#leaveQueue(whole.key), ...removeBody(whole, this.output), ...parts.flatMap((part) => this.#returnToQueue(part))];
      },
      book: () => {},
    });
    for (const part of parts) {
      room.take(part);
      this.#comesAgain(part);
    }
    this.#waiting.goes(whole);
    await room.letGo([whole]);
    this.announce();
    return true;
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
      batches: this.#waiting.batches,
      rows: this.#waiting.rows,
      acknowledgedBatches: this.acknowledged.size,
      deadLetterBatches: this.#dead.size,
      deadLetterBytes: this.#dead.bytes,
      signals: this.#signals(this.#shared.writer.ledger),
    };
  }

  close(): void {
    this.acknowledged.close();
    this.#cancelAgeCheck();
  }

  // ---- what goes

  policyOf(source: string): WhenFull {
    return this.policies.of(source);
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
    for (const entry of entries) this.#waiting.goes(entry);
    await this.#shared.room.letGo(entries, leaving);
  }

  #checkAge(): void {
    const { clock, log } = this.#options;
    const { ageCheckMs } = this.policies;
    if (ageCheckMs === 0) return;
    const expired = this.policies.expired();
    if (expired.length > 0) this.drop(expired, "expired").catch((error: unknown) => log.debug("old batches stay until the next start", { error }));
    this.#cancelAgeCheck = clock.after(ageCheckMs, () => this.#checkAge());
  }

  #leaveQueue(key: string): Operation[] {
    return [del(entryKey("i", key, this.output)), ...(this.policies.queue ? [del(markKey(key, this.output))] : [])];
  }

  #takeBack(batch: BufferedBatch): Entry {
    const id = idOf(batch);
    const entry = this.#handedOut.get(id);
    if (!entry) throw new Error(`BUG: batch ${id} was settled twice or never handed out`);
    this.#handedOut.delete(id);
    return entry;
  }

  // ---- damage, and dead letters

  async #setAside(key: string, value: Uint8Array, entry: Entry): Promise<void> {
    const { log, counters } = this.#options;
    const rest = entry.place ? await this.#bodies.readStored(entry).catch(() => undefined) : await this.#bodies.readStored({ ...entry, key });
    await this.#bury(entry, rest ?? value, "damaged", (signals) => bookInto(signals[entry.stream].dropped, "damaged", entry.rows));
    counters.add("obs_component_errors_total", { component: "buffer", kind: "damaged_entry" });
    log.error("a damaged batch was set aside as a dead letter", { batch: key, stream: entry.stream, rows: entry.rows });
  }

  async #bury(entry: Entry, plain: Uint8Array, reason: string, book: (signals: Record<Stream, SignalLedger>) => void): Promise<void> {
    await this.#dead.bury(entry, plain, reason, {
      leave: () => this.#leaveQueue(entry.key),
      book: (ledger) => book(this.#signals(ledger)),
      left: () => this.#waiting.goes(entry),
    });
  }

  /** None: it is a single row, or no block that can be cut. */
  #cut(batch: BufferedBatch): Half[] {
    try {
      return halvesOf(batch);
    } catch (error) {
      this.#options.log.error("a batch that is too large cannot be cut in two", { batch: idOf(batch), error });
      return [];
    }
  }

  // ---- what has to be sent once more, and may be in the store

  async #askAgain(doubtful: readonly Shelved[]): Promise<void> {
    for (const { key } of doubtful) await this.#waitAgain(key);
    if (doubtful.length > 0) this.announce();
  }

  async #waitAgain(id: string): Promise<void> {
    const { database, codec, writer } = this.#shared;
    const value = await database.get(entryKey("a", id, this.output));
    const found = value && codec.decode<AcknowledgedPart>(id, value);
    if (!found) return;
    const { atMs: _atMs, storeBoot: _storeBoot, stored, refused, ...entry } = found;
    this.#willComeAgain(id);
    await writer.write({
      ...nothing,
      operations: () => [del(entryKey("a", id, this.output)), ...this.#returnToQueue(entry)],
      book: (ledger) => bookAcknowledgement(this.#signals(ledger)[entry.stream], { stored, refused }, -1),
    });
    this.#comesAgain(entry);
  }

  #returnToQueue(entry: Entry): Operation[] {
    return [put(entryKey("i", entry.key, this.output), this.#shared.codec.encode(entry)), ...(this.policies.queue ? [put(markKey(entry.key, this.output), EMPTY)] : [])];
  }

  /** Before the write of `returnToQueue`: the walk must not take it for a batch that was never sent. */
  #willComeAgain(id: string): void {
    this.policies.queue?.mayBeStored(id);
    this.#cursor.passOver(id);
  }

  /** After it. */
  #comesAgain(entry: Entry): void {
    this.#waiting.comes(entry);
    this.#cursor.repeat(entry.key);
  }

  // ---- figures

  #signals(ledger: Ledger): Record<Stream, SignalLedger> {
    return signalsOf(ledger, this.output);
  }
}
