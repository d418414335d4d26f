/** What `routes/sql.ts` may ask: SQL of people, over one tenant's rows. */

export interface SqlColumn {
  readonly name: string;
  /** As ClickHouse spells it, such as `LowCardinality(String)`. */
  readonly type: string;
}

export interface SqlCompleteness {
  /** The answer has more rows than its limit. */
  readonly truncated: boolean;
  /**
   * Some rows in the time that was read stand for more than themselves, because agents sampled:
   * `sum(weight)` counts them. null: not known, looking would have taken too long.
   */
  readonly weights: boolean | null;
}

export interface SqlAnswer {
  readonly columns: readonly SqlColumn[];
  /** Values in the order of the columns. */
  readonly rows: readonly (readonly unknown[])[];
  readonly completeness: SqlCompleteness;
  readonly took_ms: number;
}

export interface SqlStream {
  readonly contentType: string;
  /** Text, piece by piece. Throws ApiError when the query fails on its way. */
  readonly chunks: AsyncIterable<string>;
}

/** Throws ApiError: invalid_request, invalid_query, query_failed, query_timeout, store_unavailable. */
export interface SqlQueries {
  /** A stream for `format: csv | ndjson`. Its first piece is there when this resolves. */
  run(tenant: string, body: unknown, signal?: AbortSignal): Promise<SqlAnswer | SqlStream>;
}

export const isSqlStream = (answer: SqlAnswer | SqlStream): answer is SqlStream => "chunks" in answer;
