/**
 * `minimum_should_match`: how many of several clauses a row must match.
 * Source: elastic.co/docs/reference/query-languages/query-dsl/query-dsl-minimum-should-match
 */

import { illegalArgument } from "../../../core/elasticsearch.ts";
import { allOf, anyOf, EVERY_ROW, NO_ROW, type LogFilter } from "../../filter.ts";

/** `2`, `-1`, `75%`, `-25%`, `3<90%`, `2<-25% 9<-3` */
const SIMPLE = /^(-?)(\d{1,9})(%?)$/;
/** Of combinations that a filter is written out in. */
const MAX_CLAUSES = 200;

/** Of so many clauses. Throws illegal_argument_exception. */
export const wantedClauses = (value: unknown, clauses: number): number => {
  const fail = () => illegalArgument(`[minimum_should_match] must be such as 2, -1, 75% or 3<90%, not ${JSON.stringify(String(value).slice(0, 100))}`);
  let rule = typeof value === "number" || typeof value === "string" ? String(value).trim() : "";
  if (rule.includes("<")) {
    const steps = rule.split(/\s+/).map((step) => /^(\d{1,9})<(-?\d{1,9}%?)$/.exec(step));
    if (steps.includes(null)) throw fail();
    rule = steps.filter((step) => clauses > Number(step![1])).at(-1)?.[2] ?? String(clauses);
  }
  const match = SIMPLE.exec(rule);
  if (!match) throw fail();
  const amount = match[3] === "%" ? Math.trunc((clauses * Number(match[2])) / 100) : Number(match[2]);
  return Math.max(0, match[1] === "-" ? clauses - amount : amount);
};

/** Rows that match `wanted` of the clauses or more. */
export const atLeast = (wanted: number, clauses: readonly LogFilter[]): LogFilter => {
  if (wanted > clauses.length) return NO_ROW;
  if (wanted === 0) return EVERY_ROW;
  if (wanted === 1) return anyOf(clauses);
  if (wanted === clauses.length) return allOf(clauses);
  const sets = combinations(clauses, wanted);
  if (sets === undefined) throw illegalArgument(`[minimum_should_match] ${wanted} of ${clauses.length} clauses has too many combinations: ask for 1 or for all, or of fewer clauses`);
  return anyOf(sets.map(allOf));
};

/** undefined when they would be too many conditions. */
const combinations = <T>(items: readonly T[], size: number): T[][] | undefined => {
  let count = 1;
  for (let i = 0; i < size; i++) count = (count * (items.length - i)) / (i + 1);
  if (count * size > MAX_CLAUSES) return undefined;
  const pick = (from: number, left: number): T[][] => {
    if (left === 0) return [[]];
    const found: T[][] = [];
    for (let i = from; i <= items.length - left; i++) for (const rest of pick(i + 1, left - 1)) found.push([items[i]!, ...rest]);
    return found;
  };
  return pick(0, size);
};
