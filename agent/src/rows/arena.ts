/**
 * One piece of memory for a block: the input region and all columns, addressed by offsets. The row
 * pass copies inside it with 4-byte loads and stores that may run up to GUARD_BYTES past the end of
 * a value; every region is followed by that many bytes for them.
 */

export const GUARD_BYTES = 64;

export class Arena {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The same bytes, for native calls. */
  readonly buffer: Buffer;
  readonly #starts: readonly number[];

  /** Regions of at least the given sizes, each starting at a multiple of 64. */
  constructor(regionBytes: readonly number[]) {
    let top = 0;
    this.#starts = regionBytes.map((size) => {
      const start = top;
      top = Math.ceil((start + size + GUARD_BYTES) / 64) * 64;
      return start;
    });
    const memory = new ArrayBuffer(top);
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
