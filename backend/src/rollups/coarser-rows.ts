/** Windows to windows that hold them: nothing is lost, as increases already cross the borders. */

import { type Fragment, sql } from "../sql/sql.ts";
import { type Piece, rowsIn, windowEnd } from "./piece.ts";

export const coarserRows = (source: Fragment, seconds: number, piece: Piece): Fragment => sql`
  SELECT tenant, metric, series, ${windowEnd(seconds)} AS w,
    ifNull(minOrNullIf(min, NOT isNaN(min)), nan) AS least, ifNull(maxOrNullIf(max, NOT isNaN(max)), nan) AS most, sumIf(sum, count > 0) AS total, toUInt32(sum(count)) AS n,
    if(n = 0, nan, argMinIf(first, timestamp, count > 0)) AS one, if(n = 0, nan, argMaxIf(last, timestamp, count > 0)) AS other,
    argMinIf(first_time, timestamp, count > 0) AS one_time, argMaxIf(last_time, timestamp, count > 0) AS other_time,
    sum(increase) AS grown, argMinIf(entering, timestamp, count > 0) AS entered,
    quantilesDDMergeState(0.01, 0.5)(sketch) AS states, argMax(ended, timestamp) AS over, min(expires) AS input_end
  FROM ${source} FINAL WHERE ${rowsIn(piece)}
  GROUP BY tenant, metric, series, w`;
