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
 *   3. A batch leaves an output only by an acknowledgement, as a dead letter, as damaged, in halves that
 *      take its place (halves.ts), or by a policy that drops it, and each of them is booked in the write that removes it. So the law of conservation
 *      holds at every instant, for each output. A policy drops no batch that may be in the store
 *      (drop-queue.ts). A body is on the disk once, until no output needs it (output-queue.ts).
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
 */

import type { BatchKey } from "@obs/wire";
import type { BufferState, Commit, CommitTarget, OutputSettings } from "../core/batch-buffer.ts";
import { bookInto, signalsOf, type Ledger } from "../core/conservation.ts";
import type { BufferedBatch, SealedBatch } from "../core/contracts.ts";
import { withLabels } from "../core/counters.ts";
import { withFields } from "../core/log.ts";
import type { Database } from "./database.ts";
import type { Droppable } from "./drop-queue.ts";
import type { Entry, SegmentPlace } from "./entry.ts";
import type { EntryCodec } from "./entry-codec.ts";
import { GroupWriter } from "./group-writer.ts";
import { agentIdText, Identity, newAgentId } from "./identity.ts";
import { MAIN_OUTPUT, META_AGENT } from "./keys.ts";
import type { BufferContents } from "./open-buffer.ts";
import { DESCRIPTION_BYTES, nothing, positionOperations, positionsIn, put } from "./operations.ts";
import { OutputQueue, type OutputQueueOptions } from "./output-queue.ts";
import type { Reserve } from "./reserve.ts";
import { Room } from "./room.ts";
import type { SegmentStore } from "./segments.ts";

export interface DiskBufferOptions extends Omit<OutputQueueOptions, "output" | "whenFullForAll"> {
  readonly maxBytes: number;
  /** Outputs besides the main one. */
  readonly outputs?: readonly OutputSettings[];
  /** Bodies larger than this lie in segments; 64 KiB by default. */
  readonly inlineMaxBytes?: number;
  /** Is shown every batch before it is written. */
  readonly onCommit?: (batches: readonly SealedBatch[]) => void;
}

export interface BufferParts {
  readonly database: Database;
  readonly segments: SegmentStore;
  readonly reserve: Reserve;
  readonly codec: EntryCodec;
}

const INLINE_MAX_BYTES = 64 << 10;

interface Described {
  readonly batch: SealedBatch;
  readonly entry: Entry;
  readonly body: Uint8Array;
  readonly isLarge: boolean;
}

/** Made by openDiskBuffer (open-buffer.ts). */
export class DiskBuffer implements CommitTarget {
  readonly #options: DiskBufferOptions;
  readonly #database: Database;
  readonly #segments: SegmentStore;
  readonly #codec: EntryCodec;
  readonly #writer: GroupWriter;
  readonly #identity: Identity;
  readonly #room: Room;
  readonly #queues: readonly OutputQueue[];
  /** Positions of all sources as they were at start. */
  readonly positions: ReadonlyMap<string, Uint8Array>;

