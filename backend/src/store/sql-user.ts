/**
 * The user that runs SQL which people wrote: the second wall, should the compiler of query/sql ever
 * let something through. It can change neither data nor settings, reads only the tables below, and
 * sees of each only the rows of one tenant: the one that the id of the query begins with, which no
 * text of a query can change. What holds and what does not: docs/decisions/0050-sql-for-people.md.
 */

import { randomUUID } from "node:crypto";
import type { SettingValue, SqlReadOptions } from "../core/store.ts";

export const SQL_USER = "obs_sql";

/** Each has a policy; what is not here is not granted. */
export const SQL_USER_TABLES = ["logs", "samples", "series", "spans"] as const;

const GIGABYTE = 1_000_000_000;
const MAX_SECONDS = 30;
const MAX_ROWS = 2_000_000_000;
/** Of one statement on a server that is not ours. */
export const REMOTE_SQL_MEMORY_BYTES = 4 * 1024 ** 3;

/** Limits of one statement, and how its answer is written. `memoryBytes` is what it may take. */
export const sqlUserSettings = (memoryBytes: number): Readonly<Record<string, SettingValue>> => ({
  readonly: 1,
  max_execution_time: MAX_SECONDS,
  max_memory_usage: memoryBytes,
  max_rows_to_read: MAX_ROWS,
  max_bytes_to_read: 200 * GIGABYTE,
  max_result_rows: 1_000_001,
  max_result_bytes: GIGABYTE,
  max_concurrent_queries_for_user: 32,
  max_query_size: 1_048_576,
  cancel_http_readonly_queries_on_client_close: 1,
  // An outer join leaves NULL where there is no row, as standard SQL says.
  join_use_nulls: 1,
  // Values that have no type in common are a mistake, and said to be one.
  use_variant_as_common_type: 0,
  date_time_output_format: "iso",
  output_format_json_quote_64bit_integers: 1,
  output_format_json_quote_denormals: 1,
  format_csv_null_representation: "",
});

/** What a statement may narrow, and nothing else: 0 would be "no limit". */
const narrowable = (memoryBytes: number): Readonly<Record<string, readonly [min: number, max: number]>> => ({
  max_execution_time: [0.001, MAX_SECONDS],
  max_memory_usage: [1, memoryBytes],
  max_rows_to_read: [1, MAX_ROWS],
});

/** Limits as settings, none wider than the user may have. */
export const narrowed = ({ seconds, memoryBytes, rows }: NonNullable<SqlReadOptions["limits"]> = {}, maxMemoryBytes: number): Readonly<Record<string, number>> => ({
  ...(seconds !== undefined && { max_execution_time: Math.min(Math.max(seconds, 0.001), MAX_SECONDS) }),
  ...(memoryBytes !== undefined && { max_memory_usage: Math.min(memoryBytes, maxMemoryBytes) }),
  ...(rows !== undefined && { max_rows_to_read: Math.min(rows, MAX_ROWS) }),
});

/** The policy of every table; `initialQueryID` is the same on every shard. */
const POLICY = "tenant = unhex(substringIndex(initialQueryID(), '.', 1))";

/** An id that shows the tenant's rows to the query which has it. */
export const sqlQueryId = (tenant: string): string => `${Buffer.from(tenant).toString("hex")}.${randomUUID()}`;

const lines = (...parts: string[]): string => parts.join("\n    ");

/** Pieces of users.xml: a profile and a user, whose `credentials` are XML too. */
export const sqlUserXml = (database: string, memoryBytes: number, credentials: string): { profile: string; user: string } => {
  const settings = Object.entries(sqlUserSettings(memoryBytes)).map(([name, value]) => `<${name}>${value}</${name}>`);
  const constraints = Object.entries(narrowable(memoryBytes)).map(([name, [min, max]]) => `<${name}><min>${min}</min><max>${max}</max><changeable_in_readonly/></${name}>`);
  // On a cluster the rows of this node are read as `logs_local`.
  const tables = SQL_USER_TABLES.flatMap((table) => [table, `${table}_local`]);
  const grants = tables.map((table) => `<query>GRANT SELECT ON ${database}.${table}</query>`);
  const policies = tables.map((table) => `<${table}><filter>${POLICY}</filter></${table}>`);
  return {
    profile: lines(`<${SQL_USER}>`, ...settings, "<constraints>", ...constraints, "</constraints>", `</${SQL_USER}>`),
    user: lines(`<${SQL_USER}>`, credentials, `<profile>${SQL_USER}</profile>`, "<quota>default</quota>", "<grants>", ...grants, "</grants>", `<databases><${database}>`, ...policies, `</${database}></databases>`, `</${SQL_USER}>`),
  };
};

/** For `users.d` of a server that is not ours, which knows the password from its environment. */
export const sqlUserConfig = (): string => {
  const { profile, user } = sqlUserXml("obs", REMOTE_SQL_MEMORY_BYTES, '<password from_env="OBS_CLICKHOUSE_SQL_PASSWORD"/><networks><ip>::/0</ip></networks>');
  return `<clickhouse>
  <!-- Every node of a cluster needs this file: the user of SQL that people write, see backend/docs/decisions/0050-sql-for-people.md -->
  <profiles>${profile}</profiles>
  <users>${user}</users>
</clickhouse>
`;
};
