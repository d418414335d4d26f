/** Steps of the calendar, on ms since 1970 as a clock without a zone shows them. */

export type TimeUnit = "ms" | "s" | "m" | "h" | "d" | "w" | "M" | "y";

export const UNIT_MS: Readonly<Record<"ms" | "s" | "m" | "h" | "d" | "w", number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
/** The epoch was a Thursday: Monday comes three days before. */
const WEEK_OFFSET_MS = 3 * UNIT_MS.d;

/** Later by so many units. Calendar units keep the day of the month where the month has it (31 January + 1M = 28 February). */
export const shift = (ms: number, count: number, unit: TimeUnit): number => {
  if (unit !== "M" && unit !== "y") return ms + count * UNIT_MS[unit];
  const date = new Date(ms);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + count * (unit === "y" ? 12 : 1));
  const daysInMonth = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, daysInMonth));
  return date.getTime();
};

/** The first ms of the unit that holds it. Weeks begin on Monday. */
export const startOf = (ms: number, unit: TimeUnit): number => {
  const date = new Date(ms);
  if (unit === "y") return Date.UTC(date.getUTCFullYear(), 0, 1);
  if (unit === "M") return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
  const offset = unit === "w" ? WEEK_OFFSET_MS : 0;
  return Math.floor((ms + offset) / UNIT_MS[unit]) * UNIT_MS[unit] - offset;
};
