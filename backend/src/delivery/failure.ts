/** What a failed insert means for its members. */

import type { WriteFailure } from "../core/store.ts";
import { ApiError } from "../errors.ts";
import { REFUSALS } from "./statements.ts";

/** ClickHouse error codes: src/Common/ErrorCodes.cpp. */
const TIMEOUT = 159;
const MEMORY_LIMIT = 241;
const TOO_MANY_PARTS = 252;
/**
 * The store is well, and busy, full or stopping: out of memory, too many queries, query with the same id, network,
 * Keeper, disk full, read-only, cancelled, quorum, password of an earlier life, overloaded.
 */
const PASSING: ReadonlySet<number> = new Set([0, TIMEOUT, 173, 202, 203, 209, 210, 216, 225, 236, 242, 243, 279, 285, 286, 289, 319, 394, 425, 516, 519, 745, 999]);

/** `data`: the body, or what is claimed of it. `passing`: send it again later. */
export type FailureKind = "claims" | "data" | "too_large" | "passing";

export const kindOf = ({ code, message }: WriteFailure): FailureKind => {
  // Behind its text the message shows the whole expression, in which both occur.
  if (message.startsWith(REFUSALS.late)) return "passing";
  if (message.startsWith(REFUSALS.claims)) return "claims";
  // The server's limit has the same code as the query's own.
  if (code === MEMORY_LIMIT) return /query memory limit/i.test(message) ? "too_large" : "passing";
  if (code === TOO_MANY_PARTS) return message.includes("partitions") ? "too_large" : "passing";
  return PASSING.has(code) ? "passing" : "data";
};

/** The answer to a batch that failed alone. */
export const answerOf = (failure: WriteFailure): ApiError => {
  switch (kindOf(failure)) {
    case "claims":
      return new ApiError("batch_claims_wrong", "the body does not hold the rows, ordinals or timestamps that its headers claim", { cause: failure });
    case "data":
      return new ApiError("batch_malformed", `the body is not a Native block of this schema (${failure.code}: ${failure.message.slice(0, 200)})`, { cause: failure });
    case "too_large":
      return new ApiError("too_large", "the batch needs more memory or touches more days than one insert may", { cause: failure });
    case "passing":
      return notNow(failure.message.startsWith(REFUSALS.late) ? "the store was too slow to begin" : "the store is away or busy", failure);
  }
};

export const notNow = (message: string, cause?: unknown): ApiError => new ApiError("store_unavailable", message, { retryAfterSeconds: 1, cause });
