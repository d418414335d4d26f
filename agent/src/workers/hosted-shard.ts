/**
 * The worker's half of a line shard: an ordinary shard, whose input is copied out of shared memory,
 * whose keys and commits are the main thread's, and whose streams are stand-ins for those there.
 */

import type { BatchKey } from "@obs/wire";
import type { Commit, CommitTarget } from "../core/batch-buffer.ts";
import { systemClock, type Clock } from "../core/clock.ts";
import { correctedClock } from "../core/clock-skew.ts";
import type { LineShard, LineStream } from "../core/contracts.ts";
import type { LineFormat } from "../core/line-format.ts";
import { LineMarks } from "../core/line-marks.ts";
import type { RowCounts } from "../rows/contracts.ts";
import type { KeyCell } from "./key-cell.ts";
import { errorOf, failureOf, type AppendRequest, type FromWorker, type MarksSent, type Place, type SentBatch, type ShardSetup, type StreamFacts, type ToWorker } from "./messages.ts";

export type OpenShard = (
  setup: ShardSetup,
  target: CommitTarget,
  clock: Clock,
  clockSkewMs: () => number,
  allocate: (bytes: number) => Buffer,
) => { readonly shard: LineShard; readonly counts: RowCounts };

export interface HostParts {
  readonly post: (message: FromWorker, transfer?: readonly ArrayBuffer[]) => void;
  readonly keys: KeyCell;
  readonly open: OpenShard;
}

const shared = (bytes: number): Buffer => Buffer.from(new SharedArrayBuffer(bytes));

export class HostedShard {
  readonly #number: number;
  readonly #parts: HostParts;
  readonly #input: Uint8Array;
  readonly #shard: LineShard;
  readonly #counts: RowCounts;
  readonly #streams = new Map<number, HostedStream>();
  readonly #formats = new Map<string, LineFormat>();
  readonly #marks = new LineMarks();
  readonly #settling = new Map<number, { resolve(): void; reject(error: unknown): void }>();
  #commits = 0;
  #aheadMs = 0;

  constructor(number: number, setup: ShardSetup, input: SharedArrayBuffer, parts: HostParts) {
    this.#number = number;
    this.#parts = parts;
    this.#input = new Uint8Array(input);
    const aheadMs = (): number => this.#aheadMs;
    const skew = {
      get offsetMs() {
        return -aheadMs();
      },
    };
    const target: CommitTarget = {
      nextKey: () => this.#nextKey(),
      commit: (commit) => this.#commit(commit),
      // The main thread looks for room before it hands anything on.
      whenRoom: () => Promise.resolve(),
    };
    const { shard, counts } = parts.open(setup, target, correctedClock(systemClock, skew), aheadMs, shared);
    this.#shard = shard;
    this.#counts = counts;
  }

  take(message: Exclude<ToWorker, { kind: "open" | "close" }>): void {
    switch (message.kind) {
      case "append":
        return this.#answer(message.request, () => this.#append(message));
      case "flush":
        return this.#answer(message.request, async () => {
          await this.#shard.flush();
          return { consumed: 0, isSkipping: false };
        });
      case "forget":
        return void this.#streams.delete(message.stream);
      case "settled": {
        const { resolve, reject } = this.#settling.get(message.commit)!;
        this.#settling.delete(message.commit);
        return message.failure ? reject(errorOf(message.failure)) : resolve();
      }
    }
  }

  #answer(request: number, act: () => Promise<{ consumed: number; isSkipping: boolean }>): void {
    const about = { shard: this.#number, request };
    act().then(
      (done) => this.#parts.post({ kind: "answer", ...about, ...done, counts: this.#counts }),
      (error: unknown) => this.#parts.post({ kind: "failed", ...about, failure: failureOf(error) }),
    );
  }

  async #append({ stream: number, facts, isSkipping, offset, length, final, marks, aheadMs }: AppendRequest): Promise<{ consumed: number; isSkipping: boolean }> {
    this.#aheadMs = aheadMs;
    if (facts) this.#streams.set(number, new HostedStream(number, this.#withOneFormat(facts), () => this.#parts.post({ kind: "recall", shard: this.#number, stream: number })));
    const stream = this.#streams.get(number)!;
    stream.isSkipping = isSkipping;
    this.#shard.input.set(this.#input.subarray(0, length));
    const consumed = await this.#shard.append(stream, offset, length, final, marks && this.#marksOf(marks));
    return { consumed, isSkipping: stream.isSkipping };
  }

  /** What is compiled for a format is kept by the object: streams of one option have one here too. */
  #withOneFormat(facts: StreamFacts): StreamFacts {
    if (!facts.format) return facts;
    const name = JSON.stringify(facts.format);
    if (!this.#formats.has(name)) this.#formats.set(name, facts.format);
    return { ...facts, format: this.#formats.get(name) };
  }

  #marksOf({ count, ends, offsets, seconds, nanoseconds, severities }: MarksSent): LineMarks {
    const marks = this.#marks;
    marks.count = count;
    marks.ends.set(ends);
    marks.offsets.set(offsets);
    marks.seconds.set(seconds);
    marks.nanoseconds.set(nanoseconds);
    marks.severities.set(severities);
    return marks;
  }

  #nextKey(): BatchKey {
    this.#parts.post({ kind: "key", shard: this.#number });
    return this.#parts.keys.take();
  }

  #commit({ batches, positions, lines = { lines: 0, blank: 0 } }: Commit): Promise<void> {
    const commit = ++this.#commits;
    const places = [...(positions?.values() ?? []), ...batches.flatMap((batch) => [...batch.positions.values()])].map(placeOf);
    const sent = batches.map(({ positions: _positions, ...batch }): SentBatch => ({ ...batch, body: movable(batch.body) }));
    const moved = sent.flatMap(({ body: { buffer } }) => (buffer instanceof ArrayBuffer ? [buffer] : []));
    this.#parts.post({ kind: "commit", shard: this.#number, commit, batches: sent, places, lines, counts: this.#counts }, moved);
    return new Promise((resolve, reject) => this.#settling.set(commit, { resolve, reject }));
  }
}

/** A body that is not in shared memory (it is small, or node:zlib's) goes as memory of its own. */
const movable = (body: Uint8Array): Uint8Array => (body.buffer instanceof SharedArrayBuffer ? new Uint8Array(body.buffer, body.byteOffset, body.length) : new Uint8Array(body));

/** Its position is encoded in the main thread, which knows the file; until then it is this place. */
class HostedStream implements LineStream {
  readonly id: string;
  readonly service: string;
  readonly host: string;
  readonly environment: string;
  readonly format: LineFormat | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  readonly recall?: () => void;
  readonly #number: number;
  isSkipping = false;

  constructor(number: number, { id, service, host, environment, format, attributes, canBeRecalled }: StreamFacts, recall: () => void) {
    this.#number = number;
    this.id = id;
    this.service = service;
    this.host = host;
    this.environment = environment;
    this.format = format;
    this.attributes = attributes;
    if (canBeRecalled) this.recall = recall;
  }

  encodePosition(offset: number): Uint8Array {
    return new Uint8Array(Float64Array.of(this.#number, offset, Number(this.isSkipping)).buffer);
  }
}

const placeOf = (bytes: Uint8Array): Place => {
  const [stream, offset, isSkipping] = new Float64Array(bytes.buffer);
  return { stream: stream!, offset: offset!, isSkipping: isSkipping === 1 };
};
