import { hash } from "node:crypto";
import type { LineStream } from "../../core/contracts.ts";
import type { LineFormat } from "../../core/line-format.ts";
import { EMPTY_FINGERPRINT, type Fingerprint } from "./identity.ts";
import { encodePosition, positionId, type Content, type FilePosition, type Tail } from "./position.ts";
import type { Transcoder } from "./transcoder.ts";

const TAIL_BYTES = 64;

/** What a stream asks of the file that it is read from when a position is stored. */
export type Whereabouts = Pick<FilePosition, "device" | "inode" | "birthNs" | "seenMs">;

export interface StreamResource {
  readonly service: string;
  readonly host: string;
  readonly environment: string;
  readonly format?: LineFormat | undefined;
}

/**
 * One content of one file. Truncation ends a stream and begins another with the same id, so that a
 * position which is encoded late still describes the content that its offset belongs to.
 */
export class FileStream implements LineStream {
  readonly id: string;
  readonly service: string;
  readonly host: string;
  readonly environment: string;
  readonly format: LineFormat | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  /** The name under which it was opened; a rotated file's rows keep it. */
  readonly path: string;
  /** What the same inode held before; as durable as this stream's positions, because rows go in order. */
  readonly past: readonly Content[];
  readonly recall: () => void;
  isSkipping = false;
  /** How its bytes are read, once its first bytes have told. */
  reading: "as-is" | Transcoder | undefined;
  fingerprint: Fingerprint = EMPTY_FINGERPRINT;
  readonly #whereabouts: Whereabouts;
  #tail: Tail | undefined;

  constructor(path: string, resource: StreamResource, whereabouts: Whereabouts, past: readonly Content[], recall: () => void) {
    this.id = positionId(whereabouts);
    this.path = path;
    this.service = resource.service;
    this.host = resource.host;
    this.environment = resource.environment;
    this.format = resource.format;
    this.attributes = { "log.file.path": path };
    this.past = past;
    this.recall = recall;
    this.#whereabouts = whereabouts;
  }

  /**
   * Remembers the end of what was read: `input[0, length)`, whose first byte is at `offset`. As a
   * hash at once, which costs a microsecond: 64 bytes that are kept hold a whole pool of 64 KB.
   */
  rememberTail(input: Buffer, offset: number, length: number): void {
    const tailLength = Math.min(TAIL_BYTES, length);
    this.#tail = { end: offset + length, length: tailLength, hash: hash("sha1", input.subarray(length - tailLength, length), "base64") };
  }

  restoreTail(tail: Tail | undefined): void {
    this.#tail = tail;
  }

  get tail(): Tail | undefined {
    return this.#tail;
  }

  contentUpTo(end: number): Content {
    return { fingerprint: this.fingerprint, end, tail: this.tail, isSkipping: this.isSkipping };
  }

  positionAt(offset: number): FilePosition {
    const { device, inode, birthNs, seenMs } = this.#whereabouts;
    return { device, inode, birthNs, seenMs, past: this.past, path: this.path, ...this.contentUpTo(offset) };
  }

  /** Of an offset as the shard counts. */
  encodePosition(offset: number): Uint8Array {
    const { reading } = this;
    return encodePosition(this.positionAt(typeof reading === "object" ? reading.fileOffsetAt(offset) : offset));
  }
}
