/** Cuts a batch in two, for a backend that finds it too large. */

import { takeRows } from "@obs/wire";
import { compress, decompress } from "../codec/zstd.ts";
import { idOf } from "../core/batch-part.ts";
import type { BufferedBatch } from "../core/contracts.ts";

export interface Half {
  /** See core/batch-part.ts. */
  readonly id: string;
  readonly rows: number;
  readonly rawBytes: number;
  readonly body: Uint8Array;
}

/**
 * Both halves in memory of their own, or none of a batch of one row. The rows of a body have consecutive
 * ordinals. Throws when the body is not a block that this wire carries.
 */
export const halvesOf = ({ key, part, rows, rawBytes, body }: BufferedBatch): Half[] => {
  if (rows < 2) return [];
  const block = decompress(body, rawBytes);
  const first = part?.first ?? 0;
  const middle = rows >> 1;
  return [[0, middle] as const, [middle, rows] as const].map(([from, to]) => {
    const half = takeRows(block, from, to);
    return { id: idOf({ key, part: { first: first + from, end: first + to } }), rows: to - from, rawBytes: half.length, body: compress([half]) };
  });
};
