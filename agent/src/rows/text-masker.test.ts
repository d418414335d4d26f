import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maskText, newMaskCounts, type Detector } from "../mask/index.ts";
import { Arena } from "./arena.ts";
import { TextMasker } from "./text-masker.ts";

const DETECTORS: ReadonlySet<Detector> = new Set<Detector>(["email", "card", "ssn", "key"]);
const REGION_BYTES = 1 << 20;

const varint = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]);
const encode = (texts: readonly string[]): Buffer => Buffer.concat(texts.map((text) => Buffer.from([...varint(Buffer.byteLength(text)), ...Buffer.from(text)])));

const arena = new Arena([REGION_BYTES]);

const rewrite = (texts: readonly string[]) => {
  const counts = newMaskCounts();
  const bytes = encode(texts);
  arena.buffer.set(bytes, 5);
  const end = new TextMasker(arena, DETECTORS, counts).rewrite(5, 5 + bytes.length);
  return { bytes: Buffer.from(arena.buffer.subarray(5, end)), counts };
};

// Short addresses grow when they are masked; 64 and 65 are '@' and 'A' as lengths.
const fragment = fc.constantFrom("a@b.co", "bob.smith@mail.example.org", "@", "gh", "AKIAABCDEFGHIJKLMNOP", "k-", " ", "x", "é".repeat(32), "y".repeat(65), "z".repeat(200));
const text = fc.array(fragment, { maxLength: 4 }).map((parts) => parts.join(""));

describe("TextMasker", () => {
  it("makes room for labels that are longer than what they replace", () => {
    const texts = Array.from({ length: 40_000 }, () => "a@b.co");
    expect(rewrite(texts).bytes.equals(encode(texts.map(() => "[EMAIL]")))).toBe(true);
  });

  it("masks every value as it would be alone, and leaves the others byte for byte", () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 30 }), (texts) => {
        const counts = newMaskCounts();
        const expected = encode(texts.map((value) => maskText(value, counts, DETECTORS)));
        const { bytes, counts: counted } = rewrite(texts);
        expect(bytes.equals(expected)).toBe(true);
        expect(counted).toEqual(counts);
      }),
      { numRuns: 500 },
    );
  });

  it("masks also where there are more candidates than it can note", () => {
    const texts = Array.from({ length: 70_000 }, (_, index) => (index % 7000 === 0 ? "a@b.co" : "@"));
    expect(rewrite(texts).bytes.equals(encode(texts.map((value) => (value === "@" ? value : "[EMAIL]"))))).toBe(true);
  });
});
