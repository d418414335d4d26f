import { describe, expect, it } from "vitest";
import { stack } from "./stack.ts";

describe("stack", () => {
  it("adds up from the first series and leaves gaps as gaps", () => {
    expect(stack([[1, null, 3], [10, 20, null]])).toEqual([[1, null, 3], [11, 20, null]]);
  });
});
