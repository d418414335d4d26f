/** Operators: what they are in ClickHouse, and how a text beside a time or an id is read. */

import { param, sql, type Fragment } from "../../sql/sql.ts";
import { EARLIEST_NS, LATEST_NS, parseTime } from "../time.ts";
import { composed, constant, textLiteral, timeLiteral, type Bound } from "./bound.ts";
import { sqlError, type Span } from "./errors.ts";
import { durationOf } from "./durations.ts";
import type { BinaryOperator, DurationUnit } from "./syntax.ts";

const SYMBOLS: Readonly<Record<Exclude<BinaryOperator, "~" | "~*" | "||" | "%">, Fragment>> = {
  or: sql`OR`,
  and: sql`AND`,
  "=": sql`=`,
  "!=": sql`!=`,
  "<": sql`<`,
  "<=": sql`<=`,
  ">": sql`>`,
  ">=": sql`>=`,
  like: sql`LIKE`,
  ilike: sql`ILIKE`,
  "+": sql`+`,
  "-": sql`-`,
  "*": sql`*`,
  "/": sql`/`,
};

const INTERVALS: Readonly<Record<DurationUnit, Fragment>> = {
  ns: sql`toIntervalNanosecond`,
  us: sql`toIntervalMicrosecond`,
  ms: sql`toIntervalMillisecond`,
  s: sql`toIntervalSecond`,
  m: sql`toIntervalMinute`,
  h: sql`toIntervalHour`,
  d: sql`toIntervalDay`,
  w: sql`toIntervalWeek`,
  month: sql`toIntervalMonth`,
  year: sql`toIntervalYear`,
};

/** Of the store's years; more would wrap around. */
const MAX_SPAN_NS = 292n * 366n * 86_400_000_000_000n;

export const intervalBound = (count: bigint, unit: DurationUnit, at: Span): Bound => {
  const ns = durationOf(count, unit);
  const size = ns ?? count * (unit === "year" ? 366n : 31n) * 86_400_000_000_000n;
  if (size > MAX_SPAN_NS || size < -MAX_SPAN_NS) throw sqlError("This time span is too long", at, "It may have 292 years.");
  return constant(sql`${INTERVALS[unit]}(${param.int64(count)})`, "interval", `interval:${count}${unit}`, ns === undefined ? {} : { spanNs: ns });
};

/** A text beside a time is a time: ISO 8601, an epoch, now-1h. */
export const timeOf = (text: Bound, beside: Bound, nowNs: bigint, at: Span): Bound => {
  if (beside.kind !== "time" || text.text === undefined) return text;
  const ns = parseTime(text.text, { nowMs: Number(nowNs / 1_000_000n) });
  if (ns === undefined) throw sqlError(`${JSON.stringify(text.text)} is no time`, at, "Use '2026-01-31 12:00:00', ISO 8601, an epoch, or NOW() - 1h.");
  return timeLiteral(ns);
};

/** As `timeOf`, also of an epoch that was written as a number. */
export const timeBeside = (value: Bound, beside: Bound, nowNs: bigint, at: Span): Bound =>
  beside.kind === "time" && value.integer !== undefined ? timeOf(textLiteral(String(value.integer)), beside, nowNs, at) : timeOf(value, beside, nowNs, at);

const HEX_ID = /^(?:[0-9a-f]{16}|[0-9a-f]{32})$/i;

/** The id's stored bytes and those of the text, which an index finds; undefined for what is no id. */
export const idBytes = (id: Bound, texts: readonly Bound[]): { id: Fragment; values: Fragment[] } | undefined =>
  id.bytes && texts.length > 0 && texts.every(({ text }) => text !== undefined && HEX_ID.test(text))
    ? { id: id.bytes(), values: texts.map(({ text }) => sql`unhex(${param.string(text!.toLowerCase())})`) }
    : undefined;

const COMPARISONS = new Set<BinaryOperator>(["=", "!=", "<", "<=", ">", ">="]);

/** Where an operator, its left and its right side stand. */
export interface OperatorSpans {
  readonly at: Span;
  readonly left: Span;
  readonly right: Span;
}

export const binaryBound = (operator: BinaryOperator, left: Bound, right: Bound, spans: OperatorSpans, nowNs: bigint): Bound => {
  const { at } = spans;
  const make = (fragment: Fragment, kind: Bound["kind"], more: Partial<Bound> = {}): Bound => composed(fragment, kind, operator, [left, right], at, more);
  if (operator === "||") return make(sql`concat(${left.fragment}, ${right.fragment})`, "text");
  if (operator === "%") return make(sql`moduloOrNull(${left.fragment}, ${right.fragment})`, "number");
  if (operator === "~" || operator === "~*" || operator === "like" || operator === "ilike") {
    if (right.text === undefined) throw sqlError("A pattern must be written out", at, "Put it in single quotes.");
    if (operator === "like" || operator === "ilike") return make(sql`(${left.fragment} ${SYMBOLS[operator]} ${right.fragment})`, "bool");
    return make(sql`match(${left.fragment}, ${param.string((operator === "~*" ? "(?i)" : "") + right.text)})`, "bool");
  }
  if (COMPARISONS.has(operator)) return comparison(operator, left, right, spans, nowNs);
  const [one, other] = [timeOf(left, right, nowNs, spans.left), timeOf(right, left, nowNs, spans.right)];
  const symbol = SYMBOLS[operator];
  if ((operator === "+" || operator === "-") && other.kind === "interval") return shifted(operator, one, other, at);
  if (operator === "+" && one.kind === "interval") return shifted("+", other, one, at);
  const kind = operator === "and" || operator === "or" ? "bool" : "number";
  return composed(sql`(${one.fragment} ${symbol} ${other.fragment})`, kind, operator, [one, other], at);
};

const shifted = (operator: "+" | "-", time: Bound, span: Bound, at: Span): Bound => {
  if (time.timeNs !== undefined && span.spanNs !== undefined) {
    const ns = operator === "+" ? time.timeNs + span.spanNs : time.timeNs - span.spanNs;
    if (ns < EARLIEST_NS || ns > LATEST_NS) throw sqlError("This time is out of the years that can be stored", at);
    return timeLiteral(ns);
  }
  return composed(sql`(${time.fragment} ${SYMBOLS[operator]} ${span.fragment})`, time.kind, operator, [time, span], at);
};

const comparison = (operator: BinaryOperator, left: Bound, right: Bound, { at, ...sides }: OperatorSpans, nowNs: bigint): Bound => {
  const symbol = SYMBOLS[operator as "="];
  const bytes = operator !== "=" && operator !== "!=" ? undefined : idBytes(left, [right]);
  if (bytes) return composed(sql`(${bytes.id} ${symbol} ${bytes.values[0]!})`, "bool", operator, [left, right], at);
  const reversed = operator !== "=" && operator !== "!=" ? undefined : idBytes(right, [left]);
  if (reversed) return composed(sql`(${reversed.id} ${symbol} ${reversed.values[0]!})`, "bool", operator, [left, right], at);
  const [one, other] = [timeBeside(left, right, nowNs, sides.left), timeBeside(right, left, nowNs, sides.right)];
  return composed(sql`(${one.fragment} ${symbol} ${other.fragment})`, "bool", operator, [one, other], at);
};
