/**
 * `date_histogram`: fixed or calendar intervals, in a time zone. Buckets are cut in local time, counted
 * by the store, and given their instants here; the ones between that hold no row are filled in.
 */

import { illegalArgument, parsingError } from "../../../core/elasticsearch.ts";
import { param, sql, type Fragment } from "../../../sql/sql.ts";
import { dateFormatsOf, formatDate, type DateFormat } from "../dates/date-format.ts";
import { DEFAULT_FORMATS, readDateMath } from "../dates/date-math.ts";
import { timeZoneOf, UTC, type TimeZone } from "../dates/time-zone.ts";
import { fieldOf } from "../dsl/context.ts";
import { timeMs } from "../field-values.ts";
import { asBoolean, asInteger, asList, asObject, asText, oneOf, onlyMember, refuseUnknown, type JsonObject } from "../json.ts";
import { MAX_BUCKETS, tooManyBuckets, type AggregationContext, type Bucket, type BucketRow, type Inner, type Shape } from "./node.ts";

type CalendarUnit = "week" | "month" | "quarter" | "year";

/** Local times: ms that a clock on the wall shows, as if they were UTC. */
interface Interval {
  /** The start of the bucket that a row is in. */
  key(local: Fragment): Fragment;
  startOf(localMs: number): number;
  next(localMs: number): number;
  /** Shorter than any bucket, for a bound on their number. */
  readonly leastMs: number;
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DAY_MS = 86_400_000;
const MAX_INTERVAL_MS = 100 * 365 * DAY_MS;

const fixedInterval = (ms: number): Interval => {
  if (ms < 1 || ms > MAX_INTERVAL_MS) throw illegalArgument("[date_histogram] interval must be from 1ms to 100 years");
  const startOf = (localMs: number): number => Math.floor(localMs / ms) * ms;
  // intDiv rounds towards 1970.
  return { key: (local) => sql`${local} - positiveModulo(${local}, ${param.int64(ms)})`, startOf, next: (localMs) => localMs + ms, leastMs: ms };
};

const MONTHS: Readonly<Record<Exclude<CalendarUnit, "week">, number>> = { month: 1, quarter: 3, year: 12 };

const day = (local: Fragment): Fragment => sql`toDate32(fromUnixTimestamp64Milli(${local}, 'UTC'))`;

const calendarInterval = (unit: CalendarUnit): Interval => {
  if (unit === "week") {
    // The epoch was a Thursday; weeks begin on Monday.
    const week = fixedInterval(7 * DAY_MS);
    const shift = 3 * DAY_MS;
    return { ...week, key: (local) => sql`${week.key(sql`(${local} + ${param.int64(shift)})`)} - ${param.int64(shift)}`, startOf: (localMs) => week.startOf(localMs + shift) - shift };
  }
  const months = MONTHS[unit];
  const startOf = (localMs: number): number => {
    const date = new Date(localMs);
    return Date.UTC(date.getUTCFullYear(), Math.floor(date.getUTCMonth() / months) * months, 1);
  };
  const next = (localMs: number): number => {
    const date = new Date(localMs);
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1);
  };
  const start = (local: Fragment): Fragment => (unit === "month" ? sql`toStartOfMonth(${day(local)})` : unit === "quarter" ? sql`toStartOfQuarter(${day(local)})` : sql`toStartOfYear(${day(local)})`);
  return { key: (local) => sql`toInt64(toUnixTimestamp(toDateTime(${start(local)}, 'UTC'))) * 1000`, startOf, next, leastMs: months * 28 * DAY_MS };
};

const CALENDAR: Readonly<Record<string, () => Interval>> = Object.fromEntries(
  (
    [
      [["minute", "1m"], () => fixedInterval(60_000)],
      [["hour", "1h"], () => fixedInterval(3_600_000)],
      [["day", "1d"], () => fixedInterval(DAY_MS)],
      [["week", "1w"], () => calendarInterval("week")],
      [["month", "1M"], () => calendarInterval("month")],
      [["quarter", "1q"], () => calendarInterval("quarter")],
      [["year", "1y"], () => calendarInterval("year")],
    ] as const
  ).flatMap(([names, of]) => names.map((name) => [name, of] as const)),
);

/** `30s`, `1.5h`: ms; undefined when it is none. */
const durationMs = (text: string): number | undefined => {
  const match = /^([+-]?)(\d{1,12}(?:\.\d{1,6})?)(ms|[smhd])$/.exec(text);
  if (!match) return /^[+-]?\d{1,15}$/.test(text) ? Number(text) : undefined;
  return Math.round(Number(match[2]) * UNIT_MS[match[3]!]!) * (match[1] === "-" ? -1 : 1);
};

