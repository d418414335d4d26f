/**
 * Room that is ours when the disk is full: a file that is given up so that acknowledgements can be
 * written, which free the rest. Without it a disk without a single free byte would stay full: LevelDB
 * needs room even to delete, and to be opened again after a failed write.
 */

import { randomBytes } from "node:crypto";
import { open, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";

/** The reserve is a part of the buffer's budget, up to twice LevelDB's write buffer. */
const SHARE = 1 / 128;
const MOST_BYTES = 8 << 20;
const PIECE_BYTES = 64 << 10;

export class Reserve {
  readonly #path: string;
  readonly #folder: string;
  readonly #bytes: number;
  #isHeld = false;

  constructor(folder: string, budgetBytes: number) {
    this.#folder = folder;
    this.#path = join(folder, "reserve");
    this.#bytes = Math.min(MOST_BYTES, Math.ceil(budgetBytes * SHARE));
  }

  /** Takes the room if there is any; false when there is not. */
  async take(): Promise<boolean> {
    if (this.#isHeld) return true;
    const found = await stat(this.#path).catch(() => undefined);
    if (found?.size === this.#bytes) return (this.#isHeld = true);
    try {
      const file = await open(this.#path, "w", 0o600);
      try {
        // Random, because some filesystems store zeros in no room at all.
        const piece = randomBytes(PIECE_BYTES);
        for (let written = 0; written < this.#bytes; written += piece.length) await file.writeFile(piece.subarray(0, this.#bytes - written));
      } finally {
        await file.close();
      }
      this.#isHeld = true;
    } catch {
      await this.give();
    }
    return this.#isHeld;
  }

  async give(): Promise<void> {
    this.#isHeld = false;
    await rm(this.#path, { force: true }).catch(() => {});
  }

  /** Whether the disk has room for more than the reserve itself. */
  async hasRoomBeyond(bytes: number): Promise<boolean> {
    try {
      const { bavail, bsize } = await statfs(this.#folder);
      return bavail * bsize > bytes + (this.#isHeld ? 0 : this.#bytes);
    } catch {
      return true;
    }
  }
}
