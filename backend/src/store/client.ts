/**
 * The Store over ClickHouse's HTTP interface: one code path for the embedded one and for a server
 * or cluster by URL.
 */

import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { type ClickHouseClient, ClickHouseError, ClickHouseLogLevel, type ClickHouseSettings, createClient, type ExecParams } from "@clickhouse/client";
import type { ReadOptions, SettingValue, SqlReadOptions, Store, WriteOptions, WriteResult } from "../core/store.ts";
import { WriteFailure } from "../core/store.ts";
import { param, requireStatement, sql, type Statement, systemStatement } from "../sql/sql.ts";
import { readError, storeUnavailable, writeFailure } from "./clickhouse-errors.ts";
import { narrowed, REMOTE_SQL_MEMORY_BYTES, sqlQueryId, sqlUserSettings } from "./sql-user.ts";

export interface Account {
  readonly username: string;
  readonly password: string;
  /** For an account that could write: every request says that it does not. */
  readonly readonly?: boolean;
}

/** Where one life of the store is reached. `bootId` undefined: ask the store (`learnBootId`). */
export interface Endpoint {
  readonly url: string;
  readonly writer: Account;
  readonly reader: Account;
  /** Undefined where there is no such user: the reader then runs people's SQL, behind one wall less. */
  readonly sql: Account | undefined;
  readonly bootId: string | undefined;
}

export interface ClickHouseStoreOptions {
  readonly database: string;
  readonly exclusive: boolean;
  readonly cluster: string | undefined;
  readonly maxConnections?: number;
  /** What the reader's account may ask for; more than that would be refused. */
  readonly maxReadMemoryBytes?: number;
  /** The same of the user of people's SQL. */
  readonly maxSqlMemoryBytes?: number;
  /** Names the life of a store that is not our child. Called at every probe. */
  learnBootId?(store: ClickHouseStore): Promise<string>;
}

interface Clients {
  readonly writer: ClickHouseClient;
  readonly reader: ClickHouseClient;
  readonly sql: { readonly client: ClickHouseClient; readonly settings: Readonly<Record<string, SettingValue>>; readonly memoryBytes: number };
  /** Names its tables in full: the database need not exist yet. */
  readonly schema: ClickHouseClient;
}

const REQUEST_TIMEOUT_MS = 60_000;
/** A query whose client left at once may begin a moment later. */
const KILL_AFTER_MS = [0, 1_000];

export class ClickHouseStore implements Store {
  readonly exclusive: boolean;
  readonly cluster: string | undefined;
  readonly #options: ClickHouseStoreOptions;
  #clients: Clients | undefined;
  #bootId = "";
  #clockOffsetMs = 0;
  #available = false;

  constructor(options: ClickHouseStoreOptions) {
    this.#options = options;
    this.exclusive = options.exclusive;
    this.cluster = options.cluster;
  }

  get bootId(): string {
    return this.#bootId;
  }

  get available(): boolean {
    return this.#available;
  }

  get clockOffsetMs(): number {
    return this.#clockOffsetMs;
  }

