import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { highlightTerms, splitMatches } from "./highlight.ts";

describe("highlightTerms", () => {
  it.each([
    ["Timeout", ["timeout"]],
    ['"out of memory" AND NOT debug AND service:api', ["out of memory"]],
    ["message:fail* OR conn?ct", ["fail", "conn", "ct"]],
    ["NOT (a OR b)", []],
    ["*", []],
  ])("%s", (query, expected) => expect(highlightTerms(query)).toEqual(expected));
});

describe("splitMatches", () => {
  it("marks every place, whatever its letter case", () => {
    expect(splitMatches("Time out, TIME in", ["time"])).toEqual([
      { text: "Time", matched: true },
      { text: " out, ", matched: false },
      { text: "TIME", matched: true },
      { text: " in", matched: false },
    ]);
  });
  it("takes terms literally and never changes the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.array(fc.string({ minLength: 1, unit: "grapheme" })), (text, terms) => {
        expect(splitMatches(text, terms).map((part) => part.text).join("")).toBe(text);
      }),
    );
  });
});
