/**
 * For a stream whose bytes are not UTF-8: what was read becomes UTF-8 in the shard's input, and what
 * the shard says of it becomes bytes of the file again.
 *
 * Invariant: the shard's offsets count UTF-8 bytes on from where reading began; `#textOffset` and
 * `#fileOffset` are one place in both counts, the beginning of the chunk that is with the shard. What
 * stands before it has been taken, so no position is ever asked for there.
 */

import { unitBytes, type Encoding } from "./encoding.ts";

const NEWLINE = 0x0a;
const SPACE = 0x20;
const encoder = new TextEncoder();

export interface Filled {
  /** UTF-8 bytes in the input. */
  readonly textLength: number;
  /** Bytes of the file that they stand for. */
  readonly length: number;
  /** Bytes behind them that are no text yet: half a code unit. */
  readonly rest: number;
}

export class Transcoder {
  readonly #encoding: Exclude<Encoding, "utf-8">;
  #textOffset: number;
  #fileOffset: number;
  #input: Buffer | undefined;
  #written = 0;

  constructor(encoding: Exclude<Encoding, "utf-8">, fileOffset: number) {
    this.#encoding = encoding;
    this.#textOffset = this.#fileOffset = fileOffset;
  }

  /** Of the chunk that was filled last, as the shard counts. */
  get textOffset(): number {
    return this.#textOffset;
  }

  /** `raw` was read where the last chunk was taken up to; `mayGoOn`: the file holds, or may hold, more behind it. */
  fill(raw: Buffer, input: Buffer, mayGoOn: boolean): Filled {
    const whole = raw.length - (raw.length % unitBytes(this.#encoding));
    const text = textOf(raw.subarray(0, whole), this.#encoding);
    const { read, written } = encoder.encodeInto(text, input);
    this.#input = input;
    this.#written = written;
    const length = read * unitBytes(this.#encoding);
    // A line of which this is not the end fills the input, so that the shard cuts it. The blanks are
    // behind the longest line it keeps, and not in the count.
    const isCut = (mayGoOn || read < text.length) && !input.subarray(0, written).includes(NEWLINE);
    if (isCut) input.fill(SPACE, written);
    return { length, textLength: isCut ? input.length : written, rest: length === whole ? raw.length - whole : 0 };
  }

  /** Where an offset of the shard is in the file. */
  fileOffsetAt(textOffset: number): number {
    const taken = Math.min(textOffset - this.#textOffset, this.#written);
    if (taken === 0 || !this.#input) return this.#fileOffset;
    return this.#fileOffset + this.#input.toString("utf8", 0, taken).length * unitBytes(this.#encoding);
  }

  /** The shard has taken so much of the chunk; bytes of the file. */
  take(textLength: number): number {
    const before = this.#fileOffset;
    this.#fileOffset = this.fileOffsetAt(this.#textOffset + textLength);
    this.#textOffset += textLength;
    this.#input = undefined;
    return this.#fileOffset - before;
  }
}

const textOf = (raw: Buffer, encoding: Exclude<Encoding, "utf-8">): string => {
  if (encoding === "latin1") return raw.toString("latin1");
  return (encoding === "utf-16be" ? Buffer.from(raw).swap16() : raw).toString("utf16le");
};
