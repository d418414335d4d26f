/** The entries of one output that are no longer waiting and still on the disk: acknowledged, or dead letters. */

import { del, nothing, removeBody, shelved } from "./operations.ts";
import type { Entry } from "./entry.ts";
import { entryKey, type EntryFamily } from "./keys.ts";
import type { SharedParts } from "./output-queue.ts";
import type { Leaving } from "./room.ts";
import { Shelf, type Shelved } from "./shelf.ts";

export class SettledEntries {
  readonly #family: EntryFamily;
  readonly #output: string;
  readonly #shared: SharedParts;
  readonly shelf = new Shelf();

  constructor(family: Exclude<EntryFamily, "i">, output: string, shared: SharedParts) {
    this.#family = family;
    this.#output = output;
    this.#shared = shared;
  }

  /** One that was found at the start. */
  found(entry: Entry, atMs: number, storeBoot?: string): void {
    this.shelf.put(shelved(entry, atMs, storeBoot));
    this.#shared.room.take(entry);
  }

  /** Removes from the disk what was taken from the shelf. */
  async remove(entries: readonly Shelved[], leaving?: Leaving): Promise<void> {
    const { writer, room } = this.#shared;
    await writer.write({ ...nothing, operations: () => entries.flatMap((entry) => [del(entryKey(this.#family, entry.key, this.#output)), ...removeBody(entry, this.#output)]) });
    await room.letGo(entries, leaving);
  }
}
