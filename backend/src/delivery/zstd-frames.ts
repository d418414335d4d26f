/**
 * What zstd frames say about themselves, without decompressing them (RFC 8878, section 3.1): a
 * truncated body, a body that is no zstd at all, and a decompression bomb are refused before the
 * store sees them. What a lying header lets through meets the statement's memory and time limits.
 */

const MAGIC = 0xfd2fb528;
const MAX_BLOCK_BYTES = 128 * 1024;
const BLOCK_RAW = 0;
const BLOCK_RLE = 1;
const BLOCK_RESERVED = 3;

/**
 * Even at its highest levels, which split blocks, zstd puts more than this into a compressed block
 * on average; the first few may be smaller.
 */
const FEWEST_BYTES_PER_BLOCK = 1024;
const SMALL_BLOCKS = 64;

interface Frame {
  /** Index behind its last byte. */
  readonly end: number;
  /** Uncompressed size as its header states it; a streaming encoder need not. */
  readonly statedBytes: number | undefined;
  /** Uncompressed bytes of blocks that show their size. */
  readonly plainBytes: number;
  readonly compressedBlocks: number;
}

/** Undefined: the body is not a sequence of whole zstd frames. */
export const readFrames = (body: Buffer): Frame[] | undefined => {
  const frames: Frame[] = [];
  for (let at = 0; at < body.length; at = frames.at(-1)!.end) {
    const frame = readFrame(body, at);
    if (!frame) return undefined;
    frames.push(frame);
  }
  return frames.length === 0 ? undefined : frames;
};

/** Whether the frames can hold this many uncompressed bytes, and not many more. */
export const canHold = (frames: readonly Frame[], rawBytes: number): boolean => {
  const sum = (of: (frame: Frame) => number): number => frames.reduce((total, frame) => total + of(frame), 0);
  const plainBytes = sum((frame) => frame.plainBytes);
  const compressedBlocks = sum((frame) => frame.compressedBlocks);
  const stated = sum((frame) => frame.statedBytes ?? Number.NaN);
  return (
    plainBytes <= rawBytes &&
    plainBytes + compressedBlocks * MAX_BLOCK_BYTES >= rawBytes &&
    compressedBlocks <= SMALL_BLOCKS * frames.length + rawBytes / FEWEST_BYTES_PER_BLOCK &&
    (Number.isNaN(stated) || stated === rawBytes)
  );
};

const readFrame = (body: Buffer, start: number): Frame | undefined => {
  if (start + 6 > body.length || body.readUInt32LE(start) !== MAGIC) return undefined;
  const descriptor = body[start + 4]!;
  const header = readHeader(body, start + 5, descriptor);
  if (!header) return undefined;
  let at = header.end;
  let plainBytes = 0;
  let compressedBlocks = 0;
  for (let last = false; !last; ) {
    if (at + 3 > body.length) return undefined;
    const block = body.readUIntLE(at, 3);
    last = (block & 1) === 1;
    const type = (block >> 1) & 3;
    const size = block >> 3;
    if (type === BLOCK_RESERVED || size > MAX_BLOCK_BYTES) return undefined;
    if (type === BLOCK_RAW || type === BLOCK_RLE) plainBytes += size;
    else compressedBlocks++;
    at += 3 + (type === BLOCK_RLE ? 1 : size);
  }
  const hasChecksum = (descriptor & 0x04) !== 0;
  const end = at + (hasChecksum ? 4 : 0);
  return end > body.length ? undefined : { end, statedBytes: header.statedBytes, plainBytes, compressedBlocks };
};

/** Section 3.1.1.1. A frame that needs a dictionary is none of ours. */
const readHeader = (body: Buffer, start: number, descriptor: number): { end: number; statedBytes: number | undefined } | undefined => {
  const singleSegment = (descriptor & 0x20) !== 0;
  const dictionaryFlag = descriptor & 0x03;
  const reserved = (descriptor & 0x08) !== 0;
  if (dictionaryFlag !== 0 || reserved) return undefined;
  const sizeFlag = descriptor >> 6;
  const at = start + (singleSegment ? 0 : 1);
  const sizeBytes = sizeFlag === 0 ? (singleSegment ? 1 : 0) : 2 ** sizeFlag;
  if (at + sizeBytes > body.length) return undefined;
  return { end: at + sizeBytes, statedBytes: readSize(body, at, sizeBytes) };
};

const readSize = (body: Buffer, at: number, bytes: number): number | undefined => {
  if (bytes === 0) return undefined;
  if (bytes === 8) return Number(body.readBigUInt64LE(at));
  // Two bytes count from 256 on: what is smaller fits into one.
  return body.readUIntLE(at, bytes) + (bytes === 2 ? 256 : 0);
};
