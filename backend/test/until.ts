/** Waits for what is true soon, without sleeping longer than it takes. */

import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 25;

/** The first answer that is neither undefined nor false. Throws after the deadline. */
export const until = async <T>(what: string, ask: () => Promise<T | undefined | false> | T | undefined | false, deadlineMs = 20_000): Promise<T> => {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${deadlineMs} ms`);
    await delay(POLL_MS);
  }
};
