/** Calls: functions of one row, aggregates, windows. */

import { param, sql, type Fragment } from "../../sql/sql.ts";
import { composed, timeLiteral, type Bound } from "./bound.ts";
import { sqlError } from "./errors.ts";
import { findFunction, FUNCTIONS, type SqlFunction } from "./functions.ts";
import { commas, parameterName } from "./identifiers.ts";
import { timeOf } from "./operators.ts";
import { clock, type Place } from "./place.ts";
import type { Expression, FrameBound, OrderItem, Window } from "./syntax.ts";

type Call = Extract<Expression, { kind: "call" }>;
type Compile = (expression: Expression, place: Place) => Bound;

const CLOCK_FUNCTIONS = new Set(["now", "now64", "today", "yesterday"]);

const IN_WINDOW = { noWindow: "A window stands inside of a window" };
const IN_AGGREGATE = { groups: undefined, noAggregate: "An aggregate stands inside of an aggregate", noWindow: "A window stands inside of an aggregate" };

const suggestFunction = (name: string): string => {
  const start = name.toLowerCase().slice(0, 4);
  const near = FUNCTIONS.filter((one) => one.name.toLowerCase().startsWith(start)).slice(0, 5);
  return near.length > 0 ? `There are ${near.map((one) => one.name).join(", ")}.` : "docs/sql.md lists the functions.";
};

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

const isWrittenOut = (expression: Expression): boolean =>
  expression.kind === "string" || expression.kind === "number" || expression.kind === "bool" || (expression.kind === "minus" && expression.operand.kind === "number") || (expression.kind === "array" && expression.items.every(isWrittenOut));

export const compileCall = (call: Call, place: Place, compile: Compile): Bound => {
  const { name, at } = call;
  if (CLOCK_FUNCTIONS.has(name.text.toLowerCase()) && call.parameters.length === 0 && !call.over && call.arguments.length <= 1) return clock(name.text, place.nowNs);
  const fn = findFunction(name.text);
  if (!fn) throw sqlError(`There is no function ${JSON.stringify(name.text)}`, name.at, suggestFunction(name.text));
  check(fn, call);
  if (fn.use === "scalar") return scalarCall(fn, call, place, compile);
  const windowed = call.over !== undefined;
  if (!windowed && place.noAggregate !== undefined) throw sqlError(place.noAggregate, at);
  if (windowed && place.noWindow !== undefined) throw sqlError(place.noWindow, at);
  const inside: Place = { ...place, aliasesFirst: false, ...(windowed ? IN_WINDOW : IN_AGGREGATE) };
  const parts = fn.name === "count" && call.arguments.length === 1 && call.arguments[0]!.kind === "star" ? countedRows(call.arguments[0]!, inside) : call.arguments.map((one) => compile(one, inside));
  const filter = call.filter && compile(call.filter, inside);
  const written = fn.write(call.distinct ? [sql`DISTINCT ${commas(parts.map(({ fragment }) => fragment))}`] : parts.map(({ fragment }) => fragment), parametersOf(call));
  const filtered = filter ? sql`${written} FILTER (WHERE ${filter.fragment})` : written;
  const all = filter ? [...parts, filter] : parts;
  const kind = kindOf(fn, parts);
  const identity = `${fn.name}:${call.distinct}:${filter !== undefined}:${call.parameters.map((one) => (one.kind === "number" ? one.text : "")).join(",")}`;
  if (!windowed) return composed(filtered, kind, identity, all, at, { aggregate: true, bare: [] });
  const window = compileWindow(call.over!, inside, compile);
  return composed(sql`${filtered} OVER (${window.fragment})`, kind, `over:${identity}:${window.identity}`, [...all, ...window.parts], at, { window: true });
};

const check = (fn: SqlFunction, call: Call): void => {
  const { name, at, over, distinct, filter, parameters } = call;
  const count = call.arguments.length;
  if (count < fn.min || count > fn.max) {
    const wanted = fn.min === fn.max ? plural(fn.min, "argument") : count < fn.min ? `at least ${plural(fn.min, "argument")}` : `at most ${plural(fn.max, "argument")}`;
    throw sqlError(`${fn.name} takes ${wanted}, not ${count}`, at);
  }
  if (parameters.length < fn.parameters[0] || parameters.length > fn.parameters[1]) {
    throw sqlError(fn.parameters[1] === 0 ? `${fn.name} has no parameters` : `${fn.name} has ${plural(fn.parameters[1], "parameter")} in front: ${fn.name}(...)(x)`, at);
  }
  const odd = parameters.find((one) => one.kind !== "number");
  if (odd) throw sqlError("A parameter is a number that is written out", odd.at);
  if (fn.use === "scalar" && (over || distinct || filter)) throw sqlError(`${fn.name} is no aggregate`, name.at, "DISTINCT, FILTER and OVER go with aggregates.");
  if (fn.use === "window" && !over) throw sqlError(`${fn.name} needs OVER (...)`, at);
  if (fn.use === "window" && (distinct || filter)) throw sqlError(`${fn.name} takes neither DISTINCT nor FILTER`, at);
  if (distinct && (count === 0 || parameters.length > 0 || (count > 1 && fn.name !== "count"))) throw sqlError(`DISTINCT does not go with ${fn.name} like this`, at);
  for (const number of fn.literal) {
    const argument = call.arguments[number];
    if (argument && !isWrittenOut(argument)) throw sqlError(`Argument ${number + 1} of ${fn.name} must be written out`, argument.at);
  }
};

