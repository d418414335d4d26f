/**
 * What the main thread and a worker thread tell each other about a line shard. Bytes of lines and of
 * batches are not in the messages: they lie in shared memory. Messages of one direction arrive in the
 * order in which they were sent; everything else here relies on it.
 */

import type { AgentConfig } from "../config/resolve.ts";
import type { LineStream, SealedBatch } from "../core/contracts.ts";
import type { LineMarks } from "../core/line-marks.ts";
import type { MultilineSettings } from "../multiline/index.ts";
import type { RowCounts } from "../rows/contracts.ts";

/** An error in words: not every cause of one can be cloned. */
export interface Failure {
  readonly message: string;
  readonly stack: string | undefined;
}

export const failureOf = (error: unknown): Failure => (error instanceof Error ? { message: error.message, stack: error.stack } : { message: String(error), stack: undefined });

export const errorOf = ({ message, stack }: Failure): Error => Object.assign(new Error(message), stack !== undefined && { stack });

/** What a shard is made from. */
export interface ShardSetup {
  readonly config: Pick<AgentConfig, "batch" | "mask">;
  readonly multiline: MultilineSettings | undefined;
}

/** A stream as the row pass sees it. */
export interface StreamFacts extends Pick<LineStream, "id" | "service" | "host" | "environment" | "format" | "attributes"> {
  readonly canBeRecalled: boolean;
}

export type MarksSent = Pick<LineMarks, "count" | "ends" | "offsets" | "seconds" | "nanoseconds" | "severities">;

export interface AppendRequest {
  readonly kind: "append";
  readonly shard: number;
  readonly request: number;
  readonly stream: number;
  /** With the first append of the stream. */
  readonly facts?: StreamFacts;
  readonly isSkipping: boolean;
  readonly offset: number;
  readonly length: number;
  readonly final: boolean;
  readonly marks?: MarksSent;
  /** By how much this host's clock is ahead. */
  readonly aheadMs: number;
}

export type ToWorker =
  | { readonly kind: "open"; readonly shard: number; readonly setup: ShardSetup; readonly input: SharedArrayBuffer }
  | AppendRequest
  | { readonly kind: "flush"; readonly shard: number; readonly request: number }
  | { readonly kind: "forget"; readonly shard: number; readonly stream: number }
  /** The commit is durable, or has failed for good. */
  | { readonly kind: "settled"; readonly shard: number; readonly commit: number; readonly failure?: Failure }
  | { readonly kind: "close"; readonly shard: number };

/** A stream's place, for its position to be encoded. */
export interface Place {
  readonly stream: number;
  readonly offset: number;
  readonly isSkipping: boolean;
}

export type SentBatch = Omit<SealedBatch, "positions">;

export interface CommitRequest {
  readonly kind: "commit";
  readonly shard: number;
  readonly commit: number;
  readonly batches: readonly SentBatch[];
  readonly places: readonly Place[];
  readonly lines: { readonly lines: number; readonly blank: number; readonly joined?: number };
  readonly counts: RowCounts;
}

export interface Answer {
  readonly kind: "answer";
  readonly shard: number;
  readonly request: number;
  /** Of an append. */
  readonly consumed: number;
  readonly isSkipping: boolean;
  readonly counts: RowCounts;
}

export type FromWorker =
  /** Wants a batch key, and sleeps until it lies in the cell (key-cell.ts). */
  | { readonly kind: "key"; readonly shard: number }
  | CommitRequest
  | Answer
  | { readonly kind: "failed"; readonly shard: number; readonly request: number; readonly failure: Failure }
  | { readonly kind: "recall"; readonly shard: number; readonly stream: number };
