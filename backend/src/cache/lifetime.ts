/** How long an answer may be told again. */

const LEAST_MS = 1_000;
/** Of what an agent that was away brings after hours, an answer is at most this late. */
const MOST_MS = 600_000;
/** Rows that come late come soon after the others: the older a range, the less is to come. */
const SHARE_OF_AGE = 0.02;

/**
 * ms, for an answer about rows up to `upToMs`: a fiftieth of the range's age, from one second (a
 * line is searchable within five) to ten minutes.
 */
export const lifetimeMs = (upToMs: number, nowMs: number): number => Math.min(MOST_MS, Math.max(LEAST_MS, (nowMs - upToMs) * SHARE_OF_AGE));
