/**
 * A line shard whose rows are made, encoded and compressed in a worker thread. To its source it is a
 * shard like any other.
 *
 * Invariants
 * - Sources read into `input`, which both threads share; one append at a time, so that nobody writes
 *   there while the worker copies.
 * - A position is encoded here, in the tick in which the worker's commit arrives. Commits and answers
 *   arrive in the order in which they were sent: the source has not gone on from what was appended
 *   last, and encodes as if the shard were in this thread.
 * - A stream with a position that is not committed is held; any other is the source's to keep. When
 *   the source lets it go, the worker forgets it too.
 */

import { formatBatchKey, type BatchKey } from "@obs/wire";
import type { OrderedTarget } from "../core/batch-buffer.ts";
import { CommitGate } from "../core/commit-gate.ts";
import type { LineShard, LineStream } from "../core/contracts.ts";
import type { LineMarks } from "../core/line-marks.ts";
import { newMaskCounts } from "../mask/index.ts";
import type { RowCounts } from "../rows/contracts.ts";
import { errorOf, failureOf, type Answer, type CommitRequest, type Failure, type FromWorker, type MarksSent, type Place, type ShardSetup, type StreamFacts } from "./messages.ts";
import type { WorkerPool } from "./worker-pool.ts";
import type { ThreadClient, WorkerThread } from "./worker-thread.ts";

export interface WorkerLineShardOptions {
  readonly pool: WorkerPool;
  /** Which of the pool's threads. */
  readonly thread: number;
  readonly setup: ShardSetup;
  readonly inputBytes: number;
  readonly buffer: OrderedTarget;
  /** By how much this host's clock is ahead, ms; 0 while that is within what is normal. */
  readonly clockSkewMs: () => number;
}

/** As many as the shard there keeps under way. */
const MAX_COMMITS = 2;

interface Asked {
  resolve(answer: Pick<Answer, "consumed" | "isSkipping">): void;
  reject(error: unknown): void;
}

export class WorkerLineShard implements LineShard, ThreadClient {
  readonly input: Buffer;
  readonly counts: RowCounts = { lines: 0, records: 0, blank: 0, joined: 0, filtered: 0, cut: 0, invalidUtf8: 0, nul: 0, slow: 0, malformed: 0, masked: newMaskCounts() };
  readonly #options: WorkerLineShardOptions;
  readonly #memory: SharedArrayBuffer;
  readonly #gate: CommitGate;
  readonly #reserved = new Set<string>();
  readonly #asked = new Map<number, Asked>();
  #requests = 0;
  /** The thread and this shard's number there, from the first append on: a shard without lines costs nothing. */
  #open: { readonly thread: WorkerThread; readonly shard: number } | undefined;
  #failure: unknown;

