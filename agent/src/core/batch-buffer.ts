/** What shards and sinks know of the disk buffer. */

import type { BatchAck, BatchKey, Stream } from "@obs/wire";
import type { Ledger, SignalLedger } from "./conservation.ts";
import type { BufferedBatch, SealedBatch } from "./contracts.ts";

/** Everything that becomes true in one atomic write. */
export interface Commit {
  readonly batches: readonly SealedBatch[];
  /** Positions of lines that made no rows. */
  readonly positions?: ReadonlyMap<string, Uint8Array>;
  /** Lines read since the last commit of this shard. */
  readonly lines?: { readonly lines: number; readonly blank: number; readonly joined?: number };
  /** Records of logs that the user's own code has dropped since the last commit of this shard. */
  readonly filtered?: number;
}

/**
 * What becomes of a source's batches when the buffer is at its budget: its source waits; the oldest
 * batches of sources with this policy make room; or the new one is not kept. What is dropped is
 * counted, row by row, and is never in the store.
 */
export type WhenFull = "push_back" | "drop_oldest" | "drop_newest";

/** The side that shards write to. */
export interface CommitTarget {
  /** Key of the next batch. Commit it in the same tick: keys become durable in their own order. */
  nextKey(): BatchKey;
  /** Resolves once durable. Waits as long as the disk is full. */
  commit(commit: Commit): Promise<void>;
  /** Resolves when the buffer is under its budget. */
  whenRoom(signal?: AbortSignal): Promise<void>;
}

/** For shards that seal in another thread: their keys are handed out now and committed later. */
export interface OrderedTarget extends CommitTarget {
  /** Key of a batch that is committed later; every commit that comes meanwhile waits for it. */
  reserveKey(): BatchKey;
  /** No batch of this reserved key will come. */
  giveUp(key: string): void;
}

/** The side that the sender reads from. */
export interface BatchQueue {
  /** Each waiting batch once, oldest run first, in the order of keys; undefined = none right now. */
  next(): Promise<BufferedBatch | undefined>;
  /** Body of a batch that was handed out and is not settled; undefined when it is damaged by now. */
  bodyOf(batch: BufferedBatch): Promise<Uint8Array | undefined>;
  /** Calls back whenever `next` may have something. */
  onAvailable(listener: () => void): void;
  /** Books what the backend said and lets the batch go, in one write. */
  acknowledge(batch: BufferedBatch, ack: BatchAck): Promise<void>;
  /**
   * Puts the two halves of a batch in its place, in one write; they come up next, as repeats. False, and
   * nothing is done, when it has one row or cannot be cut.
   */
  halve(batch: BufferedBatch): Promise<boolean>;
  /** Sets aside what the backend will never take. */
  deadLetter(batch: BufferedBatch, reason: string): Promise<void>;
}

/** A backend besides the main one, as the buffer knows it. */
export interface OutputSettings {
  readonly name: string;
  /** For every source, in place of the source's own policy. */
  readonly whenFull?: WhenFull;
}

/** What one output has not settled yet. */
interface Unsettled {
  readonly batches: number;
  readonly rows: Readonly<Record<Stream, number>>;
  readonly acknowledgedBatches: number;
  readonly deadLetterBatches: number;
  readonly deadLetterBytes: number;
}

export interface OutputState extends Unsettled {
  /** "" is the main output. */
  readonly output: string;
  readonly signals: Readonly<Record<Stream, SignalLedger>>;
}

/** Of the main output, where it is not said otherwise. */
export interface BufferState extends Unsettled {
  readonly agentId: string;
  readonly bytes: number;
  readonly maxBytes: number;
  readonly commits: number;
  readonly ledger: Readonly<Ledger>;
  readonly outputs: readonly OutputState[];
}
