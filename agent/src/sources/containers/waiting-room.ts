/** Logs whose metadata is not there yet wait for it, each for a bounded time, all at once. */

import type { Clock } from "../../core/clock.ts";

/** Keys that were waited for in vain; the oldest are forgotten first. */
const MAX_GIVEN_UP = 10_000;

interface Waiting {
  readonly promise: Promise<void>;
  readonly release: () => void;
}

export class WaitingRoom {
  readonly #clock: Clock;
  readonly #waitMs: number;
  readonly #late: () => void;
  readonly #waiting = new Map<string, Waiting>();
  readonly #givenUp = new Set<string>();
  #closed = false;

  /** `late`: what somebody waited for has not come in time. */
  constructor(clock: Clock, waitMs: number, late: () => void) {
    this.#clock = clock;
    this.#waitMs = waitMs;
    this.#late = late;
  }

  /** Pending until `arrived(key)`, or for the bound; undefined once that was waited for. */
  wait(key: string): Promise<void> | undefined {
    if (this.#closed || this.#waitMs === 0 || this.#givenUp.has(key)) return undefined;
    const known = this.#waiting.get(key);
    if (known) return known.promise;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.after(this.#waitMs, () => {
      this.#waiting.delete(key);
      this.#giveUp(key);
      this.#late();
      resolve();
    });
    const release = (): void => {
      cancel();
      resolve();
    };
    this.#waiting.set(key, { promise, release });
    return promise;
  }

  arrived(key: string): void {
    this.#givenUp.delete(key);
    this.#waiting.get(key)?.release();
    this.#waiting.delete(key);
  }

  /** Nobody waits any more. */
  close(): void {
    this.#closed = true;
    for (const { release } of this.#waiting.values()) release();
    this.#waiting.clear();
  }

  #giveUp(key: string): void {
    this.#givenUp.add(key);
    if (this.#givenUp.size > MAX_GIVEN_UP) this.#givenUp.delete(this.#givenUp.values().next().value!);
  }
}
