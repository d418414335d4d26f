/**
 * Chunks of any size to the input of a line shard, for sources that cannot read again: the rest of a
 * line is kept here until it is whole, and so are whole lines that the shard left because their
 * record may go on.
 */

import type { LineShard, LineStream } from "../core/contracts.ts";

/** One after the other: a shard has one reader at a time. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }
}

const NOTHING = Buffer.alloc(0);

export class LineFeed {
  readonly #shard: LineShard;
  readonly #stream: LineStream;
  readonly #signal: AbortSignal;
  readonly #turns: Turns;
  #rest: Buffer = NOTHING;
  #offset = 0;

  /** `turns`: shared by all feeds of one shard. */
  constructor(shard: LineShard, stream: LineStream, signal: AbortSignal, turns = new Turns()) {
    this.#shard = shard;
    this.#stream = stream;
    this.#signal = signal;
    this.#turns = turns;
  }

  async feed(chunk: Buffer): Promise<void> {
    for (let taken = 0; taken < chunk.length && !this.#signal.aborted; ) {
      await this.#turns.take(async () => {
        const room = this.#shard.input.length - this.#rest.length;
        const piece = chunk.subarray(taken, taken + room);
        await this.#shard.ready(this.#signal);
        if (!this.#signal.aborted) await this.#handOn(piece, false);
        taken += piece.length;
      });
    }
  }

  /** For the stream's `recall`. A shard that fails says so to `feed` and `end` too. */
  recall(): void {
    this.#turns.take(() => (this.#rest.length > 0 ? this.#handOn(NOTHING, false) : Promise.resolve())).catch(() => {});
  }

  /** Nothing more will come: whole lines that were left, and an unterminated last one, are handed on. */
  end(): Promise<void> {
    return this.#turns.take(async () => {
      while (this.#rest.length > 0) await this.#handOn(NOTHING, true);
    });
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
