/** Expressions -> SQL, made from what was understood of them. Nothing that was written is handed on. */

import { join, param, sql, type Fragment } from "../../sql/sql.ts";
import { boolLiteral, composed, constant, nullLiteral, numberLiteral, textLiteral, timeLiteral, type Bound } from "./bound.ts";
import { sqlError, type Span } from "./errors.ts";
import { TYPES } from "./functions.ts";
import { commas, parameterName } from "./identifiers.ts";
import { compileCall } from "./compile-call.ts";
import { entryOf, resolveName, unknownColumn } from "./names.ts";
import { binaryBound, idBytes, intervalBound, timeBeside, timeOf } from "./operators.ts";
import { clock, type Place } from "./place.ts";
import type { Expression, Name } from "./syntax.ts";

/** `a + b + c` nests to the left. */
const MAX_DEPTH = 256;
/** About half a second. */
const MAX_WORK = 200_000;

const EXTRACTS: ReadonlyMap<string, Fragment> = new Map([
  ["year", sql`toYear`],
  ["quarter", sql`toQuarter`],
  ["month", sql`toMonth`],
  ["week", sql`toISOWeek`],
  ["day", sql`toDayOfMonth`],
  ["dow", sql`toDayOfWeek`],
  ["isodow", sql`toDayOfWeek`],
  ["doy", sql`toDayOfYear`],
  ["hour", sql`toHour`],
  ["minute", sql`toMinute`],
  ["second", sql`toSecond`],
  ["epoch", sql`toUnixTimestamp`],
]);

export const compileExpression = (expression: Expression, outer: Place): Bound => {
  if (outer.depth >= MAX_DEPTH) throw sqlError("This is nested too deeply", expression.at, `There may be ${MAX_DEPTH} levels.`);
  if (++outer.work.done > MAX_WORK) throw sqlError("The statement is too large", expression.at, "Its names stand for too many others.");
  const bound = compile(expression, { ...outer, depth: outer.depth + 1 });
  return outer.groups?.has(bound.key) ? { ...bound, bare: [] } : bound;
};

const compile = (expression: Expression, place: Place): Bound => {
  const { at } = expression;
  const of = (one: Expression): Bound => compileExpression(one, place);
  switch (expression.kind) {
    case "number":
      return numberLiteral(expression.text, at);
    case "string":
      return textLiteral(expression.value);
    case "null":
      return nullLiteral();
    case "bool":
      return boolLiteral(expression.value);
    case "interval":
      return intervalBound(expression.count, expression.unit, at);
    case "timestamp":
      return timeOf(textLiteral(expression.value), timeLiteral(0n), place.nowNs, at);
    case "name":
      return compileName(expression.path, place, at);
    case "star":
      throw sqlError("A star stands for columns only behind SELECT and in COUNT", at);
    case "call":
      return compileCall(expression, place, compileExpression);
    case "binary":
      return binaryBound(expression.operator, of(expression.left), of(expression.right), { at, left: expression.left.at, right: expression.right.at }, place.nowNs);
    case "not": {
      const operand = of(expression.operand);
      return composed(sql`(NOT ${operand.fragment})`, "bool", "not", [operand], at);
    }
    case "minus":
      return negative(of(expression.operand), at);
    case "between": {
      const operand = of(expression.operand);
      const [low, high] = [timeBeside(of(expression.low), operand, place.nowNs, expression.low.at), timeBeside(of(expression.high), operand, place.nowNs, expression.high.at)];
      return composed(sql`((${operand.fragment} >= ${low.fragment}) AND (${operand.fragment} <= ${high.fragment}))`, "bool", "between", [operand, low, high], at);
    }
    case "in":
      return membership(expression, place);
    case "is-null": {
      const operand = of(expression.operand);
      return composed(sql`isNull(${operand.fragment})`, "bool", "is-null", [operand], at);
    }
    case "case":
      return cases(expression, of);
    case "cast": {
      const operand = of(expression.operand);
      const type = TYPES.get(expression.type.text.toLowerCase());
      if (!type) throw sqlError(`There is no type ${JSON.stringify(expression.type.text)}`, expression.type.at, `There are ${[...TYPES.keys()].join(", ")}.`);
      if (type.kind === "time" && operand.text !== undefined) return timeOf(operand, timeLiteral(0n), place.nowNs, at);
      return composed(type.write(operand.fragment), type.kind, `cast:${expression.type.text.toLowerCase()}`, [operand], at);
    }
    case "extract": {
      const name = EXTRACTS.get(expression.unit.text.toLowerCase());
      if (!name) throw sqlError(`${JSON.stringify(expression.unit.text)} cannot be extracted`, expression.unit.at, `There are ${[...EXTRACTS.keys()].join(", ")}.`);
      const operand = of(expression.operand);
      return composed(sql`${name}(${operand.fragment})`, "number", `extract:${expression.unit.text.toLowerCase()}`, [operand], at);
    }
    case "index": {
      const [operand, index] = [of(expression.operand), of(expression.index)];
      if (operand.kind === "map" && index.text !== undefined) return entryOf(operand, index.text, at);
      return composed(sql`arrayElement(${operand.fragment}, ${index.fragment})`, operand.kind === "map" ? "text" : "other", "index", [operand, index], at);
    }
    case "array": {
      const items = expression.items.map(of);
      return composed(sql`array(${commas(items.map(({ fragment }) => fragment))})`, "array", "array", items, at);
    }
    case "tuple": {
      const items = expression.items.map(of);
      return composed(sql`tuple(${commas(items.map(({ fragment }) => fragment))})`, "other", "tuple", items, at);
    }
    case "lambda":
      throw sqlError("A function of one row stands only as the argument of one such as arrayMap", at);
    case "subquery": {
      const { fragment, columns, number } = place.subqueries.compile(expression.query);
      if (columns !== 1) throw sqlError(`A query that stands for a value has one column, not ${columns}`, at);
      return constant(sql`(${fragment})`, "other", `query:${number}`);
    }
    case "exists": {
      const { fragment, number } = place.subqueries.compile(expression.query);
      return constant(sql`EXISTS (${fragment})`, "bool", `exists:${number}`);
    }
  }
};

