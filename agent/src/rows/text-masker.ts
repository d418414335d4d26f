/**
 * Masks what was appended to a text column: finds candidates over all of its values at once (the
 * compiled row pass has noted them already, otherwise natively), and rewrites only the values that
 * really change. Searching the columns instead of the input spares keys, ids and times: a third of
 * the bytes.
 */

import { CandidateIndex, NO_HIT, maskText, type Detector, type MaskCounts } from "../mask/index.ts";
import type { Arena } from "./arena.ts";

/**
 * A label may be a byte longer than what it replaces. When it does not fit, the rest of the region
 * makes room for many such at once; the gap is closed at the end. Less than a row's slack.
 */
const GAP_BYTES = 16 * 1024;

export class TextMasker {
  readonly #arena: Arena;
  readonly #detectors: ReadonlySet<Detector>;
  readonly #masked: MaskCounts;
  readonly #candidates: CandidateIndex;

  constructor(arena: Arena, detectors: ReadonlySet<Detector>, masked: MaskCounts) {
    this.#arena = arena;
    this.#detectors = detectors;
    this.#masked = masked;
    this.#candidates = new CandidateIndex(detectors);
  }

  /** Places of candidates in [from, end), ascending, ended by NO_HIT; null: too many to note. */
  search(from: number, end: number): Int32Array | null {
    return this.#candidates.search(this.#arena.buffer, from, end) ? this.#candidates.hits : null;
  }

  /**
   * Masks the values (length as varint, then bytes) in [from, end) in which one of `hits` lies, or
   * all of them; the new end.
   */
  rewrite(from: number, end: number, hits = this.search(from, end)): number {
    const { bytes, buffer } = this.#arena;
    let hit = 0;
    let drift = 0;
    let regionEnd = end;
    /** Everything before `write` is done; [keep, read) stays as it is and is still to be moved there. */
    let write = from;
    let keep = from;
    let read = from;
    while (read < regionEnd) {
      if (hits?.[hit] === NO_HIT) break;
      let start = read;
      let length = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = bytes[start++]!;
        length |= (byte & 0x7f) << shift;
        if (byte < 0x80) break;
      }
      const next = start + length;
      if (!hits || hits[hit]! + drift < next) {
        if (hits) hit = afterHits(hits, hit, next - drift);
        const text = buffer.toString("utf8", start, next);
        const masked = maskText(text, this.#masked, this.#detectors);
        if (masked !== text) {
          write = this.#move(write, keep, read);
          const growth = write + sizeOf(masked) - next;
          const shift = growth > 0 ? growth + GAP_BYTES : 0;
          if (shift > 0) bytes.copyWithin(next + shift, next, regionEnd);
          drift += shift;
          regionEnd += shift;
          write = this.#write(write, masked);
          keep = read = next + shift;
          continue;
        }
      }
      read = next;
    }
    return this.#move(write, keep, regionEnd);
  }

  /** Moves [from, to) to `target`; the end there. */
  #move(target: number, from: number, to: number): number {
    if (target !== from) this.#arena.bytes.copyWithin(target, from, to);
    return target + to - from;
  }

  #write(at: number, text: string): number {
    const { bytes, buffer } = this.#arena;
    let rest = Buffer.byteLength(text);
    let end = at;
    for (; rest >= 0x80; rest >>>= 7) bytes[end++] = (rest & 0x7f) | 0x80;
    bytes[end++] = rest;
    return end + buffer.write(text, end, "utf8");
  }
}

/** The first of `hits` from `hit` on that is not before `end`. */
const afterHits = (hits: Int32Array, hit: number, end: number): number => {
  let next = hit;
  while (hits[next]! < end) next++;
  return next;
};

/** Bytes of a value with its length. */
const sizeOf = (text: string): number => {
  const length = Buffer.byteLength(text);
  let size = length + 1;
  for (let rest = length >>> 7; rest > 0; rest >>>= 7) size++;
  return size;
};
