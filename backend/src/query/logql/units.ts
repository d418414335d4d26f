/** Durations and sizes as Go programs write them: `1h15m30.5s`, `5KiB`, `1.5 MB`. */

const SECONDS: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, "µs": 1e-6, "μs": 1e-6, ms: 1e-3, s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800, y: 31_536_000 };
const GO_UNITS = "ns|us|µs|μs|ms|s|m|h";
const GO_DURATION = new RegExp(`^[-+]?(?:(?:\\d+\\.?\\d*|\\.\\d+)(?:${GO_UNITS}))+$`);
const DURATION = new RegExp(`^[-+]?(?:(?:\\d+\\.?\\d*|\\.\\d+)(?:${GO_UNITS}|d|w|y))+$`);
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|[smhdwy])/g;

const seconds = (text: string): number => {
  let total = 0;
  for (const [, count, unit] of text.matchAll(PART)) total += Number(count) * SECONDS[unit!]!;
  return text.startsWith("-") ? -total : total;
};

/** Seconds of a duration in a query, where days, weeks and years count too. undefined when it is none. */
export const parseDuration = (text: string): number | undefined => (DURATION.test(text) ? seconds(text) : undefined);

/** Seconds of a duration in a log line, as Go's time.ParseDuration reads it. undefined when it is none. */
export const parseGoDuration = (text: string): number | undefined => (text === "0" ? 0 : GO_DURATION.test(text) ? seconds(text) : undefined);

const EXPONENTS = ["", "k", "m", "g", "t", "p", "e"];
const SIZE = /^(\d[\d,]*(?:\.\d*)?|\.\d+)\s*([kmgtpe]?)(i?)(b?)$/;

/** Bytes of a size: `k` is 1000, `ki` is 1024, in any case. undefined when it is none. */
export const parseBytes = (text: string): number | undefined => {
  const match = SIZE.exec(text.trim().toLowerCase());
  if (!match) return undefined;
  const [, digits, prefix, binary] = match;
  if (binary && !prefix) return undefined;
  return Math.trunc(Number(digits!.replaceAll(",", "")) * (binary ? 1024 : 1000) ** EXPONENTS.indexOf(prefix!));
};

/** A decimal number as Go's strconv.ParseFloat reads it, infinities and NaN too. undefined when it is none. */
export const parseFloatStrict = (text: string): number | undefined => {
  if (/^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text)) return Number(text);
  if (/^[-+]?inf(?:inity)?$/i.test(text)) return text.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return /^nan$/i.test(text) ? Number.NaN : undefined;
};
