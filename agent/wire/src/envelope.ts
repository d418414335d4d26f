/**
 * The envelope of a batch: `POST /api/v1/batches/<stream>`, body = zstd frame(s) of one ClickHouse
 * Native block, and these headers. Names are lower case, as Node hands them over.
 */

export const BATCH_HEADERS = {
  /** `<agent>-<epoch>-<seq>`, see batch-key.ts. */
  batch: "x-obs-batch",
  /** Rows claimed. Every ordinal in the body is smaller, unless it is that of a part. */
  rows: "x-obs-rows",
  /** Bytes of the uncompressed Native block. */
  rawBytes: "x-obs-raw-bytes",
  /** Schema version, see schema.ts. */
  schema: "x-obs-schema",
  /** 1 for the first try of a process; > 1, or found in a buffer at start: a repeat. */
  attempt: "x-obs-attempt",
  /** Smallest and largest timestamp of the batch, ns since 1970, decimal; they prune partitions. */
  firstNs: "x-obs-first-ns",
  lastNs: "x-obs-last-ns",
} as const;

/**
 * Both, or neither: the body holds only those rows of its batch whose ordinals are from `firstRow` on and
 * smaller than `endRow`. Rows, raw bytes and body are then the part's; key and timestamps may be the batch's.
 * Needs PART_SCHEMA_VERSION.
 */
export const PART_HEADERS = { firstRow: "x-obs-first-row", endRow: "x-obs-end-row" } as const;

/** Ordinals of a part: `first` is in it, `end` is the one behind the last. */
export interface RowRange {
  readonly first: number;
  readonly end: number;
}

export const batchPath = (stream: string): string => `/api/v1/batches/${stream}`;

/** 200: what was done with the batch. stored + sum(refused) = rows claimed. */
export interface BatchAck {
  readonly stored: number;
  /** Rows not stored for good, by reason (`too_old`, `too_new`, ...). Never retried. */
  readonly refused: Readonly<Record<string, number>>;
  /** Ask the agent to send a stream again in full, such as `series` after a reset of the store. */
  readonly resend?: readonly string[];
  /** ISO 8601, for the agent's estimate of its clock skew. */
  readonly serverTime: string;
  /** Changes whenever the store starts anew. */
  readonly storeBoot: string;
  readonly policyVersion: number;
}

/** Body of every 4xx and 5xx answer of the API. */
export interface ErrorBody {
  readonly error: {
    /** Closed set of machine-readable codes: backend/src/errors.ts. */
    readonly code: string;
    readonly message: string;
    readonly details?: unknown;
  };
}
