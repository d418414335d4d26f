/**
 * Time ranges as people pick them and as they stand in an address: each end is `now`, `now-15m`
 * or an ISO 8601 instant.
 */

export interface TimeRange {
  readonly from: string;
  readonly to: string;
}

export interface ResolvedRange {
  readonly startMs: number;
  readonly endMs: number;
}

export const DEFAULT_RANGE: TimeRange = { from: "now-1h", to: "now" };

export const QUICK_RANGES: readonly { readonly label: string; readonly short: string; readonly from: string }[] = [
  { label: "Last 5 minutes", short: "5 m", from: "now-5m" },
  { label: "Last 15 minutes", short: "15 m", from: "now-15m" },
  { label: "Last hour", short: "1 h", from: "now-1h" },
  { label: "Last 6 hours", short: "6 h", from: "now-6h" },
  { label: "Last 24 hours", short: "24 h", from: "now-24h" },
  { label: "Last 7 days", short: "7 d", from: "now-7d" },
];

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const RELATIVE = /^now(?:-(\d{1,6})([smhdw]))?$/;

/** Epoch milliseconds of one end, or undefined when it is neither relative nor an instant. */
export const resolveInstant = (text: string, nowMs: number): number | undefined => {
  const relative = RELATIVE.exec(text);
  if (relative !== null) {
    const [, amount, unit] = relative;
    return amount === undefined ? nowMs : nowMs - Number(amount) * UNIT_MS[unit];
  }
  const instant = Date.parse(text);
  return Number.isNaN(instant) ? undefined : instant;
};

/** Both ends; a range that does not parse or runs backwards is read as the default one. */
export const resolveRange = (range: TimeRange, nowMs: number): ResolvedRange => {
  const startMs = resolveInstant(range.from, nowMs);
  const endMs = resolveInstant(range.to, nowMs);
  if (startMs === undefined || endMs === undefined || startMs >= endMs) return resolveRange(DEFAULT_RANGE, nowMs);
  return { startMs, endMs };
};

/** Only a range that ends now moves on with the clock. */
export const followsClock = (range: TimeRange): boolean => range.to === "now";

export const absoluteRange = (startMs: number, endMs: number): TimeRange => ({
  from: new Date(Math.floor(startMs)).toISOString(),
  to: new Date(Math.ceil(endMs)).toISOString(),
});

/** The same middle at twice the length, not beyond now. */
export const zoomOut = ({ startMs, endMs }: ResolvedRange, nowMs: number): TimeRange => {
  const half = (endMs - startMs) / 2;
  const end = Math.min(endMs + half, Math.max(nowMs, endMs));
  return absoluteRange(end - 4 * half, end);
};

const STEPS_SECONDS = [10, 20, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];

/** The finest step that gives at most `points` points; never below the 10 s of the host's samples. */
export const stepSeconds = ({ startMs, endMs }: ResolvedRange, points: number): number => {
  const wanted = (endMs - startMs) / 1_000 / points;
  return STEPS_SECONDS.find((step) => step >= wanted) ?? STEPS_SECONDS[STEPS_SECONDS.length - 1];
};