  constructor(options: DiskBufferOptions, { database, segments, reserve, codec }: BufferParts, contents: BufferContents) {
    const { clock, log, counters, maxBytes, outputs = [] } = options;
    this.#options = options;
    this.#database = database;
    this.#segments = segments;
    this.#codec = codec;
    this.positions = contents.positions;
    this.#identity = new Identity(contents.agent);
    this.#room = new Room(segments, maxBytes);
    this.#writer = new GroupWriter({ database, segments, reserve, ledger: contents.ledger, clock, log, counters, onFailure: () => this.#expireAll(), onRecovered: () => this.#announce() });
    const shared = { database, segments, codec, writer: this.#writer, room: this.#room };
    const further = outputs.map(({ name, whenFull }) => ({ ...options, output: name, ...(whenFull && { whenFullForAll: whenFull }), log: withFields(log, { output: name }), counters: withLabels(counters, { output: name }) }));
    this.#queues = [{ ...options, output: MAIN_OUTPUT }, ...further].map((of) => new OutputQueue(of, shared, contents.outputs.get(of.output)!, this.#identity.run));
  }

  /** Second half of the start. */
  async settleFound({ outputs }: BufferContents): Promise<void> {
    for (const queue of this.#queues) await queue.settleFound(outputs.get(queue.output)!);
  }

  // ---- the side of the shards

  nextKey(): BatchKey {
    const run = this.#identity.run;
    const key = this.#identity.nextKey();
    if (this.#identity.run !== run) this.#beginRun();
    return key;
  }

  commit(commit: Commit): Promise<void> {
    return this.#commitFrom("", commit);
  }

  /** The buffer as a class of sources sees it: its batches follow its policy. */
  intake(source: string): CommitTarget {
    return { nextKey: () => this.nextKey(), commit: (commit) => this.#commitFrom(source, commit), whenRoom: (signal) => this.#whenRoomFor(source, signal) };
  }

  whenRoom(signal?: AbortSignal): Promise<void> {
    return this.#whenRoomFor("", signal);
  }

  async #commitFrom(source: string, { batches, positions = new Map(), lines, filtered = 0 }: Commit): Promise<void> {
    this.#options.onCommit?.(batches);
    const all = batches.map((batch) => this.#describe(batch, source));
    const size = all.reduce((total, { body, isLarge }) => total + this.#queues.length * DESCRIPTION_BYTES + (isLarge ? 1 : this.#queues.length) * body.length, 0);
    const hasRoom = batches.length === 0 || this.#makeRoom(source, size);
    const takers = this.#queues.filter((queue) => hasRoom || queue.policyOf(source) === "push_back");
    const book = (ledger: Ledger): void => {
      for (const queue of this.#queues) {
        const { logs } = signalsOf(ledger, queue.output);
        logs.records += filtered;
        bookInto(logs.dropped, "filtered", filtered);
        for (const { stream, rows } of batches) {
          const signal = signalsOf(ledger, queue.output)[stream];
          signal.records += rows;
          if (!takers.includes(queue)) bookInto(signal.dropped, "buffer_full", rows);
        }
      }
      ledger.lines += lines?.lines ?? 0;
      ledger.blank += lines?.blank ?? 0;
      ledger.joined += lines?.joined ?? 0;
    };
    for (const queue of this.#queues) if (!takers.includes(queue)) queue.policies.note(batches, "the newest");
    if (takers.length === 0) {
      const passed = [positions, ...batches.map((batch) => batch.positions)];
      // On a full disk it must not wait for room like a write that grows.
      return this.#writer.write({ ...nothing, durable: !this.#writer.isFailing, operations: () => passed.flatMap((known) => positionOperations(known, this.#codec)), book });
    }
    await this.#write(all, takers, size, positions, book);
    for (const queue of takers) queue.announce();
  }

  async #write(all: readonly Described[], takers: readonly OutputQueue[], size: number, positions: ReadonlyMap<string, Uint8Array>, book: (ledger: Ledger) => void): Promise<void> {
    const large = all.filter(({ isLarge }) => isLarge);
    for (const queue of takers) for (const { entry, batch, isLarge } of all) queue.expect(entry, isLarge ? batch.body : undefined);
    let placed: Entry[] = [];
    this.#room.expect(size);
    await this.#writer
      .write({
        bodies: large.map(({ body }) => ({ body, holders: takers.length })),
        durable: true,
        operations: (places) => {
          placed = all.map((described) => withPlace(described.entry, places[large.indexOf(described)]));
          return [
            ...all.flatMap(({ batch, body }, index) => [...takers.flatMap((queue) => queue.arrival(placed[index]!, body)), ...positionOperations(batch.positions, this.#codec)]),
            ...positionOperations(positions, this.#codec),
          ];
        },
        book,
      })
      .finally(() => this.#room.noLongerExpect(size));
    for (const queue of takers) for (const entry of placed) queue.arrived(entry);
  }

  /** Once no output that pushes back holds this source up; one that drops makes room, or goes without the new ones. */
  async #whenRoomFor(source: string, signal?: AbortSignal): Promise<void> {
    const isAborted = (): boolean => signal?.aborted === true;
    if (!this.#queues.some((queue) => queue.policyOf(source) === "push_back")) return;
    while (this.#room.bytes >= this.#room.maxBytes && !isAborted()) {
      this.#expireAll();
      this.#makeRoom(source, 1);
      await this.#room.changed(signal);
    }
  }

  // ---- the side of the senders

  /** The output that `endpoint` names. */
  get main(): OutputQueue {
    return this.#queues[0]!;
  }

  /** Throws for a name that was not configured when the buffer was opened. */
  output(name: string): OutputQueue {
    const queue = this.#queues.find(({ output }) => output === name);
    if (!queue) throw new Error(`BUG: the buffer was opened without the output ${name}`);
    return queue;
  }

  /**
   * The agent id of this batch belongs to another key: batches sealed from now on get a new one.
   * Those sealed before keep theirs (they may be stored already) and wait for that key to go.
   */
  async leaveAgentId({ key: taken }: BufferedBatch): Promise<void> {
    if (!taken.startsWith(`${this.#identity.agentId}-`)) return;
    const agent = newAgentId();
    this.#identity.begin(agent);
    this.#beginRun();
    this.#options.log.warn("the agent id belongs to another API key (a copied data folder, or a key that was replaced and not revoked): new batches get a new one", { agentId: this.#identity.agentId });
    await this.#writer.write({ ...nothing, durable: true, operations: () => [put(META_AGENT, Buffer.from(agentIdText(agent)))] });
  }

  // ---- what others ask

  /** Positions of all sources as they are durable now. */
  async readPositions(): Promise<ReadonlyMap<string, Uint8Array>> {
    return positionsIn(this.#database, this.#codec);
  }

  get bytes(): number {
    return this.#room.bytes;
  }

  state(): BufferState {
    const [{ output: _main, signals: _signals, ...main }, ...outputs] = this.#queues.map((queue) => queue.state()) as [ReturnType<OutputQueue["state"]>, ...ReturnType<OutputQueue["state"]>[]];
    return { agentId: this.#identity.agentId, bytes: this.bytes, maxBytes: this.#room.maxBytes, ...main, commits: this.#writer.commits, ledger: this.#writer.ledger, outputs };
  }

  /** Lets writes under way finish. The folder is free for another process afterwards. */
  async close(): Promise<void> {
    for (const queue of this.#queues) queue.close();
    await this.#writer.close();
    await this.#segments.close();
    await this.#database.close();
  }

  // ---- room

  /**
   * Whether `size` more bytes of this source may come for outputs that drop. Chooses at once, and lets
   * the writing follow: batches become durable in the order of their keys.
   */
  #makeRoom(source: string, size: number): boolean {
    const droppers = this.#queues.filter((queue) => queue.policyOf(source) !== "push_back");
    if (droppers.length === 0) return true;
    if (this.#writer.isFailing) return false;
    const over = this.#room.overBy(size);
    if (over <= 0) return true;
    const freed = this.#room.forecast();
    const settled = this.#queues.map((queue) => [queue, queue.acknowledged.takeAll()] as const).filter(([, entries]) => entries.length > 0);
    for (const [, entries] of settled) for (const entry of entries) freed.add(entry);
    const victims = new Map<OutputQueue, Droppable[]>();
    for (const { queue, entry } of oldestFirst(droppers, source)) {
      if (freed.bytes >= over) break;
      freed.add(entry);
      victims.set(queue, [...(victims.get(queue) ?? []), entry]);
    }
    const hasRoom = freed.bytes >= over;
    const leaving = this.#room.willLeave(hasRoom ? freed.bytes : 0);
    Promise.all([...settled.map(([queue, entries]) => queue.acknowledged.remove(entries, leaving)), ...(hasRoom ? [...victims].map(([queue, entries]) => queue.drop(entries, "buffer_full", leaving)) : [])])
      .catch((error: unknown) => this.#options.log.debug("batches that were to leave stay until the next start", { error }))
      .finally(() => this.#room.noLongerLeaving(leaving));
    return hasRoom;
  }

  #expireAll(): void {
    for (const queue of this.#queues) queue.acknowledged.expire(0);
  }

  #announce(): void {
    for (const queue of this.#queues) queue.announce();
  }

  #beginRun(): void {
    for (const queue of this.#queues) queue.beginRun(this.#identity.run);
  }

  #describe(batch: SealedBatch, source: string): Described {
    const { key, stream, tenant, rows, rawBytes, firstNs, lastNs } = batch;
    const { body, facts } = this.#codec.encodeBody(key, batch.body);
    const sinceMs = Math.round(this.#options.clock.nowMs());
    const entry: Entry = { key, stream, tenant, rows, rawBytes, firstNs, lastNs, ...facts, ...(source !== "" && { source }), sinceMs };
    return { batch, entry, body, isLarge: body.length > (this.#options.inlineMaxBytes ?? INLINE_MAX_BYTES) };
  }
}

const withPlace = (entry: Entry, place: SegmentPlace | undefined): Entry => (place ? { ...entry, place } : entry);

/** What the queues may drop, merged by age: a segment is free once every output has let go of it. */
function* oldestFirst(queues: readonly OutputQueue[], source: string): Generator<{ readonly queue: OutputQueue; readonly entry: Droppable }, void> {
  const heads = queues.map((queue) => {
    const entries = queue.policies.victims(source);
    return { queue, entries, head: entries.next() };
  });
  for (;;) {
    const left = heads.filter(({ head }) => !head.done);
    if (left.length === 0) return;
    const oldest = left.reduce((one, other) => ((other.head.value as Droppable).steadyMs < (one.head.value as Droppable).steadyMs ? other : one));
    yield { queue: oldest.queue, entry: oldest.head.value as Droppable };
    oldest.head = oldest.entries.next();
  }
}
