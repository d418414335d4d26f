import fc from "fast-check";
import { expect, it } from "vitest";
import { timeWindows } from "./time-windows.ts";

const MINUTE = 60_000_000_000n;
const YEAR = 365n * 1_440n * MINUTE;

it("cover the range once, in order, and are few", () => {
  const instant = fc.bigInt({ min: -70n * YEAR, max: 290n * YEAR });
  fc.assert(
    fc.property(instant, instant, fc.constantFrom("asc" as const, "desc" as const), (a, b, order) => {
      const range = a < b ? { startNs: a, endNs: b } : { startNs: b, endNs: a };
      const windows = [...timeWindows(range, order)];
      const ascending = order === "asc" ? windows : windows.toReversed();
      expect(ascending[0]!.startNs).toBe(range.startNs);
      expect(ascending.at(-1)!.endNs).toBe(range.endNs);
      for (const [i, window] of ascending.entries()) {
        expect(window.startNs).toBeLessThanOrEqual(window.endNs);
        if (i > 0) expect(window.startNs).toBe(ascending[i - 1]!.endNs + 1n);
      }
      expect(windows.length).toBeLessThanOrEqual(10);
    }),
  );
});

it("begin with the ten to twenty minutes that are asked for first", () => {
  const range = { startNs: 0n, endNs: 1_003n * MINUTE };
  expect(timeWindows(range, "desc").next().value).toEqual({ startNs: 990n * MINUTE, endNs: 1_003n * MINUTE });
  expect(timeWindows({ ...range, startNs: 3n * MINUTE }, "asc").next().value).toEqual({ startNs: 3n * MINUTE, endNs: 20n * MINUTE - 1n });
});

it("of one instant are one", () => expect([...timeWindows({ startNs: 5n, endNs: 5n }, "desc")]).toEqual([{ startNs: 5n, endNs: 5n }]));
