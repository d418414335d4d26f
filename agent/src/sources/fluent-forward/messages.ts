/**
 * Messages of the forward protocol, version 1 (github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1):
 *
 *   Message            [tag, time, record, option?]
 *   Forward            [tag, [[time, record], ...], option?]
 *   PackedForward      [tag, <msgpack of [time, record] ...>, option?]    as bin or as str
 *   CompressedPacked   the same, compressed as option.compressed says
 *
 * Fluent Bit puts `[time, metadata]` where a time stands.
 */

import { DecodeError, ExtensionCodec, decodeMulti, decodeMultiStream } from "@msgpack/msgpack";
import { decompress, isEncoding } from "../decompress.ts";

export interface ForwardEvent {
  /** ns since 1970; undefined when it has none that can be read. */
  readonly timestamp: bigint | undefined;
  readonly record: object;
}

export interface ForwardMessage {
  readonly tag: string;
  readonly events: readonly ForwardEvent[];
  /** Events that are none. */
  readonly malformed: number;
  /** To be acknowledged under this name. */
  readonly chunk: string | undefined;
}

/** What cannot be a message, or is too large for one; the connection cannot go on. */
export class ForwardFault extends Error {}

const NS_PER_SECOND = 1_000_000_000n;
const EVENT_TIME_TYPE = 0;

class EventTime {
  readonly ns: bigint;

  constructor(bytes: Uint8Array) {
    if (bytes.length !== 8) throw new DecodeError("an EventTime has 8 bytes");
    const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
    this.ns = BigInt(view.getUint32(0)) * NS_PER_SECOND + BigInt(view.getUint32(4));
  }
}

const extensionCodec = new ExtensionCodec();
extensionCodec.register({ type: EVENT_TIME_TYPE, encode: () => null, decode: (bytes) => new EventTime(bytes) });

/** Texts stay bytes: packed events come as str too, and what is no UTF-8 is decoded by one rule. */
const OPTIONS = { extensionCodec, useBigInt64: true, rawStrings: true } as const;

const textOf = (value: unknown): string | undefined => (value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("utf8") : undefined);

const timeOf = (value: unknown): bigint | undefined => {
  if (value instanceof EventTime) return value.ns;
  if (value instanceof Date) return BigInt(value.getTime()) * 1_000_000n;
  if (typeof value === "bigint") return value * NS_PER_SECOND;
  if (typeof value === "number" && Number.isFinite(value)) return BigInt(Math.trunc(value)) * NS_PER_SECOND + BigInt(Math.round((value % 1) * 1e9));
  return Array.isArray(value) ? timeOf(value[0]) : undefined;
};

const isRecord = (value: unknown): value is object => typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array) && !(value instanceof EventTime);

const readEvents = (values: Iterable<unknown>): Pick<ForwardMessage, "events" | "malformed"> => {
  const events: ForwardEvent[] = [];
  let malformed = 0;
  for (const value of values) {
    const record = Array.isArray(value) ? (value[1] as unknown) : undefined;
    if (isRecord(record)) events.push({ timestamp: timeOf((value as unknown[])[0]), record });
    else malformed++;
  }
  return { events, malformed };
};

const unpack = (packed: Uint8Array): Pick<ForwardMessage, "events" | "malformed"> => {
  try {
    return readEvents(decodeMulti(packed, OPTIONS));
  } catch (error) {
    throw new ForwardFault("the packed events are no msgpack", { cause: error });
  }
};

const unpackCompressed = async (packed: Uint8Array, encoding: string, maxBytes: number): Promise<Pick<ForwardMessage, "events" | "malformed">> => {
  if (!isEncoding(encoding)) throw new ForwardFault(`events are compressed in an unknown way: ${encoding}`);
  return unpack(
    await decompress(packed, encoding, maxBytes).catch((error: unknown) => {
      throw new ForwardFault(`the packed events cannot be decompressed: ${(error as Error).message}`, { cause: error });
    }),
  );
};

/** One message; undefined for a heartbeat. Throws ForwardFault. */
export const readMessage = async (value: unknown, maxDecompressed: number): Promise<ForwardMessage | undefined> => {
  if (value === null) return undefined;
  const tag = Array.isArray(value) ? textOf(value[0]) : undefined;
  if (!Array.isArray(value) || tag === undefined) throw new ForwardFault("a message is an array that begins with a tag");
  const [, body] = value as unknown[];
  const option: unknown = body instanceof Uint8Array || isBatch(body) ? value[2] : value[3];
  const { chunk: rawChunk, compressed: rawCompressed } = (isRecord(option) ? option : {}) as Readonly<Record<string, unknown>>;
  const [chunk, compressed = "text"] = [textOf(rawChunk), textOf(rawCompressed)];
  if (!(body instanceof Uint8Array)) return { tag, chunk, ...readEvents(isBatch(body) ? body : [[body, value[2]]]) };
  return { tag, chunk, ...(compressed === "text" ? unpack(body) : await unpackCompressed(body, compressed, maxDecompressed)) };
};

/** Events, and not a time with its metadata. */
const isBatch = (body: unknown): body is unknown[] => Array.isArray(body) && !(body.length === 2 && !Array.isArray(body[0]) && timeOf(body[0]) !== undefined && isRecord(body[1]));

/** The values of a connection as they become whole. Throws ForwardFault for one larger than `maxBytes`. */
export async function* readValues(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<unknown, void> {
  let unread = 0;
  const bounded = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      unread += chunk.length;
      if (unread > maxBytes) throw new ForwardFault(`a message is larger than ${maxBytes} bytes`);
      yield chunk;
    }
  };
  try {
    for await (const value of decodeMultiStream(bounded(), OPTIONS)) {
      unread = 0;
      yield value;
    }
  } catch (error) {
    if (error instanceof DecodeError || error instanceof RangeError) throw new ForwardFault("what was sent is no msgpack", { cause: error });
    throw error;
  }
}
