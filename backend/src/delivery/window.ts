/** Which rows a tenant's policy takes, and how long it keeps them. */

import type { Stream } from "@obs/wire";
import type { TenantPolicy } from "../core/contracts.ts";

/** Days. A partition holds one class, so that it drops whole. */
export const RETENTION_CLASSES = [1, 3, 7, 14, 30, 90, 365, 2555] as const;

export const retentionClass = (days: number): number => RETENTION_CLASSES.find((limit) => days <= limit) ?? RETENTION_CLASSES.at(-1)!;

/** Spans are kept as long as logs, histograms and exemplars as long as samples. */
export const retentionDays = ({ retentionDays: days }: TenantPolicy, stream: Stream): number =>
  Math.min(stream === "logs" || stream === "spans" ? days.logs : days.samples, RETENTION_CLASSES.at(-1)!);

export interface Window {
  /** First and last instant that is taken, ms since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
}

const DAY_MS = 86_400_000;

export const windowOf = (policy: TenantPolicy, stream: Stream, nowMs: number): Window => ({
  fromMs: Math.max(0, nowMs - retentionDays(policy, stream) * DAY_MS),
  toMs: nowMs + policy.maxFutureMs,
});
