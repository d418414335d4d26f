import { expect, it } from "vitest";
import { PythonRandom } from "../work/python-random.ts";
import { stampOverDays } from "./line-stamps.ts";

it("spreads stretches of lines over 1, 2 and 30 calendar days", () => {
  const stamp = stampOverDays(new PythonRandom(3));
  const daysOf = (first: number): number =>
    new Set(Array.from({ length: 5000 }, (_, i) => new Date(stamp(first + i)).toISOString().slice(0, 10))).size;
  expect([daysOf(0), daysOf(20_000), daysOf(40_000), daysOf(60_000)]).toEqual([2, 3, 30, 2]);
});
