/** The compiled row pass and TypeScript: the same bytes out, whatever goes in. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { NEEDLES } from "../mask/candidates.ts";
import type { Detector } from "../mask/index.ts";
import { compareWithTypeScript, lineStream } from "./fixtures.ts";
import { FRAGMENTS, twoLinesOfOneShape } from "./json-lines.fixtures.ts";
import { compileRowPass } from "./wasm/compile.ts";

const JOINING = { lingerMs: 1000, maxLines: 100, maxBytes: 8192 };
const STREAMS = [lineStream({ "log.file.path": "/var/log/x.log" }), lineStream(), lineStream({ a: "1", b: "bob@example.com", long: "x".repeat(300) })];

const { difference, compiledShare } = compareWithTypeScript();

const detectorSets: fc.Arbitrary<Detector[]> = fc.oneof(fc.constant<Detector[]>(["email", "card", "ssn", "key"]), fc.subarray<Detector>(["email", "card", "ssn", "key"]));
const stream = fc.constantFrom(...STREAMS);

/** All roles, escapes, nesting and an array. */
const lineOf = (id: number) =>
  `{"timestamp":"2024-06-${String(1 + (id % 30)).padStart(2, "0")}T10:00:0${id % 10}.${id}Z","level":"${["INFO", "warn", "ERROR", "30"][id % 4]}","service":"s${id % 3}","host":"h-${id % 5}",` +
  `"trace_id":"e21213e17af35d876317b74b510a1b4${id % 10}","span_id":"193a26cc1d3c3d6${(id % 16).toString(16)}","message":"m ${id} took ${id * 7} ms\\tfor \\"x\\" at 10.0.0.${id}:80","ctx":{"n":${id}.5,"ok":true,"none":null},"tags":["a",{"b":[${id}]}]}\n`;

// Thousands of generated blocks, twice: seconds on a free core, much more on a crowded one.
vi.setConfig({ testTimeout: 180_000 });

