/** `FROM logs` of one tenant, one time range and one filter: the ground that every log query stands on. */

import { param, sql, type Fragment, type TenantScope } from "../sql/sql.ts";
import { compileFilter } from "./compile-filter.ts";
import type { LogFilter } from "./filter.ts";
import type { TimeRange } from "./validate.ts";

/** Append nothing but `GROUP BY`, `ORDER BY` and what follows them, or ` AND (...)`. */
export const logsMatching = (scope: TenantScope, { startNs, endNs }: TimeRange, filter: LogFilter): Fragment =>
  sql`${scope.from("logs")} AND timestamp >= ${instant(startNs)} AND timestamp <= ${instant(endNs)} AND (${compileFilter(filter)})`;

/** A DateTime64(9) constant. */
export const instant = (ns: bigint): Fragment => sql`fromUnixTimestamp64Nano(${param.int64(ns)}, 'UTC')`;
