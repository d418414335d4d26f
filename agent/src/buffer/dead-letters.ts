/** What one output will never take, and what is damaged: kept for people, the oldest go when there are too many. */

import type { Clock } from "../core/clock.ts";
import type { Ledger } from "../core/conservation.ts";
import type { Operation } from "./database.ts";
import type { DeadPart, Entry } from "./entry.ts";
import { bodyKey, entryKey } from "./keys.ts";
import { nothing, put, shelved } from "./operations.ts";
import type { SharedParts } from "./output-queue.ts";
import { SettledEntries } from "./settled-entries.ts";

export interface DeadLetterOptions {
  readonly output: string;
  readonly deadLetterMaxBytes: number;
  readonly clock: Clock;
}

/** What a burial changes besides, in the same write. */
export interface Departure {
  leave(): Operation[];
  book(ledger: Ledger): void;
  /** After it. */
  left(): void;
}

export class DeadLetters {
  readonly #options: DeadLetterOptions;
  readonly #shared: SharedParts;
  readonly #entries: SettledEntries;

  constructor(options: DeadLetterOptions, shared: SharedParts, found: readonly (Entry & DeadPart)[]) {
    this.#options = options;
    this.#shared = shared;
    this.#entries = new SettledEntries("d", options.output, shared);
    for (const entry of found) this.#entries.found(entry, entry.atMs);
  }

  get size(): number {
    return this.#entries.shelf.size;
  }

  get bytes(): number {
    return this.#entries.shelf.bytes;
  }

  /** Makes a waiting batch a dead letter. Its body moves into LevelDB, so that it pins no segment. */
  async bury(entry: Entry, plain: Uint8Array, reason: string, { leave, book, left }: Departure): Promise<void> {
    const { output, deadLetterMaxBytes, clock } = this.#options;
    const { codec, writer, room } = this.#shared;
    const { shelf } = this.#entries;
    const atMs = clock.nowMs();
    const { place: _place, sealed: _sealed, ...rest } = entry;
    const { body, facts } = codec.encodeBody(entry.key, plain);
    const buried: Entry = { ...rest, ...facts };
    await writer.write({
      ...nothing,
      operations: () => [...leave(), put(bodyKey(entry.key, output), body), put(entryKey("d", entry.key, output), codec.encode<DeadPart>(buried, { atMs, reason }))],
      book,
    });
    left();
    await room.letGo([entry]);
    room.take(buried);
    shelf.put(shelved(buried, atMs));
    const over = shelf.takeExpired(0, deadLetterMaxBytes);
    if (over.length > 0) await this.#entries.remove(over);
  }
}
