/** How far each rollup has come, kept in the store beside its rows. */

import type { Store } from "../core/store.ts";
import { param, sql, systemStatement } from "../sql/sql.ts";
import { consistentRead, consistentWrite } from "./consistency.ts";

export interface Progress {
  /** Windows that end here or before are rolled; ms since 1970. */
  readonly closedMs: number;
  /** Input up to here was looked at: ms of `received`, or the version of a finer rollup's rows. */
  readonly seen: bigint;
}

interface Row {
  readonly level: string;
  readonly closed_ms: string;
  readonly seen: string;
  readonly newest: string;
}

export interface AllProgress {
  readonly of: ReadonlyMap<string, Progress>;
  /** The highest version that was ever noted. */
  readonly version: bigint;
}

export const readProgress = async (store: Store): Promise<AllProgress> => {
  const rows = await store.readSystem<Row>(
    systemStatement(sql`SELECT level, toUnixTimestamp64Milli(argMax(closed, version)) AS closed_ms, argMax(seen, version) AS seen, max(version) AS newest FROM rollup_progress GROUP BY level`),
    { settings: consistentRead(store) },
  );
  return {
    of: new Map(rows.map(({ level, closed_ms, seen }) => [level, { closedMs: Number(closed_ms), seen: BigInt(seen) }])),
    version: rows.reduce((highest, { newest }) => (BigInt(newest) > highest ? BigInt(newest) : highest), 0n),
  };
};

export const writeProgress = async (store: Store, level: string, { closedMs, seen }: Progress, version: bigint): Promise<void> => {
  await store.write(
    systemStatement(sql`INSERT INTO rollup_progress (level, closed, seen, version) SELECT ${param.string(level)}, fromUnixTimestamp64Milli(${param.int64(closedMs)}, 'UTC'), ${param.uint64(seen)}, ${param.uint64(version)}`),
    undefined,
    { settings: consistentWrite(store) },
  );
};
