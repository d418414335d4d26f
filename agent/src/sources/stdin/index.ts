/**
 * Lines of standard input. A pipe cannot be read again, so its stream has no position: what was
 * handed on is kept by the buffer, what was not is lost with the process. Nothing is read ahead while
 * the shard pushes back: the writer waits.
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

const streamOf = ({ service, environment }: StdinSourceOptions, host: string): LineStream => ({
  id: "",
  service,
  host,
  environment,
  attributes: {},
  encodePosition: () => new Uint8Array(),
});

export const createStdinSource = (options: StdinSourceOptions, shard: LineShard, deps: StdinSourceDeps): StdinSource => {
  const input = deps.input ?? process.stdin;
  const stopping = new AbortController();
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  const lines = new LineFeed(shard, streamOf(options, deps.host), stopping.signal);
  let started = false;

  const run = async (): Promise<void> => {
    for await (const chunk of input) {
      deps.counters.add("bytes_read", chunk.length);
      await lines.feed(chunk);
      if (stopping.signal.aborted) return;
    }
    await lines.end();
  };

  const endedByStop = (error: unknown): void => {
    if (!stopping.signal.aborted) throw error;
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

/** Cuts chunks of any size to the shard's input. The rest of a line is kept here, until it is whole. */
class LineFeed {
  readonly #shard: LineShard;
  readonly #stream: LineStream;
  readonly #signal: AbortSignal;
  #rest: Buffer = Buffer.alloc(0);
  #offset = 0;

  constructor(shard: LineShard, stream: LineStream, signal: AbortSignal) {
    this.#shard = shard;
    this.#stream = stream;
    this.#signal = signal;
  }

  async feed(chunk: Buffer): Promise<void> {
    for (let taken = 0; taken < chunk.length && !this.#signal.aborted; ) {
      const room = this.#shard.input.length - this.#rest.length;
      const piece = chunk.subarray(taken, taken + room);
      await this.#handOn(piece, false);
      taken += piece.length;
    }
  }

  async end(): Promise<void> {
    while (this.#rest.length > 0 && !this.#signal.aborted) await this.#handOn(Buffer.alloc(0), true);
  }

  async #handOn(piece: Buffer, final: boolean): Promise<void> {
    await this.#shard.ready(this.#signal);
    if (this.#signal.aborted) return;
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
