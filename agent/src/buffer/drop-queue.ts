/**
 * Which batches may be dropped, oldest first, for buffers with a policy that drops.
 *
 * Invariant: only a batch that was never handed to the sender is in it. One that was may be in the
 * store already; dropped, its rows would be counted as missing and be there. (`o/` marks in LevelDB
 * keep that knowledge over a restart.) So what is counted as dropped is exactly what is missing.
 */

import type { Entry } from "./entry.ts";

export interface Droppable extends Pick<Entry, "key" | "stream" | "rows" | "bodyBytes" | "place"> {
  readonly source: string;
  /** On the clock that no change of the system's time moves, ms. */
  readonly steadyMs: number;
}

interface Waiting {
  entry: Droppable;
  /** False while its write is under way. */
  isDurable: boolean;
}

export class DropQueue {
  readonly #waiting = new Map<string, Waiting>();
  /** Found at start, or asked for again: they go out, and are never dropped. */
  readonly #tried = new Set<string>();

  /** Before the write, because the sender's side may see the batch before the write's promise does. */
  expect(entry: Droppable): void {
    this.#waiting.set(entry.key, { entry, isDurable: false });
  }

  /** It is on the disk, and lies there. */
  becameDurable(entry: Droppable): void {
    const waiting = this.#waiting.get(entry.key);
    if (waiting) Object.assign(waiting, { entry, isDurable: true });
  }

  mayBeStored(batchKey: string): void {
    this.#tried.add(batchKey);
  }

  /** Whether the batch is still there to be sent; from now on it cannot be dropped. */
  goesOut(batchKey: string): boolean {
    return this.#waiting.delete(batchKey) || this.#tried.delete(batchKey);
  }

  /** Oldest first; not taken. */
  *oldest(): Iterable<Droppable> {
    for (const { entry, isDurable } of this.#waiting.values()) if (isDurable) yield entry;
  }

  take(entries: readonly Droppable[]): void {
    for (const { key } of entries) this.#waiting.delete(key);
  }
}
