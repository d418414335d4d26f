/**
 * Gives memory back when the process has come to rest. V8 collects old garbage when the heap has
 * grown by a factor, so a process that had much to do and now has nothing keeps the garbage for as
 * long as it rests: an agent that had read 10,000 files stayed at 283 MB, of which 149 were in use.
 */

import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Clock } from "./clock.ts";

const LOOK_MS = 10_000;
/** Share of a core below which a process rests. A collection then costs nobody anything. */
const REST_SHARE = 0.05;
/** Collected when the heap has grown by this since the last collection: more than V8's young generation, which comes and goes. */
const GROWTH_BYTES = 64 * 1024 * 1024;
/** The first time a start is behind it, which leaves a third of the heap as garbage. */
const FIRST_BYTES = 32 * 1024 * 1024;

export interface Heap {
  /** CPU that the process has used so far, in ms. */
  cpuMs(): number;
  /** What the heap holds of the machine's memory. */
  totalBytes(): number;
  collect(): void;
}

export const v8Heap = (): Heap => {
  let collect: (() => void) | undefined;
  return {
    cpuMs: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1_000;
    },
    totalBytes: () => getHeapStatistics().total_heap_size,
    collect: () => {
      // The only way to it without a flag on the command line, which a bin script does not have.
      if (!collect) setFlagsFromString("--expose-gc");
      collect ??= runInNewContext("gc") as () => void;
      collect();
    },
  };
};

/** Looks every 10 s. Returns how to end it. */
export const collectAtRest = (clock: Clock, heap: Heap): (() => void) => {
  let lastCpuMs = heap.cpuMs();
  let leastBytes = FIRST_BYTES;
  const look = (): void => {
    const cpuMs = heap.cpuMs();
    const isAtRest = cpuMs - lastCpuMs < LOOK_MS * REST_SHARE;
    lastCpuMs = cpuMs;
    if (isAtRest && heap.totalBytes() > leastBytes) {
      heap.collect();
      leastBytes = heap.totalBytes() + GROWTH_BYTES;
    }
    cancel = clock.after(LOOK_MS, look);
  };
  let cancel = clock.after(LOOK_MS, look);
  return () => cancel();
};
