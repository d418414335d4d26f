/**
 * Exponential back-off with full jitter: a delay anywhere between nothing and a bound that doubles
 * with every failure. Many agents that lost the same backend come back spread out, not in waves.
 * (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.)
 */

export interface BackOff {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** `failures` counts from 1. */
export const backOffMs = ({ firstMs, longestMs }: BackOff, failures: number, random: () => number = Math.random): number =>
  Math.round(random() * Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 30)));

/** Retry-After of RFC 9110, 10.2.3: seconds or a date. undefined when it is neither. */
export const parseRetryAfter = (value: string | undefined, nowMs: number): number | undefined => {
  if (value === undefined) return undefined;
  if (/^\s*\d{1,6}\s*$/.test(value)) return Number(value) * 1_000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
};
