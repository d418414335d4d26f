/** Reads the envelope of a batch from its request: @obs/wire's BATCH_HEADERS. */

import type { IncomingHttpHeaders } from "node:http";
import { BATCH_HEADERS, type BatchKey, parseBatchKey, PART_HEADERS, PART_SCHEMA_VERSION, type RowRange } from "@obs/wire";
import { ApiError } from "../errors.ts";

export interface BatchEnvelope {
  readonly key: BatchKey;
  readonly part?: RowRange;
  readonly rows: number;
  readonly rawBytes: number;
  readonly schema: number;
  readonly attempt: number;
  readonly firstNs: bigint;
  readonly lastNs: bigint;
}

const COUNT = /^[0-9]{1,12}$/;
/** Samples are stamped in ms as Int64, so ns may need 26 digits. */
const INSTANT = /^-?[0-9]{1,26}$/;

interface Fault {
  readonly header: string;
  readonly problem: string;
}

/** Throws ApiError(unsupported_media_type), or invalid_request with every fault in `details`. */
export const readEnvelope = (headers: IncomingHttpHeaders): BatchEnvelope => {
  if (headers["content-encoding"]?.trim().toLowerCase() !== "zstd") {
    throw new ApiError("unsupported_media_type", "A batch is sent with Content-Encoding: zstd.");
  }
  const faults: Fault[] = [];
  const read = <T>(header: string, parse: (text: string) => T | undefined, expected: string, otherwise: T): T => {
    const text = headers[header];
    const parsed = typeof text === "string" ? parse(text.trim()) : undefined;
    if (parsed === undefined) faults.push({ header, problem: text === undefined ? "is missing" : `is not ${expected}` });
    return parsed ?? otherwise;
  };
  const count = (header: string, least: number): number =>
    read(header, (text) => (COUNT.test(text) && Number(text) >= least ? Number(text) : undefined), `a whole number from ${least} on`, least);
  const instant = (header: string): bigint => read(header, (text) => (INSTANT.test(text) ? BigInt(text) : undefined), "nanoseconds since 1970", 0n);

  const isPart = Object.values(PART_HEADERS).some((header) => headers[header] !== undefined);
  const envelope: BatchEnvelope = {
    key: read(BATCH_HEADERS.batch, parseBatchKey, "a batch key, <16 hex>-<8 hex>-<8 hex>", { agent: 0n, epoch: 0, seq: 0 }),
    rows: count(BATCH_HEADERS.rows, 1),
    rawBytes: count(BATCH_HEADERS.rawBytes, 1),
    schema: count(BATCH_HEADERS.schema, 1),
    attempt: count(BATCH_HEADERS.attempt, 1),
    firstNs: instant(BATCH_HEADERS.firstNs),
    lastNs: instant(BATCH_HEADERS.lastNs),
    ...(isPart && { part: { first: count(PART_HEADERS.firstRow, 0), end: count(PART_HEADERS.endRow, 1) } }),
  };
  if (isPart && envelope.schema < PART_SCHEMA_VERSION) faults.push({ header: BATCH_HEADERS.schema, problem: `is less than ${PART_SCHEMA_VERSION}, which a part of a batch needs` });
  if (faults.length > 0) {
    const message = faults.map(({ header, problem }) => `${header} ${problem}`).join("; ");
    throw new ApiError("invalid_request", `The batch's headers are not complete: ${message}.`, { details: faults });
  }
  return envelope;
};