  readonly #numbers = new WeakMap<LineStream, number>();
  readonly #known = new Map<number, WeakRef<LineStream>>();
  /** Streams that were appended to since the last commit. */
  readonly #moved = new Map<number, LineStream>();
  #appending: number | undefined;
  #streams = 0;
  readonly #forgotten = new FinalizationRegistry<number>((stream) => {
    this.#known.delete(stream);
    this.#open?.thread.post({ kind: "forget", shard: this.#open.shard, stream });
  });

  constructor(options: WorkerLineShardOptions) {
    this.#options = options;
    this.#memory = new SharedArrayBuffer(options.inputBytes);
    this.input = Buffer.from(this.#memory);
    this.#gate = new CommitGate(options.buffer, MAX_COMMITS);
  }

  async ready(signal?: AbortSignal): Promise<void> {
    await this.#options.buffer.whenRoom(signal);
    await this.#gate.opened();
    this.#check();
  }

  async append(stream: LineStream, offset: number, length: number, final = false, marks?: LineMarks): Promise<number> {
    this.#check();
    const { thread, shard } = (this.#open ??= this.#begin());
    const known = this.#numbers.get(stream);
    const number = known ?? this.#introduce(stream);
    this.#moved.set(number, stream);
    this.#appending = number;
    const { answer, request } = this.#ask();
    thread.post({
      kind: "append", shard, request, stream: number, ...(known === undefined && { facts: factsOf(stream) }), isSkipping: stream.isSkipping ?? false,
      offset, length, final, ...(marks && { marks: sentMarks(marks) }), aheadMs: this.#options.clockSkewMs(),
    }); // prettier-ignore
    const { consumed, isSkipping } = await answer;
    setSkipping(stream, isSkipping);
    return consumed;
  }

  async flush(): Promise<void> {
    this.#check();
    if (!this.#open) return;
    const { answer, request } = this.#ask();
    this.#open.thread.post({ kind: "flush", shard: this.#open.shard, request });
    await answer;
  }

  /** After the last flush; what was not flushed is dropped, and read again from its position. */
  async close(): Promise<void> {
    this.lost(new Error("the shard was closed"));
    if (!this.#open) return;
    this.#open.thread.close(this.#open.shard);
    this.#open = undefined;
    await this.#options.pool.release(this.#options.thread);
  }

  // ---- the side of the thread

  reserveKey(): BatchKey {
    const key = this.#options.buffer.reserveKey();
    this.#reserved.add(formatBatchKey(key));
    return key;
  }

  take(message: Exclude<FromWorker, { kind: "key" }>): void {
    switch (message.kind) {
      case "commit":
        return this.#commit(message);
      case "recall":
        return this.#known.get(message.stream)?.deref()?.recall?.();
      case "answer":
        Object.assign(this.counts, message.counts);
        return this.#answered(message.request)?.resolve(message);
      case "failed":
        return this.#answered(message.request)?.reject(errorOf(message.failure));
    }
  }

  lost(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#asked.values()) reject(error);
    this.#asked.clear();
    for (const key of this.#reserved) this.#options.buffer.giveUp(key);
    this.#reserved.clear();
  }

  // ---- inside

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #begin(): { thread: WorkerThread; shard: number } {
    const thread = this.#options.pool.thread(this.#options.thread);
    return { thread, shard: thread.open(this, this.#options.setup, this.#memory) };
  }

  #introduce(stream: LineStream): number {
    const number = ++this.#streams;
    this.#numbers.set(stream, number);
    this.#known.set(number, new WeakRef(stream));
    this.#forgotten.register(stream, number);
    return number;
  }

  #ask(): { answer: Promise<Pick<Answer, "consumed" | "isSkipping">>; request: number } {
    const request = ++this.#requests;
    return { answer: new Promise((resolve, reject) => this.#asked.set(request, { resolve, reject })), request };
  }

  #answered(request: number): Asked | undefined {
    const asked = this.#asked.get(request);
    this.#asked.delete(request);
    return asked;
  }

  #commit({ commit, batches, places, lines, counts }: CommitRequest): void {
    Object.assign(this.counts, counts);
    const positions = new Map(places.map((place) => this.#positionAt(place)));
    for (const number of this.#moved.keys()) if (number !== this.#appending || !this.#isAsked) this.#moved.delete(number);
    const sealed = batches.map((batch) => ({ ...batch, positions }));
    const { thread, shard } = this.#open!;
    const settled = (failure?: Failure): void => thread.post({ kind: "settled", shard, commit, ...(failure && { failure }) });
    this.#gate.begin({ batches: sealed, lines, ...(sealed.length === 0 && { positions }) }).then(() => settled(), (error: unknown) => settled(failureOf(error)));
    for (const { key } of batches) this.#reserved.delete(key);
  }

  /** A request is under way: a stream that is being appended to may move after this commit. */
  get #isAsked(): boolean {
    return this.#asked.size > 0;
  }

  #positionAt({ stream: number, offset, isSkipping }: Place): [string, Uint8Array] {
    const stream = this.#moved.get(number);
    if (!stream) throw new Error(`BUG: a position of stream ${number}, which was not appended to since the last commit`);
    setSkipping(stream, isSkipping);
    return [stream.id, stream.encodePosition(offset)];
  }
}

const setSkipping = (stream: LineStream, isSkipping: boolean): void => {
  if ((stream.isSkipping ?? false) !== isSkipping) stream.isSkipping = isSkipping;
};

const factsOf = ({ id, service, host, environment, format, attributes, recall }: LineStream): StreamFacts => ({
  id, service, host, environment, attributes: { ...attributes }, format, canBeRecalled: recall !== undefined,
}); // prettier-ignore

const sentMarks = ({ count, ends, offsets, seconds, nanoseconds, severities }: LineMarks): MarksSent => ({
  count, ends: ends.slice(0, count), offsets: offsets.slice(0, count), seconds: seconds.slice(0, count),
  nanoseconds: nanoseconds.slice(0, count), severities: severities.slice(0, count),
}); // prettier-ignore
