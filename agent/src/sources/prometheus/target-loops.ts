/** The loops of a job's targets: one for each target, in however many groups it was found. */

import type { Target } from "./target.ts";

interface Loop {
  readonly stop: AbortController;
  /** Groups that have the target. */
  groups: number;
}

export class TargetLoops {
  readonly #run: (target: Target, signal: AbortSignal) => Promise<void>;
  readonly #loops = new Map<string, Loop>();
  /** Keys of the targets of each group. */
  readonly #groups = new Map<string, ReadonlySet<string>>();
  readonly #running = new Set<Promise<void>>();
  #isStopped = false;

  /** `run` resolves when the target is no longer scraped, which is soon after the signal. */
  constructor(run: (target: Target, signal: AbortSignal) => Promise<void>) {
    this.#run = run;
  }

  /** Targets that were in the group before and are not any more are no longer scraped. */
  put(group: string, targets: readonly Target[]): void {
    if (this.#isStopped) return;
    const before = this.#groups.get(group) ?? new Set();
    const now = new Map(targets.map((target) => [target.key, target]));
    for (const [key, target] of now) if (!before.has(key)) this.#add(target);
    for (const key of before) if (!now.has(key)) this.#remove(key);
    if (now.size === 0) this.#groups.delete(group);
    else this.#groups.set(group, new Set(now.keys()));
  }

  stop(): void {
    this.#isStopped = true;
    for (const { stop } of this.#loops.values()) stop.abort();
  }

  /** Resolves when everything that was stopped has ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }

  #add(target: Target): void {
    const known = this.#loops.get(target.key);
    if (known) {
      known.groups++;
      return;
    }
    const stop = new AbortController();
    this.#loops.set(target.key, { stop, groups: 1 });
    const done = this.#run(target, stop.signal).finally(() => this.#running.delete(done));
    this.#running.add(done);
  }

  #remove(key: string): void {
    const loop = this.#loops.get(key)!;
    if (--loop.groups > 0) return;
    this.#loops.delete(key);
    loop.stop.abort();
  }
}
