/** Buckets by conditions: `filters`, `filter`, `missing`, `range`, `date_range`. */

import { illegalArgument, parsingError } from "../../../core/elasticsearch.ts";
import { join, or, param, sql, type Fragment } from "../../../sql/sql.ts";
import { compileFilter } from "../../compile-filter.ts";
import { negate, type LogFilter } from "../../filter.ts";
import { dateFormatsOf, formatDate, type DateFormat } from "../dates/date-format.ts";
import { DEFAULT_FORMATS, readDateMath } from "../dates/date-math.ts";
import { timeZoneOf, UTC } from "../dates/time-zone.ts";
import { fieldOf } from "../dsl/context.ts";
import { parseQuery } from "../dsl/query.ts";
import { fieldNumber, fieldText, timeMs } from "../field-values.ts";
import { asArray, asBoolean, asNumber, asObject, asText, isObject, refuseUnknown } from "../json.ts";
import { doubleText } from "./metrics.ts";
import type { AggregationContext, Bucket, BucketRow, Inner, Shape } from "./node.ts";

const MAX_FILTERS = 100;

/** Keys of an aggregation begin at a place of its own: the store takes equal arrayJoins for one, and filters may be within the same filters. */
const firstPlace = (id: number): number => id * 1_000;

/** A row is in every bucket whose condition it meets; keys are their places. */
const placeOf = (conditions: readonly Fragment[], id: number): Fragment => {
  const met = join(conditions.map((condition) => sql`toUInt8(${condition})`), sql`, `);
  return sql`arrayJoin(arrayFilter((place, met) -> met, range(${param.uint32(firstPlace(id))}, ${param.uint32(firstPlace(id) + conditions.length)}), [${met}]))`;
};

const byPlace = (rows: readonly BucketRow[], count: number, id: number): (BucketRow | undefined)[] => {
  const found = new Map(rows.map((row) => [Number(row.key), row]));
  return Array.from({ length: count }, (_none, place) => found.get(firstPlace(id) + place));
};

const tooMany = (type: string, count: number): void => {
  if (count === 0 || count > MAX_FILTERS) throw illegalArgument(`[${type}] aggregation must have 1 to ${MAX_FILTERS} buckets, not ${count}`);
};

export const filters = (body: unknown, { dsl, id }: AggregationContext): Bucket => {
  const options = asObject(body, "[filters] aggregation");
  refuseUnknown(options, "[filters] aggregation", ["filters", "other_bucket", "other_bucket_key", "keyed"]);
  const given = options["filters"];
  const named = isObject(given) ? Object.entries(given) : asArray(given, "[filters] filters").map((query, i) => [String(i), query] as const);
  const isKeyed = isObject(given) && (options["keyed"] === undefined || asBoolean(options["keyed"], "[filters] keyed"));
  const parsed: [string, LogFilter][] = named.map(([name, query]) => [name, parseQuery(query, dsl)]);
  const hasOther = options["other_bucket_key"] !== undefined || (options["other_bucket"] !== undefined && asBoolean(options["other_bucket"], "[filters] other_bucket"));
  const all: [string, LogFilter][] = hasOther ? [...parsed, [asText(options["other_bucket_key"] ?? "_other_", "[filters] other_bucket_key"), negate({ kind: "or", items: parsed.map(([, filter]) => filter) })]] : parsed;
  tooMany("filters", all.length);
  return {
    kind: "bucket",
    key: placeOf(all.map(([, filter]) => compileFilter(filter)), id),
    filters: all.map(([, filter]) => filter),
    shape: (rows, inner) => {
      const buckets = byPlace(rows, all.length, id).map((row) => ({ doc_count: row?.docs ?? 0, ...inner(row) }));
      return { buckets: isKeyed ? Object.fromEntries(all.map(([name], i) => [name, buckets[i]])) : buckets };
    },
  };
};

const one = (condition: Fragment, parts: readonly LogFilter[]): Bucket => ({
  kind: "bucket",
  key: sql`''`,
  condition,
  filters: parts,
  shape: ([row], inner) => ({ doc_count: row?.docs ?? 0, ...inner(row) }),
});

export const filter = (body: unknown, { dsl }: AggregationContext): Bucket => {
  const parsed = parseQuery(body, dsl);
  return one(compileFilter(parsed), [parsed]);
};

/** Rows without the field. */
export const missing = (body: unknown): Bucket => {
  const options = asObject(body, "[missing] aggregation");
  refuseUnknown(options, "[missing] aggregation", ["field"]);
  return one(sql`${fieldText(fieldOf(asText(options["field"], "[missing] field")))} = ''`, []);
};

interface Range {
  readonly key: string;
  readonly members: Shape;
  readonly condition: Fragment;
}