const intervalOf = (options: JsonObject): Interval => {
  const [calendar, fixed, either] = ["calendar_interval", "fixed_interval", "interval"].map((name) => (options[name] === undefined || options[name] === null ? undefined : asText(options[name], `[date_histogram] ${name}`)));
  if ([calendar, fixed, either].filter((text) => text !== undefined).length !== 1) throw parsingError("[date_histogram] needs one of [fixed_interval] and [calendar_interval]");
  const name = calendar ?? either;
  if (name !== undefined && Object.hasOwn(CALENDAR, name)) return CALENDAR[name]!();
  if (calendar !== undefined) throw illegalArgument(`The supplied interval [${calendar.slice(0, 100)}] could not be parsed as a calendar interval: there are ${Object.keys(CALENDAR).join(", ")}`);
  const ms = durationMs((fixed ?? either)!);
  if (ms === undefined) throw illegalArgument(`failed to parse setting [date_histogram.fixed_interval] with value [${(fixed ?? either)!.slice(0, 100)}] as a time value: it is such as 30s, 5m, 1h, 1d`);
  return fixedInterval(ms);
};

interface Plan {
  readonly interval: Interval;
  readonly zone: TimeZone;
  readonly offsetMs: number;
  readonly minDocs: number;
  readonly format: DateFormat;
  /** Buckets up to here are told even when nothing is near. */
  readonly extended: { readonly minMs: number | undefined; readonly maxMs: number | undefined };
  readonly order: { readonly by: "key" | "count"; readonly isUp: boolean };
  readonly keyed: boolean;
}

const boundsOf = (value: unknown, what: string, nowMs: number, zone: TimeZone, formats: readonly DateFormat[]): Plan["extended"] => {
  if (value === undefined || value === null) return { minMs: undefined, maxMs: undefined };
  const bounds = asObject(value, what);
  refuseUnknown(bounds, what, ["min", "max"]);
  const instant = (bound: unknown, end: boolean): number | undefined => {
    if (bound === undefined || bound === null || bound === "") return undefined;
    const date = typeof bound === "number" || typeof bound === "bigint" ? bound : asText(bound, what);
    return Number(readDateMath(date, { nowMs, formats: [...formats, ...DEFAULT_FORMATS], zone, end }) / 1_000_000n);
  };
  return { minMs: instant(bounds["min"], false), maxMs: instant(bounds["max"], true) };
};

/** As a source of composite buckets: the key, and instants of keys and back. */
export const dateSource = (options: JsonObject, nowMs: number) => {
  const { plan, field } = planOf(options, nowMs);
  return {
    key: keyOf(plan, timeMs(field.column), field.column),
    toUtc: (key: number): number => (isCutByInstant(plan) ? key : plan.zone.toUtc(key + plan.offsetMs)),
    fromUtc: (utcMs: number): number => (isCutByInstant(plan) ? utcMs : utcMs + plan.zone.offsetAt(utcMs) - plan.offsetMs),
    format: (utcMs: number): unknown => (options["format"] === undefined ? utcMs : formatDate(utcMs, plan.format, plan.zone)),
  };
};

const planOf = (options: JsonObject, nowMs: number) => {
  refuseUnknown(options, "[date_histogram] aggregation", ["field", "fixed_interval", "calendar_interval", "interval", "time_zone", "offset", "format", "min_doc_count", "extended_bounds", "hard_bounds", "order", "keyed", "missing"]);
  const field = fieldOf(asText(options["field"] ?? "@timestamp", "[date_histogram] field"));
  if (field.kind !== "time") throw illegalArgument(`Field [${String(options["field"]).slice(0, 200)}] is no date and not supported for aggregation [date_histogram]`);
  const zone = options["time_zone"] === undefined || options["time_zone"] === "" ? UTC : timeZoneOf(asText(options["time_zone"], "[date_histogram] time_zone"));
  const offsetMs = options["offset"] === undefined ? 0 : durationMs(asText(options["offset"], "[date_histogram] offset"));
  if (offsetMs === undefined || Math.abs(offsetMs) > MAX_INTERVAL_MS) throw illegalArgument("[date_histogram] offset must be such as +6h or -1d");
  const formats = options["format"] === undefined ? [] : dateFormatsOf(asText(options["format"], "[date_histogram] format"));
  const [orderBy, direction] = options["order"] === undefined ? ["_key", "asc"] : onlyMember(asList(options["order"])[0], "[date_histogram] order");
  const plan: Plan = {
    interval: intervalOf(options),
    zone,
    offsetMs,
    minDocs: asInteger(options["min_doc_count"] ?? 0, "[date_histogram] min_doc_count", 0, 2 ** 31 - 1),
    format: formats[0] ?? "iso",
    extended: boundsOf(options["extended_bounds"], "[date_histogram] extended_bounds", nowMs, zone, formats),
    order: { by: orderBy === "_count" ? "count" : "key", isUp: oneOf(direction, "[date_histogram] order", ["asc", "desc"]) === "asc" },
    keyed: options["keyed"] !== undefined && asBoolean(options["keyed"], "[date_histogram] keyed"),
  };
  return { plan, field, hard: boundsOf(options["hard_bounds"], "[date_histogram] hard_bounds", nowMs, zone, formats) };
};

