/**
 * Where reading of a log goes on that can only be asked for "from a time on". The answer to a time is
 * always the same sequence, so a place in it is an anchor (a time) and the bytes behind it.
 *
 * Messages of stdout and stderr may be out of order by a little, and many may have one time. A time
 * becomes an anchor only when no message before it had it or a later one, and none of the CONFIRM
 * messages behind it an earlier one: then asking for it gives exactly what stands behind it.
 */

/** Messages; far more than two threads that write side by side get out of order. */
const CONFIRM = 256;

export interface Anchor {
  /** ns since 1970. */
  readonly timeNs: bigint;
  /** Offset of the first message with that time or a later one. */
  readonly offset: number;
}

export interface SincePlace {
  readonly anchor: Anchor;
  /** What was read ends here. */
  readonly offset: number;
  /** Latest time among them: later messages were not read, whatever the log has lost since. */
  readonly untilNs: bigint;
}

export class SinceAnchors {
  #anchors: Anchor[];
  #candidate: Anchor | undefined;
  #confirmations = 0;
  /** Latest time of any message. */
  latestNs: bigint;

  constructor({ anchor, untilNs }: SincePlace) {
    this.#anchors = [anchor];
    this.latestNs = untilNs;
  }

  /** A message that begins at `offset`. */
  add(timeNs: bigint, offset: number): void {
    if (this.#candidate && timeNs < this.#candidate.timeNs) this.#candidate = undefined;
    if (this.#candidate) {
      if (++this.#confirmations >= CONFIRM) {
        this.#anchors.push(this.#candidate);
        this.#candidate = undefined;
      }
    } else if (timeNs > this.latestNs) {
      this.#candidate = { timeNs, offset };
      this.#confirmations = 0;
    }
    if (timeNs > this.latestNs) this.latestNs = timeNs;
  }

  /** The anchor to ask for in order to go on at `offset`; anchors before it are forgotten. Offsets ascend. */
  before(offset: number): Anchor {
    const next = this.#anchors.findIndex((anchor) => anchor.offset > offset);
    if (next !== 0) this.#anchors = this.#anchors.slice((next === -1 ? this.#anchors.length : next) - 1);
    return this.#anchors[0]!;
  }

  placeAt(offset: number): SincePlace {
    return { anchor: this.before(offset), offset, untilNs: this.latestNs };
  }
}

export const encodeSince = ({ anchor, offset, untilNs }: SincePlace): Uint8Array => Buffer.from(JSON.stringify([String(anchor.timeNs), anchor.offset, offset, String(untilNs)]));

export const decodeSince = (encoded: Uint8Array | undefined): SincePlace | undefined => {
  if (!encoded) return undefined;
  try {
    const [timeNs, anchorOffset, offset, untilNs] = JSON.parse(Buffer.from(encoded).toString());
    return { anchor: { timeNs: BigInt(timeNs), offset: Number(anchorOffset) }, offset: Number(offset), untilNs: BigInt(untilNs) };
  } catch {
    return undefined;
  }
};
