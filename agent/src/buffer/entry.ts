/**
 * Description of a buffered batch: crc32 (4 bytes, little endian) of what follows, then JSON. It
 * lies beside the body, under a key of its own, so that a start reads thousands of descriptions and
 * no body, and so that the rows of a damaged body are still known by number.
 */

import { crc32 } from "node:zlib";
import { isStream, type Stream } from "@obs/wire";

/** Where a large body lies. */
export interface SegmentPlace {
  readonly segment: number;
  readonly offset: number;
}

export interface Entry {
  readonly key: string;
  readonly stream: Stream;
  readonly tenant: string;
  readonly rows: number;
  readonly rawBytes: number;
  readonly firstNs: bigint;
  readonly lastNs: bigint;
  readonly bodyBytes: number;
  readonly bodyCrc: number;
  /** Absent: the body is under `b/`. */
  readonly place?: SegmentPlace;
  /** The body is encrypted (vault.ts). */
  readonly sealed?: true;
  /** Class of the source that it comes from, such as `file`; absent when it did not say. */
  readonly source?: string;
  /** When it was given to the buffer, ms since 1970. */
  readonly sinceMs?: number;
}

/** Set on entries that were acknowledged. */
export interface AcknowledgedPart {
  readonly atMs: number;
  readonly storeBoot: string;
  readonly stored: number;
  readonly refused: Readonly<Record<string, number>>;
}

/** Set on dead letters. */
export interface DeadPart {
  readonly atMs: number;
  readonly reason: string;
}

const CRC_BYTES = 4;

const encode = (fields: object): Buffer => {
  const text = Buffer.from(JSON.stringify(fields, (_name, value: unknown) => (typeof value === "bigint" ? String(value) : value)));
  const bytes = Buffer.allocUnsafe(CRC_BYTES + text.length);
  bytes.writeUInt32LE(crc32(text), 0);
  text.copy(bytes, CRC_BYTES);
  return bytes;
};

export const encodeEntry = <Part extends object>(entry: Entry, part?: Part): Buffer => encode({ ...entry, ...part });

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** undefined when the bytes are damaged. */
export const decodeEntry = <Part extends object = object>(bytes: Uint8Array): (Entry & Part) | undefined => {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length <= CRC_BYTES || crc32(view.subarray(CRC_BYTES)) !== view.readUInt32LE(0)) return undefined;
  try {
    const fields = JSON.parse(view.toString("utf8", CRC_BYTES)) as Record<string, unknown>;
    if (typeof fields.key !== "string" || typeof fields.stream !== "string" || !isStream(fields.stream)) return undefined;
    if (!isCount(fields.rows) || !isCount(fields.bodyBytes) || !isCount(fields.rawBytes)) return undefined;
    return { ...fields, firstNs: BigInt(fields.firstNs as string), lastNs: BigInt(fields.lastNs as string) } as unknown as Entry & Part;
  } catch {
    return undefined;
  }
};
