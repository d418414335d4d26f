/** What reading one query has to hand, and what it may not exceed. */

import { ElasticsearchError, parsingError } from "../../../core/elasticsearch.ts";
import { ConditionError } from "../../condition-error.ts";
import type { ConditionContext } from "../../field-conditions.ts";
import { resolveField, type QueryField } from "../../fields.ts";
import type { LogFilter } from "../../filter.ts";
import { MAX_CONDITIONS, MAX_DEPTH } from "../../lucene/parse.ts";

export interface DslContext extends ConditionContext {
  /** Queries around this one. */
  readonly depth: number;
  /** Rows of the indices that a name or pattern stands for. */
  readonly indexFilter: (expression: string) => LogFilter;
}

const KEYWORD = ".keyword";

/** The field of a name; every field has the `.keyword` that people are used to, which is the field itself. */
export const fieldOf = (name: string): QueryField => resolveField(bareName(name));

export const bareName = (name: string): string => (name.endsWith(KEYWORD) && name.length > KEYWORD.length ? name.slice(0, -KEYWORD.length) : name);

/** A step further down. Throws for the step that is too many. */
export const deeper = <T extends { readonly depth: number }>(context: T): T => {
  if (context.depth >= MAX_DEPTH) throw parsingError(`The query is nested too deep: ${MAX_DEPTH} levels are the most`);
  return { ...context, depth: context.depth + 1 };
};

/** What goes wrong in reading a query that is well-formed JSON. */
export const queryError = (reason: string): ElasticsearchError => new ElasticsearchError(400, "query_shard_exception", reason);

/** Runs what may find that a value does not suit its field. */
export const condition = (name: string, build: () => LogFilter): LogFilter => {
  try {
    return build();
  } catch (error) {
    if (error instanceof ConditionError) throw queryError(`[${name}] ${error.message} ${error.hint}`);
    throw error;
  }
};

export const countConditions = (filter: LogFilter): number => {
  if (filter.kind === "and" || filter.kind === "or") return filter.items.reduce((sum, item) => sum + countConditions(item), 0);
  return filter.kind === "not" ? countConditions(filter.item) : 1;
};

/** Throws too_many_nested_clauses for a search whose conditions no statement could carry. */
export const checkConditions = (filters: readonly LogFilter[]): void => {
  const count = filters.reduce((sum, filter) => sum + countConditions(filter), 0);
  if (count > MAX_CONDITIONS) throw new ElasticsearchError(400, "too_many_nested_clauses", `The search has ${count} conditions; ${MAX_CONDITIONS} are the most`);
};
