/** What a shard asks of the row pass (rows/log-block.ts) and of the codec. */

import type { BatchKey } from "@obs/wire";
import type { IncomingLog, LineStream, RecordDefaults } from "./contracts.ts";
import type { FieldSample } from "./field-census.ts";
import type { LineMarks } from "./line-marks.ts";

/** Running totals of one block, over all batches made from it. */
export interface LineCounts {
  lines: number;
  blank: number;
  joined: number;
  /** Records that the user's own code has dropped. */
  filtered: number;
}

export interface RowBlock {
  readonly input: Buffer;
  readonly rows: number;
  readonly firstNs: bigint;
  readonly lastNs: bigint;
  readonly full: boolean;
  readonly counts: LineCounts;
  /** ms after which what the last `appendLines` left of whole lines is to be appended again; 0: it left none. */
  readonly recallMs: number;
  /** Takes complete lines of `input[start, end)`; stops when full. Returns the index after the last one taken. */
  appendLines(stream: LineStream, start: number, end: number, observedNs: bigint, final?: boolean, marks?: LineMarks): number;
  /** The Native block in pieces, to be joined; views that are valid until the block is used again. */
  encode(key: BatchKey): readonly Uint8Array[];
  /** The fields of some of its rows. */
  sampleFields?(): FieldSample | undefined;
  reset(): void;
}

/** The same for records that a source has parsed. */
export interface RecordBlock extends Pick<RowBlock, "rows" | "firstNs" | "lastNs" | "full" | "encode" | "sampleFields" | "reset"> {
  /** False, and nothing is taken, when there is no room. */
  appendRecord(record: IncomingLog, defaults: RecordDefaults): boolean;
}

/** Makes zstd frames, one of each piece, joined in bytes of their own, or in those that `take` hands out. */
export type Compress = (pieces: readonly Uint8Array[], take?: (length: number) => Uint8Array) => Uint8Array;
