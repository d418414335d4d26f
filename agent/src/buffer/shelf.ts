/**
 * A bounded shelf of entries that are no longer waiting: acknowledged batches (bounded by age and
 * bytes) and dead letters (by bytes). It knows what to let go of first; the buffer does the writing.
 */

import type { SegmentPlace } from "./entry.ts";

export interface Shelved {
  readonly key: string;
  readonly bodyBytes: number;
  readonly place?: SegmentPlace;
  readonly atMs: number;
  /** Boot id of the store that acknowledged it; "" for dead letters. */
  readonly storeBoot: string;
}

export class Shelf {
  readonly #entries = new Map<string, Shelved>();
  bytes = 0;

  get size(): number {
    return this.#entries.size;
  }

  put(entry: Shelved): void {
    this.take(entry.key);
    this.#entries.set(entry.key, entry);
    this.bytes += entry.bodyBytes;
  }

  take(key: string): Shelved | undefined {
    const entry = this.#entries.get(key);
    if (entry && this.#entries.delete(key)) this.bytes -= entry.bodyBytes;
    return entry;
  }

  /** Takes everything older than `beforeMs` and, oldest first, what is over `maxBytes`. */
  takeExpired(beforeMs: number, maxBytes: number): Shelved[] {
    const taken: Shelved[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.atMs >= beforeMs && this.bytes <= maxBytes) break;
      this.take(entry.key);
      taken.push(entry);
    }
    return taken;
  }

  /** Takes what another boot of the store acknowledged. */
  takeOfOtherBoots(storeBoot: string): Shelved[] {
    return [...this.#entries.values()].filter((entry) => entry.storeBoot !== storeBoot).map((entry) => this.take(entry.key)!);
  }
}