describe("the compiled row pass", () => {
  it("gives the bytes that TypeScript gives, for lines of many shapes", () => {
    const chunk = fc
      .tuple(fc.array(twoLinesOfOneShape, { minLength: 1, maxLength: 3 }), fc.array(fc.nat(), { minLength: 4, maxLength: 24 }), stream)
      .map(([documents, order, from]) => {
        const lines = documents.flatMap(({ lines: both }) => both);
        return { bytes: Buffer.from([...lines, ...lines, ...order.map((index) => lines[index % lines.length]!)].join("")), stream: from };
      });
    fc.assert(
      fc.property(fc.array(chunk, { minLength: 1, maxLength: 3 }), detectorSets, (chunks, detectors) => {
        expect(difference(chunks, { mask: { detectors } })).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });

  it("gives them for lines with some bytes changed, left out or put in", () => {
    const change = fc.record({ line: fc.nat(39), at: fc.nat(420), kind: fc.constantFrom("set", "cut", "put"), byte: fc.oneof(fc.integer({ min: 32, max: 126 }), fc.nat(255), fc.constantFrom(34, 92, 123, 125, 44, 58, 10, 13, 48, 32)) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), stream, fc.constantFrom(undefined, JOINING), (changes, from, multiline) => {
        const lines = Array.from({ length: 40 }, (_, id) => Buffer.from(lineOf(id)));
        for (const { line, at, kind, byte } of changes) {
          const old = lines[line]!;
          const place = at % old.length;
          if (kind === "set") old[place] = byte;
          else lines[line] = Buffer.concat([old.subarray(0, place), ...(kind === "put" ? [Buffer.from([byte])] : []), old.subarray(place + (kind === "put" ? 0 : 1))]);
        }
        const chunks = [{ bytes: Buffer.concat(lines), stream: from }];
        expect(difference(chunks, { multiline })).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });

  it("sends to the masker what TypeScript sends, wherever it stands in a value", () => {
    const hidden = fc.constantFrom(...FRAGMENTS, "sk-", "xoxb-1234567890-abcdefghij", "glpat-0123456789abcdefghij", "npm_0123456789abcdefghijABCDEFGHIJ012345", "ghp_", "github_pat_0123456789abcdefghijAB", "eyJ", "AIza0123456789abcdefghijABCDEFGHIJ01234", "ASIAABCDEFGHIJKLMNOP");
    const value = fc.tuple(fc.nat(40), hidden, fc.nat(40), hidden).map(([before, one, between, two]) => JSON.stringify("w".repeat(before) + one + ".".repeat(between) + two));
    const line = fc.tuple(value, value, value).map(([message, a, b]) => `{"message":${message},"a":${a},"b":[${b}]}\n`);
    fc.assert(
      fc.property(fc.array(line, { minLength: 3, maxLength: 40 }), stream, detectorSets, (lines, from, detectors) => {
        // First a line without anything, so that the shape is known.
        const chunks = [{ bytes: Buffer.from(['{"message":"","a":"","b":[""]}\n', ...lines, ...lines].join("")), stream: from }];
        expect(difference(chunks, { mask: { detectors } })).toBeUndefined();
      }),
      { numRuns: 150 },
    );
  });

  it.each([
    "2024-02-29T23:59:59.999999999Z", "2023-02-29T00:00:00Z", "2000-02-29 00:00:00,1Z", "2100-02-29T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00+00:01", "2261-12-31T23:59:59Z",
    "2262-04-11T23:47:16.854775807Z", "2024-06-07T10:00:60Z", "2024-06-07T24:00:00Z", "2024-13-07T10:00:00Z", "2024-06-31T10:00:00Z", "2024-06-07T10:00:00-18:59", "2024-06-07T10:00:00+19:00", "2024-06-07T10:00:00+0200",
    "2024-06-07T10:00:00 +02:00", "2024-06-07t10:00:00z", "2024-06-07T10:00:00.Z", "2024-06-07T10:00:00.1234567891Z", "2024-06-07T10:00:00", "2024-06-07T10:00Z", "0024-06-07T10:00:00Z", "2024-6-07T10:00:00.0Z", "20240607T100000.000Z",
    "123456789", "12345678", "1717754400", "17177544000", "99999999999", "1717754400002", "99999999999999", "1717754400002003", "17177544000020030", "1717754400002003004", "9223372036854775807", "9223372036854775808", "0123456789", "1717754400.25", "-1717754400",
  ])("reads the time %s as TypeScript does", (time) => {
    const lines = ["2024-06-07T10:00:00Z", time, "2024-06-07T10:00:00Z", time].map((text) => `{"ts":"${text}","message":"m"}\n`);
    const chunks = [{ bytes: Buffer.from(lines.join("")), stream: STREAMS[0]! }];
    expect(difference(chunks)).toBeUndefined();
  }); // prettier-ignore

  it("stops where the block is full, and takes up what TypeScript has learned", () => {
    const lines = Array.from({ length: 3000 }, (_, id) => `{"level":"L${id % 40}","service":"service-${id % 700}","message":"${"x".repeat(id % 200)}","long":${"1".repeat(1 + (id % 9))}}\n`);
    const chunks = Array.from({ length: 10 }, (_, index) => ({ bytes: Buffer.from(lines.slice(index * 300, index * 300 + 300).join("")), stream: STREAMS[index % 3]! }));
    for (const options of [{ maxRows: 37, maxLineBytes: 150 }, { maxRows: 5000 }]) expect(difference(chunks, options)).toBeUndefined();
  });

  it("has taken a good part of all these lines", () => {
    expect(compiledShare()).toBeGreaterThan(1 / 4);
  });

  it("looks for every needle of the masker", () => {
    // isNeedle in wasm/row-pass.ts and this list change together.
    expect(NEEDLES.map(({ text }) => text)).toEqual(["@", "AKIA", "ASIA", "AIza", "k_live_", "k_test_", "k-", "gh", "b_pat_", "glpat-", "pm_", "xox", "yJ"]);
  });

  it("is what its source compiles to", () => {
    const folder = mkdtempSync(join(tmpdir(), "obs-row-pass-"));
    try {
      compileRowPass(join(folder, "row-pass.wasm"));
      expect(readFileSync(join(folder, "row-pass.wasm")).equals(readFileSync(new URL("./wasm/row-pass.wasm", import.meta.url)))).toBe(true);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
