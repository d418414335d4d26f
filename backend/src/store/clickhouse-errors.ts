/** ClickHouse's error codes (src/Common/ErrorCodes.cpp), as far as they decide what happens next. */

import { ClickHouseError } from "@clickhouse/client";
import { WriteFailure } from "../core/store.ts";
import { ApiError } from "../errors.ts";

const TIMEOUT_EXCEEDED = 159;
const TOO_MANY_ROWS = 158;
const MEMORY_LIMIT_EXCEEDED = 241;
const QUERY_WAS_CANCELLED = 394;

/** The store is well, and busy, full, stopping, or in another life: the same statement may do later. */
const PASSING: ReadonlySet<number> = new Set([
  // No answer.
  0,
  // Out of memory, too many queries, no free connection, query with the same id, disk full, overloaded.
  173, 202, 203, 216, 243, 745,
  // Network, Keeper, read-only replica, quorum, all connections tried, shard away.
  209, 210, 225, 242, 279, 285, 286, 289, 319, 425, 999,
  // Too many parts: merges lag behind.
  252,
  // Cancelled, aborted, password of an earlier life.
  QUERY_WAS_CANCELLED, 236, 516, 519,
]);

const codeOf = (error: unknown): number => (error instanceof ClickHouseError ? Number(error.code) || -1 : 0);

const lineOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split("\n", 1)[0]!.slice(0, 500);

export const storeUnavailable = (message: string, cause?: unknown): ApiError =>
  new ApiError("store_unavailable", message, { retryAfterSeconds: 1, cause });

/** What a failed read means to the one who asked. */
export const readError = (error: unknown): ApiError => {
  const code = codeOf(error);
  if (code === TIMEOUT_EXCEEDED) return new ApiError("query_timeout", "the query ran out of its time: narrow the time range or the filter", { cause: error });
  if (code === MEMORY_LIMIT_EXCEEDED) {
    return new ApiError("query_failed", "the query needs more memory than it may take: narrow the time range or the filter", { cause: error });
  }
  if (code === TOO_MANY_ROWS) return new ApiError("query_failed", "the query looks at more rows than it may: narrow the time range, or name a service", { cause: error });
  if (PASSING.has(code)) return storeUnavailable(`the store is away or busy: ${lineOf(error)}`, error);
  return new ApiError("query_failed", lineOf(error), { details: { code }, cause: error });
};

/**
 * What a failed write means. Refusals come before the first row is stored only when the statement
 * makes one block (delivery's caps); whoever cannot rely on it treats `nothing` as `unknown`.
 */
export const writeFailure = (error: unknown): WriteFailure => {
  const code = codeOf(error);
  const neverSent = (error as NodeJS.ErrnoException).code === "ECONNREFUSED";
  const refused = code !== 0 && code !== QUERY_WAS_CANCELLED && code !== TIMEOUT_EXCEEDED;
  return new WriteFailure(lineOf(error), {
    outcome: neverSent || refused ? "nothing" : "unknown",
    code,
    passing: PASSING.has(code) || code === TIMEOUT_EXCEEDED,
    cause: error,
  });
};
