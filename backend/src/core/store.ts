/** The ClickHouse that holds tenants' rows, as the rest of the backend sees it. */

import type { Statement } from "../sql/sql.ts";

export type SettingValue = string | number | boolean;

export interface ReadOptions {
  readonly queryId?: string;
  /** Ends with ApiError(query_timeout) after this time. Default 30. */
  readonly maxExecutionSeconds?: number;
  readonly settings?: Readonly<Record<string, SettingValue>>;
  readonly signal?: AbortSignal;
  /**
   * The newest moment that the answer is about, ms since 1970: it may be told again for a while that
   * grows with the age of that moment (cache/). Not given: asked anew each time.
   */
  readonly upToMs?: number;
}

export interface SqlReadOptions {
  /** `JSONCompactEachRowWithNamesAndTypes`: two lines of names and types come first. */
  readonly format: "JSONCompactEachRowWithNamesAndTypes" | "CSV";
  /** Narrower than the user's own. */
  readonly limits?: { readonly seconds?: number; readonly memoryBytes?: number; readonly rows?: number };
  readonly signal?: AbortSignal;
}

export interface WriteOptions {
  readonly queryId?: string;
  readonly settings?: Readonly<Record<string, SettingValue>>;
  /** How `body` is compressed, as the HTTP header `Content-Encoding` says it. */
  readonly encoding?: "zstd";
  /** Without an answer for this long the outcome is unknown (`WriteFailure.outcome`). Default 60,000. */
  readonly timeoutMs?: number;
}

export interface WriteResult {
  /** Rows read from the body. */
  readonly read: number;
  /** Rows stored. */
  readonly written: number;
}

/** A write that failed, with what is known about it. */
export class WriteFailure extends Error {
  /**
   * `nothing`: refused before it could store a row. `unknown`: the answer was lost or the failure
   * came late; rows may be stored, or may be stored later.
   */
  readonly outcome: "nothing" | "unknown";
  /** ClickHouse error code, 0 when the store did not answer. */
  readonly code: number;
  /** It has to do with the moment, not with what was written: the same may do later. */
  readonly passing: boolean;

  constructor(message: string, facts: { outcome: "nothing" | "unknown"; code: number; passing: boolean; cause?: unknown }) {
    super(message, { cause: facts.cause });
    this.name = "WriteFailure";
    this.outcome = facts.outcome;
    this.code = facts.code;
    this.passing = facts.passing;
  }
}

export interface Store {
  /** Changes whenever the store starts anew. "" until it was reached for the first time. */
  readonly bootId: string;
  readonly available: boolean;
  /** True when no other process can write to this store, as with the embedded one. */
  readonly exclusive: boolean;
  /** The name of the cluster that tables live on; undefined on a single node. */
  readonly cluster: string | undefined;
  /** The store's clock less ours, ms. */
  readonly clockOffsetMs: number;
  /**
   * Rows as objects (JSONEachRow; 64-bit and larger integers as strings), as a user that can only
   * read. Throws ApiError: store_unavailable, query_failed, query_timeout.
   */
  read<T>(statement: Statement, options?: ReadOptions): Promise<T[]>;
  /**
   * SQL that a person wrote, as a user that sees the rows of the statement's tenant whatever the
   * text says: lines of the answer, as they come. Throws as `read`, also while the lines are read;
   * ending the loop ends the query.
   */
  readSql(statement: Statement, options: SqlReadOptions): AsyncIterable<readonly string[]>;
  /** As `read`, as the user that writes: sees `system.*`. For the store's own bookkeeping. */
  readSystem<T>(statement: Statement, options?: ReadOptions): Promise<T[]>;
  /** Resolves after the commit. Several buffers are sent one after the other. Throws WriteFailure. */
  write(statement: Statement, body?: Buffer | readonly Buffer[], options?: WriteOptions): Promise<WriteResult>;
  /** Resolves with true once the store can be reached, with false after the time. */
  waitUntilAvailable(timeoutMs: number): Promise<boolean>;
  close(): Promise<void>;
}

/** The store with another `read`, and another `readSql`. */
export const withRead = (store: Store, read: Store["read"], readSql: Store["readSql"] = (statement, options) => store.readSql(statement, options)): Store => ({
  get bootId() {
    return store.bootId;
  },
  get available() {
    return store.available;
  },
  get clockOffsetMs() {
    return store.clockOffsetMs;
  },
  exclusive: store.exclusive,
  cluster: store.cluster,
  read,
  readSql,
  readSystem: (statement, options) => store.readSystem(statement, options),
  write: (statement, body, options) => store.write(statement, body, options),
  waitUntilAvailable: (timeoutMs) => store.waitUntilAvailable(timeoutMs),
  close: () => store.close(),
});
