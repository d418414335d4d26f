/** Small parts that the buffer's writes are made of. */

import type { Database, Operation } from "./database.ts";
import type { Entry } from "./entry.ts";
import type { EntryCodec } from "./entry-codec.ts";
import { bodyKey, positionKey, rangeOf } from "./keys.ts";
import type { Shelved } from "./shelf.ts";

/** Disk that a description and its keys take, for the budget. */
export const DESCRIPTION_BYTES = 512;

export const put = (key: string, value: Uint8Array): Operation => ({ type: "put", key, value });
export const del = (key: string): Operation => ({ type: "del", key });
export const removeBody = ({ key, place }: Pick<Entry, "key" | "place">, output: string): Operation[] => (place ? [] : [del(bodyKey(key, output))]);
export const diskBytes = ({ bodyBytes, place }: Pick<Entry, "bodyBytes" | "place">): number => DESCRIPTION_BYTES + (place ? 0 : bodyBytes);
export const shelved = ({ key, bodyBytes, place }: Entry, atMs: number, storeBoot = ""): Shelved => ({ key, bodyBytes, ...(place && { place }), atMs, storeBoot });

/** An empty position is one that is no longer needed. */
export const positionOperations = (positions: ReadonlyMap<string, Uint8Array>, codec: Pick<EntryCodec, "encodePosition">): Operation[] =>
  [...positions].map(([id, position]) => (position.length > 0 ? put(positionKey(id), codec.encodePosition(id, position)) : del(positionKey(id))));

/** Positions of all sources, by stream id. A damaged one is none: its file is treated as never seen. */
export const positionsIn = async (database: Database, codec: Pick<EntryCodec, "decodePosition">): Promise<ReadonlyMap<string, Uint8Array>> => {
  const positions = new Map<string, Uint8Array>();
  for await (const [key, value] of database.iterator(rangeOf("p"))) {
    const id = key.slice(2);
    const position = codec.decodePosition(id, value);
    if (position) positions.set(id, position);
  }
  return positions;
};

/** For a description that does not parse: its rows show up as a gap in the ledger. */
export const unknownEntry = (key: string): Entry => ({ key, stream: "logs", tenant: "", rows: 0, rawBytes: 0, firstNs: 0n, lastNs: 0n, bodyBytes: 0, bodyCrc: 0 });

export const nothing = { bodies: [], durable: false, operations: (): Operation[] => [], book: (): void => {} };
