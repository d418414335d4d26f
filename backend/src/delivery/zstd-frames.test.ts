import { constants, createZstdCompress, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canHold, readFrames } from "./zstd-frames.ts";

const check = (body: Buffer, rawBytes: number): boolean => {
  const frames = readFrames(body);
  return frames !== undefined && canHold(frames, rawBytes);
};

const level = (value: number) => ({ params: { [constants.ZSTD_c_compressionLevel]: value } });

/** Sizes around those at which the header and the blocks change their form. */
const SIZES = [0, 1, 255, 256, 257, 65_535, 65_791, 65_792, 131_071, 131_072, 131_073, 400_000];

describe("zstd frames", () => {
  it.each(SIZES)("of %i bytes hold that and nothing else", (size) => {
    const compressible = Buffer.alloc(size, "obs ");
    const random = Buffer.from(Array.from({ length: size }, (_, i) => (i * 2_654_435_761) >>> 24));
    for (const raw of [compressible, random]) {
      for (const compression of [1, 3, 19]) {
        const body = zstdCompressSync(raw, level(compression));
        expect(check(body, size)).toBe(true);
        expect(check(body, size + 1)).toBe(false);
      }
    }
  });

  it("may be many, with or without checksum, of any content", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 3_000 }), { minLength: 1, maxLength: 5 }), fc.boolean(), (raws, checksum) => {
        const options = { params: { [constants.ZSTD_c_checksumFlag]: Number(checksum) } };
        const body = Buffer.concat(raws.map((raw) => zstdCompressSync(raw, options)));
        expect(check(body, raws.reduce((sum, raw) => sum + raw.length, 0))).toBe(true);
        expect(readFrames(body)).toHaveLength(raws.length);
      }),
    );
  });

  it("that are cut or have junk behind them are no frames", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 2_000 }), fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 20 }), (raw, cut, junk) => {
        const body = zstdCompressSync(raw);
        expect(readFrames(body.subarray(0, cut % body.length))).toBeUndefined();
        const behind = readFrames(Buffer.concat([body, junk]));
        expect(behind === undefined || junk.length > 8).toBe(true);
      }),
    );
  });

  it("random bytes never throw", () => {
    const magic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => readFrames(Buffer.concat([magic, bytes]))).not.toThrow();
      }),
    );
  });

  it("of a streaming encoder need not state their size", async () => {
    const encoder = createZstdCompress();
    const chunks: Buffer[] = [];
    encoder.on("data", (chunk: Buffer) => chunks.push(chunk));
    encoder.write(Buffer.alloc(100_000, "a line of log\n"));
    encoder.end(Buffer.alloc(100_000, "another line\n"));
    await new Promise((resolve) => encoder.once("end", resolve));
    const frames = readFrames(Buffer.concat(chunks))!;
    expect(frames[0]!.statedBytes).toBeUndefined();
    expect(canHold(frames, 200_000)).toBe(true);
    expect(canHold(frames, 2_000_000)).toBe(false);
  });

  it("that lie about their size are found out", () => {
    const bomb = zstdCompressSync(Buffer.alloc(1_000_000));
    const lying = Buffer.from(bomb);
    // Single-segment or not, the size field of a frame of this size has four bytes.
    lying.writeUInt32LE(1_000, 5 + ((bomb[4]! & 0x20) === 0 ? 1 : 0));
    expect(check(bomb, 1_000_000)).toBe(true);
    expect(check(lying, 1_000)).toBe(false);
    const many = Buffer.concat(Array.from({ length: 200 }, () => zstdCompressSync(Buffer.alloc(131_072 * 3, "ab"))));
    expect(check(many, 1_000)).toBe(false);
  });
});
