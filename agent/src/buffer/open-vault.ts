/** The vault of a data folder: found, begun, or refused with one clear line. Nothing is lost by a wrong key. */

import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { AgentError } from "../errors.ts";
import type { Database, Operation } from "./database.ts";
import { EntryCodec } from "./entry-codec.ts";
import { batchKeyIn, META_FORMAT, META_VAULT, rangeOf, rangesOfAll, SEALED_FORMAT } from "./keys.ts";
import { put } from "./operations.ts";
import { createVault, openVault, PLAIN, type Vault } from "./vault.ts";

const FILE = "vault.json";

/** On the disk before anything is sealed with it. */
const writeRecord = async (folder: string, record: string): Promise<void> => {
  const path = join(folder, FILE);
  const file = await open(`${path}.new`, "w", 0o600);
  try {
    await file.writeFile(record);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  const parent = await open(folder, "r");
  await parent.sync().finally(() => parent.close());
};

const vaultRecords = async (database: Pick<Database, "get">, folder: string): Promise<string[]> => {
  const inDatabase = await database.get(META_VAULT);
  const inFile = await readFile(join(folder, FILE), "utf8").catch(() => undefined);
  return [...(inDatabase ? [Buffer.from(inDatabase).toString()] : []), ...(inFile === undefined ? [] : [inFile])];
};

const refuse = (message: string): AgentError => new AgentError("buffer_key", message);

/** The vault that is there already: for readers. undefined when nothing in the folder is encrypted. Throws AgentError(buffer_key). */
export const findVault = async (database: Pick<Database, "get">, folder: string, key: Uint8Array | undefined): Promise<Vault | undefined> => {
  const records = await vaultRecords(database, folder);
  if (records.length === 0) return undefined;
  if (!key) throw refuse(`the buffer in ${folder} is encrypted: name its key (buffer.key_file), or choose another data folder`);
  for (const record of records) {
    const vault = openVault(key, record);
    if (vault) return vault;
  }
  throw refuse(`the key in buffer.key_file is not the one that the buffer in ${folder} is encrypted with: nothing was changed; give back the old key, or choose another data folder`);
};

/**
 * What lies there in the clear is sealed, but for bodies: they stay as they are until they are sent.
 * What is sealed already (LevelDB was repaired and lost its record, or a start was cut off) stays.
 */
const sealWhatIsThere = async (database: Database, vault: Vault, record: string): Promise<void> => {
  const [plain, sealed] = [new EntryCodec(PLAIN), new EntryCodec(vault)];
  const operations: Operation[] = [put(META_VAULT, Buffer.from(record)), put(META_FORMAT, Buffer.from(String(SEALED_FORMAT)))];
  for (const range of (["i", "a", "d"] as const).flatMap(rangesOfAll))
    for await (const [key, value] of database.iterator(range)) {
      const entry = plain.decode(batchKeyIn(key), value);
      if (entry) operations.push(put(key, sealed.encode(entry)));
    }
  for await (const [key, value] of database.iterator(rangeOf("p")))
    if (!sealed.decodePosition(key.slice(2), value)) operations.push(put(key, sealed.encodePosition(key.slice(2), value)));
  await database.batch(operations, { sync: true });
};

export const openFolderVault = async (database: Database, folder: string, key: Uint8Array | undefined): Promise<Vault> => {
  const found = await findVault(database, folder, key);
  if (!key) return PLAIN;
  if (found && (await database.get(META_VAULT))) return found;
  if (found) {
    await sealWhatIsThere(database, found, await readFile(join(folder, FILE), "utf8"));
    return found;
  }
  const { vault, record } = createVault(key);
  await writeRecord(folder, record);
  await sealWhatIsThere(database, vault, record);
  return vault;
};
