/**
 * Distinct byte strings (services, hosts) to small ids, without making strings. Ids live until
 * `clear`, over many blocks; a block's own dictionary is made from the ids it used (encode.ts).
 */

import type { Arena } from "./arena.ts";

/** A longer service or host is no name of one. */
export const MAX_NAME_BYTES = 256;

/** The compiled row pass looks names up too: rows/wasm/row-pass.ts has the same layout and hash. */
const SLOTS = 1 << 14;
/** Ids are stored as UInt16. The table stays at most three quarters full. */
export const MAX_DICTIONARY_IDS = (SLOTS / 4) * 3;
/** Of all names; more than the names that are kept over blocks (KEEP_IDS in columns.ts) can take. */
const NAME_BYTES = 5 * 1024 * MAX_NAME_BYTES;

/** Per slot: id + 1, or 0 (16 bits); per slot its hash (32); per id place and length (32 each); names. */
const HASHES = SLOTS * 2;
const PLACES = HASHES + SLOTS * 4;
const NAMES = PLACES + MAX_DICTIONARY_IDS * 8;
export const DICTIONARY_BYTES = NAMES + NAME_BYTES;

export class ByteDictionary {
  readonly #arena: Arena;
  readonly #ids: Uint16Array;
  readonly #hashes: Int32Array;
  readonly #places: Uint32Array;
  readonly #names: number;
  #nameEnd: number;
  #size = 0;

  /** `start`: a region of DICTIONARY_BYTES. */
  constructor(arena: Arena, start: number) {
    this.#arena = arena;
    const memory = arena.bytes.buffer;
    this.#ids = new Uint16Array(memory, start, SLOTS);
    this.#hashes = new Int32Array(memory, start + HASHES, SLOTS);
    this.#places = new Uint32Array(memory, start + PLACES, MAX_DICTIONARY_IDS * 2);
    this.#names = this.#nameEnd = start + NAMES;
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes of an id. */
  value(id: number): Buffer {
    const place = this.#places[id * 2]!;
    return this.#arena.buffer.subarray(place, place + this.#places[id * 2 + 1]!);
  }

  clear(): void {
    this.#ids.fill(0);
    this.#size = 0;
    this.#nameEnd = this.#names;
  }

  /** Id of the arena's bytes [from, to), or -1 when the dictionary takes no more. */
  idOf(from: number, to: number): number {
    const { view, bytes } = this.#arena;
    const length = to - from;
    let hash = length;
    let at = from;
    for (; at + 4 <= to; at += 4) hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1) ^ (hash >>> 15);
    for (; at < to; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
    hash ^= hash >>> 16;
    for (let slot = hash & (SLOTS - 1); ; slot = (slot + 1) & (SLOTS - 1)) {
      const id = this.#ids[slot]! - 1;
      if (id < 0) return this.#add(slot, hash, from, to);
      if (this.#hashes[slot] === hash && this.#equals(id, from, length)) return id;
    }
  }

  /**
   * Id of a text, cut to MAX_NAME_BYTES at a whole character; it is looked up through `scratch`, a
   * place in the arena that may be overwritten.
   */
  idOfText(text: string, scratch: number): number {
    return this.idOf(scratch, scratch + this.#arena.buffer.write(text, scratch, MAX_NAME_BYTES, "utf8"));
  }

  #equals(id: number, from: number, length: number): boolean {
    if (this.#places[id * 2 + 1] !== length) return false;
    const { bytes } = this.#arena;
    const place = this.#places[id * 2]!;
    for (let index = 0; index < length; index++) if (bytes[place + index] !== bytes[from + index]) return false;
    return true;
  }

  #add(slot: number, hash: number, from: number, to: number): number {
    if (this.#size >= MAX_DICTIONARY_IDS || this.#nameEnd + to - from > this.#names + NAME_BYTES) return -1;
    const id = this.#size++;
    this.#arena.bytes.copyWithin(this.#nameEnd, from, to);
    this.#places[id * 2] = this.#nameEnd;
    this.#places[id * 2 + 1] = to - from;
    this.#nameEnd += to - from;
    this.#ids[slot] = id + 1;
    this.#hashes[slot] = hash;
    return id;
  }
}

/** Attribute keys to ids. Keys are looked up when a shape is learned or a row takes the slow path. */
export class KeyDictionary {
  static readonly maxIds = 0xffff;
  readonly #ids = new Map<string, number>();
  #values: Buffer[] = [];

  get size(): number {
    return this.#values.length;
  }

  value(id: number): Buffer {
    return this.#values[id]!;
  }

  clear(): void {
    this.#ids.clear();
    this.#values = [];
  }

  /** The caller has made sure that there is room (`size` < `maxIds`). */
  idOf(key: string): number {
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#values.push(Buffer.from(key)) - 1;
      this.#ids.set(key, id);
    }
    return id;
  }
}
