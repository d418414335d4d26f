/** The bodies of one output's batches on their way to the sender: from memory while they are fresh, else from the disk. */

import { SpareMemory } from "../core/spare-memory.ts";
import type { Database } from "./database.ts";
import type { Entry } from "./entry.ts";
import type { EntryCodec } from "./entry-codec.ts";
import { FreshBodies } from "./fresh-bodies.ts";
import { bodyKey, MAIN_OUTPUT } from "./keys.ts";
import type { SegmentStore } from "./segments.ts";

/** Bodies of settled batches whose memory is kept for the next: as many as are usually under way. */
const MAX_SPARES = 4;

interface Places {
  readonly database: Database;
  readonly segments: SegmentStore;
  readonly codec: EntryCodec;
}

export class StoredBodies {
  readonly #output: string;
  readonly #places: Places;
  readonly #memory = new SpareMemory(MAX_SPARES);
  readonly #fresh = new FreshBodies(this.#memory);

  constructor(output: string, places: Places) {
    this.#output = output;
    this.#places = places;
  }

  /** A body that is about to be written. Further outputs may lag for days; what they need is on the disk. */
  keep(id: string, body: Uint8Array): void {
    if (this.#output === MAIN_OUTPUT) this.#fresh.keep(id, body);
  }

  /** The first time that it is asked for; undefined when it is damaged. A read that fails is not damage: it throws. */
  async take(entry: Entry): Promise<Uint8Array | undefined> {
    return this.#fresh.take(entry.key) ?? this.read(entry);
  }

  /** The same from the disk. */
  async read(entry: Entry): Promise<Uint8Array | undefined> {
    const stored = await this.readStored(entry);
    const body = stored && this.#places.codec.decodeBody(entry, stored);
    if (stored && body !== stored) this.give(stored);
    return body;
  }

  /** As it lies on the disk, damaged or not. */
  readStored({ key, place, bodyBytes }: Entry): Promise<Uint8Array | undefined> {
    const { database, segments } = this.#places;
    return place ? segments.read(place, this.#memory.take(bodyBytes)) : database.get(bodyKey(key, this.#output));
  }

  /** Nobody reads these bytes any more. */
  give(body: Uint8Array): void {
    this.#memory.give(body);
  }
}
