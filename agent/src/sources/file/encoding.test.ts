import { appendFileSync, renameSync, writeFileSync } from "node:fs";
import * as fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { firstLineEnd, lastLineEnd, recogniseEncoding, type Encoding, type EncodingOption } from "./encoding.ts";
import { Harness, until } from "./harness.ts";
import { Transcoder } from "./transcoder.ts";

const bytesOf = (text: string, encoding: Encoding): Buffer => {
  if (encoding === "utf-16be") return Buffer.from(text, "utf16le").swap16();
  return Buffer.from(text, encoding === "utf-16le" ? "utf16le" : encoding === "latin1" ? "latin1" : "utf8");
};
const encodings = fc.constantFrom("utf-16le" as const, "utf-16be" as const, "latin1" as const);

describe("recogniseEncoding", () => {
  it.each<[string, number[], EncodingOption, Encoding | undefined, number]>([
    ["UTF-16 LE by its mark", [0xff, 0xfe, 0x61], "auto", "utf-16le", 2],
    ["UTF-16 BE by its mark", [0xfe, 0xff, 0], "auto", "utf-16be", 2],
    ["UTF-8 by its mark", [0xef, 0xbb, 0xbf], "auto", "utf-8", 3],
    ["UTF-8 without one", [0x61, 0x62], "auto", "utf-8", 0],
    ["what may become a mark", [0xff], "auto", undefined, 0],
    ["an empty file", [], "auto", undefined, 0],
    ["the option, mark or not", [0x61, 0, 0x62], "utf-16le", "utf-16le", 0],
    ["the option, with its mark", [0xff, 0xfe, 0x62], "utf-16le", "utf-16le", 2],
    ["the option, whatever another mark says", [0xff, 0xfe, 0x62], "latin1", "latin1", 0],
    ["an empty file of latin1", [], "latin1", "latin1", 0],
  ])("%s", (_, head, option, encoding, markBytes) => {
    expect(recogniseEncoding(Buffer.from(head), option)).toEqual(encoding && { encoding, markBytes });
  });
});

describe("line ends", () => {
  it("are found at whole units only", () => {
    // Both have bytes 0x0a that are no line end: U+0A41 and U+410A.
    for (const encoding of ["utf-16le", "utf-16be"] as const) {
      const bytes = bytesOf("\u0a41\u410a\u0a00\nb\n\u0a0a", encoding);
      expect([firstLineEnd(bytes, encoding), lastLineEnd(bytes, encoding)]).toEqual([8, 12]);
    }
    expect([firstLineEnd(Buffer.from("a\nb\nc"), "latin1"), lastLineEnd(Buffer.from("a\nb\nc"), "utf-8"), lastLineEnd(Buffer.from("a"), "utf-8")]).toEqual([2, 4, -1]);
  });
});

describe("a transcoder", () => {
  it("gives each line once, and places that are exact to the byte", () => {
    const line = fc.string({ unit: fc.constantFrom("a", "é", "ÿ", " ", "x".repeat(7)), maxLength: 12 });
    const wide = fc.string({ unit: fc.constantFrom("a", "日", "🙂", "\u0a0a", "\ud800"), maxLength: 12 });
    fc.assert(
      fc.property(encodings, fc.array(line), fc.array(wide), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (encoding, narrow, others, reads) => {
        const lines = encoding === "latin1" ? narrow : [...narrow, ...others];
        const file = bytesOf(lines.map((text) => `${text}\n`).join(""), encoding);
        const input = Buffer.alloc(256);
        const transcoder = new Transcoder(encoding, 0);
        const found: string[] = [];
        let length = 0;
        for (let offset = 0, turn = 0; offset < file.length; turn++) {
          length += reads[turn % reads.length]!;
          const raw = file.subarray(offset, Math.min(offset + length, offset + 240, file.length));
          const { textLength } = transcoder.fill(raw, input, false);
          const end = input.subarray(0, textLength).indexOf(10) + 1;
          const place = transcoder.fileOffsetAt(transcoder.textOffset + end);
          if (end > 0) found.push(input.toString("utf8", 0, end - 1));
          offset += transcoder.take(end);
          expect(place).toBe(offset);
          expect(transcoder.fileOffsetAt(transcoder.textOffset)).toBe(offset);
          if (end > 0) length = 0;
        }
        expect(found).toEqual(lines.map((text) => text.toWellFormed()));
      }),
      { numRuns: 300 },
    );
  });

  it("fills the input with a line that goes on, and stops where the input is full", () => {
    const input = Buffer.alloc(16);
    const transcoder = new Transcoder("latin1", 5);
    expect(transcoder.fill(Buffer.from("é".repeat(20), "latin1"), input, true)).toEqual({ length: 8, textLength: 16, rest: 0 });
    expect([transcoder.take(16), transcoder.textOffset, transcoder.fileOffsetAt(21)]).toEqual([8, 21, 13]);
    expect(transcoder.fill(Buffer.from("abc"), input, true)).toEqual({ length: 3, textLength: 16, rest: 0 });
    expect(transcoder.take(16)).toBe(3);
    expect(new Transcoder("utf-16le", 0).fill(Buffer.from("a\0b"), input, false)).toEqual({ length: 2, textLength: 1, rest: 1 });
  });
});

describe("files of other encodings", () => {
  let harness: Harness;
  afterEach(() => harness.close());

  it.each<[Encoding, EncodingOption, string]>([
    ["utf-16le", "auto", "\ufeff"],
    ["utf-16be", "auto", "\ufeff"],
    ["utf-16be", "utf-16be", ""],
    ["latin1", "latin1", ""],
    ["utf-8", "auto", "\ufeff"],
  ])("%s (option %s) are read to the byte, over a restart and in pieces", async (encoding, option, mark) => {
    harness = new Harness({ encoding: option });
    const path = harness.path("app.log");
    const lines = Array.from({ length: 400 }, (_, index) => `line ${index} é${"\u00ff".repeat(index % 50)}`);
    const bytes = bytesOf(mark + lines.map((text) => `${text}\n`).join(""), encoding);
    const cuts = [1, 3, 1001, 8003, bytes.length - 1, bytes.length];
    let from = 0;
    writeFileSync(path, "");
    await harness.start();
    for (const to of cuts) {
      appendFileSync(path, bytes.subarray(from, to));
      from = to;
      const whole = Math.max(0, bytesToLines(bytes.subarray(0, to), encoding));
      await until(() => harness.shard.texts().length === whole, () => harness.shard.texts().length);
      if (to > 1001) {
        await harness.shard.flush();
        await harness.kill();
        await harness.start();
      }
    }
    expect(harness.shard.texts()).toEqual(lines);
  });

  it("are begun at a line, and end with half a unit when they are rotated", async () => {
    harness = new Harness();
    writeFileSync(harness.path("app.log"), bytesOf("\ufeffold\n\u0a41half", "utf-16le"));
    await harness.start({ readFrom: "end" });
    appendFileSync(harness.path("app.log"), bytesOf(" and half\nlast", "utf-16le"));
    await until(() => harness.shard.texts().length === 1);
    appendFileSync(harness.path("app.log"), "x");
    renameSync(harness.path("app.log"), harness.path("app.log.1"));
    await until(() => harness.shard.texts().length === 2);
    expect(harness.shard.texts()).toEqual(["\u0a41half and half", "last"]);
  });
});

const bytesToLines = (bytes: Buffer, encoding: Encoding): number => {
  let lines = 0;
  for (let at = 0; ; lines++) {
    const end = firstLineEnd(bytes.subarray(at), encoding);
    if (end === -1) return lines;
    at += end;
  }
};
