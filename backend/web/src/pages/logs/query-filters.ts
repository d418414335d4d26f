/** Edits of the query by buttons: filter for, filter out, levels. */

import { LEVEL_NAMES, NO_LEVEL } from "./levels.ts";
import { readClauses } from "./query-clauses.ts";

const PLAIN_VALUE = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const OPERATORS = new Set(["AND", "OR", "NOT"]);

const quoteValue = (value: string): string =>
  PLAIN_VALUE.test(value) && !OPERATORS.has(value) ? value : `"${value.replace(/["\\]/g, "\\$&")}"`;

const escapeField = (field: string): string => field.replace(/^[^\p{L}_@]|[^\p{L}\p{N}_.@$#/-]/gsu, "\\$&");

/** Names that mean something else than an attribute when they stand alone. */
const RESERVED = new Set(
  ["@timestamp timestamp observed received level severity severity_text severity_number service host environment message body",
    "trace_id trace.id traceId span_id span.id spanId pattern weight service.name host.name deployment.environment _exists_"].join(" ").split(" "),
);

/** The name by which a query reaches an attribute, whatever the attribute is called. */
export const attributeField = (name: string): string => (RESERVED.has(name) || name.startsWith("attributes.") ? `attributes.${name}` : name);

/** `field:value`, quoted and escaped where it must be. */
export const clauseText = (field: string, value: string): string => `${escapeField(field)}:${quoteValue(value)}`;

/**
 * The query with one more condition. The same condition is not added twice, and its opposite is
 * turned around instead of making a query that can find nothing.
 */
export const addFilter = (query: string, field: string, value: string, exclude: boolean): string => {
  const trimmed = query.trim();
  const clause = `${exclude ? "NOT " : ""}${clauseText(field, value)}`;
  if (trimmed === "") return clause;
  const { clauses, hasTopLevelOr } = readClauses(trimmed);
  const known = hasTopLevelOr ? undefined : clauses.find((c) => c.depth === 0 && c.field === field && c.value === value);
  if (known !== undefined) {
    return known.negated === exclude ? trimmed : trimmed.slice(0, known.start) + clause + trimmed.slice(known.end);
  }
  return `${hasTopLevelOr ? `(${trimmed})` : trimmed} AND ${clause}`;
};

/** What is asked of the backend: the text, and where it begins in what is sent. */
export interface SentQuery {
  readonly text: string;
  /** Take this from a position in `text` to get one in the query bar. */
  readonly offset: number;
}

const levelCondition = (levels: readonly string[]): string => {
  const named = levels.filter((level) => level !== NO_LEVEL).map((level) => `level:${level}`);
  // Lines without a level have none of the names.
  const without = levels.includes(NO_LEVEL) ? [`NOT (${LEVEL_NAMES.map((level) => `level:${level}`).join(" OR ")})`] : [];
  return `(${[...named, ...without].join(" OR ")})`;
};

/** The query bar's text together with the level buttons. */
export const withLevels = (query: string, levels: readonly string[]): SentQuery => {
  const trimmed = query.trimEnd();
  // A query that cannot be put in parentheses is sent as it is, for the backend to say what is wrong.
  if (levels.length === 0 || !readClauses(trimmed).isClosed) return { text: trimmed, offset: 0 };
  const condition = levelCondition(levels);
  return trimmed.trim() === "" ? { text: condition, offset: 0 } : { text: `(${trimmed}) AND ${condition}`, offset: 1 };
};
