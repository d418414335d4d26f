/** Queries for entries: the newest or oldest that pass all stages, by their labels. */

import type { SortOrder } from "../time-windows.ts";
import type { TimeRange } from "../validate.ts";
import { isTimeout } from "../timeout.ts";
import { compileStages, Entry, type LogExpr } from "../logql/index.ts";
import { conditionsOf } from "./conditions.ts";
import { toEntry } from "./labels.ts";
import { RowReader, type Asking } from "./rows.ts";

const LIMITS = { maxRows: 1_000_000, maxBytes: 1024 ** 3 };

export interface LogRequest {
  readonly expr: LogExpr;
  /** Both ends belong to it. */
  readonly range: TimeRange;
  readonly limit: number;
  readonly order: SortOrder;
  /** At most one entry of a stream within so much time; 0: all. */
  readonly intervalNs: bigint;
}

export interface LogResult {
  readonly entries: readonly Entry[];
  readonly warnings: readonly string[];
  readonly rows: number;
  readonly bytes: number;
}

export const queryLogs = async (asking: Asking, { expr, range, limit, order, intervalNs }: LogRequest): Promise<LogResult> => {
  const passes = compileStages(expr.stages);
  const { where } = conditionsOf(expr.matchers, expr.stages);
  const reader = new RowReader(asking, LIMITS);
  const spread = createSpread(intervalNs);
  const entries: Entry[] = [];
  const warnings: string[] = [];
  try {
    for await (const page of reader.pages(range, where, order, limit)) {
      for (const row of page) {
        const entry = new Entry(toEntry(row));
        if (!passes(entry) || !spread(entry)) continue;
        entries.push(entry);
        if (entries.length === limit) break;
      }
      if (entries.length === limit) break;
    }
  } catch (error) {
    // What was found is the beginning of what was asked for.
    if (!isTimeout(error) || entries.length === 0) throw error;
    warnings.push("the time for the query ran out before it had looked at all entries: narrow its time range, or add a line filter in front of its parsers");
  }
  if (reader.isCut) warnings.push(`the query looked at ${reader.rows} entries and ended before the range did: narrow its time range, or add a line filter in front of its parsers`);
  return { entries, warnings, rows: reader.rows, bytes: reader.bytes };
};

const createSpread = (intervalNs: bigint): ((entry: Entry) => boolean) => {
  if (intervalNs === 0n) return () => true;
  const lastOf = new Map<string, bigint>();
  return (entry) => {
    const key = JSON.stringify([...entry.labels("stream")]);
    const last = lastOf.get(key);
    const distance = last === undefined ? intervalNs : entry.timestampNs > last ? entry.timestampNs - last : last - entry.timestampNs;
    if (distance < intervalNs) return false;
    lastOf.set(key, entry.timestampNs);
    return true;
  };
};
