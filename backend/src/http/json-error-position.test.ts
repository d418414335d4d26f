import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonErrorPosition } from "./json-error-position.ts";

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe("jsonErrorPosition", () => {
  it.each([
    ["", 0],
    ["{", 1],
    ["hello", 0],
    ['{"a":1,}', 7],
    ["[1,]", 3],
    ["[1 2]", 3],
    ['{"a" 1}', 5],
    ["{a:1}", 1],
    ["[1]]", 3],
    ["01", 1],
    ['["\u0001"]', 2],
    ['["\\x"]', 2],
    ['["open', 6],
    ['{"a":tru}', 5],
    ["[1}", 2],
  ])("%j stops at %d", (text, offset) => {
    expect(isJson(text)).toBe(false);
    expect(jsonErrorPosition(text)?.offset).toBe(offset);
  });

  it("counts lines and columns from 1", () => {
    expect(jsonErrorPosition('{\n  "a": 1,\n  b\n}')).toEqual({ offset: 14, line: 3, column: 3 });
  });

  it("reads strings of many MB", () => {
    expect(jsonErrorPosition(`["${"x".repeat(8_000_000)}`)?.offset).toBe(8_000_002);
    expect(jsonErrorPosition(`["${"x\\n".repeat(1_000_000)}"`)?.offset).toBe(3_000_003);
  });

  it("finds no fault in JSON", () => {
    fc.assert(fc.property(fc.json(), (text) => void expect(jsonErrorPosition(text)).toBeUndefined()));
  });

  it("agrees with JSON.parse on damaged JSON", () => {
    const damaged = fc.tuple(fc.json(), fc.nat(), fc.constantFrom("", ",", "}", "]", '"', "\\", "-", "x", "0", "\n")).map(([text, at, put]) => {
      const index = at % (text.length + 1);
      return text.slice(0, index) + put + text.slice(index + 1);
    });
    fc.assert(
      fc.property(damaged, (text) => void expect(jsonErrorPosition(text) === undefined).toBe(isJson(text))),
      { numRuns: 2_000 },
    );
  });
});
