/**
 * The cheap side of masking: where in a region of bytes could anything sensitive be? A superset of
 * what detectors.ts finds. Addresses and keys announce themselves by a few rare characters that a
 * native search (0.03-0.2 CPU s per GB searched, each) finds; numbers by runs of digits, which the
 * scan of a value notices on its way (rows/scan.ts) and `hasSensitiveDigits` looks at closely.
 */

import type { Detector } from "./detectors.ts";

/**
 * Needles start with a rare letter where there is a choice: the search runs on the first byte.
 * rows/wasm/row-pass.ts looks for the same (`isNeedle`).
 */
export const NEEDLES: readonly { readonly text: string; readonly detector: Detector }[] = [
  { text: "@", detector: "email" },
  { text: "AKIA", detector: "key" },
  { text: "ASIA", detector: "key" },
  { text: "AIza", detector: "key" },
  { text: "k_live_", detector: "key" },
  { text: "k_test_", detector: "key" },
  { text: "k-", detector: "key" },
  { text: "gh", detector: "key" },
  { text: "b_pat_", detector: "key" },
  { text: "glpat-", detector: "key" },
  { text: "pm_", detector: "key" },
  { text: "xox", detector: "key" },
  { text: "yJ", detector: "key" },
];

const LETTER_S = 115;
const LETTER_E = 101;
const LETTER_N = 110;
const UNDERSCORE = 95;

/** Needles that common words hold too, told apart by the bytes next to them. */
const isCommonWord = (needle: string, bytes: Uint8Array, at: number): boolean => {
  if (needle === "k-") return bytes[at - 1] !== LETTER_S;
  if (needle === "gh") return bytes[at + 3] !== UNDERSCORE;
  if (needle === "pm_") return bytes[at - 1] !== LETTER_N;
  if (needle === "yJ") return bytes[at - 1] !== LETTER_E;
  return false;
};

const MAX_HITS = 1 << 16;
/** Stands behind the last hit, so that a reader needs no bounds check. */
export const NO_HIT = 0x7fff_ffff;

export class CandidateIndex {
  /** Ascending offsets, ended by NO_HIT. */
  readonly hits = new Int32Array(MAX_HITS + 1).fill(NO_HIT);
  readonly #needles: readonly string[];

  constructor(detectors: ReadonlySet<Detector>) {
    this.#needles = NEEDLES.filter(({ detector }) => detectors.has(detector)).map(({ text }) => text);
  }

  /** Finds the needles in [from, to); false when there are too many to note: then everything is one. */
  search(buffer: Buffer, from: number, to: number): boolean {
    const region = buffer.subarray(from, to);
    let count = 0;
    for (const needle of this.#needles) {
      for (let at = region.indexOf(needle, 0, "latin1"); at >= 0; at = region.indexOf(needle, at + 1, "latin1")) {
        if (isCommonWord(needle, region, at)) continue;
        if (count === MAX_HITS) {
          this.hits[0] = NO_HIT;
          return false;
        }
        this.hits[count++] = from + at;
      }
    }
    this.hits.subarray(0, count).sort();
    this.hits[count] = NO_HIT;
    return true;
  }
}

const [SPACE, DASH, DIGIT_0, DIGIT_9] = [32, 45, 48, 57];
const MIN_CARD_DIGITS = 12;
const SSN_DIGITS = 9;

/** The shortest text that digits alone can make sensitive: a social security number. */
export const MIN_SENSITIVE_DIGITS_BYTES = 11;

/**
 * Whether [from, to) has digits like a card's (12 or more, single separators allowed) or like a
 * social security number's (9 or more with two separators). Both lie within 0x20-0x3f, so only where
 * two words of 4 bytes in a row do is it worth a close look.
 */
export const hasSensitiveDigits = (view: DataView, bytes: Uint8Array, from: number, to: number): boolean => {
  let words = 0;
  for (let at = from; at + 4 <= to; at += 4) {
    if ((view.getInt32(at, true) & 0xe0e0e0e0) !== 0x20202020) {
      words = 0;
      continue;
    }
    if (++words < 2) continue;
    const end = lookClosely(bytes, Math.max(from, at - 7), to);
    if (end < 0) return true;
    words = 0;
    if (end > at + 4) at = end - 4;
  }
  return false;
};

/** -1 when the run of such bytes from `from` on is sensitive, otherwise where it ends after 8 bytes. */
const lookClosely = (bytes: Uint8Array, from: number, to: number): number => {
  let digits = 0;
  let separators = 0;
  let afterSeparator = false;
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!;
    if (byte >= DIGIT_0 && byte <= DIGIT_9) {
      digits++;
      afterSeparator = false;
      if (digits >= MIN_CARD_DIGITS || (digits >= SSN_DIGITS && separators >= 2)) return -1;
    } else if ((byte === SPACE || byte === DASH) && digits > 0 && !afterSeparator) {
      separators++;
      afterSeparator = true;
    } else {
      if ((byte & 0xe0) !== 0x20 && at >= from + 11) return at;
      digits = 0;
      separators = 0;
      afterSeparator = false;
    }
  }
  return to;
};
