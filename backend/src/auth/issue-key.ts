/** Making a key: its secret is shown once, its hash is kept. */

import type { IssueKey } from "../core/access.ts";
import type { KeyRegistry } from "../core/metadata.ts";
import { hashSecret, newApiKey } from "./secrets.ts";

export const createIssueKey =
  (keys: KeyRegistry): IssueKey =>
  async ({ tenant, name, scopes }) => {
    const secret = newApiKey(scopes);
    const { id } = await keys.create({ tenant, name, scopes, hash: hashSecret(secret) });
    return { id, secret };
  };
