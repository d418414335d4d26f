/**
 * `sort` and `search_after`. A sort is a list of keys, each written out in atoms (an expression, its
 * direction), of which the last ones are the row's own place, so that every order is total.
 */

import { illegalArgument, parsingError } from "../../../core/elasticsearch.ts";
import { and, or, param, sql, type Fragment, type Value } from "../../../sql/sql.ts";
import { formatCursor, parseCursor, type LogPosition } from "../../log-cursor.ts";
import { instant } from "../../log-source.ts";
import type { SortOrder } from "../../time-windows.ts";
import { dateFormatsOf, formatDate, type DateFormat } from "../dates/date-format.ts";
import { DEFAULT_FORMATS, readDateMath } from "../dates/date-math.ts";
import { UTC } from "../dates/time-zone.ts";
import { bareName, fieldOf } from "../dsl/context.ts";
import { asArray, asList, asText, isObject, oneOf, onlyMember, refuseUnknown } from "../json.ts";
import { sortedText, sortedValue, type SortedField } from "./sorted-fields.ts";

export interface SortKey {
  readonly field: SortedField;
  readonly order: SortOrder;
  /** Rows without the field: behind all others, or before them. */
  readonly missing: "last" | "first";
  readonly format: DateFormat | undefined;
}

const MAX_KEYS = 16;
const NEWEST_FIRST: SortKey = { field: { kind: "time", column: "timestamp" }, order: "desc", missing: "last", format: undefined };
const TIE: SortKey = { field: { kind: "place" }, order: "asc", missing: "last", format: undefined };

/** `sort` of a body, or of an address (`field:asc,other`). Nothing is scored, so that without one the newest come first. */
export const parseSort = (value: unknown): readonly SortKey[] => {
  if (value === undefined || value === null) return [];
  const keys = asList(typeof value === "string" && value.includes(":") ? value.split(",").map((item) => Object.fromEntries([item.split(":")])) : value).map(parseKey);
  if (keys.length > MAX_KEYS) throw illegalArgument(`[sort] has ${keys.length} keys; ${MAX_KEYS} are the most`);
  return keys;
};

const parseKey = (value: unknown): SortKey => {
  const [name, given] = isObject(value) ? onlyMember(value, "[sort]") : [asText(value, "[sort]"), {}];
  const options = isObject(given) ? given : { order: given };
  if (name === "_script" || name === "_geo_distance") throw parsingError(`[sort] by [${name}] is not supported`);
  refuseUnknown(options, `[sort] of [${name}]`, ["order", "missing", "unmapped_type", "mode", "format", "numeric_type"]);
  const isTie = name === "_doc" || name === "_shard_doc";
  const order = oneOf(options["order"] ?? (name === "_score" ? "desc" : "asc"), `[sort] order of [${name}]`, ["asc", "desc"]);
  const missing = oneOf(options["missing"] ?? "_last", `[sort] missing of [${name}]`, ["_last", "_first"]) === "_last" ? "last" : "first";
  const format = options["format"] === undefined ? undefined : dateFormatsOf(asText(options["format"], `[sort] format of [${name}]`))[0];
  const field: SortedField = isTie ? { kind: "place" } : name === "_score" ? { kind: "score" } : sortable(name);
  return { field, order, missing, format };
};

const sortable = (name: string): SortedField => {
  if (bareName(name) === "_id" || bareName(name) === "_index") throw illegalArgument(`[sort] by [${name}] is not supported: use _doc`);
  return fieldOf(name);
};

interface Atom {
  readonly expression: Fragment;
  readonly order: SortOrder;
}

/** What a search is ordered by, first to last. */
export interface SortPlan {
  readonly keys: readonly SortKey[];
  readonly orderBy: Fragment;
  /** A row's values of the keys, to be selected as `sorted`. */
  readonly selected: readonly Fragment[];
  /** The order of time when that comes first: then the end of the range that is asked for is read first. */
  readonly byTime: SortOrder | undefined;
}

/** `withPlace`: a point in time gives every row its place among equal ones. */
export const planSort = (given: readonly SortKey[], withPlace: boolean): SortPlan => {
  const asked = given.length === 0 ? [NEWEST_FIRST] : given;
  const keys = withPlace && !asked.some(({ field }) => field.kind === "place") ? [...asked, TIE] : asked;
  const atoms = keys.flatMap((key, i) => keyAtoms(key, atomExpressions(key, keys.slice(0, i), isLastOfTime(keys, i))));
  const first = keys.find(({ field }) => field.kind !== "score");
  const direction = first?.order ?? "desc";
  const place = placeExpressions(false).map((expression): Atom => ({ expression, order: direction }));
  return {
    keys,
    orderBy: orderBy([...atoms, ...(keys.some(({ field }) => field.kind === "place") ? [] : place)]),
    selected: keys.map((key) => sortedText(key.field)),
    byTime: first && ((first.field.kind === "time" && first.field.column === "timestamp") || first.field.kind === "place") ? first.order : undefined,
  };
};

const orderBy = (atoms: readonly Atom[]): Fragment => {
  const items = atoms.map(({ expression, order }) => (order === "asc" ? sql`${expression} ASC` : sql`${expression} DESC`));
  return items.slice(1).reduce((list, item) => sql`${list}, ${item}`, items[0]!);
};

/** Instants have ms here, rows have ns: these count where nothing but the row's place comes after them. */
const isLastOfTime = (keys: readonly SortKey[], at: number): boolean => keys.slice(at + 1).every(({ field }) => field.kind === "place" || field.kind === "score");

