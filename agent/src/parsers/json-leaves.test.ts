import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJsonLeaves } from "./json-leaves.ts";

/** The same by JSON.parse, for documents whose numbers a double holds and prints as written. */
const leavesByJsonParse = (value: object, prefix = ""): [string, string][] =>
  Object.entries(value).flatMap(([key, member]): [string, string][] => {
    if (member === null) return [];
    if (Array.isArray(member)) return [[prefix + key, JSON.stringify(member)]];
    if (typeof member === "object") return leavesByJsonParse(member as object, `${prefix}${key}.`);
    return [[prefix + key, String(member)]];
  });

/** JSON.stringify has no -0. */
const withoutMinusZero = (entries: [string, string][]) =>
  new Map(entries.map(([path, leaf]) => [path, leaf.startsWith("[") ? leaf.replaceAll("-0", "0") : leaf === "-0" ? "0" : leaf]));

const nestedIn = (levels: number, open: string, close: string) => `{"a":${open.repeat(levels)}1${close.repeat(levels)}}`;

const isObject = (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
};

describe("parseJsonLeaves", () => {
  it("finds what JSON.parse finds", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3, noUnicodeString: false })), (document) => {
        const text = JSON.stringify(document);
        const leaves = parseJsonLeaves(text)!.map(({ path, text: leaf }): [string, string] => [path, leaf]);
        const parsed = JSON.parse(text) as object;
        expect(withoutMinusZero(leaves)).toEqual(withoutMinusZero(leavesByJsonParse(parsed)));
      }),
    );
  });

  it("takes a text for an object when and only when JSON.parse does", () => {
    const token = fc.constantFrom("{", "}", "[", "]", ",", ":", '"a"', '"', "1", "-", "0", "1.5e3", "01", "true", "null", "nul", " ", "\\", '"\\u00e9"', '"\\x"', "\u0001", '"\t"');
    const random = fc.array(token, { maxLength: 12 }).map((tokens) => tokens.join(""));
    const members = fc.array(token, { maxLength: 5 }).map((tokens) => `{"a":${tokens.join("")}}`);
    fc.assert(
      fc.property(fc.oneof(random, members), (text) => {
        expect(parseJsonLeaves(text) !== undefined).toBe(isObject(text));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["numbers as written", '{"a":1.50,"b":12345678901234567890,"c":-0,"d":1E5}', [["a", "1.50"], ["b", "12345678901234567890"], ["c", "-0"], ["d", "1E5"]]],
    ["arrays as written", '{"a":[1.50, {"b":null}]}', [["a", '[1.50, {"b":null}]']]],
    ["arrays with escapes decoded", '{"a":["\\u0040", 1.50]}', [["a", '["@",1.50]']]],
    ["no leaf of null and {}", '{"a":null,"b":{},"c":{"d":null}}', []],
    ["every one of equal names", '{"a":1,"a":{"b":2}}', [["a", "1"], ["a.b", "2"]]],
  ])("keeps %s", (_, text, expected) => {
    expect(parseJsonLeaves(text)!.map(({ path, text: leaf }) => [path, leaf])).toEqual(expected);
  });

  it("takes strings as long as a line may be", () => {
    const long = ["x", "\\", '"', "é\n"].map((unit) => unit.repeat(1024 * 1024));
    expect(parseJsonLeaves(JSON.stringify({ ...long }))!.map(({ text }) => text.length)).toEqual(long.map(({ length }) => length));
  });

  it("leaves documents that are too deep, and ends on any", () => {
    expect(parseJsonLeaves(nestedIn(60, '{"b":', "}"))).toHaveLength(1);
    for (const text of [nestedIn(100, '{"b":', "}"), nestedIn(100_000, "[", "]"), '{"a":'.repeat(100_000)]) expect(parseJsonLeaves(text)).toBeUndefined();
  });
});
