/**
 * Metadata: tenants, keys, agents, fields of logs, sessions, audit, in SQLite or PostgreSQL. Everything that must
 * survive and is small; rows of logs and metrics are the store's.
 */

import type { Clock, Metadata } from "../core/metadata.ts";
import { createAgentRegistry } from "./agents.ts";
import { createAuditLog } from "./audit.ts";
import { openDatabase } from "./database.ts";
import { createFieldRegistry } from "./fields.ts";
import { createKeyRegistry } from "./keys.ts";
import { createLeaseRegistry } from "./leases.ts";
import { createSessionRegistry } from "./sessions.ts";
import { createTenantRegistry } from "./tenants.ts";
import { sayingUnavailable } from "./unavailable.ts";

export { createPolicyOf } from "./policy-cache.ts";
export { TENANT_DEFAULTS } from "./tenants.ts";

/** `url`: `postgres://...`, or the path of a SQLite file, or `:memory:`. */
export const openMetadata = async (url: string, clock: Clock = Date.now): Promise<Metadata> => {
  const db = await openDatabase(url);
  return {
    tenants: sayingUnavailable(createTenantRegistry(db, clock)),
    keys: sayingUnavailable(createKeyRegistry(db, clock)),
    agents: sayingUnavailable(createAgentRegistry(db, clock)),
    fields: sayingUnavailable(createFieldRegistry(db, clock)),
    sessions: sayingUnavailable(createSessionRegistry(db, clock)),
    audit: sayingUnavailable(createAuditLog(db, clock)),
    leases: sayingUnavailable(createLeaseRegistry(db, clock)),
    close: () => db.destroy(),
  };
};
