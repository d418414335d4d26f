/** Ids of rows as people and clients see them: `<batch>-<row>`. */

import { batchKeyFromUInt128, batchKeyToUInt128, formatBatchKey, parseBatchKey } from "@obs/wire";

export interface RowId {
  readonly batch: bigint;
  readonly row: number;
}

const ROW_ID = /^([0-9a-f]{16}-[0-9a-f]{8}-[0-9a-f]{8})-(\d{1,10})$/;
const UINT32_MAX = 0xffff_ffff;

export const rowId = ({ batch, row }: RowId): string => `${formatBatchKey(batchKeyFromUInt128(batch))}-${row}`;

/** undefined when the text is none. */
export const parseRowId = (text: string): RowId | undefined => {
  const match = ROW_ID.exec(text);
  const key = match ? parseBatchKey(match[1]!) : undefined;
  const row = Number(match?.[2]);
  return key && row <= UINT32_MAX ? { batch: batchKeyToUInt128(key), row } : undefined;
};