const negative = (operand: Bound, at: Span): Bound => {
  if (operand.kind === "interval" && operand.spanNs !== undefined) return intervalBound(-operand.spanNs, "ns", at);
  return composed(sql`negate(${operand.fragment})`, operand.kind, "minus", [operand], at);
};

/** `count() AS value ... GROUP BY value` means the column. */
const aliasOrColumn = (alias: Bound | undefined, column: () => Bound | undefined, { noAggregate }: Place): Bound | undefined =>
  alias && !(alias.aggregate && noAggregate !== undefined) ? alias : (column() ?? alias);

/** Names without parentheses that are calls in standard SQL. */
const CLOCKS = new Set(["current_timestamp", "localtimestamp", "current_date"]);

const compileName = (path: readonly Name[], place: Place, at: Span): Bound => {
  const first = path[0]!;
  const parameter = path.length === 1 ? place.parameters.lastIndexOf(first.text) : -1;
  if (parameter >= 0) return constant(parameterName(parameter), "other", `parameter:${parameter}`);
  const alias = (): Bound | undefined => (path.length === 1 ? place.aliases?.(first) : undefined);
  const column = (): Bound | undefined => resolveName(place.relations, path, at, place.merged);
  const found = place.aliasesFirst ? aliasOrColumn(alias(), column, place) : (column() ?? alias());
  if (found) {
    if (found.aggregate && place.noAggregate !== undefined) throw sqlError(place.noAggregate, at);
    if (found.window && place.noWindow !== undefined) throw sqlError(place.noWindow, at);
    return found;
  }
  if (path.length === 1 && !first.quoted && CLOCKS.has(first.text.toLowerCase())) return clock(first.text, place.nowNs);
  throw unknownColumn(path, place.relations.all, at);
};

const membership = ({ operand: left, items, at }: Extract<Expression, { kind: "in" }>, place: Place): Bound => {
  const operand = compileExpression(left, place);
  if ("body" in items) {
    const { fragment, columns, number } = place.subqueries.compile(items);
    const wanted = left.kind === "tuple" ? left.items.length : 1;
    if (columns !== wanted) throw sqlError(`The query behind IN has ${columns} columns where there are ${wanted} before it`, at);
    return composed(sql`(${operand.fragment} IN (${fragment}))`, "bool", `in:${number}`, [operand], at);
  }
  const values = items.map((item) => timeBeside(compileExpression(item, place), operand, place.nowNs, item.at));
  const bytes = idBytes(operand, values);
  if (bytes) return composed(sql`(${bytes.id} IN (${commas(bytes.values)}))`, "bool", "in", [operand, ...values], at);
  const list = listOf(values);
  if (list) return composed(sql`(${operand.fragment} IN ${list})`, "bool", "in", [operand, ...values], at);
  // A list may hold columns, which IN does not take.
  if (values.some(({ bare, aggregate }) => bare.length > 0 || aggregate)) return composed(sql`(${join(values.map(({ fragment }) => sql`(${operand.fragment} = ${fragment})`), sql` OR `)})`, "bool", "in", [operand, ...values], at);
  return composed(sql`(${operand.fragment} IN (${commas(values.map(({ fragment }) => fragment))}))`, "bool", "in", [operand, ...values], at);
};

/** Values of one kind as one parameter: the store takes 1,000 of them, and lists are longer. */
const listOf = (values: readonly Bound[]): Fragment | undefined => {
  if (values.every(({ text }) => text !== undefined)) return sql`${param.strings(values.map(({ text }) => text!))}`;
  return values.every(({ integer }) => integer !== undefined) ? sql`${param.int64s(values.map(({ integer }) => integer!))}` : undefined;
};

const cases = ({ operand, branches, otherwise, at }: Extract<Expression, { kind: "case" }>, of: (one: Expression) => Bound): Bound => {
  const subject = operand && of(operand);
  const parts = branches.flatMap(({ when, result }) => [of(when), of(result)]);
  const last = otherwise ? of(otherwise) : nullLiteral();
  const written = parts.map(({ fragment }, i) => (subject && i % 2 === 0 ? sql`${subject.fragment} = ${fragment}` : fragment));
  return composed(sql`multiIf(${commas([...written, last.fragment])})`, parts[1]!.kind, "case", [...(subject ? [subject] : []), ...parts, last], at);
};