export const dateHistogram = (body: unknown, { nowMs }: AggregationContext): Bucket => {
  const { plan, field, hard } = planOf(asObject(body, "[date_histogram] aggregation"), nowMs);
  const value = timeMs(field.column);
  const within = [...(hard.minMs === undefined ? [] : [sql`${value} >= ${param.int64(hard.minMs)}`]), ...(hard.maxMs === undefined ? [] : [sql`${value} <= ${param.int64(hard.maxMs)}`])];
  return {
    kind: "bucket",
    key: keyOf(plan, value, field.column),
    condition: within.length === 0 ? undefined : within.slice(1).reduce((all, part) => sql`${all} AND ${part}`, within[0]!),
    filters: [],
    isHistogram: true,
    shape: (rows, inner) => shapeOf(plan, rows, inner),
  };
};

/** Where clocks change by an hour within a bucket, its rows are of two offsets: its key is local. Shorter ones are cut within each offset. */
const isCutByInstant = ({ interval }: Plan): boolean => interval.leastMs <= 3_600_000;

const keyOf = (plan: Plan, value: Fragment, column: "timestamp" | "observed" | "received"): Fragment => {
  const { interval, zone, offsetMs } = plan;
  const time = column === "timestamp" ? sql`timestamp` : column === "observed" ? sql`observed` : sql`received`;
  const zoneMs = zone.name === undefined ? sql`${param.int64(zone.offsetAt(0))}` : sql`toInt64(timeZoneOffset(toTimeZone(${time}, ${param.string(zone.name)}))) * 1000`;
  const local = sql`(${value} + ${zoneMs} - ${param.int64(offsetMs)})`;
  return isCutByInstant(plan) ? sql`(${interval.key(local)} + ${param.int64(offsetMs)} - ${zoneMs})` : interval.key(local);
};

const shapeOf = (plan: Plan, rows: readonly BucketRow[], inner: Inner): Shape => {
  const { zone, format, order, minDocs, keyed } = plan;
  const found = new Map(rows.map((row) => [isCutByInstant(plan) ? Number(row.key) : zone.toUtc(Number(row.key) + plan.offsetMs), row]));
  const starts = minDocs > 0 ? [...found.keys()].sort((a, b) => a - b) : filled(plan, [...found.keys()]);
  const buckets = starts.map((key) => ({ key, row: found.get(key) })).filter(({ row }) => (row?.docs ?? 0) >= minDocs);
  if (order.by === "count") buckets.sort((a, b) => ((a.row?.docs ?? 0) - (b.row?.docs ?? 0)) * (order.isUp ? 1 : -1));
  else if (!order.isUp) buckets.reverse();
  const shaped = buckets.map(({ key, row }) => ({ key_as_string: formatDate(key, format, zone), key, doc_count: row?.docs ?? 0, ...inner(row) }));
  return { buckets: keyed ? Object.fromEntries(shaped.map((bucket) => [bucket.key_as_string, bucket])) : shaped };
};

/** Every start from the first bucket to the last one, and as far as the extended bounds go. */
const filled = (plan: Plan, keys: readonly number[]): number[] => {
  const { interval, zone, offsetMs, extended } = plan;
  const startOf = (utcMs: number): number => interval.startOf(utcMs + zone.offsetAt(utcMs) - offsetMs);
  const toUtc = (localMs: number): number => zone.toUtc(localMs + offsetMs);
  const ends = [...keys, ...[extended.minMs, extended.maxMs].filter((ms) => ms !== undefined).map((ms) => toUtc(startOf(ms)))];
  if (ends.length === 0 || (keys.length === 0 && (extended.minMs === undefined || extended.maxMs === undefined))) return [];
  const [first, last] = [ends.reduce((a, b) => Math.min(a, b)), ends.reduce((a, b) => Math.max(a, b))];
  if ((last - first) / interval.leastMs > MAX_BUCKETS) throw tooManyBuckets();
  const starts = new Set(keys);
  if (isCutByInstant(plan) && zone.name === undefined) for (let key = first; key <= last; key += interval.leastMs) starts.add(key);
  else for (let local = startOf(first); toUtc(local) <= last; local = interval.next(local)) starts.add(toUtc(local));
  return [...starts].sort((a, b) => a - b);
};
