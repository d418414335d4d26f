/** `range`: `gt`, `gte`, `lt`, `lte`, and the older `from`, `to`; dates with their formats, date math and time zones. */

import { within } from "../../field-conditions.ts";
import type { Bound, LogFilter, TimeColumn } from "../../filter.ts";
import { dateFormatsOf } from "../dates/date-format.ts";
import { DEFAULT_FORMATS, readDateMath } from "../dates/date-math.ts";
import { timeZoneOf, UTC } from "../dates/time-zone.ts";
import { asBoolean, asObject, asText, onlyMember, refuseUnknown, type JsonObject } from "../json.ts";
import { condition, fieldOf, type DslContext } from "./context.ts";

type Ends = { from?: Bound<unknown>; to?: Bound<unknown> };

const endsOf = (query: JsonObject): Ends => {
  const ends: Ends = {};
  const set = (end: "from" | "to", name: string, inclusive: boolean): void => {
    if (query[name] !== undefined && query[name] !== null) ends[end] = { value: query[name], inclusive };
  };
  const flag = (name: string): boolean => query[name] === undefined || asBoolean(query[name], `[range] ${name}`);
  set("from", "from", flag("include_lower"));
  set("to", "to", flag("include_upper"));
  set("from", "gte", true);
  set("from", "gt", false);
  set("to", "lte", true);
  set("to", "lt", false);
  return ends;
};

export const range = (body: unknown, context: DslContext): LogFilter => {
  const [name, value] = onlyMember(body, "[range] query");
  const query = asObject(value, `[range] query of [${name}]`);
  refuseUnknown(query, "[range] query", ["gt", "gte", "lt", "lte", "from", "to", "include_lower", "include_upper", "format", "time_zone", "relation", "boost", "_name"]);
  const ends = endsOf(query);
  const field = fieldOf(name);
  if (field.kind === "time") return timeWithin(field.column, ends, query, context);
  const bound = (end: Bound<unknown>) => ({ value: asText(end.value, `[range] of [${name}]`), inclusive: end.inclusive, quoted: false });
  return condition("range", () => within(field, { ...(ends.from && { from: bound(ends.from) }), ...(ends.to && { to: bound(ends.to) }) }, context));
};

/** An end that is left out is open. */
const timeWithin = (column: TimeColumn, { from, to }: Ends, { format, time_zone: zone }: JsonObject, { nowMs }: DslContext): LogFilter => {
  const formats = format === undefined ? DEFAULT_FORMATS : dateFormatsOf(asText(format, "[range] format"));
  const dates = { nowMs, formats, zone: zone === undefined ? UTC : timeZoneOf(asText(zone, "[range] time_zone")) };
  // The end of a unit is where `<=` stops and where `>` begins.
  const bound = ({ value, inclusive }: Bound<unknown>, isEnd: boolean): Bound<bigint> => ({ value: readDateMath(dateValue(value), { ...dates, end: isEnd === inclusive }), inclusive });
  return { kind: "time-range", column, interval: { ...(from && { from: bound(from, false) }), ...(to && { to: bound(to, true) }) } };
};

const dateValue = (value: unknown): string | number | bigint => (typeof value === "number" || typeof value === "bigint" ? value : asText(value, "[range] of a date"));

/** A time as far as it is written: a date is its day. */
export const timeEqualTo = (column: TimeColumn, value: unknown, context: DslContext): LogFilter => timeWithin(column, { from: { value, inclusive: true }, to: { value, inclusive: true } }, {}, context);
