/**
 * Which life of a store that is not our child we speak to: all backends must agree on it, and it
 * must change when the server starts anew. A table in memory does both: a server begins with it
 * empty, the first backend to see that writes a random id, and the smallest id in it counts.
 */

import type { Store } from "../core/store.ts";
import { param, sql, systemStatement } from "../sql/sql.ts";

export interface BootIdStore extends Pick<Store, "readSystem"> {
  command(ddl: string): Promise<void>;
}

const TABLE_DDL = "CREATE TABLE IF NOT EXISTS obs.store_boot (id UUID) ENGINE = Memory";

const read = async (store: BootIdStore): Promise<string> => {
  const [row] = await store.readSystem<{ id: string; ids: string }>(systemStatement(sql`SELECT toString(min(id)) AS id, count() AS ids FROM obs.store_boot`));
  return Number(row!.ids) === 0 ? "" : row!.id;
};

/**
 * Behind a cluster every node has its own life, and uptimes are what all can be asked for. They
 * come in whole seconds, so the start is rounded to half a minute.
 */
const readCluster = async (store: BootIdStore, cluster: string): Promise<string> => {
  const [row] = await store.readSystem<{ id: string }>(
    systemStatement(
      sql`SELECT lower(hex(sipHash128(arraySort(groupArray((hostName(), intDiv(toUnixTimestamp(now()) - uptime() + 15, 30))))))) AS id FROM clusterAllReplicas(${param.string(cluster)}, system.one)`,
    ),
  );
  return row!.id;
};

export const learnBootId = async (store: BootIdStore, cluster: string | undefined): Promise<string> => {
  if (cluster !== undefined) return readCluster(store, cluster);
  await store.command(TABLE_DDL);
  const known = await read(store);
  if (known !== "") return known;
  await store.command("INSERT INTO obs.store_boot SELECT generateUUIDv4()");
  return read(store);
};
