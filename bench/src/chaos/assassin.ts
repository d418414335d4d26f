/** Decides whom to kill and when: at random, and nine times of ten while something is in flight. */

import { setTimeout as sleep } from "node:timers/promises";
import type { PythonRandom } from "../work/python-random.ts";

export const TARGETS = ["agent", "backend", "store"] as const;
export type Target = (typeof TARGETS)[number];

export interface Victims {
  /** Whether a kill of the target at this moment would hit something in flight. */
  inFlight(target: Target): boolean;
  /** kill -9 and restart. False when the target is dead just now. */
  kill(target: Target): Promise<boolean>;
  /** Resolves when batches are acknowledged again, or after a bounded wait. */
  recovered(): Promise<void>;
}

export interface AssassinOptions {
  readonly targets: readonly Target[];
  readonly kills: number;
  readonly random: PythonRandom;
  /** A kill falls up to this long after something was seen in flight. */
  readonly mostAimMs: number;
  /** Between a kill and the choice of the next; less in tests. */
  readonly pauseMs?: { readonly least: number; readonly spread: number };
  readonly signal: AbortSignal;
  readonly onKill: (kill: Kill) => void;
}

export interface Kill {
  readonly target: Target;
  readonly hit: boolean;
}

/** One of so many kills strikes blindly. */
const AIMED_SHARE = 0.94;
/** One of so many strikes does not wait until the system runs again. */
const PATIENT_SHARE = 0.75;
const PAUSE_MS = { least: 100, spread: 900 };
const AIM_POLL_MS = 2;
const AIM_LIMIT_MS = 15_000;

export const runAssassin = async (victims: Victims, options: AssassinOptions): Promise<void> => {
  const { random, signal, pauseMs = PAUSE_MS } = options;
  let done = 0;
  while (done < options.kills) {
    await sleep(pauseMs.least + random.below(pauseMs.spread), undefined, { signal });
    const target = options.targets[random.below(options.targets.length)]!;
    if (random.random() < AIMED_SHARE) await aim(victims, target, options);
    const hit = victims.inFlight(target);
    if (!(await victims.kill(target))) continue;
    done++;
    options.onKill({ target, hit });
    if (random.random() < PATIENT_SHARE) await victims.recovered();
  }
};

/** Waits until something is in flight, a random while longer, and begins again when it has landed by then. */
const aim = async (victims: Victims, target: Target, { random, mostAimMs, signal }: AssassinOptions): Promise<void> => {
  const limit = Date.now() + AIM_LIMIT_MS;
  while (Date.now() < limit) {
    if (victims.inFlight(target)) {
      await sleep(random.below(mostAimMs + 1), undefined, { signal });
      if (victims.inFlight(target)) return;
    }
    await sleep(AIM_POLL_MS, undefined, { signal });
  }
};
