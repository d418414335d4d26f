import { describe, expect, it } from "vitest";
import { seriesId, xxHash64 } from "./index.ts";

describe("xxHash64", () => {
  // Known answers; backend/test/wire-roundtrip.test.ts compares every length with ClickHouse itself.
  it.each([
    ["", "ef46db3751d8e999"],
    ["a", "d24ec4f1a98c6e5b"],
    ["abc", "44bc2cf5ad770999"],
    ["Nobody inspects the spammish repetition", "fbcea83c8a378bf1"],
  ])("of %j is %s", (text, expected) => {
    expect(xxHash64(Buffer.from(text)).toString(16).padStart(16, "0")).toBe(expected);
  });
});

describe("seriesId", () => {
  it("does not depend on the order of labels, and does on where one part ends", () => {
    expect(seriesId("m", { a: "1", b: "2" })).toBe(seriesId("m", { b: "2", a: "1" }));
    const ids = [seriesId("m", { a: "b" }), seriesId("ma", { "": "b" }), seriesId("m", { ab: "" }), seriesId("m", { a: "b", "": "" }), seriesId("m", {})];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("is the hash of the name and the sorted labels, each ended by NUL", () => {
    expect(seriesId("m", { b: "2", a: "1" })).toBe(xxHash64(Buffer.from("m\0a\x001\0b\x002\0")));
  });
});
