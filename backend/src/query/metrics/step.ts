/** Steps of a metric's range: what is asked for, or a sensible one, and the grid that follows. */

import type { TimeRange } from "../validate.ts";

export const MAX_POINTS = 11_000;
/** Points of a chart when nobody says how many. */
const WANTED_POINTS = 250;
const NICE_STEPS_SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000, 31_536_000];
/** Hosts are read every 10 s: a shorter step would be mostly empty. */
const SHORTEST_DEFAULT_STEP_SECONDS = 10;

const UNIT_SECONDS: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };
const DURATION = /^(\d{1,9})(s|m|h|d|w)?$/;

/** `60`, `60s`, `5m` in seconds; undefined when the text is no whole duration of at least one. */
export const parseStep = (text: string): number | undefined => {
  const match = DURATION.exec(text);
  const seconds = match ? Number(match[1]) * UNIT_SECONDS[match[2] ?? ""]! : 0;
  return seconds >= 1 && seconds <= NICE_STEPS_SECONDS.at(-1)! ? seconds : undefined;
};

export const defaultStepSeconds = ({ startNs, endNs }: TimeRange): number => {
  const seconds = Number((endNs - startNs) / 1_000_000_000n);
  return NICE_STEPS_SECONDS.find((step) => step >= SHORTEST_DEFAULT_STEP_SECONDS && seconds / step <= WANTED_POINTS) ?? NICE_STEPS_SECONDS.at(-1)!;
};

export interface Grid {
  /** Seconds since 1970, multiples of the step. The point at t speaks for (t - step, t]. */
  readonly first: number;
  readonly last: number;
  readonly step: number;
  readonly points: number;
}

/** Points on multiples of the step, so that a chart that moves on keeps its points. */
export const gridOf = ({ startNs, endNs }: TimeRange, step: number): Grid => {
  const stepNs = BigInt(step) * 1_000_000_000n;
  const first = Number((startNs + stepNs - 1n) / stepNs) * step;
  const last = Number(endNs / stepNs) * step;
  return { first, last, step, points: Math.max(0, (last - first) / step + 1) };
};
