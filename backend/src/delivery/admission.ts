/** What can be said against a batch before the store is asked. */

import { SCHEMA_VERSIONS } from "@obs/wire";
import type { IncomingBatch } from "../core/contracts.ts";
import { ApiError } from "../errors.ts";
import type { DeliveryLimits } from "./limits.ts";
import { canHold, readFrames } from "./zstd-frames.ts";

/** Throws ApiError with the code on which the agent drops, halves or keeps the batch. */
export const checkBatch = (batch: IncomingBatch, limits: DeliveryLimits): void => {
  if (!(SCHEMA_VERSIONS as readonly number[]).includes(batch.schema)) {
    throw new ApiError("schema_unknown", `schema version ${batch.schema} is not known here; this backend takes ${SCHEMA_VERSIONS.join(" and ")}`);
  }
  if (batch.rows < 1) throw new ApiError("batch_claims_wrong", "a batch has at least one row");
  if (batch.rows > limits.maxRows) throw new ApiError("too_large", `${batch.rows} rows in a batch; at most ${limits.maxRows}`);
  if (batch.rawBytes > limits.maxRawBytes) {
    throw new ApiError("too_large", `${batch.rawBytes} uncompressed bytes in a batch; at most ${limits.maxRawBytes}`);
  }
  if (batch.part && batch.part.end - batch.part.first < batch.rows) {
    throw new ApiError("batch_claims_wrong", `rows ${batch.part.first} to ${batch.part.end} of a batch are not ${batch.rows}`);
  }
  if (batch.firstNs > batch.lastNs) throw new ApiError("batch_claims_wrong", "the first timestamp is after the last");
  const frames = readFrames(batch.body);
  if (!frames) throw new ApiError("batch_malformed", "the body is not a sequence of whole zstd frames");
  if (!canHold(frames, batch.rawBytes)) {
    throw new ApiError("batch_claims_wrong", `the body does not decompress to the claimed ${batch.rawBytes} bytes`);
  }
};
