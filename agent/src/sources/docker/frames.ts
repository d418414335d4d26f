/**
 * Messages of the Engine API's log stream. Without a terminal each comes in a frame: the stream (1 =
 * stdout, 2 = stderr), three zero bytes, the length (32 bits, big endian), the message. With a
 * terminal there are no frames: messages follow each other, each up to its newline.
 */

const HEADER_BYTES = 8;
const NEWLINE = 10;
const STDERR_FRAME = 2;
/** Docker cuts messages at 16 KiB and puts a time before them; drivers may allow more. */
const MAX_FRAME_BYTES = 8 * 1024 * 1024;

export interface Message {
  readonly side: "stdout" | "stderr";
  /** `<time> <text>`, with its newline if it has one. */
  readonly bytes: Buffer;
}

/** `body` may be cut anywhere. Throws when it is no such stream. */
export async function* messages(body: AsyncIterable<Uint8Array>, isTerminal: boolean): AsyncGenerator<Message> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of body) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    let at = 0;
    for (;;) {
      const end = isTerminal ? rest.indexOf(NEWLINE, at) + 1 : frameEnd(rest, at);
      if (end <= at || end > rest.length) break;
      if (isTerminal) yield { side: "stdout", bytes: rest.subarray(at, end) };
      else yield { side: rest[at] === STDERR_FRAME ? "stderr" : "stdout", bytes: rest.subarray(at + HEADER_BYTES, end) };
      at = end;
    }
    rest = rest.subarray(at);
    if (rest.length > MAX_FRAME_BYTES) throw new Error(`a message of more than ${MAX_FRAME_BYTES} bytes`);
  }
  if (isTerminal && rest.length > 0) yield { side: "stdout", bytes: rest };
}

/** Behind the frame at `at`; 0 while its header is not there. */
const frameEnd = (bytes: Buffer, at: number): number => {
  if (bytes.length < at + HEADER_BYTES) return 0;
  if (bytes[at]! > 3 || bytes[at + 1] !== 0 || bytes[at + 2] !== 0 || bytes[at + 3] !== 0) throw new Error("not a framed log stream");
  return at + HEADER_BYTES + bytes.readUInt32BE(at + 4);
};
