import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toLines } from "./lines.ts";

const linesOf = (body: string, isCalledJson: boolean): string[] | undefined => toLines(Buffer.from(body), isCalledJson)?.toString().split("\n").slice(0, -1);

describe("lines of a body", () => {
  it.each<[name: string, body: string, isJson: boolean, lines: string[] | undefined]>([
    ["plain lines", "one\ntwo", false, ["one", "two"]],
    ["JSON lines", '{"a":1}\n{"a":2}\n', false, ['{"a":1}', '{"a":2}']],
    ["JSON lines called JSON", '{"a":1}\n{"a":2}', true, ['{"a":1}', '{"a":2}']],
    ["one object, on several lines", '{\n  "a": 1\r\n}', true, ['{   "a": 1 }']],
    ["an array of objects", '[{"a":[1,"],"]},\n {"b":"\\"}"}]', true, ['{"a":[1,"],"]}', '{"b":"\\"}"}']],
    ["an array of objects that is not called JSON", ' [{"a":1}]', false, ['{"a":1}']],
    ["a line in brackets", "[info] [x]", false, ["[info] [x]"]],
    ["an array of numbers that is not called JSON", "[1,2]", false, ["[1,2]"]],
    ["texts, numbers and arrays in an array", '["a\\nb", 1, [2], null]', true, ['{"message":"a\\nb"}', '{"message":"1"}', '{"message":"[2]"}', '{"message":"null"}']],
    ["numbers as they were written", '[{"n":12345678901234567890.10}]', true, ['{"n":12345678901234567890.10}']],
    ["an empty array", "[ ]", true, []],
    ["nothing", " \n", true, []],
    ["half an array", '[{"a":1}', true, undefined],
    ["half an object", '{"a":', true, undefined],
    ["text called JSON", "hello", true, undefined],
    ["half an array that is not called JSON", '[{"a":1}', false, ['[{"a":1}']],
  ])("%s", (_name, body, isJson, lines) => expect(linesOf(body, isJson)).toEqual(lines));

  it("has one line for each element, whatever they are", () => {
    const spaces = fc.constantFrom(0, 2);
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.string())), spaces, (elements, indent) => {
        const lines = linesOf(JSON.stringify(elements, undefined, indent), true)!;
        expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(elements.map((element) => JSON.parse(JSON.stringify(typeof element === "string" ? { message: element } : element)) as unknown));
      }),
    );
  });
});
