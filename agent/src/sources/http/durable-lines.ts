/**
 * Lines to a shard, told when they are durable. Requests that come close together share a write.
 */

import { sleep, type Clock } from "../../core/clock.ts";
import type { LineShard, LineStream } from "../../core/contracts.ts";
import { LineFeed, Turns } from "../line-feed.ts";

/** A durable write costs milliseconds; this much later it serves all requests that came meanwhile. */
const GROUP_MS = 10;

export class DurableLines {
  readonly #shard: LineShard;
  readonly #stream: LineStream;
  readonly #clock: Clock;
  readonly #turns = new Turns();
  #nextFlush: Promise<void> | undefined;

  constructor(shard: LineShard, stream: LineStream, clock: Clock) {
    this.#shard = shard;
    this.#stream = stream;
    this.#clock = clock;
  }

  /**
   * Resolves with true once the lines, each ended, are durable; with false, and none is taken, when
   * `patience` aborts before the shard was ready for the first of them.
   */
  async write(lines: Buffer, patience: AbortSignal): Promise<boolean> {
    const begun = Promise.withResolvers<boolean>();
    const giveUp = (): void => begun.resolve(false);
    patience.addEventListener("abort", giveUp, { once: true });
    if (patience.aborted) giveUp();
    const fed = this.#turns.take(async () => {
      if (patience.aborted) return;
      await this.#shard.ready(patience);
      if (patience.aborted) return;
      begun.resolve(true);
      const feed = new LineFeed(this.#shard, this.#stream, new AbortController().signal);
      await feed.feed(lines);
      await feed.end();
    });
    fed.catch(begun.reject);
    const isBegun = await begun.promise.finally(() => patience.removeEventListener("abort", giveUp));
    if (!isBegun) return false;
    await fed;
    await (this.#nextFlush ??= this.#flushSoon());
    return true;
  }

  async #flushSoon(): Promise<void> {
    await sleep(this.#clock, GROUP_MS);
    // Who comes now is not in this flush any more.
    this.#nextFlush = undefined;
    await this.#shard.flush();
  }
}
