/** From the answers of a panel's queries to lines on one grid of time. */

import type { MetricAnswer } from "../../api/types.ts";
import type { Latest, Panel } from "./panels.ts";

export interface Line {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

export interface PanelLines {
  /** Epoch seconds. Where nothing was reported for long there is a point without values: a gap. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly latest: Latest;
  /** Highest sum of all lines at one time, hidden ones too. */
  readonly maxSum: number;
}

/** Samples come every 10 s; three missed in a row are a gap and not jitter. */
const MIN_GAP_SECONDS = 45;

const nameIn = (order: readonly string[], name: string): number => {
  const index = order.indexOf(name);
  return index < 0 ? order.length : index;
};

const timesWithGaps = (times: readonly number[], stepSeconds: number): number[] => {
  const gapSeconds = Math.max(MIN_GAP_SECONDS, 3 * stepSeconds);
  return times.flatMap((time, i) => (i > 0 && time - times[i - 1] > gapSeconds ? [times[i - 1] + stepSeconds, time] : [time]));
};

/** `answers` in the order of the panel's queries. */
export const toPanelLines = (panel: Panel, answers: readonly MetricAnswer[]): PanelLines => {
  const points = new Map<string, Map<number, number>>();
  for (const [i, { result }] of answers.entries()) {
    const { by, name } = panel.queries[i];
    for (const { labels, values } of result) points.set(by === undefined ? (name ?? "") : (labels[by] ?? ""), new Map(values));
  }
  const names = [...points.keys()].sort((a, b) => nameIn(panel.order, a) - nameIn(panel.order, b) || (a < b ? -1 : 1));
  const known = [...new Set([...points.values()].flatMap((line) => Array.from(line.keys())))].sort((a, b) => a - b);
  const times = timesWithGaps(known, Math.max(...answers.map((answer) => answer.step_seconds), 1));
  const sums = times.map((time) => names.reduce((total, name) => total + (points.get(name)!.get(time) ?? 0), 0));
  return {
    times,
    lines: names
      .filter((name) => !panel.hidden.includes(name))
      .map((name) => ({ name, values: times.map((time) => points.get(name)!.get(time) ?? null) })),
    latest: Object.fromEntries(names.flatMap((name) => {
      const value = [...points.get(name)!.values()].at(-1);
      return value === undefined ? [] : [[name, value]];
    })),
    maxSum: Math.max(0, ...sums),
  };
};
