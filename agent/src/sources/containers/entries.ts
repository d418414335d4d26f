/**
 * The entries of one chunk, and how far they can be handed on. A line may come in pieces, and those
 * of stdout and stderr may be mixed; a place where no line is under way is clean. What is behind the
 * last clean place waits for its end and is read again.
 */

import { CriLine } from "./cri.ts";
import { DockerJsonLine } from "./docker-json.ts";
import { newEntry, NO_SIDE } from "./entry.ts";

/** Entries per chunk; what is behind them is read again. */
const MAX_ENTRIES = 16_384;
/** With this many entries since the last clean place the lines under way are ended: see positions.ts. */
export const MAX_KNOT = 4_000;

export const FLAG = { PARTIAL: 1, ESCAPED: 2, /** Lines under way end behind this entry. */ BREAK: 4 } as const;

const NEWLINE = 10;
const OPENING_BRACE = 123;
const CARRIAGE_RETURN = 13;

export class Entries {
  count = 0;
  /** Entries up to the last clean place. */
  clean = 0;
  malformed = 0;
  readonly froms = new Uint32Array(MAX_ENTRIES);
  readonly tos = new Uint32Array(MAX_ENTRIES);
  /** Index behind each entry's envelope. */
  readonly ends = new Uint32Array(MAX_ENTRIES);
  readonly sides = new Uint8Array(MAX_ENTRIES);
  readonly flags = new Uint8Array(MAX_ENTRIES);
  readonly seconds = new Float64Array(MAX_ENTRIES);
  readonly nanoseconds = new Uint32Array(MAX_ENTRIES);
  /** Texts of odd envelopes, by entry. */
  readonly texts = new Map<number, string>();
  readonly #entry = newEntry();
  readonly #cri = new CriLine();
  readonly #docker = new DockerJsonLine();

  /** Reads the whole lines of `input[0, length)`; with `takeRest` the unterminated rest is one too. */
  read(input: Buffer, length: number, takeRest: boolean): void {
    this.count = this.clean = this.malformed = 0;
    this.texts.clear();
    let pending = 0;
    let knot = 0;
    for (let at = 0; at < length && this.count < MAX_ENTRIES; ) {
      const newline = input.indexOf(NEWLINE, at);
      const isWhole = newline >= 0 && newline < length;
      if (!isWhole && !takeRest) break;
      const index = this.count++;
      this.#readLine(input, at, isWhole ? newline : length, index);
      at = this.ends[index] = isWhole ? newline + 1 : length;
      const bit = 1 << this.sides[index]!;
      if (this.flags[index]! & FLAG.PARTIAL) pending |= bit;
      else pending &= ~bit;
      if (pending === 0) knot = 0;
      else if (++knot >= MAX_KNOT) {
        this.flags[index]! |= FLAG.BREAK;
        pending = knot = 0;
      }
      if (pending === 0) this.clean = this.count;
    }
  }

  /** Lines under way end here, whatever may still come. */
  breakOff(): void {
    if (this.count > 0) this.flags[this.count - 1]! |= FLAG.BREAK;
    this.clean = this.count;
  }

  #readLine(input: Buffer, from: number, end: number, index: number): void {
    const entry = this.#entry;
    // A runtime's lines end in a bare newline; a carriage return behind one is somebody's copy.
    const to = end > from && input[end - 1] === CARRIAGE_RETURN && input[end - 2] === 125 ? end - 1 : end;
    const known = input[from] === OPENING_BRACE ? this.#docker.read(input, from, to, entry) : this.#cri.read(input, from, end, entry);
    if (!known) {
      entry.side = NO_SIDE;
      entry.from = from;
      entry.to = end;
      entry.escaped = entry.partial = false;
      entry.text = undefined;
      entry.seconds = -1;
      if (end > from) this.malformed++;
    }
    this.froms[index] = entry.from;
    this.tos[index] = entry.to;
    this.sides[index] = entry.side;
    this.flags[index] = (entry.partial ? FLAG.PARTIAL : 0) | (entry.escaped ? FLAG.ESCAPED : 0);
    this.seconds[index] = entry.seconds;
    this.nanoseconds[index] = entry.nanoseconds;
    if (entry.text !== undefined) this.texts.set(index, entry.text);
  }
}
