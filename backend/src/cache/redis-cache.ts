/**
 * Answers in a Redis that several backends share. A cache that is away or slow is as good as none:
 * nothing waits for it longer than `PATIENCE_MS`, and nothing fails because of it.
 */

import { createClient } from "@redis/client";
import type { Log } from "../core/log.ts";
import type { ResultCache } from "../core/result-cache.ts";

/** Less than the cheapest statement takes on a loaded store. */
const PATIENCE_MS = 50;
const PREFIX = "obs:answer:";
const RECONNECT_MS = { first: 100, most: 5_000 };

/** Connects in the background. `redis://[user:password@]host:6379[/n]`, `rediss://` for TLS. */
export const createRedisCache = (url: string, log: Pick<Log, "warn">): ResultCache => {
  const client = createClient({
    url,
    commandsQueueMaxLength: 10_000,
    // Without a connection a command fails at once.
    disableOfflineQueue: true,
    socket: { connectTimeout: 5_000, reconnectStrategy: (retries) => Math.min(RECONNECT_MS.most, RECONNECT_MS.first * 2 ** Math.min(retries, 10)) },
  });
  let told = "";
  client.on("error", (error: Error) => {
    if (error.message !== told) log.warn(`the query cache is away, queries go to the store: ${error.message}`);
    told = error.message;
  });
  client.on("ready", () => (told = ""));
  const connecting = client.connect().catch(() => undefined);

  return {
    async get(key) {
      return (await soon(client.get(PREFIX + key))) ?? undefined;
    },
    async set(key, text, lifetimeMs) {
      await soon(client.set(PREFIX + key, text, { expiration: { type: "PX", value: Math.ceil(lifetimeMs) } }));
    },
    async close() {
      client.destroy();
      await connecting;
    },
  };
};

/** undefined when it fails or takes too long. */
const soon = async <T>(work: Promise<T>): Promise<T | undefined> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, undefined);
  });
  try {
    return await Promise.race([work, late]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
};
