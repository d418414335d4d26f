/**
 * Memory of bodies, used again instead of left to the collector: memory outside the heap makes V8
 * mark the whole heap each time enough of it was allocated. At a body of a megabyte per block that
 * was about a tenth of the agent's CPU (decision 0050).
 */

/** Sizes differ little from block to block, so a spare usually fits the next body. */
const STEP_BYTES = 256 * 1024;
/** Small bodies come from Node's own pool, or are not worth the keeping. */
const LEAST_BYTES = 64 * 1024;

export class SpareMemory {
  readonly #maxSpares: number;
  readonly #allocate: (bytes: number) => Buffer;
  readonly #spares: Buffer[] = [];
  /** What was taken and not given back. A body that never is given back is collected like any other. */
  readonly #taken = new WeakMap<Uint8Array, Buffer>();

  /** `allocate`: memory of any content; plain by default. */
  constructor(maxSpares: number, allocate: (bytes: number) => Buffer = Buffer.allocUnsafeSlow) {
    this.#maxSpares = maxSpares;
    this.#allocate = allocate;
  }

  /** `length` bytes of any content. */
  take(length: number): Buffer {
    if (length < LEAST_BYTES) return Buffer.allocUnsafe(length);
    let memory = this.#spares.pop();
    if (!memory || memory.length < length) memory = this.#allocate(Math.ceil(length / STEP_BYTES) * STEP_BYTES);
    const bytes = memory.subarray(0, length);
    this.#taken.set(bytes, memory);
    return bytes;
  }

  /** Nobody reads these bytes any more. Bytes of another origin are left alone. */
  give(bytes: Uint8Array): void {
    const memory = this.#taken.get(bytes);
    if (!memory) return;
    this.#taken.delete(bytes);
    if (this.#spares.length < this.#maxSpares) this.#spares.push(memory);
  }
}
