/**
 * `POST /api/v1/query/sql`: SQL that people write. Parsed with a grammar of our own (parse.ts), its
 * names looked up in what people may see (tables.ts, functions.ts), written anew through
 * sql/sql.ts (compile-query.ts), run as a user that sees one tenant's rows (store/sql-user.ts).
 */

import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { SqlAnswer, SqlQueries, SqlStream } from "../../core/sql-queries.ts";
import type { Store } from "../../core/store.ts";
import { ApiError } from "../../errors.ts";
import { param, sql, TenantScope } from "../../sql/sql.ts";
import { parseTime } from "../time.ts";
import { invalidRequest, time, validate } from "../validate.ts";
import { Compiler } from "./compile-query.ts";
import { describe, showTables, type Listing } from "./describe.ts";
import { sqlError } from "./errors.ts";
import { sqlFailure } from "./failures.ts";
import { csvOf, streamOf } from "./formats.ts";
import { MAX_SQL_LENGTH } from "./lexer.ts";
import { parseSql } from "./parse.ts";
import type { Running } from "./running.ts";
import { within, type Bounds } from "./tables.ts";
import { valueReader } from "./values.ts";

export const DEFAULT_ROWS = 1_000;
export const MAX_JSON_ROWS = 10_000;
export const MAX_STREAM_ROWS = 1_000_000;

/** Of an answer that is held in memory as a whole. */
export const MAX_JSON_CHARACTERS = 64_000_000;

/** The store takes 1,000 parameters. */
export const MAX_VALUES = 900;

/** How long may be looked for rows that stand for more than themselves. */
const WEIGHTS_SECONDS = 2;
/** ... and how long after the answer is there. */
const WEIGHTS_PATIENCE_MS = 250;
const WEIGHTS_ROWS = 20_000_000;

const requestBody = z.strictObject({
  query: z.string().max(MAX_SQL_LENGTH),
  time_range: z.strictObject({ start: time.optional(), end: time.optional() }).default({}),
  limit: z.int().min(1).max(MAX_STREAM_ROWS).optional(),
  format: z.enum(["json", "csv", "ndjson"]).default("json"),
});

export type SqlRequest = z.output<typeof requestBody>;

export interface SqlQueriesOptions {
  readonly store: Store;
  /** ms since 1970. */
  readonly now?: () => number;
}

export const createSqlQueries = ({ store, now = Date.now }: SqlQueriesOptions): SqlQueries => ({
  run: async (tenant, body, signal) => {
    const started = performance.now();
    const request = validate(requestBody, body);
    const maxRows = request.format === "json" ? MAX_JSON_ROWS : MAX_STREAM_ROWS;
    if (request.limit !== undefined && request.limit > maxRows) throw invalidRequest([{ path: "limit", message: `may be ${maxRows} with format ${request.format}` }]);
    const parsed = parseSql(request.query);
    if (parsed.kind === "show-tables") return listing(showTables(), request, started);
    if (parsed.kind === "describe") return listing(describe(parsed.table), request, started);

    const scope = new TenantScope(tenant);
    const nowMs = now();
    const compiler = new Compiler({ scope, nowNs: BigInt(Math.trunc(nowMs)) * 1_000_000n, text: request.query, bounds: boundsOf(request, nowMs) });
    const limit = request.limit ?? (request.format === "json" ? DEFAULT_ROWS : MAX_STREAM_ROWS);
    const { statement, columns } = compiler.statement(parsed.query, request.format === "json" ? limit + 1 : limit);
    if (Object.keys(statement.params).length > MAX_VALUES) throw sqlError("The statement has too many values", { start: 0, end: request.query.length }, `It may have ${MAX_VALUES}; a list behind IN counts as one.`);
    if (request.format !== "json") return streamOf({ store, statement, columns, signal }, request.format);
    // When the statement fails, its weights are not looked for any longer.
    const ended = new AbortController();
    const either = signal ? AbortSignal.any([ended.signal, signal]) : ended.signal;
    try {
      const looking = hasWeights(store, scope, compiler.reads, either);
      const { rows, truncated, columns: typed } = await readAnswer({ store, statement, columns, signal: either }, limit);
      const weights = await Promise.race([looking, delay(WEIGHTS_PATIENCE_MS, null, { ref: false })]);
      return { columns: typed, rows, completeness: { truncated, weights }, took_ms: elapsed(started) };
    } finally {
      ended.abort();
    }
  },
});

const elapsed = (started: number): number => Math.round(performance.now() - started);

const boundsOf = ({ time_range: { start, end } }: SqlRequest, nowMs: number): Bounds => {
  const startNs = start === undefined ? undefined : parseTime(start, { nowMs });
  const endNs = end === undefined ? undefined : parseTime(end, { nowMs, end: true });
  if (start !== undefined && startNs === undefined) throw invalidRequest([{ path: "time_range.start", message: "is out of the years that can be stored" }]);
  if (end !== undefined && endNs === undefined) throw invalidRequest([{ path: "time_range.end", message: "is out of the years that can be stored" }]);
  if (startNs !== undefined && endNs !== undefined && startNs > endNs) throw invalidRequest([{ path: "time_range.start", message: "is later than the end" }]);
  return { ...(startNs !== undefined && { startNs }), ...(endNs !== undefined && { endNs }) };
};

const listing = ({ columns, rows }: Listing, { format }: SqlRequest, started: number): SqlAnswer | SqlStream => {
  if (format === "json") return { columns, rows, completeness: { truncated: false, weights: false }, took_ms: elapsed(started) };
  return csvOf(columns.map(({ name }) => name), rows, format);
};

const readAnswer = async ({ store, statement, columns, signal }: Running, limit: number): Promise<Pick<SqlAnswer, "columns" | "rows"> & { truncated: boolean }> => {
  const lines: string[] = [];
  let characters = 0;
  try {
    for await (const batch of store.readSql(statement, { format: "JSONCompactEachRowWithNamesAndTypes", ...(signal && { signal }) })) {
      for (const line of batch) {
        lines.push(line);
        characters += line.length;
      }
      if (characters > MAX_JSON_CHARACTERS) throw new ApiError("query_failed", `The answer has more than ${MAX_JSON_CHARACTERS / 1e6} MB: take fewer columns or rows, or the format csv or ndjson.`);
    }
  } catch (error) {
    throw sqlFailure(error);
  }
  const types = JSON.parse(lines[1]!) as string[];
  const read = valueReader(types);
  const rows = lines.slice(2, limit + 2).map(read);
  return { columns: columns.map(({ name }, i) => ({ name, type: types[i]! })), rows, truncated: lines.length - 2 > limit };
};

/** Whether rows in the time that was read have a weight; null when it takes too long to know. */
const hasWeights = async (store: Store, scope: TenantScope, reads: Compiler["reads"], signal: AbortSignal): Promise<boolean | null> => {
  const weighted = new Map(reads.filter(({ table }) => table.weighted).map(({ table, bounds }) => [table.name, bounds]));
  try {
    const found = await Promise.all(
      [...weighted].map(async ([name, bounds]) => {
        const statement = scope.statement(sql`SELECT 1 AS found ${scope.from(name as "logs" | "spans")} AND (${within(bounds)}) AND weight != 1 LIMIT ${param.uint8(1)}`);
        const rows = await store.read(statement, { maxExecutionSeconds: WEIGHTS_SECONDS, settings: { max_rows_to_read: WEIGHTS_ROWS }, signal });
        return rows.length > 0;
      }),
    );
    return found.includes(true);
  } catch {
    return null;
  }
};
