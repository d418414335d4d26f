/**
 * What one output acknowledged last. It stays on a shelf for two minutes: when the store comes back under
 * another boot id, it may have lost what it had not synced, and is asked about these batches again
 * (schema.md, 4).
 */

import type { BatchAck } from "@obs/wire";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Operation } from "./database.ts";
import type { AcknowledgedPart, Entry } from "./entry.ts";
import { entryKey } from "./keys.ts";
import { put, removeBody, shelved } from "./operations.ts";
import type { SharedParts } from "./output-queue.ts";
import type { Leaving } from "./room.ts";
import { SettledEntries } from "./settled-entries.ts";
import type { Shelved } from "./shelf.ts";

export interface AcknowledgedOptions {
  readonly output: string;
  /** How long acknowledged batches are kept; 0 = not at all. */
  readonly keepAcknowledgedMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Acknowledged batches may fill this part of the budget. */
const SHARE_OF_BUDGET = 0.25;
const SEEN_BOOTS = 64;
const SHORTEST_EXPIRY_MS = 1_000;

export class Acknowledged {
  readonly #options: AcknowledgedOptions;
  readonly #shared: SharedParts;
  readonly #entries: SettledEntries;
  readonly #seenBoots = new Set<string>();
  #cancelExpiry: () => void = () => {};

  constructor(options: AcknowledgedOptions, shared: SharedParts, found: readonly (Entry & AcknowledgedPart)[]) {
    this.#options = options;
    this.#shared = shared;
    this.#entries = new SettledEntries("a", options.output, shared);
    for (const entry of found) {
      this.#entries.found(entry, entry.atMs, entry.storeBoot);
      this.#seenBoots.add(entry.storeBoot);
    }
  }

  get size(): number {
    return this.#entries.shelf.size;
  }

  /** Part of the write that acknowledges: the entry moves here, or its body goes. */
  arrival(entry: Entry, { stored, refused, storeBoot }: BatchAck): Operation[] {
    const { output, keepAcknowledgedMs, clock } = this.#options;
    if (keepAcknowledgedMs === 0) return removeBody(entry, output);
    return [put(entryKey("a", entry.key, output), this.#shared.codec.encode<AcknowledgedPart>(entry, { atMs: clock.nowMs(), storeBoot, stored, refused }))];
  }

  /** After that write. */
  async arrived(entry: Entry, { storeBoot }: BatchAck): Promise<void> {
    const { keepAcknowledgedMs, clock } = this.#options;
    if (keepAcknowledgedMs > 0) this.#entries.shelf.put(shelved(entry, clock.nowMs(), storeBoot));
    else await this.#shared.room.letGo([entry]);
  }

  /** All of them, which leave as soon as room is needed; to be given to `remove`. */
  takeAll(): Shelved[] {
    return this.#entries.shelf.takeExpired(Number.POSITIVE_INFINITY, 0);
  }

  remove(entries: readonly Shelved[], leaving?: Leaving): Promise<void> {
    return this.#entries.remove(entries, leaving);
  }

  /** Lets go of those older than `ageMs`, and of those over their share of the budget. */
  expire(ageMs: number): void {
    const { clock, keepAcknowledgedMs, log } = this.#options;
    this.#cancelExpiry();
    const beforeMs = ageMs === 0 ? Number.POSITIVE_INFINITY : clock.nowMs() - ageMs;
    const expired = this.#entries.shelf.takeExpired(beforeMs, this.#shared.room.maxBytes * SHARE_OF_BUDGET);
    if (expired.length > 0) this.remove(expired).catch((error: unknown) => log.debug("acknowledged batches stay until the next start", { error }));
    if (this.size > 0) this.#cancelExpiry = clock.after(Math.max(SHORTEST_EXPIRY_MS, keepAcknowledgedMs / 8), () => this.expire(keepAcknowledgedMs));
  }

  /** Takes what has to be asked about again: of a boot id never seen before, all that other boots acknowledged. */
  takeDoubtful(storeBoot: string): Shelved[] {
    if (this.#seenBoots.has(storeBoot)) return [];
    this.#seenBoots.add(storeBoot);
    if (this.#seenBoots.size > SEEN_BOOTS) this.#seenBoots.delete(this.#seenBoots.values().next().value!);
    const doubtful = this.#entries.shelf.takeOfOtherBoots(storeBoot);
    if (doubtful.length > 0) this.#options.log.info("the store has started anew: asking again about the batches it acknowledged last", { batches: doubtful.length });
    return doubtful;
  }

  close(): void {
    this.#cancelExpiry();
  }
}
