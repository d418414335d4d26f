/**
 * What `fn` means: one value per series and step, then one value per group of series and step.
 *
 * | fn   | of a series in (t - step, t]         | of a group at t           |
 * | avg  | mean of its samples                  | mean over its series      |
 * | min  | smallest                             | smallest                  |
 * | max  | largest                              | largest                   |
 * | sum  | mean of its samples                  | sum over its series       |
 * | last | newest                               | newest of all its series  |
 * | rate | increase per second, resets removed  | sum over its series       |
 *
 * `sum` adds up levels (the memory of all hosts), so a series counts once per step however often it
 * was sampled.
 */

import { sql, type Fragment } from "../../sql/sql.ts";

export const METRIC_FUNCTIONS = ["avg", "min", "max", "sum", "last", "rate"] as const;
export type MetricFunction = (typeof METRIC_FUNCTIONS)[number];
export type StepFunction = Exclude<MetricFunction, "rate">;

/** Columns: `timestamp`, `value` of samples -> `v`, `at`; then `v`, `at` of series -> the group's value. */
export const STEP_FUNCTIONS: Readonly<Record<StepFunction, { readonly ofSeries: Fragment; readonly ofGroup: Fragment }>> = {
  avg: { ofSeries: sql`avg(value)`, ofGroup: sql`avg(v)` },
  min: { ofSeries: sql`min(value)`, ofGroup: sql`min(v)` },
  max: { ofSeries: sql`max(value)`, ofGroup: sql`max(v)` },
  sum: { ofSeries: sql`avg(value)`, ofGroup: sql`sum(v)` },
  last: { ofSeries: sql`argMax(value, timestamp)`, ofGroup: sql`argMax(v, at)` },
};

/**
 * Two samples at least must be in a rate's window. Agents sample every 10 s: a minute survives
 * missed ones, and a longer step looks back over all of itself and one sample more.
 */
export const rateWindowSeconds = (step: number): number => Math.max(60, step + 10);
