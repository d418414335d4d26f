/**
 * Who runs next, when more want to than may.
 *
 * - At most `atOnce` run; of one tenant at most `tenantAtOnce`, a limit of that tenant.
 * - A place that is free goes to the tenant with the fewest running, and among those to the one that
 *   was given a place least recently: max-min fairness in places (Bertsekas and Gallager, Data
 *   Networks, 6.5.2). A tenant with a thousand waiting delays another's first by one run at most.
 * - Of one tenant, first come, first served.
 * - What waits is bounded in number per tenant and in time.
 */

import { ApiError } from "../errors.ts";

export interface GateLimits {
  /** Places for all tenants together. */
  readonly atOnce: number;
  /** What one tenant may have waiting. */
  readonly waitingPerTenant: number;
  readonly maxWaitMs: number;
}

/** Gives the place back. Once. */
export type Leave = () => void;

interface Waiting {
  readonly start: () => void;
}

interface TenantState {
  running: number;
  atOnce: number;
  /** When it was given a place last, by count. */
  lastTurn: number;
  readonly waiting: Set<Waiting>;
}

export class FairGate {
  readonly #limits: GateLimits;
  /** Tenants with something running or waiting. */
  readonly #tenants = new Map<string, TenantState>();
  #running = 0;
  #waiting = 0;
  #turn = 0;

  constructor(limits: GateLimits) {
    this.#limits = limits;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Resolves with the place. Throws ApiError(too_many_queries), or the signal's reason. */
  async enter(tenant: string, tenantAtOnce: number, signal?: AbortSignal): Promise<Leave> {
    signal?.throwIfAborted();
    const state = this.#stateOf(tenant);
    state.atOnce = tenantAtOnce;
    if (this.#running >= this.#limits.atOnce || state.running >= state.atOnce || state.waiting.size > 0) await this.#wait(tenant, state, signal);
    else this.#begin(state);
    let left = false;
    return () => {
      if (left) throw new Error("BUG: a place was given back twice");
      left = true;
      state.running--;
      this.#running--;
      this.#forgetIdle(tenant, state);
      this.#startNext();
    };
  }

  #stateOf(tenant: string): TenantState {
    let state = this.#tenants.get(tenant);
    if (!state) this.#tenants.set(tenant, (state = { running: 0, atOnce: 1, lastTurn: 0, waiting: new Set() }));
    return state;
  }

  #begin(state: TenantState): void {
    state.running++;
    state.lastTurn = ++this.#turn;
    this.#running++;
  }

  #wait(tenant: string, state: TenantState, signal: AbortSignal | undefined): Promise<void> {
    const { waitingPerTenant, maxWaitMs } = this.#limits;
    if (state.waiting.size >= waitingPerTenant) throw tooMany(`${waitingPerTenant} queries of this tenant are waiting already`);
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abandon);
        state.waiting.delete(waiting);
        this.#waiting--;
      };
      const waiting: Waiting = {
        start: () => {
          end();
          this.#begin(state);
          resolve();
        },
      };
      const giveUp = (reason: unknown): void => {
        end();
        this.#forgetIdle(tenant, state);
        reject(reason as Error);
      };
      const abandon = (): void => giveUp(signal!.reason);
      const timer = setTimeout(() => giveUp(tooMany(`this one has waited for ${maxWaitMs / 1_000} s behind others`)), maxWaitMs);
      signal?.addEventListener("abort", abandon, { once: true });
      state.waiting.add(waiting);
      this.#waiting++;
    });
  }

  #startNext(): void {
    while (this.#running < this.#limits.atOnce) {
      const next = this.#next();
      if (!next) return;
      const [first] = next.waiting;
      first!.start();
    }
  }

  /** Looks at every tenant that is not idle: 1,000 of them take about 10 us. */
  #next(): TenantState | undefined {
    let best: TenantState | undefined;
    for (const state of this.#tenants.values()) {
      if (state.waiting.size === 0 || state.running >= state.atOnce) continue;
      if (!best || state.running < best.running || (state.running === best.running && state.lastTurn < best.lastTurn)) best = state;
    }
    return best;
  }

  #forgetIdle(tenant: string, state: TenantState): void {
    if (state.running === 0 && state.waiting.size === 0) this.#tenants.delete(tenant);
  }
}

const tooMany = (reason: string): ApiError =>
  new ApiError("too_many_queries", `Too many queries at once: ${reason}. Ask for less at a time, or again after Retry-After.`, { retryAfterSeconds: 1 });
