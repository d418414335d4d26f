import { describe, expect, it } from "vitest";
import { ManualClock } from "../shard/fixtures.ts";
import { collectAtRest, v8Heap, type Heap } from "./heap-at-rest.ts";

const MB = 1024 * 1024;
const LOOK_MS = 10_000;

class TestHeap implements Heap {
  used = 0;
  total = 0;
  left = 0;
  collections = 0;
  cpuMs(): number {
    return this.used;
  }
  totalBytes(): number {
    return this.total;
  }
  collect(): void {
    this.collections++;
    this.total = this.left;
  }
}

/** Per step of 10 s: CPU used, size of the heap, what a collection would leave; and collections by then. */
const CASES = [
  { name: "a process that works is left alone", steps: [{ cpuMs: 600, totalMB: 200, leftMB: 50, collections: 0 }] },
  { name: "at rest it is collected once", steps: [{ cpuMs: 6_000, totalMB: 200, leftMB: 50, collections: 0 }, { cpuMs: 100, totalMB: 200, leftMB: 50, collections: 1 }, { cpuMs: 100, totalMB: 55, leftMB: 50, collections: 1 }] },
  { name: "a heap that has grown a little stays", steps: [{ cpuMs: 0, totalMB: 80, leftMB: 50, collections: 1 }, { cpuMs: 0, totalMB: 114, leftMB: 50, collections: 1 }, { cpuMs: 0, totalMB: 115, leftMB: 50, collections: 2 }] },
  { name: "a small one stays", steps: [{ cpuMs: 0, totalMB: 32, leftMB: 20, collections: 0 }, { cpuMs: 0, totalMB: 33, leftMB: 20, collections: 1 }] },
  { name: "what was done before does not count", steps: [{ cpuMs: 9_000, totalMB: 80, leftMB: 30, collections: 0 }, { cpuMs: 499, totalMB: 80, leftMB: 30, collections: 1 }] },
];

describe("collectAtRest", () => {
  it.each(CASES)("$name", ({ steps }) => {
    const clock = new ManualClock();
    const heap = new TestHeap();
    const stop = collectAtRest(clock, heap);
    for (const { cpuMs, totalMB, leftMB, collections } of steps) {
      heap.used += cpuMs;
      heap.total = totalMB * MB;
      heap.left = leftMB * MB;
      clock.advance(LOOK_MS);
      expect(heap.collections).toBe(collections);
    }
    stop();
    heap.total = 10_000 * MB;
    clock.advance(LOOK_MS * 3);
    expect(heap.collections).toBe(steps.at(-1)!.collections);
  });

  it("V8's heap shrinks by it", () => {
    const heap = v8Heap();
    heap.collect();
    const grow = (): number => {
      const garbage = Array.from({ length: 300_000 }, (_, index) => ({ index, text: [`${index}`] }));
      return garbage.length > 0 ? heap.totalBytes() : 0;
    };
    const grown = grow();
    heap.collect();
    expect(heap.totalBytes()).toBeLessThan(grown - 10 * MB);
    expect(heap.cpuMs()).toBeGreaterThan(0);
  });
});