  /** Uses this endpoint from now on. Requests that are under way at the old one fail. */
  connect(endpoint: Endpoint): void {
    const old = this.#clients;
    const { database } = this.#options;
    this.#clients = {
      writer: this.#client(endpoint, endpoint.writer, database),
      reader: this.#client(endpoint, endpoint.reader, database),
      sql: this.#sqlClient(endpoint),
      schema: this.#client(endpoint, endpoint.writer, "default"),
    };
    if (endpoint.bootId !== undefined) this.#bootId = endpoint.bootId;
    this.#available = endpoint.bootId !== undefined;
    void closeClients(old);
  }

  disconnect(): void {
    this.#available = false;
  }

  /** Asks the store for its clock and, by URL, its boot id. Sets `available` accordingly. */
  async probe(): Promise<void> {
    try {
      const before = Date.now();
      const [row] = await this.#query<{ now: string }>(this.#need().writer, systemStatement(sql`SELECT toUnixTimestamp64Milli(now64(3)) AS now`), { maxExecutionSeconds: 5 });
      this.#clockOffsetMs = Number(row!.now) - (before + Date.now()) / 2;
      const bootId = await this.#options.learnBootId?.(this);
      if (bootId !== undefined) this.#bootId = bootId;
      this.#available = true;
    } catch {
      this.#available = false;
    }
  }

  async read<T>(statement: Statement, options: ReadOptions = {}): Promise<T[]> {
    requireStatement(statement);
    if (!this.#available) throw away();
    return this.#query<T>(this.#need().reader, statement, this.#withinMemory(options));
  }

  async *readSql(statement: Statement, { format, limits, signal }: SqlReadOptions): AsyncGenerator<readonly string[]> {
    requireStatement(statement);
    if (!this.#available) throw away();
    const { client, settings, memoryBytes } = this.#need().sql;
    // Ends the query when whoever reads the lines stops.
    const ended = new AbortController();
    const queryId = sqlQueryId(statement.tenant ?? "");
    let whole = false;
    try {
      const result = await client.query({
        query: statement.text,
        query_params: statement.params,
        format,
        query_id: queryId,
        clickhouse_settings: asSettings({ ...settings, ...narrowed(limits, memoryBytes) }),
        abort_signal: signal ? AbortSignal.any([ended.signal, signal]) : ended.signal,
      });
      for await (const rows of result.stream()) yield rows.map(({ text }) => text);
      whole = true;
    } catch (error) {
      whole = error instanceof ClickHouseError;
      throw readError(error);
    } finally {
      ended.abort();
      if (!whole) void this.#kill(queryId);
    }
  }

  async readSystem<T>(statement: Statement, options: ReadOptions = {}): Promise<T[]> {
    requireStatement(statement);
    return this.#query<T>(this.#need().writer, statement, options);
  }

  async write(statement: Statement, body?: Buffer | readonly Buffer[], options: WriteOptions = {}): Promise<WriteResult> {
    requireStatement(statement);
    if (!this.#clients) throw new WriteFailure("the store is away or starting", { outcome: "nothing", code: 0, passing: true });
    const request: ExecParams = {
      query: statement.text,
      query_params: statement.params,
      // Without it an error that comes late would follow a 200.
      clickhouse_settings: { wait_end_of_query: 1, ...asSettings(options.settings) },
      abort_signal: AbortSignal.timeout(Math.ceil(options.timeoutMs ?? REQUEST_TIMEOUT_MS)),
      ...(options.queryId === undefined ? {} : { query_id: options.queryId }),
    };
    try {
      const { summary } = body
        ? await drained(this.#clients.writer, { ...request, ...encodingHeader(options), values: Readable.from(Buffer.isBuffer(body) ? [body] : body) })
        : await this.#clients.writer.command(request);
      return { read: Number(summary?.read_rows ?? 0), written: Number(summary?.written_rows ?? 0) };
    } catch (error) {
      throw writeFailure(error);
    }
  }

  /** DDL, which is generated text (schema/). Not part of `Store`: no value of a user comes here. */
  async command(ddl: string, settings: Readonly<Record<string, SettingValue>> = {}): Promise<void> {
    try {
      await this.#need().schema.command({ query: ddl, clickhouse_settings: { wait_end_of_query: 1, ...asSettings(settings) } });
    } catch (error) {
      throw readError(error);
    }
  }

  async waitUntilAvailable(timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    while (!this.#available && performance.now() < deadline) await delay(20);
    return this.#available;
  }

  async close(): Promise<void> {
    this.#available = false;
    await closeClients(this.#clients);
    this.#clients = undefined;
  }

  async #query<T>(client: ClickHouseClient, statement: Statement, options: ReadOptions): Promise<T[]> {
    const seconds = options.maxExecutionSeconds ?? 30;
    // The store ends the query by itself; ours is for one that does not answer.
    const limit = AbortSignal.timeout(Math.ceil(seconds * 1000) + 5_000);
    const { queryId = randomUUID() } = options;
    try {
      const result = await client.query({
        query: statement.text,
        query_params: statement.params,
        format: "JSONEachRow",
        clickhouse_settings: { max_execution_time: seconds, ...asSettings(options.settings) },
        abort_signal: options.signal ? AbortSignal.any([limit, options.signal]) : limit,
        query_id: queryId,
      });
      return await result.json<T>();
    } catch (error) {
      if (options.signal?.aborted || limit.aborted) void this.#kill(queryId);
      throw readError(error);
    }
  }

  /**
   * Ends a query that nobody waits for any more. That its connection was closed does not: the store
   * looks at it only between reads, which a join or a sort that is under way no longer does.
   */
  async #kill(queryId: string): Promise<void> {
    const { text: query, params: query_params } = systemStatement(sql`KILL QUERY WHERE query_id = ${param.string(queryId)} ASYNC`);
    try {
      for (const waitMs of KILL_AFTER_MS) {
        await delay(waitMs);
        const killed = await this.#need().writer.query({ query, query_params, format: "JSONEachRow", abort_signal: AbortSignal.timeout(5_000) });
        if ((await killed.json()).length > 0) return;
      }
    } catch {
      // It ends by its own limit on time.
    }
  }

  #withinMemory(options: ReadOptions): ReadOptions {
    const asked = options.settings?.max_memory_usage;
    const most = this.#options.maxReadMemoryBytes;
    return typeof asked === "number" && most !== undefined && asked > most ? { ...options, settings: { ...options.settings, max_memory_usage: most } } : options;
  }

  #need(): Clients {
    if (!this.#clients) throw away();
    return this.#clients;
  }

  #client({ url }: Endpoint, { username, password, readonly }: Account, database: string, settings: ClickHouseSettings = this.#settings(readonly)): ClickHouseClient {
    return createClient({
      url,
      username,
      password,
      database,
      max_open_connections: this.#options.maxConnections ?? 16,
      request_timeout: 320_000,
      compression: { request: false, response: false },
      keep_alive: { enabled: true, idle_socket_ttl: 2_000 },
      application: "obs-backend",
      log: { level: ClickHouseLogLevel.OFF },
      clickhouse_settings: settings,
    });
  }

  #sqlClient(endpoint: Endpoint): Clients["sql"] {
    const { database, maxSqlMemoryBytes: memoryBytes = REMOTE_SQL_MEMORY_BYTES } = this.#options;
    if (endpoint.sql) return { client: this.#client(endpoint, endpoint.sql, database, {}), settings: {}, memoryBytes };
    return { client: this.#client(endpoint, endpoint.reader, database), settings: sqlUserSettings(memoryBytes), memoryBytes };
  }

  #settings(readonly = false): ClickHouseSettings {
    return {
      output_format_json_quote_64bit_integers: 1,
      // 2: settings may be sent along, data may not be changed.
      ...(readonly ? { readonly: "2" } : {}),
      ...(this.cluster === undefined ? {} : { distributed_foreground_insert: 1, insert_distributed_sync: 1 }),
    };
  }
}

const away = () => storeUnavailable("the store is away or starting");

const encodingHeader = ({ encoding }: WriteOptions): Pick<ExecParams, "http_headers"> =>
  encoding === undefined ? {} : { http_headers: { "Content-Encoding": encoding } };

const asSettings = (settings: Readonly<Record<string, SettingValue>> = {}): Record<string, string | number> =>
  Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, typeof value === "boolean" ? Number(value) : value]));

/** An insert has no result, but its connection is free only after its empty body was read. */
const drained = async (client: ClickHouseClient, request: ExecParams & { values: Readable }) => {
  const result = await client.exec(request);
  for await (const _ of result.stream);
  return result;
};

const closeClients = async (clients: Clients | undefined): Promise<void> => {
  if (!clients) return;
  await Promise.allSettled([clients.writer, clients.reader, clients.sql.client, clients.schema].map((client) => client.close()));
};
