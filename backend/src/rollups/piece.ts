/** What one statement rolls. */

import { type Fragment, param, sql } from "../sql/sql.ts";

/** Windows whose ends are in (afterMs, untilMs], of all series or of some. */
export interface Piece {
  readonly afterMs: number;
  readonly untilMs: number;
  /** A condition on the rows of the source by which series are chosen. */
  readonly series?: Fragment;
}

export const instant = (ms: number | bigint): Fragment => sql`fromUnixTimestamp64Milli(${param.int64(ms)}, 'UTC')`;

/** WHERE of the source's rows: those whose windows end in the piece. */
export const rowsIn = ({ afterMs, untilMs, series }: Piece): Fragment =>
  sql`timestamp > ${instant(afterMs)} AND timestamp <= ${instant(untilMs)} AND expires > today() AND ${series ?? sql`1`}`;

/** The end of the window of so many seconds that a time lies in; windows are open to the left, as PromQL's ranges are. */
export const windowEnd = (seconds: number): Fragment => {
  const ms = param.int64(seconds * 1_000);
  return sql`toDateTime(intDiv(toUnixTimestamp64Milli(toDateTime64(timestamp, 3, 'UTC')) + ${ms} - 1, ${ms}) * ${param.int64(seconds)}, 'UTC')`;
};
