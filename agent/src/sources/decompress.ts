/** Decompression of what others send, with a bound on what comes out. */

import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { decompress as unzstd } from "../codec/zstd.ts";

const gunzipAsync = promisify(gunzip);

export const ENCODINGS = ["gzip", "zstd"] as const;
export type Encoding = (typeof ENCODINGS)[number];

export const isEncoding = (name: string): name is Encoding => (ENCODINGS as readonly string[]).includes(name);

/** All members or frames, joined. Throws RangeError for more than `maxBytes`, other errors for what is no such format. */
export const decompress = async (bytes: Uint8Array, encoding: Encoding, maxBytes: number): Promise<Buffer> => {
  if (encoding === "zstd") {
    try {
      return Buffer.from(unzstd(bytes, maxBytes));
    } catch (error) {
      throw isTooLarge(error) ? new RangeError(`more than ${maxBytes} bytes`) : error;
    }
  }
  return gunzipAsync(bytes, { maxOutputLength: maxBytes }).catch((error: unknown) => {
    throw isTooLarge(error) ? new RangeError(`more than ${maxBytes} bytes`) : error;
  });
};

const isTooLarge = (error: unknown): boolean => error instanceof RangeError || (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
