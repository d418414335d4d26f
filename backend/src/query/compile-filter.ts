/**
 * LogFilter -> SQL condition on the `logs` table. Every condition is 0 or 1, never NULL, so that
 * NOT is the complement. Values are parameters; the text holds none.
 */

import { and, not, or, param, sql, type Fragment, type Value } from "../sql/sql.ts";
import type { Field, IdColumn, Interval, LogFilter, NumberColumn, Pattern, SearchedField, TextColumn, TextField, TimeColumn } from "./filter.ts";
import { innerWords, patternTest, phraseTest, type MessageTest } from "./message-pattern.ts";
import { parseRowId } from "./row-id.ts";
import { storeRegex } from "./regex.ts";
import { lowerAscii } from "./words.ts";

const COLUMNS: Readonly<Record<TextColumn | IdColumn | NumberColumn | TimeColumn, Fragment>> = {
  service: sql`service`,
  host: sql`host`,
  environment: sql`environment`,
  trace_id: sql`trace_id`,
  span_id: sql`span_id`,
  severity: sql`severity`,
  pattern: sql`pattern`,
  weight: sql`weight`,
  timestamp: sql`timestamp`,
  observed: sql`observed`,
  received: sql`received`,
};
const ID_BYTES: Readonly<Record<IdColumn, number>> = { trace_id: 16, span_id: 8 };
const UINT64_MAX = (1n << 64n) - 1n;

export const compileFilter = (filter: LogFilter): Fragment => {
  switch (filter.kind) {
    case "and":
      return and(filter.items.map(compileFilter));
    case "or":
      return or(filter.items.map(compileFilter));
    case "not":
      return not(compileFilter(filter.item));
    case "phrase":
      return messageCondition(phraseTest(filter.text));
    case "message-pattern":
      return messageCondition(patternTest(filter.pattern));
    case "contains":
      return contains(filter.field, filter.text, filter.ignoreCase);
    case "regex":
      return onSearched(filter.field, (text) => sql`match(${text}, ${param.string(storeRegex(filter.regex, filter.whole))})`);
    case "equals":
      return equals(filter.field, filter.value);
    case "pattern":
      return onText(filter.field, (text) => sql`${text} LIKE ${param.string(likePattern(filter.pattern))}`);
    case "text-range":
      return onText(filter.field, (text) => and(bounds(filter.interval, text, param.string)));
    case "attribute-range":
      return or(filter.keys.map((key) => numberWithin(sql`toFloat64OrNull(${attribute(key)})`, filter.interval)));
    case "number-range":
      return numberRange(filter.column, filter.interval);
    case "time-range":
      return and(bounds(filter.interval, COLUMNS[filter.column], time));
    case "id":
      return sql`${COLUMNS[filter.column]} = ${idValue(filter.column, filter.hex)}`;
    case "row-id":
      return rowIdIs(filter.id);
    case "id-pattern":
      return sql`lower(hex(${COLUMNS[filter.column]})) LIKE ${param.string(likePattern(filter.pattern))} AND ${exists({ kind: "id", column: filter.column })}`;
    case "exists":
      return exists(filter.field);
  }
};

/** Words first: the text index leaves few rows for the regular expression. */
const messageCondition = ({ words, regex }: MessageTest): Fragment => {
  const conditions: Fragment[] = [];
  if (words.length > 0) conditions.push(sql`hasAllTokens(lower(message), ${param.strings(words)})`);
  if (regex !== undefined) conditions.push(sql`match(lower(message), ${param.string(regex)})`);
  return and(conditions);
};

/** ClickHouse 26.7 does not look up the key "" of a Map(LowCardinality(String), ...): it is searched for. */
const attribute = (key: string): Fragment =>
  key === "" ? sql`arrayFirst((value, key) -> key = '', mapValues(attributes), mapKeys(attributes))` : sql`attributes[${param.string(key)}]`;
const hasAttribute = (key: string): Fragment =>
  key === "" ? sql`arrayExists(key -> key = '', mapKeys(attributes))` : sql`mapContains(attributes, ${param.string(key)})`;

const equals = (field: TextField, value: string): Fragment => {
  if (field.kind === "column") return sql`${COLUMNS[field.column]} = ${param.string(value)}`;
  // A key that is not there reads as "", so only an empty value needs to ask for the key.
  const one = (key: string): Fragment => {
    const equal = sql`${attribute(key)} = ${param.string(value)}`;
    return value === "" ? and([hasAttribute(key), equal]) : equal;
  };
  return or(field.keys.map(one));
};

