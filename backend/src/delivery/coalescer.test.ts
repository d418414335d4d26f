import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Coalescer, type Joinable } from "./coalescer.ts";
import { DEFAULT_LIMITS, type DeliveryLimits } from "./limits.ts";

interface Run {
  readonly lane: string;
  readonly rows: number[];
  finish(): void;
}

let runs: Run[];
const create = (limits: Partial<DeliveryLimits> = {}): Coalescer<Joinable> =>
  new Coalescer({ ...DEFAULT_LIMITS, ...limits }, (lane, items) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    runs.push({ lane, rows: items.map(({ rows }) => rows), finish: resolve });
    return promise;
  });
const item = (rows: number, rawBytes = rows * 100): Joinable => ({ rows, rawBytes });

beforeEach(() => {
  runs = [];
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

describe("the coalescer", () => {
  it("joins what comes while a lane lingers, lane by lane", () => {
    const coalescer = create();
    coalescer.add("a", item(1));
    coalescer.add("b", item(2));
    vi.advanceTimersByTime(50);
    coalescer.add("a", item(3));
    expect(runs).toEqual([]);
    vi.advanceTimersByTime(50);
    expect(runs.map(({ lane, rows }) => [lane, rows])).toEqual([["a", [1, 3]], ["b", [2]]]);
  });

  it("does not linger with a full lane", () => {
    const coalescer = create();
    coalescer.add("a", item(99_999));
    coalescer.add("a", item(1));
    coalescer.add("b", item(1, DEFAULT_LIMITS.joinedRawBytes));
    expect(runs.map(({ rows }) => rows)).toEqual([[99_999, 1], [1]]);
  });

  it("lingers longer the more lanes are busy, and less once they are not", () => {
    const coalescer = create({ insertsPerSecond: 20 });
    expect(coalescer.lingerMs).toBe(100);
    for (let i = 0; i < 20; i++) coalescer.add(`tenant-${i}`, item(1));
    expect(coalescer.lingerMs).toBe(1_000);
    for (let i = 0; i < 1_000; i++) coalescer.add(`tenant-${i}`, item(1));
    expect(coalescer.lingerMs).toBe(5_000);
    vi.advanceTimersByTime(10_000);
    coalescer.add("tenant-0", item(1));
    expect(coalescer.lingerMs).toBe(100);
  });

  it("runs a bounded number at once and lets lanes grow meanwhile", async () => {
    const coalescer = create({ concurrentInserts: 1 });
    coalescer.add("a", item(1));
    coalescer.add("b", item(1));
    await vi.advanceTimersByTimeAsync(100);
    expect(runs.map(({ lane }) => lane)).toEqual(["a"]);
    coalescer.add("b", item(2));
    runs[0]!.finish();
    await vi.advanceTimersByTimeAsync(0);
    expect(runs.map(({ lane, rows }) => [lane, rows])).toEqual([["a", [1]], ["b", [1, 2]]]);
  });

  it("never gives one statement more than it may hold, and keeps the order", async () => {
    const coalescer = create({ concurrentInserts: 1, maxRows: 150_000 });
    coalescer.add("first", item(1));
    await vi.advanceTimersByTimeAsync(100);
    const rows = [60_000, 60_000, 60_000, 140_000, 5];
    for (const count of rows) coalescer.add("a", item(count));
    for (let i = 0; i < 10; i++) {
      for (const run of runs) run.finish();
      await vi.advanceTimersByTimeAsync(5_000);
    }
    const taken = runs.filter(({ lane }) => lane === "a").map((run) => run.rows);
    expect(taken.flat()).toEqual(rows);
    for (const statement of taken) expect(statement.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(150_000);
  });

  it("lets everything go at once when it is flushed", () => {
    const coalescer = create();
    coalescer.add("a", item(1));
    coalescer.add("b", item(1));
    coalescer.flush();
    expect(runs.map(({ lane }) => lane)).toEqual(["a", "b"]);
  });
});
