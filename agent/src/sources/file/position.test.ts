import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fingerprintOf, type FileFacts } from "./identity.ts";
import { decodePosition, encodePosition, PositionBook, positionId, type FilePosition } from "./position.ts";

const HEAD = Buffer.from("the first line of the file\n");
const POSITION: FilePosition = {
  device: 2049n, inode: 42n, birthNs: 1_700_000_000_000_000_001n, path: "/var/log/app.log", seenMs: 1_700_000_001_000,
  fingerprint: fingerprintOf(HEAD.subarray(0, 10)), end: 20, tail: undefined, isSkipping: false, past: [],
};
const FACTS: FileFacts = { device: 2049n, inode: 42n, birthNs: POSITION.birthNs, modifiedMs: 0, size: 27, links: 1, regular: true };

const bookOf = (...positions: FilePosition[]): PositionBook => new PositionBook(positions.map((position) => [positionId(position), encodePosition(position)] as const));

const bigint = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const fingerprint = fc.record({ length: fc.nat(1024), hash: fc.base64String() });
const tail = fc.option(fc.record({ end: fc.nat(), length: fc.nat(64), hash: fc.base64String() }), { nil: undefined });
const content = fc.record({ fingerprint, end: fc.nat(), tail, isSkipping: fc.boolean() });
const anyPosition: fc.Arbitrary<FilePosition> = fc
  .tuple(fc.record({ device: bigint, inode: bigint, birthNs: bigint, path: fc.string({ unit: "binary" }), seenMs: fc.nat() }), content, fc.array(content, { maxLength: 3 }))
  .map(([identity, own, past]) => Object.assign(identity, own, { past }));

describe("positions", () => {
  it("survive being stored", () => {
    fc.assert(fc.property(anyPosition, (position) => {
      expect(decodePosition(encodePosition(position))).toEqual(position);
    }));
  });

  it("of earlier versions, which knew nothing of cut lines, are read", () => {
    const stored = JSON.parse(Buffer.from(encodePosition(POSITION)).toString()) as { content: unknown[] };
    expect(stored.content).toHaveLength(3);
    expect(decodePosition(encodePosition(POSITION))).toEqual(POSITION);
  });

  it("are none when the bytes are something else", () => {
    fc.assert(fc.property(fc.oneof(fc.uint8Array(), fc.json().map((text) => Buffer.from(text))), (bytes) => {
      expect(decodePosition(bytes)).toBeUndefined();
    }));
  });
});

describe("recognition", () => {
  it.each<[string, Partial<FileFacts>, Buffer, "same" | "replaced" | undefined]>([
    ["the file itself", {}, HEAD, "same"],
    ["the file, grown", { size: 5_000 }, HEAD, "same"],
    ["the file on a device that was numbered anew", { device: 7n }, HEAD, "same"],
    ["the file where birth times are not known", { birthNs: 0n }, HEAD, "same"],
    ["the file, truncated", { size: 5 }, HEAD.subarray(0, 5), "replaced"],
    ["the file, truncated and written again", { size: 5_000 }, Buffer.from("something else entirely"), "replaced"],
    ["the inode, used again", { birthNs: 5n }, HEAD, undefined],
    ["another inode with the same content", { inode: 43n }, HEAD, undefined],
    ["the inode number on another device, birth not known", { device: 7n, birthNs: 0n }, HEAD, undefined],
  ])("%s", (_name, facts, head, kind) => {
    expect(bookOf(POSITION).claim({ ...FACTS, ...facts }, head)?.kind).toBe(kind);
  });

  it("gives each position once, and knows which are left", () => {
    const other = { ...POSITION, inode: 43n };
    const book = bookOf(POSITION, other);
    expect(book.mayBe(FACTS)).toBe(true);
    expect(book.claim(FACTS, HEAD)?.kind).toBe("same");
    expect(book.claim(FACTS, HEAD)).toBeUndefined();
    expect(book.mayBe(FACTS)).toBe(false);
    expect([...book.unclaimed()].map(({ inode }) => inode)).toEqual([43n]);
  });

  it("knows the last run, and how long the longest fingerprint is", () => {
    const past = [{ fingerprint: { length: 900, hash: "" }, end: 1_000, tail: undefined, isSkipping: false }];
    const book = bookOf(POSITION, { ...POSITION, inode: 43n, seenMs: 5, past });
    expect(book).toMatchObject({ lastRunMs: POSITION.seenMs, longestFingerprint: 900 });
    expect(bookOf().lastRunMs).toBe(0);
  });
});
