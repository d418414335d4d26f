/** What a failed insert means for its members. */

import type { WriteFailure } from "../core/store.ts";
import { ApiError } from "../errors.ts";
import { REFUSALS } from "./statements.ts";

/** ClickHouse error codes whose meaning depends on the message. */
const MEMORY_LIMIT = 241;
const TOO_MANY_PARTS = 252;

/** `data`: the body, or what is claimed of it. `passing`: send it again later. */
export type FailureKind = "claims" | "data" | "too_large" | "passing";

export const kindOf = ({ code, message, passing }: WriteFailure): FailureKind => {
  // Behind its text the message shows the whole expression, in which both occur.
  if (message.startsWith(REFUSALS.late)) return "passing";
  if (message.startsWith(REFUSALS.claims)) return "claims";
  // The server's limit has the same code as the query's own.
  if (code === MEMORY_LIMIT) return /query memory limit/i.test(message) ? "too_large" : "passing";
  if (code === TOO_MANY_PARTS) return message.includes("partitions") ? "too_large" : "passing";
  return passing ? "passing" : "data";
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
