/** Doing something for as long as a source runs: again after every failure, at growing distances. */

import { sleep, type Clock } from "./clock.ts";

const FIRST_MS = 200;
const LONGEST_MS = 30_000;

export interface Persistence {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told once per failure that follows on a success, and at the very first one. */
  readonly failed: (error: unknown) => void;
}

/**
 * `attempt` runs until the signal aborts. A normal return begins the next one at once, an error after
 * a delay between half and the whole of a bound that doubles (jitter: many agents lost the same
 * server). It calls `succeeded` as soon as the other side is known to answer.
 */
export const persist = async (attempt: (succeeded: () => void) => Promise<void>, { clock, signal, failed }: Persistence): Promise<void> => {
  let failures = 0;
  const succeeded = (): void => void (failures = 0);
  while (!signal.aborted) {
    try {
      await attempt(succeeded);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      if (failures++ === 0) failed(error);
      const bound = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 20));
      await sleep(clock, bound * (0.5 + Math.random() / 2), signal);
    }
  }
};
