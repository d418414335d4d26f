/** Answers in this process: the least recently used go first when the room is used up. */

import type { ResultCache } from "../core/result-cache.ts";
import type { Clock } from "../core/metadata.ts";

/** Of key, entry and map, as far as they were measured: 200 bytes without the text. */
const OVERHEAD_BYTES = 200;

export class MemoryCache implements ResultCache {
  readonly #maxBytes: number;
  readonly #clock: Clock;
  readonly #entries = new Map<string, { readonly text: string; readonly until: number; readonly bytes: number }>();
  #bytes = 0;

  constructor(maxBytes: number, clock: Clock = Date.now) {
    this.#maxBytes = maxBytes;
    this.#clock = clock;
  }

  get bytes(): number {
    return this.#bytes;
  }

  async get(key: string): Promise<string | undefined> {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    if (entry.until <= this.#clock()) {
      this.#bytes -= entry.bytes;
      return undefined;
    }
    this.#entries.set(key, entry);
    return entry.text;
  }

  async set(key: string, text: string, lifetimeMs: number): Promise<void> {
    // V8 keeps two bytes a character as soon as one of them is not Latin-1.
    const bytes = text.length * 2 + OVERHEAD_BYTES;
    if (bytes > this.#maxBytes) return;
    this.#remove(key);
    this.#entries.set(key, { text, until: this.#clock() + lifetimeMs, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#remove(oldest);
    }
  }

  async close(): Promise<void> {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #remove(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
  }
}