const placeExpressions = (behindTime: boolean): Fragment[] => [...(behindTime ? [] : [sql`timestamp`]), sql`batch`, sql`row`];

const hasTime = (keys: readonly SortKey[]): boolean => keys.some(({ field }) => field.kind === "time" && field.column === "timestamp");

const atomExpressions = ({ field }: SortKey, before: readonly SortKey[], isExact: boolean): Fragment[] => {
  if (field.kind === "place") return placeExpressions(hasTime(before));
  if (field.kind === "time" && field.column === "timestamp" && isExact) return [sql`timestamp`];
  return [...sortedValue(field)];
};

/** A row without the field comes last, or first, whatever the order. */
const keyAtoms = ({ field, order, missing }: SortKey, expressions: readonly Fragment[]): Atom[] => {
  const atoms = expressions.map((expression): Atom => ({ expression, order }));
  const absent = field.kind === "place" || field.kind === "score" || field.kind === "time" ? undefined : sql`${sortedText(field)} = ''`;
  return absent === undefined ? atoms : [{ expression: absent, order: missing === "last" ? "asc" : "desc" }, ...atoms];
};

/** A row's values of the keys, as hits carry them and `search_after` takes them. */
export const sortValues = ({ keys }: SortPlan, texts: readonly string[], position: LogPosition): unknown[] =>
  keys.map(({ field, format }, i) => {
    const text = texts[i]!;
    if (field.kind === "place") return formatCursor(position);
    if (field.kind === "score") return 1;
    if (field.kind === "time") return format === undefined ? Number(text) : formatDate(Number(text), format, UTC);
    if (text === "") return null;
    if (field.kind === "number" && field.column !== "pattern") return Number(text);
    // What a double cannot say exactly stays text.
    return field.kind === "attribute" && String(Number(text)) === text ? Number(text) : text;
  });

/** The rows behind these values, and how the range of time is narrowed by them. */
export interface After {
  readonly condition: Fragment;
  readonly timeNs: bigint | undefined;
}

/** Throws for values that are none of this sort. */
export const parseSearchAfter = ({ keys, byTime }: SortPlan, value: unknown, nowMs: number): After => {
  const values = asArray(value, "[search_after]");
  if (values.length !== keys.length) throw illegalArgument(`search_after has ${values.length} value(s) but sort has ${keys.length}.`);
  const placeAt = keys.findIndex(({ field }) => field.kind === "place");
  const position = placeAt < 0 ? undefined : cursorOf(values[placeAt]);
  const bounds: { atom: Atom; value: Fragment }[] = [];
  for (const [i, key] of keys.entries()) {
    const atoms = keyAtoms(key, atomExpressions(key, keys.slice(0, i), position !== undefined && isLastOfTime(keys, i)));
    const after = afterValues(key, values[i], { position, isExact: position !== undefined && isLastOfTime(keys, i), behindTime: hasTime(keys.slice(0, i)), nowMs });
    bounds.push(...atoms.map((atom, j) => ({ atom, value: sql`(${after[j]!})` })));
    if (key.field.kind === "place") break;
  }
  // a > x OR (a = x AND (b > y OR ...)); a bound may be an expression too.
  const condition = bounds.reduceRight<Fragment | undefined>((rest, { atom, value: bound }) => {
    const behind = atom.order === "asc" ? sql`(${atom.expression}) > ${bound}` : sql`(${atom.expression}) < ${bound}`;
    return rest === undefined ? behind : or([behind, and([sql`(${atom.expression}) = ${bound}`, rest])]);
  }, undefined);
  const first = keys.findIndex(({ field }) => field.kind !== "score");
  return { condition: condition ?? sql`0`, timeNs: byTime === undefined ? undefined : keys[first]!.field.kind === "place" ? position!.timestampNs : timeBound(values[first], keys[first]!, nowMs) };
};

const timeOf = (value: unknown, { format }: SortKey, nowMs: number, end: boolean): bigint =>
  readDateMath(typeof value === "number" || typeof value === "bigint" ? value : asText(value, "[search_after] of a date"), { nowMs, formats: format === undefined ? DEFAULT_FORMATS : [format, ...DEFAULT_FORMATS], zone: UTC, end });

const timeBound = (value: unknown, key: SortKey, nowMs: number): bigint => timeOf(value, key, nowMs, key.order === "desc");

const cursorOf = (value: unknown): LogPosition => {
  const position = typeof value === "string" ? parseCursor(value) : undefined;
  if (!position) throw illegalArgument("[search_after] of _doc is not a value that a hit had in [sort]");
  return position;
};

interface AfterContext {
  readonly position: LogPosition | undefined;
  readonly isExact: boolean;
  readonly behindTime: boolean;
  readonly nowMs: number;
}

/** One value per atom of the key. */
const afterValues = (key: SortKey, value: unknown, { position, isExact, behindTime, nowMs }: AfterContext): (Fragment | Value)[] => {
  const { field } = key;
  switch (field.kind) {
    case "place":
      return [...(behindTime ? [] : [instant(position!.timestampNs)]), param.uint128(position!.batch), param.uint32(position!.row)];
    case "score":
      return [param.uint8(1)];
    case "time":
      if (isExact && field.column === "timestamp") return [instant(position!.timestampNs)];
      return [param.int64(timeOf(value, key, nowMs, false) / 1_000_000n)];
    default: {
      const text = value === null ? "" : asText(value, "[search_after]");
      return [param.bool(text === ""), ...sortedValue(field, text)];
    }
  }
};
