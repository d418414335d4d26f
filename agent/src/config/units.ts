/** Sizes (`512KB`, `10GB`, powers of 1024) and durations (`10s`, `1h`, `300ms`) as people write them. */

const SIZE_UNITS: Readonly<Record<string, number>> = { "": 1, b: 1, kb: 2 ** 10, kib: 2 ** 10, mb: 2 ** 20, mib: 2 ** 20, gb: 2 ** 30, gib: 2 ** 30, tb: 2 ** 40, tib: 2 ** 40 };
const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const AMOUNT = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i;

const inUnits = (text: string, units: Readonly<Record<string, number>>): number | undefined => {
  const [, amount, unit] = AMOUNT.exec(text.trim()) ?? [];
  const factor = unit === undefined ? undefined : units[unit.toLowerCase()];
  return factor === undefined ? undefined : Math.round(Number(amount) * factor);
};

/** Bytes, or undefined. A plain number is bytes. */
export const parseSize = (text: string): number | undefined => inUnits(text, SIZE_UNITS);

/** ms, or undefined. A unit is needed: nobody agrees on what a plain number means. */
export const parseDuration = (text: string): number | undefined => inUnits(text, DURATION_UNITS);

/** A duration as one would write it: `15s`, `1500ms`. */
export const formatDuration = (ms: number): string => {
  const [unit, factor] = Object.entries(DURATION_UNITS).findLast(([, factor]) => ms >= factor && ms % factor === 0) ?? ["ms", 1];
  return `${ms / factor}${unit}`;
};
