/**
 * Byte scans over JSON values, strict (RFC 8259) and without making objects. Four bytes at a time
 * where it pays: `(x - 0x01010101) & ~x & 0x80808080` is non-zero when a byte of x is zero (Hacker's
 * Delight, 6-1), so x = word ^ quote finds a quote; `word & 0xe0e0e0e0` keeps the high bits, which
 * are 0x20 for every digit, blank and dash (0x20-0x3f).
 */

import type { Arena } from "./arena.ts";

const QUOTE = 34;
const BACKSLASH = 92;

/** 1 for bytes that may stand in a string as they are: not `"`, not `\`, not a control character. */
const PLAIN = new Uint8Array(256).fill(1, 32);
PLAIN[QUOTE] = 0;
PLAIN[BACKSLASH] = 0;

const isDigit = (byte: number): boolean => byte >= 48 && byte <= 57;

/** Arrays nested deeper than this go the slow path. */
const MAX_ARRAY_DEPTH = 16;

export class Scanner {
  /** Of the last string: has it escapes, and could it hold a long number? */
  escaped = false;
  digits = false;

  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(arena: Arena) {
    this.#bytes = arena.bytes;
    this.#view = arena.view;
  }

  /** Index of the quote that ends the string whose content starts at `from`, or -1. */
  string(from: number): number {
    const view = this.#view;
    const bytes = this.#bytes;
    let at = from;
    this.escaped = false;
    this.digits = false;
    let digitWords = 0;
    for (;;) {
      for (;;) {
        const word = view.getInt32(at, true);
        const quote = word ^ 0x22222222;
        const backslash = word ^ 0x5c5c5c5c;
        const stops = ((quote - 0x01010101) & ~quote) | ((backslash - 0x01010101) & ~backslash) | ((word - 0x20202020) & ~word);
        if ((stops & 0x80808080) !== 0) break;
        if ((word & 0xe0e0e0e0) === 0x20202020) {
          if (++digitWords === 2) this.digits = true;
        } else digitWords = 0;
        at += 4;
      }
      while (PLAIN[bytes[at]!] === 1) at++;
      const stop = bytes[at];
      if (stop === QUOTE) return at;
      if (stop !== BACKSLASH) return -1;
      this.escaped = true;
      digitWords = 0;
      at += 2;
    }
  }

  /** Index after the number or word (`true`, `false`, `null`) at `from`, or -1. */
  bare(from: number): number {
    const bytes = this.#bytes;
    let at = from;
    let first = bytes[at]!;
    if (first > 57) return this.#word(at);
    if (first === 45) first = bytes[++at]!;
    if (!isDigit(first)) return -1;
    at++;
    if (first !== 48) while (isDigit(bytes[at]!)) at++;
    if (bytes[at] === 46) {
      if (!isDigit(bytes[++at]!)) return -1;
      while (isDigit(bytes[at]!)) at++;
    }
    if ((bytes[at]! | 32) === 101) {
      at++;
      if (bytes[at] === 43 || bytes[at] === 45) at++;
      if (!isDigit(bytes[at]!)) return -1;
      while (isDigit(bytes[at]!)) at++;
    }
    return at;
  }

  #word(from: number): number {
    const word = this.#view.getInt32(from, true);
    if (word === 0x65757274 /* true */ || word === 0x6c6c756e /* null */) return from + 4;
    return word === 0x736c6166 /* fals */ && this.#bytes[from + 4] === 101 ? from + 5 : -1;
  }

  /** Index after the array at `from`; -1 when it is not one, or one with escapes or deep nesting. */
  array(from: number, depth = 1): number {
    const bytes = this.#bytes;
    if (bytes[from] !== 91 || depth > MAX_ARRAY_DEPTH) return -1;
    let at = this.#blank(from + 1);
    if (bytes[at] === 93) return at + 1;
    for (;;) {
      at = this.#value(at, depth);
      if (at < 0) return -1;
      at = this.#blank(at);
      if (bytes[at] === 93) return at + 1;
      if (bytes[at] !== 44) return -1;
      at = this.#blank(at + 1);
    }
  }

  #object(from: number, depth: number): number {
    const bytes = this.#bytes;
    if (depth > MAX_ARRAY_DEPTH) return -1;
    let at = this.#blank(from + 1);
    if (bytes[at] === 125) return at + 1;
    for (;;) {
      if (bytes[at] !== QUOTE) return -1;
      at = this.#value(at, depth);
      if (at < 0) return -1;
      at = this.#blank(at);
      if (bytes[at] !== 58) return -1;
      at = this.#value(this.#blank(at + 1), depth);
      if (at < 0) return -1;
      at = this.#blank(at);
      if (bytes[at] === 125) return at + 1;
      if (bytes[at] !== 44) return -1;
      at = this.#blank(at + 1);
    }
  }

  #value(from: number, depth: number): number {
    const first = this.#bytes[from];
    if (first === QUOTE) {
      const end = this.string(from + 1);
      return end < 0 || this.escaped ? -1 : end + 1;
    }
    if (first === 91) return this.array(from, depth + 1);
    if (first === 123) return this.#object(from, depth + 1);
    return this.bare(from);
  }

  /** Blanks inside a line: a newline ends the line, and with it the fast path. */
  #blank(from: number): number {
    const bytes = this.#bytes;
    let at = from;
    while (bytes[at] === 32 || bytes[at] === 9) at++;
    return at;
  }
}

/**
 * Decodes the string content [from, to), which has escapes, to `target`. Returns the end there, or
 * -1 for `\u` and anything invalid: that is left to the slow path.
 */
export const unescapeTo = (bytes: Uint8Array, from: number, to: number, target: number): number => {
  let out = target;
  for (let at = from; at < to; at++) {
    let byte = bytes[at]!;
    if (byte === BACKSLASH) {
      byte = ESCAPES[bytes[++at]!]!;
      if (byte === 0) return -1;
    }
    bytes[out++] = byte;
  }
  return out;
};

const ESCAPES = new Uint8Array(256);
for (const [letter, code] of [['"', 34], ["\\", 92], ["/", 47], ["b", 8], ["f", 12], ["n", 10], ["r", 13], ["t", 9]] as const)
  ESCAPES[letter.charCodeAt(0)] = code;
