/**
 * zstd level 1, by zstd-napi where it loads (an optional dependency with a native part) and by
 * node:zlib otherwise. Frames of both are the same format; decision 0001 has the figures.
 */

import { createRequire } from "node:module";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";

/** Levels 2 and 3 gain nothing on columns. */
const LEVEL = 1;
/** A table of 32 kB, half of what the level takes, stays in the first cache: 4-5 % of the time for 0.2 % of the size. */
const HASH_LOG = 13;

type Compress = (pieces: readonly Uint8Array[], take?: (length: number) => Uint8Array) => Uint8Array;

interface NativeBinding {
  CCtx: new () => { setParameter(parameter: number, value: number): void; compress2(target: Uint8Array, source: Uint8Array): number };
  CParameter: { compressionLevel: number; hashLog: number };
  compressBound(length: number): number;
}

/** Context and output are kept: making them costs more than compressing a small batch. */
const nativeCompress = ({ CCtx, CParameter, compressBound }: NativeBinding): Compress => {
  const context = new CCtx();
  context.setParameter(CParameter.compressionLevel, LEVEL);
  context.setParameter(CParameter.hashLog, HASH_LOG);
  let target = Buffer.allocUnsafeSlow(0);
  return (pieces, take = Buffer.allocUnsafeSlow) => {
    const bound = pieces.reduce((sum, { length }) => sum + compressBound(length), 0);
    if (target.length < bound) target = Buffer.allocUnsafeSlow(bound);
    let length = 0;
    for (const piece of pieces) length += context.compress2(target.subarray(length), piece);
    const frames = take(length);
    target.copy(frames, 0, 0, length);
    return frames;
  };
};

/** node:zlib collects its output in chunks; with few large ones it costs as little as the binding. */
const MAX_CHUNK_BYTES = 1024 * 1024;
const MIN_CHUNK_BYTES = 16 * 1024;

const builtInFrame = (bytes: Uint8Array): Buffer =>
  zstdCompressSync(bytes, {
    chunkSize: Math.min(Math.max(bytes.length >> 1, MIN_CHUNK_BYTES), MAX_CHUNK_BYTES),
    pledgedSrcSize: bytes.length,
    params: { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_hashLog]: HASH_LOG },
  });

const builtInCompress: Compress = (pieces) => (pieces.length === 1 ? builtInFrame(pieces[0]!) : Buffer.concat(pieces.map(builtInFrame)));

const loadNative = (): Compress | undefined => {
  try {
    return nativeCompress(createRequire(import.meta.url)("zstd-napi/binding") as NativeBinding);
  } catch {
    return undefined;
  }
};

const native = loadNative();

/** All that there are here, the preferred one first; tests and measurements run over each. */
export const compressors: ReadonlyMap<string, Compress> = new Map<string, Compress>(
  native ? [["zstd-napi", native], ["node:zlib", builtInCompress]] : [["node:zlib", builtInCompress]],
);

/** A zstd frame of each piece, joined in memory of their own; where it can (not by node:zlib), in memory that `take` hands out. */
export const compress: Compress = native ?? builtInCompress;

interface Decompressed {
  readonly buffer: Buffer;
  /** `bytesWritten`: the input that was used, that is one frame. */
  readonly engine: { readonly bytesWritten: number };
}

/** All frames of `bytes`, joined; throws RangeError when they hold more than `maxBytes`. */
export const decompress = (bytes: Uint8Array, maxBytes: number): Uint8Array => {
  const frames: Buffer[] = [];
  let room = maxBytes;
  for (let at = 0; at < bytes.length; ) {
    const options = { info: true, maxOutputLength: Math.max(room, 1) };
    const { buffer, engine } = zstdDecompressSync(bytes.subarray(at), options) as unknown as Decompressed;
    room -= buffer.length;
    if (room < 0) throw new RangeError(`more than ${maxBytes} bytes`);
    frames.push(buffer);
    at += engine.bytesWritten;
  }
  return frames.length === 1 ? frames[0]! : Buffer.concat(frames);
};
