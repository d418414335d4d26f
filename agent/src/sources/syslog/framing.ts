/**
 * Messages of a TCP stream (RFC 6587). Which of the two framings a sender uses shows in its first
 * bytes: a count and a `<` is octet counting (3.4.1), anything else is lines (3.4.2). A count that is
 * none, later on, ends octet counting: what follows is read as lines, so nothing is thrown away.
 */

export interface FramingEvents {
  /** The bytes are valid only during the call. */
  message(bytes: Buffer): void;
  /** A message was longer than the limit; its beginning was handed on. */
  cut(): void;
  /** A frame's count was no number. */
  fault(): void;
}

const [LINE_FEED, CARRIAGE_RETURN, NUL, SPACE, LESS_THAN] = [10, 13, 0, 32, 60];
/** Digits of a count: ten megabytes are no syslog message. */
const MAX_COUNT_DIGITS = 7;

const isDigit = (byte: number): boolean => byte >= 48 && byte <= 57;

/** What a count at the start of `bytes` is: `undefined` when it goes on, -1 when it is none. */
const readCount = (bytes: Buffer): { readonly count: number; readonly length: number } | undefined => {
  let at = 0;
  while (at < bytes.length && at <= MAX_COUNT_DIGITS && isDigit(bytes[at]!)) at++;
  if (at === bytes.length && at <= MAX_COUNT_DIGITS) return undefined;
  const isCount = at > 0 && at <= MAX_COUNT_DIGITS && bytes[0] !== 48 && bytes[at] === SPACE;
  return { count: isCount ? Number(bytes.toString("latin1", 0, at)) : -1, length: at + 1 };
};

export class SyslogFraming {
  readonly #maxBytes: number;
  readonly #events: FramingEvents;
  /** Bytes of a frame that is not whole yet: `maxBytes` and a count at most. */
  #rest: Buffer = Buffer.alloc(0);
  #mode: "unknown" | "octets" | "lines" = "unknown";
  /** Of a message that was cut: octets still to come, or Infinity up to the next line feed. */
  #skip = 0;

  constructor(maxBytes: number, events: FramingEvents) {
    this.#maxBytes = maxBytes;
    this.#events = events;
  }

  push(chunk: Buffer): void {
    let bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    for (;;) {
      const taken = this.#take(bytes);
      if (taken === 0) break;
      bytes = bytes.subarray(taken);
    }
    // A copy: the chunk's memory may be used again by the socket.
    this.#rest = Buffer.from(bytes);
  }

  /** The connection has ended: what is left is a message too. */
  end(): void {
    const bytes = this.#rest;
    this.#rest = Buffer.alloc(0);
    const counted = this.#mode === "octets" ? (readCount(bytes)?.length ?? bytes.length) : 0;
    if (this.#skip === 0 && bytes.length > counted) this.#emit(bytes.subarray(counted));
  }

  /** Bytes taken from the front; 0 when more must come. */
  #take(bytes: Buffer): number {
    if (bytes.length === 0) return 0;
    if (this.#skip > 0) return this.#takeSkipped(bytes);
    if (this.#mode === "unknown" && !this.#detect(bytes)) return 0;
    return this.#mode === "octets" ? this.#takeCounted(bytes) : this.#takeLine(bytes);
  }

  #detect(bytes: Buffer): boolean {
    if (!isDigit(bytes[0]!)) this.#mode = "lines";
    else {
      const found = readCount(bytes);
      if (found === undefined || (found.count > 0 && bytes.length <= found.length)) return false;
      this.#mode = found.count > 0 && bytes[found.length] === LESS_THAN ? "octets" : "lines";
    }
    return true;
  }

  #takeSkipped(bytes: Buffer): number {
    if (this.#skip !== Number.POSITIVE_INFINITY) {
      const taken = Math.min(this.#skip, bytes.length);
      this.#skip -= taken;
      return taken;
    }
    const lineFeed = bytes.indexOf(LINE_FEED);
    if (lineFeed < 0) return bytes.length;
    this.#skip = 0;
    return lineFeed + 1;
  }

  #takeCounted(bytes: Buffer): number {
    // Some senders end a counted message with a line feed that is not counted.
    if (bytes[0] === LINE_FEED) return 1;
    const found = readCount(bytes);
    if (found === undefined) return 0;
    const { count, length } = found;
    if (count < 0) {
      this.#events.fault();
      this.#mode = "lines";
      return this.#takeLine(bytes);
    }
    const taken = Math.min(count, this.#maxBytes);
    if (bytes.length < length + taken) return 0;
    this.#emit(bytes.subarray(length, length + taken));
    if (taken < count) {
      this.#events.cut();
      this.#skip = count - taken;
    }
    return length + taken;
  }

  #takeLine(bytes: Buffer): number {
    const lineFeed = bytes.indexOf(LINE_FEED);
    const length = lineFeed < 0 ? bytes.length : lineFeed;
    if (length > this.#maxBytes) {
      this.#emit(bytes.subarray(0, this.#maxBytes));
      this.#events.cut();
      this.#skip = Number.POSITIVE_INFINITY;
      return this.#maxBytes;
    }
    if (lineFeed < 0) return 0;
    this.#emit(bytes.subarray(0, lineFeed));
    return lineFeed + 1;
  }

  #emit(bytes: Buffer): void {
    this.#events.message(withoutEnd(bytes));
  }
}

/** Line ends and NULs that senders put at the end of a message are no part of it. */
export const withoutEnd = (bytes: Buffer): Buffer => {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === LINE_FEED || bytes[end - 1] === CARRIAGE_RETURN || bytes[end - 1] === NUL)) end--;
  return end === bytes.length ? bytes : bytes.subarray(0, end);
};
