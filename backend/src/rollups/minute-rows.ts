/**
 * Samples to windows of a minute. An increase belongs to the sample that ends it, so the first sample
 * of a window needs the last one before it: within the piece by the order of windows, before the piece
 * from the minutes that are there already.
 */

import { STALE_BITS } from "../core/samples.ts";
import { type Fragment, param, sql } from "../sql/sql.ts";
import { instant, type Piece, rowsIn, windowEnd } from "./piece.ts";

/** Beyond these a sketch refuses values; below them it takes 0. */
const SKETCH_MIN = 1e-300;
const SKETCH_MAX = 1e300;

/** One row per series and minute with its samples in order; `over`: the newest is a marker. */
const minutes = (piece: Piece): Fragment => sql`
  SELECT tenant, metric, series, ${windowEnd(60)} AS w,
    arraySort(groupArrayIf((timestamp, value), reinterpretAsUInt64(value) != ${param.uint64(STALE_BITS)})) AS found,
    argMax(reinterpretAsUInt64(value) = ${param.uint64(STALE_BITS)}, timestamp) AS over, min(expires) AS input_end
  FROM samples WHERE ${rowsIn(piece)}
  GROUP BY tenant, metric, series, w`;

/** Of samples with one time the last in order stays, as two agents may tell of one series. */
const distinct = (piece: Piece): Fragment => sql`
  SELECT tenant, metric, series, w, over, input_end,
    arrayFilter((pair, next) -> pair.1 != next, found, arrayShiftLeft(arrayMap(pair -> pair.1, found), 1)) AS pairs,
    arrayMap(pair -> pair.2, pairs) AS samples_, arrayFilter(v -> NOT isNaN(v), samples_) AS numbers
  FROM (${minutes(piece)})`;

const measured = (piece: Piece): Fragment => sql`
  SELECT tenant, metric, series, w, over, input_end, toUInt32(length(pairs)) AS n,
    if(empty(numbers), nan, arrayMin(numbers)) AS least, if(empty(numbers), nan, arrayMax(numbers)) AS most, arraySum(samples_) AS total,
    if(n = 0, nan, samples_[1]) AS one, if(n = 0, nan, samples_[-1]) AS other,
    pairs[1].1 AS one_time, pairs[-1].1 AS other_time,
    if(n = 0, 0, other - one + arraySum((v, before) -> if(v < before, before, 0), samples_, arrayShiftRight(samples_, 1, samples_[1]))) AS inner_growth,
    arrayReduce('quantilesDDState(0.01, 0.5)', arrayMap(v -> if(abs(v) < ${param.float64(SKETCH_MIN)}, 0, v), arrayFilter(v -> abs(v) < ${param.float64(SKETCH_MAX)}, numbers))) AS states
  FROM (${distinct(piece)})`;

/** The last sample of each series before the piece. */
const predecessors = ({ afterMs, series }: Piece, lookBackMs: number): Fragment => sql`
  SELECT tenant, metric, series, 1 AS known, argMax(last, (timestamp, version)) AS last_before
  FROM samples_1m WHERE timestamp > ${instant(afterMs - lookBackMs)} AND timestamp <= ${instant(afterMs)} AND count > 0 AND ${series ?? sql`1`}
  GROUP BY tenant, metric, series`;

const LAST_WITHIN = sql`anyLast(if(n > 0, toNullable(other), NULL)) OVER (PARTITION BY tenant, metric, series ORDER BY w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)`;

export const minuteRows = (piece: Piece, lookBackMs: number): Fragment => sql`
  SELECT tenant, metric, series, w, least, most, total, n, one, other, one_time, other_time, inner_growth + entered AS grown, entered, states, over, input_end
  FROM (
    SELECT *, if(n = 0 OR isNull(before), 0, one - assumeNotNull(before) + if(one < before, assumeNotNull(before), 0)) AS entered
    FROM (
      SELECT *, if(known = 1 AND isNull(last_within), toNullable(last_before), last_within) AS before
      FROM (SELECT *, ${LAST_WITHIN} AS last_within FROM (${measured(piece)})) AS windows
      LEFT JOIN (${predecessors(piece, lookBackMs)}) AS earlier USING (tenant, metric, series)
    )
  )`;
