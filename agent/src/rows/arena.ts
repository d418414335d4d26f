/**
 * One piece of memory for a block: the input region and all columns, addressed by offsets. The row
 * pass copies inside it with wide loads and stores that may run up to GUARD_BYTES past the end of a
 * value; every region is followed by that many bytes for them.
 *
 * The memory is a WebAssembly.Memory, so that the compiled row pass works in it; where there can be
 * none (the address space is limited), plain memory does for TypeScript.
 */

export const GUARD_BYTES = 64;

/** The module's own data lies below. */
const ARENA_BASE = 64 * 1024;
const PAGE_BYTES = 64 * 1024;

export class Arena {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The same bytes, for native calls. */
  readonly buffer: Buffer;
  readonly memory: WebAssembly.Memory | undefined;
  readonly #starts: readonly number[];

  /** Regions of at least the given sizes, each starting at a multiple of 64. */
  constructor(regionBytes: readonly number[]) {
    let top = ARENA_BASE;
    this.#starts = regionBytes.map((size) => {
      const start = top;
      top = Math.ceil((start + size + GUARD_BYTES) / 64) * 64;
      return start;
    });
    this.memory = allocate(Math.ceil(top / PAGE_BYTES));
    const memory = this.memory?.buffer ?? new ArrayBuffer(top);
    this.bytes = new Uint8Array(memory);
    this.view = new DataView(memory);
    this.buffer = Buffer.from(memory);
  }

  /** Offset of the n-th region. */
  start(region: number): number {
    return this.#starts[region]!;
  }

  /** Copies 4 bytes at a time: up to 3 bytes after the target are overwritten too. */
  copy(target: number, source: number, length: number): void {
    const view = this.view;
    for (let at = 0; at < length; at += 4) view.setInt32(target + at, view.getInt32(source + at, true), true);
  }
}

const allocate = (pages: number): WebAssembly.Memory | undefined => {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch {
    return undefined;
  }
};
