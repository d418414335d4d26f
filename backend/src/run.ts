/** A running backend: one per data folder and port, from the first line to a clean end. */

import type { FastifyInstance } from "fastify";
import { type AppOptions, createApp } from "./app.ts";
import type { Config } from "./config.ts";
import { lockDataFolder } from "./start/data-lock.ts";
import { checkPort, portFault } from "./start/port.ts";
import { UserError } from "./start/user-error.ts";

export interface RunningBackend {
  readonly app: FastifyInstance;
  /** Where programs on this machine reach it. */
  readonly url: string;
  /** Where people reach it: OBS_PUBLIC_URL, or `url`. */
  readonly publicUrl: string;
  stop(): Promise<void>;
}

/** Faults of the machine, which the store tells in one line with the remedy. */
const TOLD_BY_STORE = new Set(["EmbeddedStoreUnsupported", "DataFolderInUse"]);

const listen = async (app: FastifyInstance, { host, port, tlsCert }: Config): Promise<string> => {
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw portFault(error, host, port) ?? error;
  }
  const bound = app.server.address() as { address: string; port: number };
  const reachable = bound.address === "0.0.0.0" || bound.address === "::" ? "127.0.0.1" : bound.address;
  return `${tlsCert === undefined ? "http" : "https"}://${reachable.includes(":") ? `[${reachable}]` : reachable}:${bound.port}`;
};

export interface RunOptions extends AppOptions {
  /** Done once folder and port are sure to be ours, before anything is opened. */
  readonly prepare?: () => Promise<void>;
}

/** Throws UserError for what the person who starts it has to change. */
export const runBackend = async ({ prepare, ...options }: RunOptions): Promise<RunningBackend> => {
  const { config } = options;
  const lock = lockDataFolder(config.dataDir);
  try {
    await checkPort(config.host, config.port);
    await prepare?.();
    const app = await createApp(options);
    try {
      const url = await listen(app, config);
      lock.announce(url);
      return {
        app,
        url,
        publicUrl: config.publicUrl?.replace(/\/$/, "") ?? url,
        stop: async () => {
          await app.close();
          lock.release();
        },
      };
    } catch (error) {
      await app.close();
      throw error;
    }
  } catch (error) {
    lock.release();
    throw TOLD_BY_STORE.has((error as Error).name) ? new UserError((error as Error).message) : error;
  }
};
