/** Timestamps of the writer's lines, by fault. */

import type { PythonRandom } from "../work/python-random.ts";

const DAY_MS = 86_400_000;

/**
 * Lines of one stretch share a span, and batches hold lines of one or two stretches: so batches are
 * spread over 1, 2 and 30 days in turn. The 30th day back is today's partition and 29 before it,
 * which stays inside the default retention of 30 days however long the run takes.
 */
const SPANS_DAYS = [1, 2, 29];
const STRETCH_LINES = 20_000;

export const stampNow = (): number => Date.now();

export const stampOverDays =
  (random: PythonRandom) =>
  (number: number): number =>
    Date.now() - Math.floor(random.random() * SPANS_DAYS[Math.floor(number / STRETCH_LINES) % SPANS_DAYS.length]! * DAY_MS);
