/**
 * Bodies of the batches that became durable last, for a sender that keeps up: it takes them from memory
 * instead of reading them back and checking their crc32, 2 % of the agent's CPU. As many as are under way
 * at one time; beyond it, and after a restart, bodies come from the disk.
 */

import type { SpareMemory } from "../core/spare-memory.ts";

const MAX_BODIES = 2;

export class FreshBodies {
  readonly #memory: SpareMemory;
  readonly #bodies = new Map<string, Uint8Array>();

  constructor(memory: SpareMemory) {
    this.#memory = memory;
  }

  /** Keeps a copy; the oldest one goes when there are too many. */
  keep(key: string, body: Uint8Array): void {
    for (const [oldest, bytes] of this.#bodies) {
      if (this.#bodies.size < MAX_BODIES) break;
      this.#bodies.delete(oldest);
      this.#memory.give(bytes);
    }
    const copy = this.#memory.take(body.length);
    copy.set(body);
    this.#bodies.set(key, copy);
  }

  /** The copy is the caller's from now on. */
  take(key: string): Uint8Array | undefined {
    const body = this.#bodies.get(key);
    this.#bodies.delete(key);
    return body;
  }
}
