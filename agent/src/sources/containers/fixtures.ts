/** For tests: a follower of bytes in memory, killed and started again, over the real line shard's contract. */

import type { LineShard, LineStream } from "../../core/contracts.ts";
import { systemClock, type Clock } from "../../core/clock.ts";
import type { ContainerBook, Description } from "./contracts.ts";
import { ContainerShard } from "./container-shard.ts";
import { followerPositions } from "./positions.ts";

export const LOG_PATH = "/var/log/pods/shop_web-1_uid/web/0.log";

export const fixedBook = (description: Partial<Description> = {}): ContainerBook => {
  const whole = { service: "web", attributes: { "container.name": "web" }, excluded: false, ...description };
  return { describe: () => whole, hold: () => undefined };
};

export interface MemoryFollowerOptions {
  readonly book?: ContainerBook;
  readonly clock?: Clock;
  readonly partialWaitMs?: number;
}

export class MemoryFollower {
  readonly events: Record<string, number> = {};
  readonly shard: ContainerShard;
  readonly #stream: LineStream;
  offset: number;

  constructor(shard: LineShard, positions: ReadonlyMap<string, Uint8Array>, { book = fixedBook(), clock = systemClock, partialWaitMs = 5_000 }: MemoryFollowerOptions = {}) {
    const { own, places } = followerPositions(positions, "test/");
    const counters = { add: (event: string, by = 1) => void (this.events[event] = (this.events[event] ?? 0) + by), set: () => {} };
    this.shard = new ContainerShard({ shard, book, counters, clock, idPrefix: "test/", places, partialWaitMs });
    this.offset = Number(Buffer.from(own.get("file/1") ?? Buffer.from("0")).toString());
    this.#stream = { id: "file/1", service: "", host: "node-1", environment: "", attributes: { "log.file.path": LOG_PATH }, encodePosition: (offset) => Buffer.from(String(offset)) };
  }

  /** Reads `file` on, as the file source does: from the offset, as much as the input holds. */
  async read(file: Buffer, final = false): Promise<void> {
    for (;;) {
      const length = Math.min(this.shard.input.length, file.length - this.offset);
      if (length === 0) return;
      file.copy(this.shard.input, 0, this.offset, this.offset + length);
      const consumed = await this.shard.append(this.#stream, this.offset, length, final && this.offset + length === file.length);
      this.offset += consumed;
      if (consumed === 0) return;
    }
  }
}
