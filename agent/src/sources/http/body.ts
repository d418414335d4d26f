/** Bodies of requests: read up to a limit, decompressed up to a limit. */

import type { IncomingMessage } from "node:http";
import { ENCODINGS, decompress, isEncoding } from "../decompress.ts";

/** What a request is refused with. */
export class Refusal extends Error {
  readonly status: number;
  readonly reason: RefusalReason;

  constructor(status: number, reason: RefusalReason, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

export type RefusalReason = "unauthorized" | "no_such_path" | "method" | "too_large" | "encoding" | "malformed" | "too_many" | "no_room" | "aborted" | "failed";

/** Bytes of all requests that are held at one time. */
export class PendingBytes {
  readonly #max: number;
  #held = 0;

  constructor(max: number) {
    this.#max = max;
  }

  fits(bytes: number): boolean {
    return this.#held + bytes <= this.#max;
  }

  hold(bytes: number): void {
    this.#held += bytes;
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }
}

/** Reads a body, `claim` being called for every part of it. Throws Refusal. */
export const readBody = async (request: IncomingMessage, maxBytes: number, claim: (bytes: number) => void): Promise<Buffer> => {
  const tooLarge = (): Refusal => new Refusal(413, "too_large", `the body is larger than ${maxBytes} bytes`);
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      claim(chunk.length);
      length += chunk.length;
      if (length > maxBytes) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(400, "aborted", "the body ended before its end");
  }
  return Buffer.concat(chunks, length);
};

/** The body as it was before its content-encoding. Throws Refusal. */
export const decode = async (body: Buffer, contentEncoding: string, maxBytes: number): Promise<Buffer> => {
  const encoding = contentEncoding.trim().toLowerCase().replace(/^x-gzip$/, "gzip");
  if (encoding === "identity") return body;
  if (!isEncoding(encoding)) throw new Refusal(415, "encoding", `content-encoding may be ${ENCODINGS.join(" or ")}`);
  try {
    return await decompress(body, encoding, maxBytes);
  } catch (error) {
    if (error instanceof RangeError) throw new Refusal(413, "too_large", `the body decompresses to ${error.message}`);
    throw new Refusal(400, "malformed", `the body is no ${encoding}`);
  }
};
