/**
 * The API key of this machine: the same one at every start.
 *
 * Its secret is kept in the data folder (mode 0600), because the database has only hashes. A file
 * that is lost or that belongs to another database makes a new key, and the old one is revoked.
 */

import { join } from "node:path";
import type { IssueKey } from "../core/access.ts";
import { type Metadata, OPERATOR_TENANT } from "../core/metadata.ts";
import { readSecretFile, writeSecretFile } from "./secret-file.ts";

const NAME = "this machine (npm start)";

export interface LocalKeyOptions {
  readonly dataDir: string;
  readonly metadata: Metadata;
  readonly issueKey: IssueKey;
  readonly hashSecret: (secret: string) => string;
}

export const localKey = async ({ dataDir, metadata, issueKey, hashSecret }: LocalKeyOptions): Promise<string> => {
  const path = join(dataDir, "api-key");
  const kept = readSecretFile(path);
  const known = kept === undefined ? undefined : await metadata.keys.findByHash(hashSecret(kept));
  if (kept !== undefined && known !== undefined && known.revokedAt === null) return kept;
  for (const { id, name, revokedAt } of await metadata.keys.list(OPERATOR_TENANT))
    if (name === NAME && revokedAt === null) await metadata.keys.revoke(OPERATOR_TENANT, id);
  // Ingest and query: all that this machine's agent, its user's `curl` and the examples need.
  const { secret } = await issueKey({ tenant: OPERATOR_TENANT, name: NAME, scopes: ["ingest", "query"] });
  writeSecretFile(path, secret);
  return secret;
};
