/** The statements of a pass over one level. They touch all tenants' rows at once, each under its own tenant. */

import { and, type Fragment, param, sql, type Statement, systemStatement } from "../sql/sql.ts";
import type { Level } from "./levels.ts";
import { instant, type Piece } from "./piece.ts";

/** until_ms, rows: the source's rows by the pieces of time in which their windows end. */
export const piecesStatement = ({ source, pieceMs }: Level, conditions: readonly Fragment[]): Statement => {
  const ms = param.int64(pieceMs);
  return systemStatement(sql`
    SELECT intDiv(toUnixTimestamp64Milli(toDateTime64(timestamp, 3, 'UTC')) + ${ms} - 1, ${ms}) * ${ms} AS until_ms, count() AS rows
    FROM ${source} WHERE ${and([...conditions, sql`expires > today()`])} GROUP BY until_ms ORDER BY until_ms`);
};

export const endsIn = (afterMs: number, untilMs: number): Fragment => sql`timestamp > ${instant(afterMs)} AND timestamp <= ${instant(untilMs)}`;

/** Series that have rows for which the conditions hold. */
export const seriesWith = ({ source }: Level, conditions: readonly Fragment[]): Fragment =>
  sql`(tenant, series) GLOBAL IN (SELECT tenant, series FROM ${source} WHERE ${and(conditions)})`;

/**
 * Rolls a piece. A window stays as it is when some of its input is gone: samples are never taken back, so
 * a window that would have fewer of them than it had, or whose input has begun to expire, has lost some.
 */
export const rollStatement = (level: Level, piece: Piece, version: bigint): Statement => {
  const { target } = level;
  return systemStatement(sql`
    INSERT INTO ${target} (tenant, metric, series, timestamp, min, max, sum, count, first, last, first_time, last_time, increase, entering, sketch, ended, input_expires, expires, version)
    SELECT tenant, metric, series, w, least, most, total, n, one, other, one_time, other_time, grown, entered, states, over, input_end, toDate(w) + ${param.uint32(level.days)} + 1, ${param.uint64(version)}
    FROM (${level.rows(piece)}) AS rolled
    LEFT JOIN (
      SELECT tenant, metric, series, timestamp AS w, argMax(count, version) AS had, argMax(input_expires, version) AS had_until
      FROM ${target} WHERE ${endsIn(piece.afterMs, piece.untilMs)} AND ${piece.series ?? sql`1`} GROUP BY tenant, metric, series, timestamp
    ) AS there USING (tenant, metric, series, w)
    WHERE had = 0 OR (had <= n AND had_until > today() + 1)`);
};
