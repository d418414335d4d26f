/**
 * What the store says when a statement fails, told in the words of the one who wrote it. Only of
 * failures that hang on the statement alone is the store's own text told: others may quote values.
 */

import { ApiError } from "../../errors.ts";

/** ClickHouse's error codes whose text speaks of functions, types and names. */
const TOLD = new Set([
  // Arguments: their number, their types; types that do not convert.
  42, 43, 44, 53, 70,
  // Aggregates, GROUP BY, joins, windows.
  184, 215, 48,
]);

const NO_COMMON_TYPE = 386;

const OWN_WORDS: Readonly<Record<number, string>> = {
  25: "A pattern of LIKE ends with a backslash or has an escape that does not exist.",
  427: "A regular expression cannot be read.",
  125: "A query that stands for a value has more than one row: add LIMIT 1 or an aggregate.",
  307: "The statement reads more bytes than it may: narrow the time range or take fewer columns.",
  396: "The answer is larger than it may be: lower the limit.",
  403: "A join needs an equality between its two sides, such as ON a.host = b.host.",
  191: "A set behind IN is larger than it may be.",
};

const INTERNAL = /\b(?:t\d+\.|__table\d+\.)?[cvbx]\d+\b/g;

/** Our names and the trail of the store's are cut off. */
const cleaned = (message: string): string =>
  message
    .replace(/^Code: \d+\. DB::Exception: /, "")
    .replace(/(?:: )?(?:In scope|While executing|while executing|While processing|while processing|Stack trace|\(version|In query).*$/s, "")
    .replaceAll(INTERNAL, "a column")
    .replaceAll(/_CAST\([^)]*\)/g, "a value")
    .trim()
    .slice(0, 300);

export const sqlFailure = (error: unknown): unknown => {
  if (!(error instanceof ApiError) || error.code !== "query_failed") return error;
  const code = (error.details as { code?: number } | undefined)?.code ?? 0;
  const own = OWN_WORDS[code];
  if (own !== undefined) return new ApiError("query_failed", own, { cause: error });
  if (code === NO_COMMON_TYPE) return new ApiError("query_failed", `The store cannot do this: ${cleaned(error.message)}. Convert one of them, such as x::float or x::text.`, { cause: error });
  if (TOLD.has(code)) return new ApiError("query_failed", `The store cannot do this: ${cleaned(error.message)}`, { cause: error });
  // Out of memory has words of its own already.
  if (code === 0) return error;
  return new ApiError("query_failed", `The store refused the statement (ClickHouse code ${code}).`, { cause: error });
};