const parametersOf = ({ parameters }: Call): Fragment =>
  parameters.length === 0 ? sql`` : sql`(${commas(parameters.map((one) => (one.kind === "number" && /^\d{1,9}$/.test(one.text) ? sql`${param.uint32(Number(one.text))}` : sql`${param.float64(Number((one as { text: string }).text))}`)))})`;

const kindOf = ({ kind }: SqlFunction, parts: readonly Bound[]): Bound["kind"] => (kind === "first" ? (parts[0]?.kind ?? "other") : kind === "last" ? (parts.at(-1)?.kind ?? "other") : kind);

/** COUNT(*) counts rows, COUNT(l.*) those that a join found in l. */
const countedRows = (star: Extract<Expression, { kind: "star" }>, { relations }: Place): Bound[] => {
  if (!star.of) return [];
  const relation = relations.find(star.of);
  if (!relation) throw sqlError(`There is no table ${JSON.stringify(star.of.text)}`, star.of.at);
  return [composed(relation.present(), "number", `present:${relation.id}`, [], star.at)];
};

const scalarCall = (fn: SqlFunction, call: Call, place: Place, compile: Compile): Bound => {
  const parts = call.arguments.map((one, number) => (one.kind === "lambda" && number === fn.lambda ? lambda(one, place, compile) : compile(one, place)));
  if (fn.lambda !== undefined && call.arguments[fn.lambda]!.kind !== "lambda") throw sqlError(`Argument ${fn.lambda + 1} of ${fn.name} is a function: x -> x + 1`, call.arguments[fn.lambda]!.at);
  // `date_trunc('hour', '2026-01-01')`
  const read = fn.kind === "time" ? parts.map((part, number) => (part.text !== undefined && !fn.literal.includes(number) ? timeOf(part, timeLiteral(0n), place.nowNs, call.at) : part)) : parts;
  return composed(fn.write(read.map(({ fragment }) => fragment), sql``), kindOf(fn, read), fn.name, read, call.at);
};

const lambda = ({ parameter, body, at }: Extract<Expression, { kind: "lambda" }>, place: Place, compile: Compile): Bound => {
  const number = place.parameters.length;
  const bound = compile(body, { ...place, parameters: [...place.parameters, parameter.text] });
  return composed(sql`${parameterName(number)} -> ${bound.fragment}`, "other", "lambda", [bound], at);
};

interface CompiledWindow {
  readonly fragment: Fragment;
  readonly parts: readonly Bound[];
  readonly identity: string;
}

const compileWindow = (over: Exclude<Call["over"], undefined>, place: Place, compile: Compile): CompiledWindow => {
  const window = "text" in over ? named(over, place) : over.base ? merged(over, named(over.base, place)) : over;
  const partition = window.partitionBy.map((one) => compile(one, place));
  const order = window.orderBy.map((item) => ({ item, bound: compile(item.expression, place) }));
  const fragment = sql`${partition.length === 0 ? sql`` : sql`PARTITION BY ${commas(partition.map((one) => one.fragment))}`}${order.length === 0 ? sql`` : sql` ORDER BY ${commas(order.map(({ item, bound }) => ordered(item, bound)))}`}${frameOf(window)}`;
  return { fragment, parts: [...partition, ...order.map(({ bound }) => bound)], identity: JSON.stringify([partition.length, window.orderBy.map(({ descending, nulls }) => [descending, nulls]), window.frame]) };
};

const named = (name: { text: string; at: Call["at"] }, place: Place): Window => {
  const window = place.windows.get(name.text);
  if (!window) throw sqlError(`There is no window ${JSON.stringify(name.text)}`, name.at, "WINDOW name AS (...) defines it.");
  return window;
};

const merged = (own: Window, base: Window): Window => ({ base: undefined, partitionBy: base.partitionBy, orderBy: own.orderBy.length > 0 ? own.orderBy : base.orderBy, frame: own.frame ?? base.frame });

export const ordered = ({ descending, nulls }: OrderItem, bound: Bound): Fragment =>
  sql`${bound.fragment}${descending ? sql` DESC` : sql` ASC`}${nulls === undefined ? sql`` : nulls === "first" ? sql` NULLS FIRST` : sql` NULLS LAST`}`;

const frameOf = ({ frame }: Window): Fragment => {
  if (!frame) return sql``;
  const unit = frame.unit === "rows" ? sql` ROWS` : sql` RANGE`;
  return sql`${unit} BETWEEN ${frameBound(frame.from)} AND ${frame.to === undefined ? sql`CURRENT ROW` : frameBound(frame.to)}`;
};

const MAX_FRAME = 1_000_000;

const frameBound = (bound: FrameBound): Fragment => {
  if (bound === "current") return sql`CURRENT ROW`;
  if (bound === "unbounded-preceding") return sql`UNBOUNDED PRECEDING`;
  if (bound === "unbounded-following") return sql`UNBOUNDED FOLLOWING`;
  const rows = param.uint32(Math.min(bound.rows, MAX_FRAME));
  return bound.direction === "preceding" ? sql`${rows} PRECEDING` : sql`${rows} FOLLOWING`;
};
