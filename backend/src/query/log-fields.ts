/**
 * `GET /api/v1/logs/fields`: which fields the newest rows have and what is most often in them, for
 * completion and the field list. A sample of bounded size, so that it costs the same on any tenant.
 */

import { levelOf } from "@obs/wire";
import { z } from "zod";
import type { LogField, LogFieldsAnswer } from "../core/queries.ts";
import type { ReadOptions, Store } from "../core/store.ts";
import { param, sql, type TenantScope } from "../sql/sql.ts";
import { EVERY_ROW, type LogFilter } from "./filter.ts";
import { logsMatching } from "./log-source.ts";
import { TimeWindows } from "./time-windows.ts";
import { time, timeRange, validate, type TimeRange } from "./validate.ts";

const SAMPLE_ROWS = 10_000;
const MAX_FIELDS = 200;
const TOP_VALUES = 5;
const MAX_VALUE_CHARACTERS = 256;
const BUDGET_SECONDS = 10;

const fieldsQuery = z.strictObject({ start: time.optional(), end: time.optional() });

export const parseLogFields = (query: unknown, nowMs: number): TimeRange => timeRange(validate(fieldsQuery, query), nowMs);

export const logFields = async (store: Store, scope: TenantScope, range: TimeRange, signal?: AbortSignal, filter: LogFilter = EVERY_ROW): Promise<LogFieldsAnswer> => {
  const options = { maxExecutionSeconds: BUDGET_SECONDS, upToMs: Number(range.endNs / 1_000_000n), ...(signal && { signal }) };
  const window = await newestWindow(store, scope, range, filter, options);
  const rows = await store.read<FieldRow>(fieldsStatement(scope, window, filter), options);
  const sampled = rows.find(({ name }) => name === "")?.count ?? 0;
  const fields = rows.filter(({ name }) => name !== "").map(toField);
  return { sampled_rows: sampled, fields: [...fields.filter(isCore), ...fields.filter((field) => !isCore(field))] };
};

interface FieldRow {
  /** `=service` for a core field, `.key` for an attribute, "" for the row itself. */
  readonly name: string;
  readonly count: number;
  readonly top: readonly (readonly [value: string, count: number])[];
}

const isCore = ({ kind }: LogField): boolean => kind === "core";

/** The end of the range that is just wide enough to hold a sample. */
const newestWindow = async (store: Store, scope: TenantScope, range: TimeRange, filter: LogFilter, options: ReadOptions): Promise<TimeRange> => {
  const windows = new TimeWindows(range, "desc");
  let rows = 0;
  for (let window = windows.next(); window; window = windows.next()) {
    const [answer] = await store.read<{ count: number }>(scope.statement(sql`SELECT toFloat64(count()) AS count ${logsMatching(scope, window, filter)}`), options);
    const found = answer?.count ?? 0;
    rows += found;
    if (rows >= SAMPLE_ROWS) return { startNs: window.startNs, endNs: range.endNs };
    windows.widen(found, SAMPLE_ROWS - rows);
  }
  return range;
};

const fieldsStatement = (scope: TenantScope, window: TimeRange, filter: LogFilter) => {
  const sample = sql`
    SELECT severity, service, host, environment, message, trace_id, span_id, attributes
    ${logsMatching(scope, window, filter)}
    ORDER BY timestamp DESC
    LIMIT ${param.uint32(SAMPLE_ROWS)}`;
  // Ids and messages hardly repeat: they are counted, their values are not listed.
  const pairs = sql`
    SELECT arrayJoin(arrayConcat(
      [('', ''), ('=level', toString(severity)), ('=service', toString(service)), ('=host', toString(host)), ('=environment', toString(environment)),
       ('=message', if(message = '', '', '*')), ('=trace_id', if(trace_id = toFixedString('', 16), '', '*')), ('=span_id', if(span_id = toFixedString('', 8), '', '*'))],
      arrayMap((key, value) -> (concat('.', toString(key)), substringUTF8(value, 1, ${param.uint32(MAX_VALUE_CHARACTERS)})), mapKeys(attributes), mapValues(attributes))
    )) AS pair
    FROM (${sample})`;
  return scope.statement(sql`
    SELECT name, toFloat64(sum(rows)) AS count,
      arraySlice(arrayReverseSort(entry -> (entry.2, entry.1), groupArray((value, toFloat64(rows)))), 1, ${param.uint32(TOP_VALUES)}) AS top
    FROM (
      SELECT pair.1 AS name, pair.2 AS value, count() AS rows
      FROM (${pairs})
      GROUP BY name, value
      HAVING name = '' OR startsWith(name, '.') OR (value != '' AND (name, value) != ('=level', '0'))
    )
    GROUP BY name
    ORDER BY startsWith(name, '.'), count DESC, name
    LIMIT ${param.uint32(MAX_FIELDS)}`);
};

const toField = ({ name, count, top }: FieldRow): LogField => {
  const bare = name.slice(1);
  if (name.startsWith(".")) return { name: bare, kind: "attribute", count, top: top.map(([value, rows]) => ({ value, count: rows })) };
  return { name: bare, kind: "core", count, top: bare === "level" ? topLevels(top) : top.filter(([value]) => value !== "*").map(([value, rows]) => ({ value, count: rows })) };
};

/** Severities 17-20 are all ERROR. */
const topLevels = (top: FieldRow["top"]): LogField["top"] => {
  const counts = new Map<string, number>();
  for (const [severity, rows] of top) counts.set(levelOf(Number(severity)), (counts.get(levelOf(Number(severity))) ?? 0) + rows);
  return [...counts].map(([value, count]) => ({ value, count })).sort((a, b) => b.count - a.count);
};

