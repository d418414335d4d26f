/** Which rows a tenant's policy takes, and how long it keeps them. */

import type { Stream } from "@obs/wire";
import type { TenantPolicy } from "../core/contracts.ts";
import { ROLLUPS } from "../core/samples.ts";

/** Days. A partition holds one class, so that it drops whole. */
export const RETENTION_CLASSES = [1, 3, 7, 14, 30, 90, 365, 2555] as const;

export const retentionClass = (days: number): number => RETENTION_CLASSES.find((limit) => days <= limit) ?? RETENTION_CLASSES.at(-1)!;

/** Spans are kept as long as logs, histograms and exemplars as long as samples, series as long as anything is known of them. */
export const retentionDays = ({ retentionDays: days }: TenantPolicy, stream: Stream): number => {
  const of = stream === "logs" || stream === "spans" ? days.logs : stream === "series" ? Math.max(days.samples, ROLLUPS["1d"].days) : days.samples;
  return Math.min(of, RETENTION_CLASSES.at(-1)!);
};

export interface Window {
  /** First and last instant that is taken, ms since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
}

const DAY_MS = 86_400_000;

/**
 * Samples are refused a day before they would go (half a retention of less than two days): what is late
 * is rolled up again, and that must not meet a window whose input has begun to expire.
 */
const takenDays = (policy: TenantPolicy, stream: Stream): number => {
  const days = retentionDays(policy, stream);
  return stream === "samples" ? days - Math.min(1, days / 2) : days;
};

export const windowOf = (policy: TenantPolicy, stream: Stream, nowMs: number): Window => ({
  fromMs: Math.max(0, nowMs - takenDays(policy, stream) * DAY_MS),
  toMs: nowMs + policy.maxFutureMs,
});
