/** `FROM series` of one tenant: which series of a metric were alive in a range and match. */

import { and, param, sql, type Fragment, type TenantScope } from "../../sql/sql.ts";
import type { TimeRange } from "../validate.ts";
import { compileMatcher, type Matcher } from "./matchers.ts";

/** Agents tell of a series when it is new and once a day: `last_seen` may be that much too early. */
const SERIES_REPEAT_MS = 25 * 3_600_000;

const toMs = (ns: bigint): bigint => ns / 1_000_000n;

/** Milliseconds as a DateTime64(3) constant. */
export const millis = (ms: bigint | number): Fragment => sql`fromUnixTimestamp64Milli(${param.int64(ms)}, 'UTC')`;

/** Append nothing but `GROUP BY` and what follows it. */
export const seriesAlive = (scope: TenantScope, { startNs, endNs }: TimeRange, metric?: string, matchers: readonly Matcher[] = []): Fragment => sql`
  ${scope.from("series")} AND last_seen >= ${millis(toMs(startNs) - BigInt(SERIES_REPEAT_MS))} AND first_seen <= ${millis(toMs(endNs))}
    AND (${metric === undefined ? sql`1` : sql`metric = ${param.string(metric)}`}) AND (${and(matchers.map(compileMatcher))})`;
