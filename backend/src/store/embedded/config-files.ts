/**
 * What ClickHouse reads at start: config.xml, users.xml, the keep-alive query. Written anew, mode
 * 0600, at every start of the backend, with new random passwords.
 *
 * Four users:
 * - `default` runs the keep-alive session inside the process, so it can have neither password nor
 *   address limit. Its grants are cut to what that session needs: start the listeners, read
 *   `system.numbers`. Any other local user who connects is `default` and can `select 1`.
 * - `writer` does everything; `reader` reads the database `obs` and can change no data.
 * - `sql` runs what people wrote: see ../sql-user.ts.
 */

import { createHash, randomBytes } from "node:crypto";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SQL_USER, sqlUserXml } from "../sql-user.ts";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface StoreUsers {
  readonly writer: Credentials;
  readonly reader: Credentials;
  readonly sql: Credentials;
}

export interface ClusterNode {
  readonly host: string;
  readonly tcpPort: number;
  readonly user: Credentials;
}

export interface ServerSettings {
  readonly dataDir: string;
  readonly memoryBytes: number;
  readonly users: StoreUsers;
  /** One list of replicas per shard; the embedded store has one replica each. */
  readonly cluster?: { readonly name: string; readonly shards: readonly ClusterNode[] } | undefined;
}

export interface ConfigFiles {
  readonly config: string;
  readonly keepAlive: string;
}

const MEBIBYTE = 1024 * 1024;

export const randomUsers = (): StoreUsers => ({
  writer: { username: "obs_writer", password: randomBytes(24).toString("base64url") },
  reader: { username: "obs_reader", password: randomBytes(24).toString("base64url") },
  sql: { username: SQL_USER, password: randomBytes(24).toString("base64url") },
});

