/**
 * What a condition says about the rows of a table that can match at all: its time, its metric, the
 * words of its message. The store skips the others even where it does not see that by itself, such
 * as through a join.
 *
 * Only conditions that hold for every row of the answer are looked at (those joined by AND); none
 * holds for a NULL, so that what an outer join leaves empty does not come into it.
 */

import { param, sql, type Fragment } from "../../sql/sql.ts";
import type { Pattern, PatternPart } from "../filter.ts";
import { patternTest } from "../message-pattern.ts";
import { lowerAscii, wordsOf } from "../words.ts";
import type { Bound } from "./bound.ts";
import { timeBeside } from "./operators.ts";
import type { Place } from "./place.ts";
import type { Relation } from "./scope.ts";
import type { Expression } from "./syntax.ts";

type Compile = (expression: Expression, place: Place) => Bound;

/** `a AND b AND c` -> all of them. */
export const conjuncts = (expression: Expression | undefined): Expression[] => {
  if (!expression) return [];
  return expression.kind === "binary" && expression.operator === "and" ? [...conjuncts(expression.left), ...conjuncts(expression.right)] : [expression];
};

/** The table that people see whose column this is; by key, as `columnBound` makes it. */
export const baseColumn = (bound: Bound, relations: readonly Relation[], column: string): Relation | undefined =>
  relations.find((relation) => relation.base && bound.key === `t${relation.id}.${column}`);

const MIRRORED: Readonly<Record<string, string>> = { "<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=" };

const narrow = (relation: Relation, operator: string, ns: bigint): void => {
  const { bounds } = relation.base!;
  if (operator !== "<" && operator !== "<=" && (bounds.startNs === undefined || ns > bounds.startNs)) bounds.startNs = ns;
  if (operator !== ">" && operator !== ">=" && (bounds.endNs === undefined || ns < bounds.endNs)) bounds.endNs = ns;
};

const narrowMetrics = (relation: Relation, names: readonly string[]): void => {
  const { bounds } = relation.base!;
  bounds.metrics = bounds.metrics?.filter((name) => names.includes(name)) ?? names;
};

/** Compiles the parts of the condition once more to know what they are; their SQL is not used. */
export const hoist = (condition: Expression | undefined, place: Place, nearest: ReadonlySet<Relation>, compile: Compile): void => {
  // An ASOF JOIN takes the nearest row: with others left out, another would be the nearest.
  const relations = place.relations.all.filter((relation) => !nearest.has(relation));
  for (const one of conjuncts(condition)) {
    if (one.kind === "between") {
      compare(">=", one.operand, one.low);
      compare("<=", one.operand, one.high);
    } else if (one.kind === "binary" && Object.hasOwn(MIRRORED, one.operator)) compare(one.operator, one.left, one.right);
    else if (one.kind === "in" && !("body" in one.items) && one.operand.kind === "name" && one.items.every(({ kind }) => kind === "string")) {
      const relation = baseColumn(compile(one.operand, place), relations, "metric_name");
      if (relation) narrowMetrics(relation, one.items.map((item) => (item as { value: string }).value));
    }
  }
  function compare(operator: string, left: Expression, right: Expression): void {
    if (left.kind !== "name") {
      if (right.kind === "name") compare(MIRRORED[operator]!, right, left);
      return;
    }
    const column = compile(left, place);
    const timed = column.kind === "time" ? baseColumn(column, relations, "timestamp") : undefined;
    const metric = operator === "=" && right.kind === "string" ? baseColumn(column, relations, "metric_name") : undefined;
    if (metric && right.kind === "string") return narrowMetrics(metric, [right.value]);
    if (!timed) return;
    const ns = timeBeside(compile(right, place), column, place.nowNs, right.at).timeNs;
    if (ns !== undefined) narrow(timed, operator, ns);
  }
};

/** More than these do not make the index choose better. */
const MAX_WORDS = 16;

/** The parts of a pattern of LIKE: `%` is any text, `_` any character, a backslash takes their meaning away. */
const likePattern = (text: string): Pattern => {
  const parts: PatternPart[] = [];
  for (const [piece, escaped] of text.matchAll(/\\(.)|[%_]|[^%_\\]+|\\/gsu)) {
    if (piece === "%" || piece === "_") parts.push(piece === "%" ? "any" : "one");
    else {
      const literal = escaped ?? piece;
      const last = parts.at(-1);
      if (typeof last === "object") parts[parts.length - 1] = { literal: last.literal + literal };
      else parts.push({ literal });
    }
  }
  return parts;
};

/** Words that a message must hold whole for the condition to be true of it. */
const wordsOfCondition = (one: Expression): { message: Expression; words: readonly string[] } | undefined => {
  if (one.kind === "call" && one.name.text.toLowerCase() === "hastoken" && one.arguments[1]?.kind === "string") return { message: one.arguments[0]!, words: wordsOf(one.arguments[1].value) };
  if (one.kind !== "binary" || one.right.kind !== "string") return undefined;
  const { left: message, right, operator } = one;
  if (operator === "=") return { message, words: patternTest([{ literal: right.value }]).words };
  if (operator === "like") return { message, words: patternTest(likePattern(right.value)).words };
  // ILIKE knows letters beyond ASCII in either case, the index does not.
  return operator === "ilike" ? { message, words: patternTest(likePattern(right.value)).words.filter((word) => /^[0-9a-z]+$/.test(word)) } : undefined;
};

/** What the condition says of words in messages, as the text index is asked for them. It follows from the condition. */
export const wordConditions = (condition: Expression | undefined, place: Place, compile: Compile): Fragment[] =>
  conjuncts(condition).flatMap((one) => {
    const found = wordsOfCondition(one);
    if (!found || found.words.length === 0 || found.message.kind !== "name") return [];
    const message = compile(found.message, place);
    if (baseColumn(message, place.relations.all, "message")?.base?.table.name !== "logs") return [];
    return [sql`hasAllTokens(lower(${message.fragment}), ${param.strings(found.words.slice(0, MAX_WORDS).map(lowerAscii))})`];
  });
