/** Waiting for what processes do, and what they cost meanwhile. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Child } from "./children.ts";
import { costsOf, cpuSeconds } from "./process-tree.ts";
import type { Costs } from "./process-tree.ts";

/** By their names in messages. Functions, because a process may come back as another. */
export type Watched = Readonly<Record<string, () => Child>>;

export interface Wait {
  readonly pollMs: number;
  readonly signal: AbortSignal;
  /** Processes that must not end meanwhile. */
  readonly watched?: Watched;
  /** How long at most, and what is wrong then. */
  readonly limit?: { readonly ms: number; readonly late: () => string };
}

/** What obs' programs end with when they refuse their configuration. */
const BAD_CONFIGURATION = "exit code 78";

/** Throws when one has ended: nobody asked it to. */
const assertRunning = async (watched: Watched): Promise<void> => {
  for (const [name, childOf] of Object.entries(watched)) {
    const child = childOf();
    if (child.running) continue;
    const reason = await child.exited;
    throw new Error(reason === BAD_CONFIGURATION ? `the ${name} refuses its configuration (see its log below)` : `the ${name} ended by itself: ${reason}`);
  }
};

/** Looks until it is true. Throws when the signal aborts, a watched process ends, or the limit is over. */
export const waitUntil = async (isTrue: () => boolean | Promise<boolean>, { pollMs, signal, watched = {}, limit }: Wait): Promise<void> => {
  const startedMs = performance.now();
  for (;;) {
    signal.throwIfAborted();
    // First: what is read of a process that is gone would be 0.
    await assertRunning(watched);
    if (await isTrue()) return;
    if (limit && performance.now() - startedMs > limit.ms) throw new Error(limit.late());
    await sleep(pollMs, undefined, { signal });
  }
};

/** Of a process and everything below it. The peak of memory is that of all looks: what has ended meanwhile is in it. */
export class CostMeter {
  readonly #pid: number;
  #peakRssMB = 0;

  constructor({ pid }: Pick<Child, "pid">) {
    this.#pid = pid;
  }

  now(): Costs {
    const costs = costsOf(this.#pid);
    this.#peakRssMB = Math.max(this.#peakRssMB, costs.peakRssMB);
    return { ...costs, peakRssMB: this.#peakRssMB };
  }

  /** Share of one core that it uses over the next `ms`. */
  async coreShare(ms: number, signal: AbortSignal): Promise<number> {
    const before = cpuSeconds(this.#pid);
    const startedMs = performance.now();
    await sleep(ms, undefined, { signal });
    return ((cpuSeconds(this.#pid) - before) * 1000) / (performance.now() - startedMs);
  }
}
