/**
 * `l.timestamp BETWEEN m.timestamp - 1m AND m.timestamp + 1m` beside the equalities of a join: the
 * store would look at every pair of rows that are equal otherwise. Time is cut into pieces as long
 * as the range: a row on the right lies in one or two of them, a row on the left in exactly one, so
 * that each pair that can match meets exactly once. The condition itself stays.
 *
 * Measured: docs/decisions/0050-sql-for-people.md.
 */

import { param, sql, type Fragment } from "../../sql/sql.ts";
import type { Bound } from "./bound.ts";
import { baseColumn, conjuncts } from "./hoist.ts";
import type { Place } from "./place.ts";
import type { Relation } from "./scope.ts";
import type { Expression } from "./syntax.ts";

type Compile = (expression: Expression, place: Place) => Bound;

/** right.timestamp lies from left.timestamp + lowNs to left.timestamp + highNs. */
export interface TimeRangeLink {
  readonly left: Relation;
  readonly right: Relation;
  readonly lowNs: bigint | undefined;
  readonly highNs: bigint | undefined;
}

/** `m.timestamp - 1m` -> the table and the span; of the table itself the span is 0. */
const shiftedTime = (expression: Expression, relations: readonly Relation[], place: Place, compile: Compile): { relation: Relation; ns: bigint } | undefined => {
  if (expression.kind === "name") {
    const relation = baseColumn(compile(expression, place), relations, "timestamp");
    return relation && { relation, ns: 0n };
  }
  if (expression.kind !== "binary" || (expression.operator !== "+" && expression.operator !== "-")) return undefined;
  const span = compile(expression.right, place).spanNs;
  const inner = span === undefined ? undefined : shiftedTime(expression.left, relations, place, compile);
  return inner && { relation: inner.relation, ns: expression.operator === "+" ? inner.ns + span! : inner.ns - span! };
};

/** What the condition of a join says about the times of a row on the right and one on the left. */
export const timeRangeLink = (condition: Expression | undefined, right: Relation, lefts: readonly Relation[], place: Place, compile: Compile): TimeRangeLink | undefined => {
  const found: { left: Relation; lowNs?: bigint; highNs?: bigint }[] = [];
  const note = (lower: Expression, upper: Expression): void => {
    const [small, large] = [shiftedTime(lower, [right, ...lefts], place, compile), shiftedTime(upper, [right, ...lefts], place, compile)];
    if (!small || !large || (small.relation === right) === (large.relation === right)) return;
    const left = small.relation === right ? large.relation : small.relation;
    const entry = found.find((one) => one.left === left) ?? found[found.push({ left }) - 1]!;
    // small + a <= large + b
    if (large.relation === right) entry.lowNs = small.ns - large.ns;
    else entry.highNs = large.ns - small.ns;
  };
  for (const one of conjuncts(condition)) {
    if (one.kind === "between") {
      note(one.low, one.operand);
      note(one.operand, one.high);
    } else if (one.kind === "binary" && (one.operator === "<" || one.operator === "<=")) note(one.left, one.right);
    else if (one.kind === "binary" && (one.operator === ">" || one.operator === ">=")) note(one.right, one.left);
  }
  const best = found.find(({ lowNs, highNs }) => lowNs !== undefined && highNs !== undefined) ?? found[0];
  return best && { left: best.left, right, lowNs: best.lowNs, highNs: best.highNs };
};

const MIN_PIECE_MS = 1_000n;
const MAX_PIECE_MS = 366n * 86_400_000n;

const ceilMs = (ns: bigint): bigint => -(-ns / 1_000_000n) + (ns > 0n && ns % 1_000_000n !== 0n ? 1n : 0n);
const floorMs = (ns: bigint): bigint => -ceilMs(-ns);

/** One more equality for the join; undefined when the range has an open end. */
export const pieceCondition = ({ left, right, lowNs, highNs }: TimeRangeLink): Fragment | undefined => {
  if (lowNs === undefined || highNs === undefined || highNs < lowNs) return undefined;
  // A millisecond more at either end: what is cut away by the rounding.
  const [low, high] = [floorMs(lowNs) - 1n, ceilMs(highNs) + 1n];
  const length = high - low < MIN_PIECE_MS ? MIN_PIECE_MS : high - low;
  if (length > MAX_PIECE_MS) return undefined;
  const leftTime = left.columns.find(({ name }) => name === "timestamp")!.use();
  const piece = (ms: Fragment): Fragment => sql`toInt64(floor((${ms}) / ${param.int64(length)}))`;
  const number = right.base!.extra.length;
  if (number > 0) return undefined;
  const ms = sql`toUnixTimestamp64Milli(timestamp)`;
  right.base!.extra.push(sql`arrayJoin(range(${piece(sql`${ms} - ${param.int64(high)}`)}, ${piece(sql`${ms} - ${param.int64(low)}`)} + 1)) AS piece`);
  return sql`${piece(sql`toUnixTimestamp64Milli(${leftTime})`)} = ${right.alias}.piece`;
};

/** Rows on the left are from then to then, so those on the right that can match are as well. */
export const narrowRight = ({ left, right, lowNs, highNs }: TimeRangeLink): void => {
  const [known, bounds] = [left.base!.bounds, right.base!.bounds];
  const start = lowNs !== undefined && known.startNs !== undefined ? known.startNs + lowNs : undefined;
  const end = highNs !== undefined && known.endNs !== undefined ? known.endNs + highNs : undefined;
  if (start !== undefined && (bounds.startNs === undefined || start > bounds.startNs)) bounds.startNs = start;
  if (end !== undefined && (bounds.endNs === undefined || end < bounds.endNs)) bounds.endNs = end;
};
