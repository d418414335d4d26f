/**
 * Lines of docker's json-file driver: `{"log":"text\n","stream":"stdout","time":"..."}`, with
 * `"attrs":{...}` before the time when the driver was told to add labels. A `log` that does not end
 * in a newline goes on in the next line of its stream: docker cuts at 16 KiB.
 */

import { STDERR, STDOUT, type Entry } from "./entry.ts";
import { matches } from "./cri.ts";
import { Rfc3339 } from "./rfc3339.ts";

const QUOTE = 34;
const BACKSLASH = 92;
const BRACE = 125;
const HEAD = Buffer.from('{"log":"');
const BEFORE_TIME = Buffer.from(',"time":"');
const STDOUT_MEMBER = Buffer.from('","stream":"stdout"');
const STDERR_MEMBER = Buffer.from('","stream":"stderr"');
const LONGEST_TIME = 40;

export class DockerJsonLine {
  readonly #time = new Rfc3339();

  /** Whether [from, to) is an envelope; then `entry` describes it. */
  read(bytes: Buffer, from: number, to: number, entry: Entry): boolean {
    return this.#readUsual(bytes, from, to, entry) || this.#readOdd(bytes, from, to, entry);
  }

  /** In the order and without the spaces that docker writes. Quotes inside of a text are escaped, so none of them is taken for its end. */
  #readUsual(bytes: Buffer, from: number, to: number, entry: Entry): boolean {
    if (!matches(bytes, from, HEAD) || bytes[to - 1] !== BRACE || bytes[to - 2] !== QUOTE) return false;
    let time = to - 3;
    while (time > to - LONGEST_TIME && time > from && bytes[time] !== QUOTE) time--;
    const member = time + 1 - BEFORE_TIME.length;
    if (member <= from || !matches(bytes, member, BEFORE_TIME)) return false;
    const textEnd = member - STDOUT_MEMBER.length;
    const textFrom = from + HEAD.length;
    if (textEnd < textFrom) return false;
    const isStdout = matches(bytes, textEnd, STDOUT_MEMBER);
    if (!isStdout && !matches(bytes, textEnd, STDERR_MEMBER)) return false;
    const isWhole = endsInNewline(bytes, textFrom, textEnd);
    entry.side = isStdout ? STDOUT : STDERR;
    entry.from = textFrom;
    entry.to = isWhole ? textEnd - 2 : textEnd;
    entry.escaped = true;
    entry.text = undefined;
    entry.partial = !isWhole;
    this.#setTime(bytes, time + 1, to - 2, entry);
    return true;
  }

  #readOdd(bytes: Buffer, from: number, to: number, entry: Entry): boolean {
    let envelope: { log?: unknown; stream?: unknown; time?: unknown } | null;
    try {
      envelope = JSON.parse(bytes.toString("utf8", from, to));
    } catch {
      return false;
    }
    if (typeof envelope?.log !== "string") return false;
    const isWhole = envelope.log.endsWith("\n");
    entry.side = envelope.stream === "stderr" ? STDERR : STDOUT;
    entry.text = onOneLine(isWhole ? envelope.log.slice(0, -1) : envelope.log);
    entry.partial = !isWhole;
    const time = Buffer.from(typeof envelope.time === "string" ? envelope.time : "");
    this.#setTime(time, 0, time.length, entry);
    return true;
  }

  #setTime(bytes: Uint8Array, from: number, to: number, entry: Entry): void {
    const isTime = this.#time.parse(bytes, from, to);
    entry.seconds = isTime ? this.#time.seconds : -1;
    entry.nanoseconds = isTime ? this.#time.nanoseconds : 0;
  }
}

/** Docker ends an entry at a newline; one inside of it was written by somebody else and stays visible. */
const onOneLine = (text: string): string => text.replaceAll("\n", "\\n");

const endsInNewline = (bytes: Uint8Array, from: number, to: number): boolean => {
  if (to - from < 2 || bytes[to - 1] !== 0x6e) return false;
  let at = to - 2;
  while (at >= from && bytes[at] === BACKSLASH) at--;
  return (to - 2 - at) % 2 === 1;
};

const SIMPLE: Readonly<Record<number, number>> = { 0x22: 0x22, 0x2f: 0x2f, 0x5c: 0x5c, 0x62: 8, 0x66: 12, 0x72: 13, 0x74: 9 };
const REPLACEMENT = 0xfffd;

/**
 * Resolves the escapes of [from, to) into `target` at `at`; the index behind what was written, which
 * is never longer than what was read. An escaped newline stays as it is: a line is one line.
 */
export const unescapeInto = (bytes: Buffer, from: number, to: number, target: Buffer, at: number): number => {
  let read = from;
  let write = at;
  while (read < to) {
    const byte = bytes[read]!;
    if (byte !== BACKSLASH) {
      target[write++] = byte;
      read++;
      continue;
    }
    const letter = bytes[read + 1]!;
    const simple = SIMPLE[letter];
    if (simple !== undefined && read + 1 < to) {
      target[write++] = simple;
      read += 2;
    } else if (letter === 0x75 && read + 6 <= to) {
      let code = parseInt(bytes.toString("latin1", read + 2, read + 6), 16);
      read += 6;
      if (code >= 0xd800 && code < 0xdc00 && bytes[read] === BACKSLASH && bytes[read + 1] === 0x75 && read + 6 <= to) {
        const low = parseInt(bytes.toString("latin1", read + 2, read + 6), 16);
        if (low >= 0xdc00 && low < 0xe000) {
          code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
          read += 6;
        }
      }
      write = writeCharacter(code, target, write);
    } else {
      target[write++] = byte;
      read++;
    }
  }
  return write;
};

const writeCharacter = (code: number, target: Buffer, at: number): number => {
  if (code === 10) return at + target.write("\\n", at, "latin1");
  const isNone = Number.isNaN(code) || (code >= 0xd800 && code < 0xe000);
  return at + target.write(String.fromCodePoint(isNone ? REPLACEMENT : code), at, "utf8");
};
