import { open, type FileHandle } from "node:fs/promises";
import type { FollowedFile } from "./followed-file.ts";
import { factsOfHandle, inodeKey, isMissing } from "./identity.ts";

/**
 * The open handles. A handle is what keeps a renamed or deleted file readable, so it is kept as long
 * as the file is followed; only beyond `maxOpen` the longest quiet files that still have their name
 * are closed. They are opened again when they grow.
 */
export class OpenFiles {
  readonly #maxOpen: number;
  /** The one that was asked for longest ago is first. */
  readonly #open = new Set<FollowedFile>();

  constructor(maxOpen: number) {
    this.#maxOpen = maxOpen;
  }

  get count(): number {
    return this.#open.size;
  }

  /** The file's handle; undefined when its name does not lead to it any more. */
  async handleOf(file: FollowedFile): Promise<FileHandle | undefined> {
    if (file.handle) {
      this.#open.delete(file);
      this.#open.add(file);
      return file.handle;
    }
    const handle = await openIfThere(file.path);
    if (!handle) return undefined;
    if (inodeKey(await factsOfHandle(handle)) !== file.key) {
      await handle.close();
      return undefined;
    }
    await this.#keep(file, handle);
    return file.handle;
  }

  /** Takes a handle that was opened to recognise the file; keeps it only while there is room. */
  async offer(file: FollowedFile, handle: FileHandle): Promise<void> {
    if (this.#open.size >= this.#maxOpen && file.attached) return handle.close();
    await this.#keep(file, handle);
  }

  async #keep(file: FollowedFile, handle: FileHandle): Promise<void> {
    // The reader and the registry may have opened it at the same time.
    if (file.handle) return handle.close();
    file.handle = handle;
    this.#open.add(file);
    if (this.#open.size > this.#maxOpen) await this.#closeQuietest(file);
  }

  async close(file: FollowedFile): Promise<void> {
    const { handle } = file;
    file.handle = undefined;
    this.#open.delete(file);
    await handle?.close();
  }

  async closeAll(): Promise<void> {
    for (const file of this.#open) await this.close(file);
  }

  async #closeQuietest(newest: FollowedFile): Promise<void> {
    for (const file of this.#open) {
      const busy = file === newest || file.queued || !file.attached || !file.caughtUp;
      if (!busy) return this.close(file);
    }
  }
}

export const openIfThere = async (path: string): Promise<FileHandle | undefined> => {
  try {
    return await open(path, "r");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};
