/** Time as a dependency: tests put a clock of their own in its place. */

export interface Clock {
  /** ms since 1970. */
  nowMs(): number;
  /** ns since 1970. */
  nowNs(): bigint;
  /** ms that no change of the system's time moves, for intervals. A test's clock, which moves as told, needs none. */
  steadyMs?(): number;
  /** Calls back once after `ms`; the returned function cancels. A waiting timer keeps no process alive. */
  after(ms: number, callback: () => void): () => void;
}

/** Beyond this the system's time was set, rather than steered. */
const SET_MS = 50;
let originMs = performance.timeOrigin;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  nowNs: () => {
    const steady = performance.now();
    const now = Date.now();
    // The fine clock knows nothing of a time that was set: begun anew from the coarse one.
    if (Math.abs(now - originMs - steady) > SET_MS) originMs = now - steady;
    return BigInt(Math.round((originMs + steady) * 1e3)) * 1_000n;
  },
  steadyMs: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms).unref();
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms`, or at once when the signal aborts. Never rejects: the caller looks at the signal. */
export const sleep = (clock: Clock, ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const finish = (): void => {
      cancel();
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const cancel = clock.after(ms, finish);
    signal?.addEventListener("abort", finish, { once: true });
  });

export const steadyMs = (clock: Clock): number => clock.steadyMs?.() ?? clock.nowMs();
