/**
 * Texts of levels and what they mean, as the compiled row pass finds them: it knows no words, it asks
 * TypeScript once about each. A table of 256 entries in the arena, 32 bytes each: length, role and
 * severity, and from byte 16 on the text.
 */

import type { Arena } from "./arena.ts";

const ENTRIES = 256;
const ENTRY_BYTES = 32;
const PROBES = 4;
const MAX_TEXT_BYTES = 16;

export const SEVERITY_MEMO_BYTES = ENTRIES * ENTRY_BYTES;

export class SeverityMemo {
  readonly #arena: Arena;
  readonly #start: number;
  #turn = 0;

  constructor(arena: Arena, start: number) {
    this.#arena = arena;
    this.#start = start;
  }

  /** The text [from, to) of a field of this role means this severity. */
  learn(role: number, from: number, to: number, severity: number): void {
    const { bytes } = this.#arena;
    const length = to - from;
    if (length === 0 || length > MAX_TEXT_BYTES) return;
    const slot = (bytes[from]! * 31 + bytes[to - 1]! * 7 + (length << 3) + role) & (ENTRIES - 1);
    const entry = this.#entryFor(slot, role, from, length);
    bytes[entry] = length;
    bytes[entry + 1] = role;
    bytes[entry + 2] = severity;
    bytes.copyWithin(entry + 16, from, to);
  }

  /** Where it stands already, else a free place, else one whose turn it is to go. */
  #entryFor(slot: number, role: number, from: number, length: number): number {
    const { bytes, buffer } = this.#arena;
    const entries = Array.from({ length: PROBES }, (_, probe) => this.#start + ((slot + probe) & (ENTRIES - 1)) * ENTRY_BYTES);
    const same = entries.find((entry) => bytes[entry] === length && bytes[entry + 1] === role && buffer.compare(buffer, from, from + length, entry + 16, entry + 16 + length) === 0);
    return same ?? entries.find((entry) => bytes[entry] === 0) ?? entries[this.#turn++ % PROBES]!;
  }
}
