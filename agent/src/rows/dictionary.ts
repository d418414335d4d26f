/**
 * Distinct byte strings (services, hosts) to small ids, without making strings. Ids live until
 * `clear`, over many blocks; a block's own dictionary is made from the ids it used (encode.ts).
 */

import type { Arena } from "./arena.ts";

/** A longer service or host is no name of one. */
export const MAX_NAME_BYTES = 256;

const SLOTS = 1 << 14;
/** Ids are stored as UInt16. The table stays at most three quarters full. */
export const MAX_DICTIONARY_IDS = (SLOTS / 4) * 3;

export class ByteDictionary {
  readonly #arena: Arena;
  /** Per slot: id + 1, or 0. */
  readonly #ids = new Uint16Array(SLOTS);
  readonly #hashes = new Int32Array(SLOTS);
  #values: Buffer[] = [];

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  get size(): number {
    return this.#values.length;
  }

  /** Bytes of an id. */
  value(id: number): Buffer {
    return this.#values[id]!;
  }

  clear(): void {
    this.#ids.fill(0);
    this.#values = [];
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
      if (this.#hashes[slot] === hash && this.#equals(this.#values[id]!, from, length)) return id;
    }
  }

  /**
   * Id of a text, cut to MAX_NAME_BYTES at a whole character; it is looked up through `scratch`, a
   * place in the arena that may be overwritten.
   */
  idOfText(text: string, scratch: number): number {
    return this.idOf(scratch, scratch + this.#arena.buffer.write(text, scratch, MAX_NAME_BYTES, "utf8"));
  }

  #equals(value: Buffer, from: number, length: number): boolean {
    if (value.length !== length) return false;
    const { bytes } = this.#arena;
    for (let index = 0; index < length; index++) if (value[index] !== bytes[from + index]) return false;
    return true;
  }

  #add(slot: number, hash: number, from: number, to: number): number {
    if (this.#values.length >= MAX_DICTIONARY_IDS) return -1;
    this.#values.push(Buffer.from(this.#arena.bytes.slice(from, to)));
    this.#ids[slot] = this.#values.length;
    this.#hashes[slot] = hash;
    return this.#values.length - 1;
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
