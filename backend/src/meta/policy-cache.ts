/** Policies are asked for with every batch and change seldom: what was read is good for seconds. */

import type { TenantPolicy } from "../core/contracts.ts";
import type { Clock, PolicyOf, TenantRegistry } from "../core/metadata.ts";

const CACHE_MS = 5_000;

/** One tenant's policy at most `CACHE_MS` old. Unknown tenants are not remembered. */
export const createPolicyOf = (tenants: Pick<TenantRegistry, "policy">, clock: Clock = Date.now): PolicyOf => {
  const cache = new Map<string, { policy: Promise<TenantPolicy | undefined>; until: number }>();
  return (tenant) => {
    const now = clock();
    const known = cache.get(tenant);
    if (known && known.until > now) return known.policy;
    const policy = tenants.policy(tenant);
    cache.set(tenant, { policy, until: now + CACHE_MS });
    const forget = (): void => void cache.delete(tenant);
    policy.then((found) => found ?? forget(), forget);
    return policy;
  };
};