/** As with phrases, words first: those that the text cannot be a part of. */
const contains = (field: SearchedField, text: string, ignoreCase: boolean): Fragment => {
  const searched = onSearched(field, (value) =>
    ignoreCase ? sql`position(lower(${value}), ${param.string(lowerAscii(text))}) > 0` : sql`position(${value}, ${param.string(text)}) > 0`,
  );
  const words = field.kind === "message" ? innerWords(lowerAscii(text)) : [];
  return words.length === 0 ? searched : and([sql`hasAllTokens(lower(message), ${param.strings(words)})`, searched]);
};

const onSearched = (field: SearchedField, condition: (text: Fragment) => Fragment): Fragment => {
  if (field.kind === "message") return condition(sql`message`);
  if (field.kind === "id") return condition(sql`if(${exists(field)}, lower(hex(${COLUMNS[field.column]})), '')`);
  return onText(field, condition);
};

const onText = (field: TextField, condition: (text: Fragment) => Fragment): Fragment =>
  field.kind === "column"
    ? condition(COLUMNS[field.column])
    : or(field.keys.map((key) => and([hasAttribute(key), condition(attribute(key))])));

const exists = (field: Field): Fragment => {
  switch (field.kind) {
    case "message":
      return sql`message != ''`;
    case "attribute":
      return or(field.keys.map(hasAttribute));
    case "column":
      return sql`${COLUMNS[field.column]} != ''`;
    case "id":
      return sql`${COLUMNS[field.column]} != ${idValue(field.column, "")}`;
    case "number":
      return sql`${COLUMNS[field.column]} != 0`;
    case "time":
      return sql`1`;
  }
};

/** The column is compared as it is stored, so that its Bloom filter serves. */
const idValue = (column: IdColumn, hex: string): Fragment => {
  const bytes = ID_BYTES[column];
  const text = param.string(hex.padStart(bytes * 2, "0"));
  return bytes === 16 ? sql`toFixedString(unhex(${text}), 16)` : sql`toFixedString(unhex(${text}), 8)`;
};

const rowIdIs = (id: string): Fragment => {
  const given = sql`attributes['_id'] = ${param.string(id)}`;
  const row = id === "" ? undefined : parseRowId(id);
  return row === undefined ? and([hasAttribute("_id"), given]) : or([given, sql`batch = ${param.uint128(row.batch)} AND row = ${param.uint32(row.row)} AND NOT ${hasAttribute("_id")}`]);
};

const likePattern = (pattern: Pattern): string =>
  pattern.map((part) => (part === "any" ? "%" : part === "one" ? "_" : part.literal.replace(/[\\%_]/g, "\\$&"))).join("");

const bounds = <T>({ from, to }: Interval<T>, column: Fragment, value: (v: T) => Fragment | Value): Fragment[] => [
  ...(from ? [from.inclusive ? sql`${column} >= ${value(from.value)}` : sql`${column} > ${value(from.value)}`] : []),
  ...(to ? [to.inclusive ? sql`${column} <= ${value(to.value)}` : sql`${column} < ${value(to.value)}`] : []),
];

const time = (ns: bigint): Fragment => sql`fromUnixTimestamp64Nano(${param.int64(ns)}, 'UTC')`;

/** `number` may be NULL, NaN or infinite (all of them: not a number): then the answer is no. */
const numberWithin = (number: Fragment, interval: Interval<number>): Fragment =>
  sql`ifNull(isFinite(${number}) AND ${and(bounds(interval, number, param.float64))}, 0)`;

const numberRange = (column: NumberColumn, interval: Interval<number | bigint>): Fragment => {
  // A weight is a Float32: 0.1 is in the column only as the Float32 nearest to it.
  if (column === "weight") return and(bounds(interval, COLUMNS.weight, (v) => sql`toFloat32(${param.float64(Number(v))})`));
  return and(bounds(interval, COLUMNS[column], wholeOrFloat));
};

const wholeOrFloat = (v: number | bigint): Value => {
  if (typeof v === "number") return param.float64(v);
  if (v < 0n) return v >= -(1n << 63n) ? param.int64(v) : param.float64(Number(v));
  return v <= UINT64_MAX ? param.uint64(v) : param.float64(Number(v));
};

