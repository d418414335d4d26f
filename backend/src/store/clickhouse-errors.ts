/** ClickHouse's error codes, as far as they decide what happens next. */

import { ClickHouseError } from "@clickhouse/client";
import { ApiError } from "../errors.ts";
import { WriteFailure } from "../core/store.ts";

/** src/Common/ErrorCodes.cpp */
export const CODE = {
  cannotReadAllData: 33,
  timeoutExceeded: 159,
  tooManySimultaneousQueries: 202,
  sameIdIsRunning: 216,
  memoryLimitExceeded: 241,
  tooManyParts: 252,
  queryWasCancelled: 394,
  throwIf: 395,
} as const;

/** The store is well, and busy or stopping: the same statement may do later. */
const PASSING: ReadonlySet<number> = new Set([
  CODE.tooManySimultaneousQueries,
  CODE.tooManyParts,
  CODE.queryWasCancelled,
  CODE.sameIdIsRunning,
  // Network, ZooKeeper, read-only replica, all connections tried failed, server overloaded.
  209, 210, 225, 242, 279, 425, 516, 519, 745, 999,
]);

export const clickHouseCode = (error: unknown): number => (error instanceof ClickHouseError ? Number(error.code) || -1 : 0);

export const isPassing = (code: number): boolean => code === 0 || PASSING.has(code);

export const storeUnavailable = (message: string, cause?: unknown): ApiError =>
  new ApiError("store_unavailable", message, { retryAfterSeconds: 1, cause });

/** What a failed read means to the one who asked. */
export const readError = (error: unknown): ApiError => {
  const code = clickHouseCode(error);
  const message = error instanceof Error ? firstLine(error.message) : String(error);
  if (code === CODE.timeoutExceeded) return new ApiError("query_timeout", "the query ran out of its time: narrow the time range or the filter", { cause: error });
  if (code === CODE.memoryLimitExceeded) return new ApiError("query_failed", "the query needs more memory than it may take: narrow the time range or the filter", { cause: error });
  if (isPassing(code)) return storeUnavailable(`the store is away or busy: ${message}`, error);
  return new ApiError("query_failed", message, { details: { code }, cause: error });
};

/**
 * What a failed write means. Refusals come before the first row is stored only when the statement
 * makes one block (delivery's caps); whoever cannot rely on it treats `nothing` as `unknown`.
 */
export const writeFailure = (error: unknown): WriteFailure => {
  const code = clickHouseCode(error);
  const message = error instanceof Error ? firstLine(error.message) : String(error);
  return new WriteFailure(message, code > 0 && code !== CODE.queryWasCancelled && code !== CODE.timeoutExceeded ? "nothing" : "unknown", code, error);
};

const firstLine = (message: string): string => message.split("\n", 1)[0]!.slice(0, 500);
