import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compress, compressors, decompress } from "./zstd.ts";

describe.each([...compressors])("%s", (_, implementation) => {
  it("makes frames that decompress to the same bytes, each in memory of its own", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.uint8Array({ maxLength: 5000 }), (first, second) => {
        const frames = [implementation([first]), implementation([second])];
        expect(frames.map((frame) => Buffer.from(decompress(frame, 10_000)))).toEqual([Buffer.from(first), Buffer.from(second)]);
      }),
      { numRuns: 50 },
    );
  });

  it("makes a frame of each piece, in the order in which they are joined", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 3000 }), { minLength: 1, maxLength: 4 }), (pieces) => {
        const taken: number[] = [];
        const frames = implementation(pieces, (length) => Buffer.alloc((taken.push(length), length)));
        expect(Buffer.from(decompress(frames, 12_000))).toEqual(Buffer.concat(pieces));
        expect(taken.every((length) => length === frames.length)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it("makes frames that can be joined", () => {
    const joined = Buffer.concat([implementation([Buffer.from("one ")]), implementation([Buffer.from("two")])]);
    expect(Buffer.from(decompress(joined, 7)).toString()).toBe("one two");
    expect(() => decompress(joined, 6)).toThrow(RangeError);
  });
});

describe("decompress", () => {
  it("refuses a bomb, and what is no frame", () => {
    const bomb = compress([Buffer.alloc(10_000_000)]);
    expect(() => decompress(bomb, 1_000_000)).toThrow(RangeError);
    expect(() => decompress(Buffer.from("not zstd at all"), 1000)).toThrow(/prefix|frame|unknown/i);
    expect(() => decompress(bomb.subarray(0, 20), 20_000_000)).toThrow(/unexpected end/i);
  });
});
