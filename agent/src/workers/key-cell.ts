/**
 * Hands one batch key from the main thread to a worker that sleeps for it. Sealing is synchronous, and
 * keys are handed out in one place only: the worker cannot do anything else until it has its key.
 */

import type { BatchKey } from "@obs/wire";

const EMPTY = 0;
const FILLED = 1;

export class KeyCell {
  readonly memory: SharedArrayBuffer;
  readonly #state: Int32Array<SharedArrayBuffer>;
  readonly #numbers: Uint32Array<SharedArrayBuffer>;
  readonly #agent: BigUint64Array<SharedArrayBuffer>;

  constructor(memory = new SharedArrayBuffer(24)) {
    this.memory = memory;
    this.#state = new Int32Array(memory, 0, 1);
    this.#numbers = new Uint32Array(memory, 4, 2);
    this.#agent = new BigUint64Array(memory, 16, 1);
  }

  /** Main thread. */
  fill({ agent, epoch, seq }: BatchKey): void {
    this.#agent[0] = agent;
    this.#numbers.set([epoch, seq]);
    Atomics.store(this.#state, 0, FILLED);
    Atomics.notify(this.#state, 0);
  }

  /** Worker thread: after it has asked. */
  take(): BatchKey {
    Atomics.wait(this.#state, 0, EMPTY);
    Atomics.store(this.#state, 0, EMPTY);
    return { agent: this.#agent[0]!, epoch: this.#numbers[0]!, seq: this.#numbers[1]! };
  }
}