const xml = (text: string): string => text.replace(/[<>&"']/g, (c) => `&#${c.charCodeAt(0)};`);
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/**
 * One row per second for ever. `sleepEachRow` in blocks of one row; reading stdin instead would
 * need a grant that lets every local user read files as this one.
 */
const keepAliveQuery = (tcp: boolean): string =>
  `SYSTEM START LISTEN HTTP;\n${tcp ? "SYSTEM START LISTEN TCP;\n" : ""}` +
  "SELECT sleepEachRow(1) FROM system.numbers SETTINGS max_block_size = 1, max_threads = 1, max_execution_time = 0, " +
  "function_sleep_max_microseconds_per_block = 0 FORMAT Null;\n";

const shardXml = ({ host, tcpPort, user }: ClusterNode): string =>
  `<shard><internal_replication>true</internal_replication><replica><host>${xml(host)}</host><port>${tcpPort}</port>` +
  `<user>${xml(user.username)}</user><password>${xml(user.password)}</password></replica></shard>`;

const remoteServers = ({ name, shards }: NonNullable<ServerSettings["cluster"]>): string =>
  `<remote_servers><${name}>${shards.map(shardXml).join("")}</${name}></remote_servers>`;

const configXml = (settings: ServerSettings, usersPath: string): string => {
  const { dataDir, memoryBytes, cluster } = settings;
  const cacheBytes = Math.floor(Math.min(memoryBytes / 8, 256 * MEBIBYTE));
  return `<clickhouse>
  <logger><level>warning</level><log>${xml(join(dataDir, "log", "store.log"))}</log><errorlog>${xml(join(dataDir, "log", "store.error.log"))}</errorlog><size>20M</size><count>3</count></logger>
  <timezone>UTC</timezone>
  <max_server_memory_usage>${memoryBytes}</max_server_memory_usage>
  <mark_cache_size>${cacheBytes}</mark_cache_size>
  <index_mark_cache_size>${Math.floor(cacheBytes / 4)}</index_mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_merges_mutations_concurrency_ratio>2</background_merges_mutations_concurrency_ratio>
  <background_schedule_pool_size>8</background_schedule_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_message_broker_schedule_pool_size>1</background_message_broker_schedule_pool_size>
  <background_distributed_schedule_pool_size>2</background_distributed_schedule_pool_size>
  <max_concurrent_queries>64</max_concurrent_queries>
  <max_partition_size_to_drop>0</max_partition_size_to_drop>
  <max_table_size_to_drop>0</max_table_size_to_drop>
  <merge_tree>
    <number_of_free_entries_in_pool_to_execute_mutation>2</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>2</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>2</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
  <backups><allowed_path>${xml(join(dataDir, "backups"))}/</allowed_path></backups>
  ${cluster ? remoteServers(cluster) : ""}
  <users_config>${xml(usersPath)}</users_config>
  <user_directories><users_xml><path>${xml(usersPath)}</path></users_xml></user_directories>
</clickhouse>
`;
};

const secret = ({ password }: Credentials): string => `<password_sha256_hex>${sha256(password)}</password_sha256_hex>`;

/** What one query may take of the store's memory. */
export const readerMemoryBytes = (memoryBytes: number): number => Math.floor(memoryBytes * 0.6);

/** What one statement of people may take of it. */
export const sqlMemoryBytes = (memoryBytes: number): number => Math.floor(memoryBytes * 0.4);

const usersXml = ({ users, memoryBytes }: ServerSettings): string => {
  const loopback = "<networks><ip>127.0.0.1</ip></networks>";
  const readerMemory = readerMemoryBytes(memoryBytes);
  const sqlUser = sqlUserXml("obs", sqlMemoryBytes(memoryBytes), `${secret(users.sql)}${loopback}`);
  return `<clickhouse>
  <profiles>
    <default><log_queries>0</log_queries></default>
    <anybody>
      <max_concurrent_queries_for_user>4</max_concurrent_queries_for_user>
      <max_memory_usage>${32 * MEBIBYTE}</max_memory_usage>
      <constraints><max_memory_usage><readonly/></max_memory_usage><max_concurrent_queries_for_user><readonly/></max_concurrent_queries_for_user></constraints>
    </anybody>
    <writer><async_insert>0</async_insert></writer>
    <reader>
      <readonly>2</readonly>
      <max_execution_time>30</max_execution_time>
      <max_memory_usage>${readerMemory}</max_memory_usage>
      <max_result_bytes>268435456</max_result_bytes>
      <constraints>
        <max_execution_time><min>0.001</min><max>300</max></max_execution_time>
        <max_memory_usage><max>${readerMemory}</max></max_memory_usage>
        <max_result_bytes><max>268435456</max></max_result_bytes>
      </constraints>
    </reader>
    ${sqlUser.profile}
  </profiles>
  <quotas><default><interval><duration>3600</duration><queries>0</queries></interval></default></quotas>
  <users>
    <default><password></password>${loopback}<profile>anybody</profile><quota>default</quota><grants><query>GRANT SYSTEM LISTEN ON *.*</query><query>GRANT SELECT ON system.numbers</query></grants></default>
    <${users.writer.username}>${secret(users.writer)}${loopback}<profile>writer</profile><quota>default</quota></${users.writer.username}>
    <${users.reader.username}>${secret(users.reader)}${loopback}<profile>reader</profile><quota>default</quota><grants><query>GRANT SELECT ON obs.*</query></grants></${users.reader.username}>
    ${sqlUser.user}
  </users>
</clickhouse>
`;
};

/** Writes the files below `dataDir`, which becomes a folder that only its owner can enter. */
export const writeConfigFiles = async (settings: ServerSettings, listenTcp: boolean): Promise<ConfigFiles> => {
  const folder = join(settings.dataDir, "config");
  for (const path of [settings.dataDir, folder, join(settings.dataDir, "log")]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chmod(path, 0o700);
  }
  const files = { config: join(folder, "config.xml"), users: join(folder, "users.xml"), keepAlive: join(folder, "keep-alive.sql") };
  await writePrivate(files.users, usersXml(settings));
  await writePrivate(files.config, configXml(settings, files.users));
  await writePrivate(files.keepAlive, keepAliveQuery(listenTcp));
  return { config: files.config, keepAlive: files.keepAlive };
};

/** Mode 0600 also when the file was there with another mode. */
export const writePrivate = async (path: string, text: string): Promise<void> => {
  await writeFile(path, text, { mode: 0o600 });
  await chmod(path, 0o600);
};