const ranged = (ranges: readonly Range[], keyed: unknown, type: string, id: number): Bucket => {
  tooMany(type, ranges.length);
  const isKeyed = keyed !== undefined && asBoolean(keyed, `[${type}] keyed`);
  const shape = (rows: readonly BucketRow[], inner: Inner): Shape => {
    const found = byPlace(rows, ranges.length, id);
    const buckets = ranges.map(({ key, members }, i) => [key, { ...members, doc_count: found[i]?.docs ?? 0, ...inner(found[i]) }] as const);
    return { buckets: isKeyed ? Object.fromEntries(buckets) : buckets.map(([key, bucket]) => ({ key, ...bucket })) };
  };
  return { kind: "bucket", key: placeOf(ranges.map(({ condition }) => condition), id), condition: or(ranges.map(({ condition }) => condition)), filters: [], shape };
};

const endText = (end: number | undefined): string => (end === undefined ? "*" : doubleText(end));

/** From `from` to before `to`; an end that is left out is open. */
export const range = (body: unknown, { id }: AggregationContext): Bucket => {
  const options = asObject(body, "[range] aggregation");
  refuseUnknown(options, "[range] aggregation", ["field", "ranges", "keyed", "missing"]);
  const name = asText(options["field"], "[range] field");
  const number = fieldNumber(fieldOf(name));
  if (number === undefined) throw illegalArgument(`Field [${name}] is text and not supported for aggregation [range]`);
  const value = options["missing"] === undefined ? number : sql`ifNull(${number}, ${param.float64(asNumber(options["missing"], "[range] missing"))})`;
  const ranges = asArray(options["ranges"], "[range] ranges").map((item): Range => {
    const given = asObject(item, "[range] range");
    refuseUnknown(given, "[range] range", ["key", "from", "to"]);
    const [from, to] = (["from", "to"] as const).map((end) => (given[end] === undefined || given[end] === null ? undefined : asNumber(given[end], `[range] ${end}`)));
    const parts = [...(from === undefined ? [] : [sql`${value} >= ${param.float64(from)}`]), ...(to === undefined ? [] : [sql`${value} < ${param.float64(to)}`])];
    return {
      key: given["key"] === undefined ? `${endText(from)}-${endText(to)}` : asText(given["key"], "[range] key"),
      members: { ...(from !== undefined && { from }), ...(to !== undefined && { to }) },
      condition: sql`ifNull(${parts.length === 0 ? sql`isNotNull(${value})` : join(parts, sql` AND `)}, 0)`,
    };
  });
  return ranged(ranges, options["keyed"], "range", id);
};

export const dateRange = (body: unknown, { id, nowMs }: AggregationContext): Bucket => {
  const options = asObject(body, "[date_range] aggregation");
  refuseUnknown(options, "[date_range] aggregation", ["field", "ranges", "keyed", "format", "time_zone"]);
  const field = fieldOf(asText(options["field"] ?? "@timestamp", "[date_range] field"));
  if (field.kind !== "time") throw illegalArgument("[date_range] field is no date");
  const formats = options["format"] === undefined ? DEFAULT_FORMATS : dateFormatsOf(asText(options["format"], "[date_range] format"));
  const zone = options["time_zone"] === undefined ? UTC : timeZoneOf(asText(options["time_zone"], "[date_range] time_zone"));
  const shown: DateFormat = options["format"] === undefined ? "iso" : formats[0]!;
  const endOf = (value: unknown): number | undefined => {
    if (value === undefined || value === null) return undefined;
    const date = typeof value === "number" || typeof value === "bigint" ? value : asText(value, "[date_range] range");
    return Number(readDateMath(date, { nowMs, formats, zone, end: false }) / 1_000_000n);
  };
  const text = (end: number | undefined): string => (end === undefined ? "*" : formatDate(end, shown, zone));
  const ranges = asArray(options["ranges"], "[date_range] ranges").map((item): Range => {
    const given = asObject(item, "[date_range] range");
    refuseUnknown(given, "[date_range] range", ["key", "from", "to"]);
    const [from, to] = [endOf(given["from"]), endOf(given["to"])];
    if (from === undefined && to === undefined) throw parsingError("[date_range] range needs [from] or [to]");
    const value = timeMs(field.column);
    const parts = [...(from === undefined ? [] : [sql`${value} >= ${param.int64(from)}`]), ...(to === undefined ? [] : [sql`${value} < ${param.int64(to)}`])];
    return {
      key: given["key"] === undefined ? `${text(from)}-${text(to)}` : asText(given["key"], "[date_range] key"),
      members: { ...(from !== undefined && { from, from_as_string: text(from) }), ...(to !== undefined && { to, to_as_string: text(to) }) },
      condition: join(parts, sql` AND `),
    };
  });
  return ranged(ranges, options["keyed"], "date_range", id);
};
