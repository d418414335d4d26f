/** The numbers of the delivery protocol, in one place. Reasons: docs/decisions/0003-delivery.md. */

const MEBIBYTE = 1024 * 1024;

export interface DeliveryLimits {
  /** Most rows and uncompressed bytes of one statement, so that it makes one block per partition. */
  readonly maxRows: number;
  readonly maxRawBytes: number;
  /** A lane that has this much does not linger. Beyond it joining gains nothing. */
  readonly joinedRows: number;
  readonly joinedRawBytes: number;
  readonly joinedMembers: number;
  /** A lone agent's rows wait this long for company ... */
  readonly minLingerMs: number;
  /** ... and a thousand tenants' rows no longer than this. */
  readonly maxLingerMs: number;
  /** What this process may ask of the store; linger grows with the number of busy lanes to keep it. */
  readonly insertsPerSecond: number;
  readonly concurrentInserts: number;
  /** D: an insert that did not begin within this time of a batch's receipt is never begun. */
  readonly beginWithinMs: number;
  readonly maxExecutionSeconds: number;
  readonly maxMemoryBytes: number;
  /** Days that one batch may touch. */
  readonly maxPartitions: number;
  /** Bodies held in memory; more is answered with 503. */
  readonly maxPendingBytes: number;
}

export const DEFAULT_LIMITS: DeliveryLimits = {
  maxRows: 500_000,
  maxRawBytes: 128 * MEBIBYTE,
  joinedRows: 100_000,
  joinedRawBytes: 48 * MEBIBYTE,
  joinedMembers: 500,
  minLingerMs: 100,
  maxLingerMs: 5_000,
  insertsPerSecond: 20,
  concurrentInserts: 4,
  beginWithinMs: 10_000,
  maxExecutionSeconds: 30,
  maxMemoryBytes: 768 * MEBIBYTE,
  maxPartitions: 2_600,
  maxPendingBytes: 256 * MEBIBYTE,
};
