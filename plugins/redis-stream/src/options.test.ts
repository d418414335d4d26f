import { describe, expect, it } from "vitest";
import { parseOptions } from "./options.ts";

describe("options", () => {
  it("have defaults", () => expect(parseOptions({ streams: ["a"] })).toEqual({ url: "redis://127.0.0.1:6379", streams: ["a"], readFrom: "beginning", count: 500 }));

  it.each([
    [{}, "streams: expected a list of keys"],
    [{ streams: [] }, "streams: expected a list of keys"],
    [{ streams: ["a", 5] }, "streams: expected a list of keys"],
    [{ streams: ["a", "a"] }, "streams: one is named twice"],
    [{ streams: ["a"], url: "http://x" }, "url: expected an address"],
    [{ streams: ["a"], read_from: "10m" }, "read_from: expected beginning or end"],
    [{ streams: ["a"], count: 0 }, "count: expected a whole number"],
    [{ stream: "a" }, "unknown option stream"],
  ])("%j is refused", (options, message) => expect(() => parseOptions(options)).toThrow(message));
});
