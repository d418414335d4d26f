/**
 * Lines of standard input. A pipe cannot be read again, so its stream has no position: what was
 * handed on is kept by the buffer, what was not is lost with the process. Nothing is read ahead while
 * the shard pushes back: the writer waits. Whole lines that the shard left, because their record may go
 * on, are handed on when it recalls them, and at the latest when reading ends.
 */

import type { Readable } from "node:stream";
import type { LineShard, LineStream, Source } from "../../core/contracts.ts";
import type { StdinSourceOptions } from "./options.ts";

export { stdinSourceSchema, type StdinSourceOptions } from "./options.ts";

export interface StdinCounters {
  add(event: "bytes_read", by: number): void;
}

export interface StdinSourceDeps {
  /** Host name of the rows. */
  readonly host: string;
  readonly counters: StdinCounters;
  /** Default: this process's standard input. */
  readonly input?: Readable;
}

export interface StdinSource extends Source {
  /** Resolves when the input has ended and its last line is with the shard, or after `stop`. */
  readonly done: Promise<void>;
}

const streamOf = ({ service, environment }: StdinSourceOptions, host: string, recall: () => void): LineStream => ({
  id: "",
  service,
  host,
  environment,
  attributes: {},
  encodePosition: () => new Uint8Array(),
  recall,
});

export const createStdinSource = (options: StdinSourceOptions, shard: LineShard, deps: StdinSourceDeps): StdinSource => {
  const input = deps.input ?? process.stdin;
  const stopping = new AbortController();
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  const lines: LineFeed = new LineFeed(shard, streamOf(options, deps.host, () => lines.recall()), stopping.signal);
  let started = false;

  const run = async (): Promise<void> => {
    for await (const chunk of input) {
      deps.counters.add("bytes_read", chunk.length);
      await lines.feed(chunk);
      if (stopping.signal.aborted) break;
    }
    await lines.end();
  };

  const endedByStop = async (error: unknown): Promise<void> => {
    if (!stopping.signal.aborted) throw error;
    await lines.end();
  };

  return {
    name: "stdin",
    done,
    async start() {
      if (started) return;
      started = true;
      run().catch(endedByStop).then(resolve, reject);
    },
    async stop() {
      stopping.abort();
      input.destroy();
      if (!started) resolve();
      await done;
    },
  };
};

const NOTHING = Buffer.alloc(0);

/** Cuts chunks of any size to the shard's input. The rest of a line is kept here, until it is whole. */
class LineFeed {
  readonly #shard: LineShard;
  readonly #stream: LineStream;
  readonly #signal: AbortSignal;
  #rest: Buffer = Buffer.alloc(0);
  #offset = 0;
  /** What is handed on is handed on one after the other. */
  #last: Promise<void> = Promise.resolve();

  constructor(shard: LineShard, stream: LineStream, signal: AbortSignal) {
    this.#shard = shard;
    this.#stream = stream;
    this.#signal = signal;
  }

  async feed(chunk: Buffer): Promise<void> {
    for (let taken = 0; taken < chunk.length && !this.#signal.aborted; ) {
      await this.#inTurn(async () => {
        const room = this.#shard.input.length - this.#rest.length;
        const piece = chunk.subarray(taken, taken + room);
        await this.#shard.ready(this.#signal);
        if (!this.#signal.aborted) await this.#handOn(piece, false);
        taken += piece.length;
      });
    }
  }

  /** A shard that fails says so to `feed` and `end` too. */
  recall(): void {
    this.#inTurn(() => (this.#rest.length > 0 ? this.#handOn(NOTHING, false) : Promise.resolve())).catch(() => {});
  }

  /** Nothing more will come: whole lines that were left, and an unterminated last one, are handed on. */
  end(): Promise<void> {
    return this.#inTurn(async () => {
      while (this.#rest.length > 0) await this.#handOn(NOTHING, true);
    });
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    const done = this.#last.then(act);
    this.#last = done.catch(() => {});
    return done;
  }

  async #handOn(piece: Buffer, final: boolean): Promise<void> {
    const { input } = this.#shard;
    const length = this.#rest.length + piece.length;
    this.#rest.copy(input);
    piece.copy(input, this.#rest.length);
    const consumed = await this.#shard.append(this.#stream, this.#offset, length, final);
    // Taken from the chunks and not from `input`, which belongs to the shard again.
    const fromPiece = consumed - this.#rest.length;
    this.#rest = fromPiece >= 0 ? Buffer.from(piece.subarray(fromPiece)) : Buffer.concat([this.#rest.subarray(consumed), piece]);
    this.#offset += consumed;
  }
}
