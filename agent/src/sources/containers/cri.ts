/**
 * CRI log lines: `<RFC 3339 time> <stdout|stderr> <tags> <text>`. The first tag is F (full) or P
 * (partial: the text goes on in the next line of that stream); further tags follow after colons.
 * (kubernetes/design-proposals-archive, node/kubelet-cri-logging.md)
 */

import { STDERR, STDOUT, type Entry } from "./entry.ts";
import { Rfc3339 } from "./rfc3339.ts";

const SPACE = 32;
const COLON = 58;
const FULL = 70;
const PARTIAL = 80;
/** `stdout` and `stderr` have one length and differ from their fourth byte on. */
const SIDE_BYTES = 6;
const STDOUT_TEXT = Buffer.from("stdout");
const STDERR_TEXT = Buffer.from("stderr");
const LONGEST_TIME = 40;

export class CriLine {
  readonly #time = new Rfc3339();

  /** Whether [from, to) is an envelope; then `entry` describes it. */
  read(bytes: Buffer, from: number, to: number, entry: Entry): boolean {
    const timeEnd = indexOfSpace(bytes, from, Math.min(to, from + LONGEST_TIME));
    if (timeEnd < 0 || !this.#time.parse(bytes, from, timeEnd)) return false;
    const side = timeEnd + 1;
    const tags = side + SIDE_BYTES + 1;
    if (tags >= to || bytes[tags - 1] !== SPACE) return false;
    const isStdout = matches(bytes, side, STDOUT_TEXT);
    if (!isStdout && !matches(bytes, side, STDERR_TEXT)) return false;
    const tag = bytes[tags];
    const behindTag = bytes[tags + 1];
    if ((tag !== FULL && tag !== PARTIAL) || (tags + 1 < to && behindTag !== SPACE && behindTag !== COLON)) return false;
    const tagsEnd = indexOfSpace(bytes, tags, to);
    entry.side = isStdout ? STDOUT : STDERR;
    entry.from = tagsEnd < 0 ? to : tagsEnd + 1;
    entry.to = to;
    entry.escaped = false;
    entry.text = undefined;
    entry.partial = tag === PARTIAL;
    entry.seconds = this.#time.seconds;
    entry.nanoseconds = this.#time.nanoseconds;
    return true;
  }
}

const indexOfSpace = (bytes: Uint8Array, from: number, to: number): number => {
  for (let at = from; at < to; at++) if (bytes[at] === SPACE) return at;
  return -1;
};

export const matches = (bytes: Uint8Array, at: number, text: Uint8Array): boolean => {
  for (let index = 0; index < text.length; index++) if (bytes[at + index] !== text[index]) return false;
  return true;
};
