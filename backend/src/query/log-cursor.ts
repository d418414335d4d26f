/**
 * Where a page of search results ended: the place of its last row in the total order (timestamp,
 * batch, row), so that rows of one nanosecond are neither skipped nor repeated, and rows that arrive
 * meanwhile change nothing.
 */

import { param, sql, type Fragment } from "../sql/sql.ts";
import { instant } from "./log-source.ts";
import { parseRowId, rowId, type RowId } from "./row-id.ts";
import type { SortOrder } from "./time-windows.ts";

export interface LogPosition extends RowId {
  readonly timestampNs: bigint;
}

const CURSOR = /^(-?\d{1,19})_(.+)$/;
const INT64_MAX = (1n << 63n) - 1n;

export const formatCursor = (position: LogPosition): string => `${position.timestampNs}_${rowId(position)}`;

/** undefined when the text is no cursor. */
export const parseCursor = (text: string): LogPosition | undefined => {
  const match = CURSOR.exec(text);
  if (!match) return undefined;
  const row = parseRowId(match[2]!);
  const timestampNs = BigInt(match[1]!);
  return row && timestampNs <= INT64_MAX && timestampNs >= -INT64_MAX ? { timestampNs, ...row } : undefined;
};

/** Rows behind the position. The caller bounds the timestamp too: that is what prunes. */
export const beyond = ({ timestampNs, batch, row }: LogPosition, order: SortOrder): Fragment => {
  const place = sql`tuple(${instant(timestampNs)}, ${param.uint128(batch)}, ${param.uint32(row)})`;
  return order === "desc" ? sql`tuple(timestamp, batch, row) < ${place}` : sql`tuple(timestamp, batch, row) > ${place}`;
};
