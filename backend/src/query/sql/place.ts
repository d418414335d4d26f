/** Where an expression stands: what its names may mean and what it may hold. */

import type { Fragment } from "../../sql/sql.ts";
import { timeLiteral, type Bound } from "./bound.ts";
import type { Relation, Relations } from "./scope.ts";
import type { Name, Query, Window } from "./syntax.ts";

/** What compiles a query that stands in an expression. */
export interface Subqueries {
  /** Without parentheses; `columns` is how many it has. */
  compile(query: Query): { readonly fragment: Fragment; readonly columns: number; readonly number: number };
}

/** What an expression may be made of. */
export interface Place {
  readonly nowNs: bigint;
  readonly relations: Relations;
  /** Columns of USING: the table whose column counts. */
  readonly merged: ReadonlyMap<string, Relation>;
  readonly subqueries: Subqueries;
  readonly windows: ReadonlyMap<string, Window>;
  /** What the SELECT calls its items; undefined where that does not count. */
  readonly aliases: ((name: Name) => Bound | undefined) | undefined;
  readonly aliasesFirst: boolean;
  /** Keys of GROUP BY; undefined before it, and where nothing is grouped. */
  readonly groups: ReadonlySet<string> | undefined;
  /** Why there can be no aggregate here. */
  readonly noAggregate: string | undefined;
  readonly noWindow: string | undefined;
  /** Innermost last. */
  readonly parameters: readonly string[];
  readonly depth: number;
  /** Expressions that were looked at for the whole statement: one that has a name is, wherever the name stands. */
  readonly work: { done: number };
}

const DAY_NS = 86_400_000_000_000n;

/** The time of the request, the same wherever it stands. undefined for other names. */
export const clock = (name: string, nowNs: bigint): Bound => {
  const day = nowNs - (((nowNs % DAY_NS) + DAY_NS) % DAY_NS);
  const lower = name.toLowerCase();
  if (lower === "today" || lower === "current_date") return timeLiteral(day);
  return timeLiteral(lower === "yesterday" ? day - DAY_NS : nowNs);
};
