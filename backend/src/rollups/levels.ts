/** What is rolled from what, from fine to coarse. */

import { ROLLUPS, type Rollup } from "../core/samples.ts";
import { type Fragment, param, sql } from "../sql/sql.ts";
import { coarserRows } from "./coarser-rows.ts";
import { minuteRows } from "./minute-rows.ts";
import { instant, type Piece } from "./piece.ts";

export interface Level extends Rollup {
  readonly target: Fragment;
  readonly source: Fragment;
  /** Condition on the source's rows: those that came after `after` and not after `until`, as `Progress.seen` counts. */
  arrived(after: bigint, until: bigint): Fragment;
  /** Longest piece that is rolled by one statement, ms. */
  readonly pieceMs: number;
  /** After a window with a late row so much more is rolled again, ms: increases cross borders. */
  readonly afterglowMs: number;
  /** SELECT of tenant, metric, series, w, least, most, total, n, one, other, one_time, other_time, grown, entered, states, over, input_end. */
  rows(piece: Piece): Fragment;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The predecessor of a window's first sample is looked for so far back. */
export const PREDECESSOR_MS = HOUR_MS;

const arrived = (after: bigint, until: bigint): Fragment => sql`version > ${param.uint64(after)} AND version <= ${param.uint64(until)}`;

export const LEVELS: readonly Level[] = [
  {
    ...ROLLUPS["1m"],
    target: sql`samples_1m`,
    source: sql`samples`,
    arrived: (after, until) => sql`received > ${instant(after)} AND received <= ${instant(until)}`,
    pieceMs: HOUR_MS,
    afterglowMs: PREDECESSOR_MS,
    rows: (piece) => minuteRows(piece, PREDECESSOR_MS),
  },
  {
    ...ROLLUPS["1h"],
    target: sql`samples_1h`,
    source: sql`samples_1m`,
    arrived,
    pieceMs: DAY_MS,
    afterglowMs: 0,
    rows: (piece) => coarserRows(sql`samples_1m`, ROLLUPS["1h"].seconds, piece),
  },
  {
    ...ROLLUPS["1d"],
    target: sql`samples_1d`,
    source: sql`samples_1h`,
    arrived,
    pieceMs: 30 * DAY_MS,
    afterglowMs: 0,
    rows: (piece) => coarserRows(sql`samples_1h`, ROLLUPS["1d"].seconds, piece),
  },
];
