import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TimeWindows, type SortOrder } from "./time-windows.ts";
import type { TimeRange } from "./validate.ts";

const MINUTE = 60_000_000_000n;
const YEAR = 365n * 1_440n * MINUTE;

const all = (range: TimeRange, order: SortOrder, found: (i: number) => number): TimeRange[] => {
  const windows = new TimeWindows(range, order);
  const list: TimeRange[] = [];
  for (let window = windows.next(); window; window = windows.next()) {
    windows.widen(found(list.length), 100);
    list.push(window);
  }
  return list;
};

describe("windows", () => {
  const instant = fc.bigInt({ min: -70n * YEAR, max: 290n * YEAR });
  const order = fc.constantFrom<SortOrder>("asc", "desc");

  it("cover the range once and in order, whatever they hold", () => {
    fc.assert(
      fc.property(instant, instant, order, fc.array(fc.nat({ max: 200 }), { minLength: 1 }), (a, b, direction, counts) => {
        const range = a < b ? { startNs: a, endNs: b } : { startNs: b, endNs: a };
        const windows = all(range, direction, (i) => counts[i % counts.length]!);
        const ascending = direction === "asc" ? windows : windows.toReversed();
        expect(ascending.at(-1)!.endNs).toBe(range.endNs);
        for (const [i, window] of ascending.entries()) {
          expect(window.startNs).toBeLessThanOrEqual(window.endNs);
          expect(window.startNs).toBe(i === 0 ? range.startNs : ascending[i - 1]!.endNs + 1n);
        }
        // Twice as wide each time at least.
        expect(windows.length).toBeLessThanOrEqual(30);
      }),
    );
  });

  it.each<[bigint, number]>([
    [60n * MINUTE, 2],
    [1_440n * MINUTE, 3],
    [60n * 1_440n * MINUTE, 4],
    [10n * YEAR, 5],
  ])("with nothing in them are few: %s ns", (span, count) => {
    expect(all({ startNs: 0n, endNs: span }, "desc", () => 0)).toHaveLength(count);
    expect(all({ startNs: 0n, endNs: span }, "asc", () => 0)).toHaveLength(count);
  });

  it("begin with the ten to twenty minutes that are asked for first", () => {
    const range = { startNs: 0n, endNs: 1_003n * MINUTE };
    expect(new TimeWindows(range, "desc").next()).toEqual({ startNs: 990n * MINUTE, endNs: 1_003n * MINUTE });
    expect(new TimeWindows({ ...range, startNs: 3n * MINUTE }, "asc").next()).toEqual({ startNs: 3n * MINUTE, endNs: 20n * MINUTE - 1n });
  });

  it("grow by what is missing", () => {
    const windows = new TimeWindows({ startNs: 0n, endNs: 10_000n * MINUTE - 1n }, "desc");
    windows.next();
    windows.widen(80, 40);
    expect(windows.next()).toEqual({ startNs: 9_950n * MINUTE, endNs: 9_980n * MINUTE - 1n });
  });

  it("of one instant are one", () => expect(all({ startNs: 5n, endNs: 5n }, "desc", () => 0)).toEqual([{ startNs: 5n, endNs: 5n }]));
});
