/** Answers told again: in memory, or in a Redis that several backends share. */

import type { Log } from "../core/log.ts";
import type { ResultCache } from "../core/result-cache.ts";
import { MemoryCache } from "./memory-cache.ts";
import { createRedisCache } from "./redis-cache.ts";

export { createCachedStore } from "./cached-store.ts";

export const createResultCache = ({ url, maxBytes, log }: { readonly url: string | undefined; readonly maxBytes: number; readonly log: Log }): ResultCache =>
  url === undefined ? new MemoryCache(maxBytes) : createRedisCache(url, log);
