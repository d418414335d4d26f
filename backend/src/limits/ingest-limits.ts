/**
 * Rate limits in rows and bytes per minute.
 *
 * - A tenant's limits hold for everything it sends, batches of agents included. A service's limit
 *   holds at the JSON doors only: a product default never throttles a single host's agent.
 * - A request is let through or refused as a whole; one that is larger than a whole minute's limit
 *   counts as that minute, or it could never be let through at all.
 * - Windows are fixed minutes in memory: each backend counts for itself.
 */

import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { IngestLimits } from "../core/ingest.ts";
import { ApiError } from "../errors.ts";

const WINDOW_SECONDS = 60;
/** The seed's limit per service and signal for direct JSON ingestion. */
export const ROWS_PER_SERVICE_PER_MINUTE = 100_000;
/** Services are named by clients; beyond this many the oldest windows are forgotten. */
const MAX_SERVICES = 100_000;

type Unit = "rows" | "bytes";

/** Takes from a limiter; says what was refused and for how long. */
const take = async (limiter: RateLimiterMemory, key: string, amount: number, what: string): Promise<void> => {
  try {
    await limiter.consume(key, Math.min(amount, limiter.points));
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    // The refused request is not booked, or steady retries would keep the window full.
    await limiter.reward(key, Math.min(amount, limiter.points));
    throw new ApiError("rate_limited", `The limit of ${limiter.points} ${what} a minute is used up.`, {
      retryAfterSeconds: Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)),
      details: { limit: limiter.points, unit: what },
    });
  }
};

export const createIngestLimits = (options: { rowsPerServicePerMinute?: number } = {}): IngestLimits => {
  const limiters = new Map<string, RateLimiterMemory>();
  const services = new Map<string, true>();
  const serviceLimiter = new RateLimiterMemory({ points: options.rowsPerServicePerMinute ?? ROWS_PER_SERVICE_PER_MINUTE, duration: WINDOW_SECONDS });

  /** One limiter per unit and limit: tenants with the same limit share it, each under its own key. */
  const limiterOf = (unit: Unit, points: number): RateLimiterMemory => {
    const name = `${unit} ${points}`;
    let limiter = limiters.get(name);
    if (!limiter) limiters.set(name, (limiter = new RateLimiterMemory({ points, duration: WINDOW_SECONDS })));
    return limiter;
  };

  const rememberService = async (key: string): Promise<void> => {
    services.delete(key);
    services.set(key, true);
    if (services.size <= MAX_SERVICES) return;
    const [oldest] = services.keys();
    services.delete(oldest!);
    await serviceLimiter.delete(oldest!);
  };

  return {
    async takeTenant({ tenant, limits }, { rows, bytes }) {
      const rowLimiter = limiterOf("rows", limits.rowsPerMinute);
      await take(rowLimiter, tenant, rows, "rows");
      try {
        await take(limiterOf("bytes", limits.bytesPerMinute), tenant, bytes, "bytes");
      } catch (refusal) {
        await rowLimiter.reward(tenant, Math.min(rows, rowLimiter.points));
        throw refusal;
      }
    },

    async takeService(tenant, service, signal, rows) {
      const key = JSON.stringify([tenant, service, signal]);
      await rememberService(key);
      await take(serviceLimiter, key, rows, `${signal} of service "${service}"`);
    },
  };
};
