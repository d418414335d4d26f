/** Values of the buffer as they lie on the disk: entry.ts's form, sealed when there is a key. */

import { crc32 } from "node:zlib";
import { decodeEntry, encodeEntry, type Entry } from "./entry.ts";
import { bodyKey, entryKey, positionKey } from "./keys.ts";
import type { Vault } from "./vault.ts";

export interface StoredBody {
  readonly body: Uint8Array;
  /** What a description says of it. */
  readonly facts: Pick<Entry, "bodyBytes" | "bodyCrc" | "sealed">;
}

export class EntryCodec {
  readonly #vault: Vault;

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  /** The same for all three families: an entry that moves is sealed anew. */
  encode<Part extends object>(entry: Entry, part?: Part): Uint8Array {
    return this.#vault.seal(entryKey("i", entry.key), encodeEntry(entry, part));
  }

  /** undefined when the bytes are damaged. */
  decode<Part extends object = object>(batchKey: string, value: Uint8Array): (Entry & Part) | undefined {
    const plain = this.#vault.open(entryKey("i", batchKey), value);
    return plain && decodeEntry<Part>(plain);
  }

  /** The crc is that of the bytes on the disk: damage is known without the key. */
  encodeBody(batchKey: string, plain: Uint8Array): StoredBody {
    const body = this.#vault.seal(bodyKey(batchKey), plain);
    return { body, facts: { bodyBytes: body.length, bodyCrc: crc32(body), ...(this.#vault.isSealing && { sealed: true as const }) } };
  }

  /** undefined when the bytes are damaged. */
  decodeBody({ key, bodyBytes, bodyCrc, sealed }: Entry, stored: Uint8Array): Uint8Array | undefined {
    if (stored.length !== bodyBytes || crc32(stored) !== bodyCrc) return undefined;
    // Written before there was a key.
    return sealed ? this.#vault.open(bodyKey(key), stored) : stored;
  }

  encodePosition(streamId: string, position: Uint8Array): Uint8Array {
    return this.#vault.seal(positionKey(streamId), position);
  }

  decodePosition(streamId: string, value: Uint8Array): Uint8Array | undefined {
    return this.#vault.open(positionKey(streamId), value);
  }
}
