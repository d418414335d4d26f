/**
 * Where a page of search results ended: the place of its last row in the total order (timestamp,
 * batch, row), so that rows of one nanosecond are neither skipped nor repeated, and rows that arrive
 * meanwhile change nothing.
 */

import { batchKeyFromUInt128, batchKeyToUInt128, formatBatchKey, parseBatchKey } from "@obs/wire";
import { param, sql, type Fragment } from "../sql/sql.ts";
import { instant } from "./log-source.ts";
import type { SortOrder } from "./time-windows.ts";

export interface LogPosition {
  readonly timestampNs: bigint;
  readonly batch: bigint;
  readonly row: number;
}

const CURSOR = /^(-?\d{1,19})_([0-9a-f]{16}-[0-9a-f]{8}-[0-9a-f]{8})-(\d{1,10})$/;
const UINT32_MAX = 0xffff_ffff;
const INT64_MAX = (1n << 63n) - 1n;

/** Id of a row: `<batch>-<row>`. */
export const rowId = ({ batch, row }: Pick<LogPosition, "batch" | "row">): string => `${formatBatchKey(batchKeyFromUInt128(batch))}-${row}`;

export const formatCursor = (position: LogPosition): string => `${position.timestampNs}_${rowId(position)}`;

/** undefined when the text is no cursor. */
export const parseCursor = (text: string): LogPosition | undefined => {
  const match = CURSOR.exec(text);
  if (!match) return undefined;
  const key = parseBatchKey(match[2]!);
  const timestampNs = BigInt(match[1]!);
  const row = Number(match[3]);
  if (!key || row > UINT32_MAX || timestampNs > INT64_MAX || timestampNs < -INT64_MAX) return undefined;
  return { timestampNs, batch: batchKeyToUInt128(key), row };
};

/** Rows behind the position. The caller bounds the timestamp too: that is what prunes. */
export const beyond = ({ timestampNs, batch, row }: LogPosition, order: SortOrder): Fragment => {
  const place = sql`tuple(${instant(timestampNs)}, ${param.uint128(batch)}, ${param.uint32(row)})`;
  return order === "desc" ? sql`tuple(timestamp, batch, row) < ${place}` : sql`tuple(timestamp, batch, row) > ${place}`;
};
