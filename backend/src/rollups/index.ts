/**
 * Rollups of samples: one backend of several rolls (a lease in the metadata), every few minutes.
 * Versions fence: they grow with the lease's token and with every statement, so what a backend that was
 * taken for dead writes late does not count.
 */

import { randomUUID } from "node:crypto";
import type { LeaseRegistry } from "../core/metadata.ts";
import type { Store } from "../core/store.ts";
import { type PassCounts, runPass } from "./pass.ts";
import { readProgress } from "./progress.ts";

export interface RollupsOptions {
  readonly store: Store;
  readonly leases: LeaseRegistry;
  readonly log: { warn(message: string): void };
  /** ms since 1970. */
  readonly now?: () => number;
  readonly holder?: string;
  /** ms; 0: only when `run` is called. */
  readonly intervalMs?: number;
  /** An agent's rows are here long before, when it is not held up. */
  readonly closeAfterMs?: number;
  /** Longer than an insert waits for its turn and runs (delivery/limits.ts). */
  readonly settleMs?: number;
  readonly maxRows?: number;
}

export interface Rollups {
  /** Windows up to here are rolled, ms since 1970, by rollup; of the last pass of this backend. */
  readonly closed: ReadonlyMap<string, number>;
  /** A pass, when no other backend has the lease: undefined then. Never two at once. */
  run(): Promise<PassCounts | undefined>;
  /** Resolves when the pass under way has ended after its present statement. */
  stop(): Promise<void>;
}

const LEASE = "rollups";
/** Longer than a statement: it is renewed before each. */
const LEASE_MS = 5 * 60_000;
const INTERVAL_MS = 5 * 60_000;
const COUNTER_BITS = 32n;

class LeaseLost extends Error {}

/** Versions of one holder: its number in the upper half, the statement's in the lower. */
class Versions {
  #token = 0;
  #next = 0n;

  /** `highest`: the highest that was noted by anyone. */
  begin(token: number, highest: bigint): void {
    if (token === this.#token) return;
    this.#token = token;
    // A metadata database that was restored counts from lower numbers than the store has seen.
    const epoch = BigInt(token) > highest >> COUNTER_BITS ? BigInt(token) : (highest >> COUNTER_BITS) + 1n;
    this.#next = epoch << COUNTER_BITS;
  }

  holds(token: number): boolean {
    return token === this.#token;
  }

  next(): bigint {
    return ++this.#next;
  }
}

export const startRollups = ({ store, leases, log, now = Date.now, holder = randomUUID(), intervalMs = INTERVAL_MS, closeAfterMs = 120_000, settleMs = 60_000, maxRows = 2_000_000 }: RollupsOptions): Rollups => {
  const versions = new Versions();
  let closed: ReadonlyMap<string, number> = new Map();
  let isStopping = false;

  const hold = () => leases.hold({ name: LEASE, holder, lifetimeMs: LEASE_MS });
  const nextVersion = async (): Promise<bigint> => {
    if (isStopping) throw new LeaseLost();
    const lease = await hold();
    if (!lease || !versions.holds(lease.token)) throw new LeaseLost();
    return versions.next();
  };

  const runOnce = async (): Promise<PassCounts | undefined> => {
    const lease = await hold();
    if (!lease) return undefined;
    versions.begin(lease.token, (await readProgress(store)).version);
    try {
      return await runPass({ store, nowMs: now() + store.clockOffsetMs, closeAfterMs, settleMs, maxRows, nextVersion });
    } catch (error) {
      if (error instanceof LeaseLost) return undefined;
      throw error;
    } finally {
      const { of } = await readProgress(store).catch(() => ({ of: new Map<string, never>() }));
      closed = new Map([...of].map(([name, { closedMs }]) => [name, closedMs]));
    }
  };

  let running: Promise<PassCounts | undefined> | undefined;
  const run = (): Promise<PassCounts | undefined> => (running ??= runOnce().finally(() => (running = undefined)));
  const attempt = (): void => {
    if (store.available) run().catch((error: Error) => log.warn(`rollups could not be made, and are tried again: ${error.message}`));
  };
  const timer = intervalMs === 0 ? undefined : setInterval(attempt, intervalMs).unref();

  return {
    get closed() {
      return closed;
    },
    run,
    stop: async () => {
      isStopping = true;
      clearInterval(timer);
      await running?.catch(() => undefined);
      await leases.release({ name: LEASE, holder }).catch(() => undefined);
    },
  };
};
