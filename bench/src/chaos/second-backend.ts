/** A second backend with a store of its own, behind a proxy of its own: the agent's output besides the main one. */

import { mkdirSync } from "node:fs";
import { backendProcess, createApiKey, readStoreRecord, untilReady } from "../system/backend.ts";
import { Restartable } from "../tool/children.ts";
import type { Children } from "../tool/children.ts";
import { freePort } from "../tool/free-port.ts";
import { DelayingProxy } from "./delaying-proxy.ts";
import type { StoreAccess } from "./look-for-numbers.ts";

/** Its name in the agent's configuration. */
const NAME = "second";

export class SecondBackend {
  readonly proxy: DelayingProxy;
  /** What the agent's configuration says of it. */
  readonly output: Readonly<Record<string, unknown>>;
  readonly #backend: Restartable;
  readonly #dataDir: string;

  private constructor(proxy: DelayingProxy, backend: Restartable, dataDir: string, output: Readonly<Record<string, unknown>>) {
    this.proxy = proxy;
    this.output = output;
    this.#backend = backend;
    this.#dataDir = dataDir;
  }

  static async start({ children, dataDir, ackDelayMs, whenFull, signal }: { children: Children; dataDir: string; ackDelayMs: number; whenFull: string; signal: AbortSignal }): Promise<SecondBackend> {
    mkdirSync(dataDir, { recursive: true });
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const backend = new Restartable(children, { ...backendProcess({ dataDir, port }), name: "second-backend" });
    await untilReady(url, backend, signal);
    const proxy = new DelayingProxy(url, ackDelayMs);
    const output = { name: NAME, endpoint: await proxy.listen(), api_key: await createApiKey(dataDir), when_full: whenFull };
    return new SecondBackend(proxy, backend, dataDir, output);
  }

  async storeAccess(): Promise<StoreAccess> {
    const { url, users } = await readStoreRecord(this.#dataDir);
    return { url, user: users.writer.username, password: users.writer.password };
  }

  async stop(): Promise<void> {
    await this.#backend.stop();
    await this.proxy.close();
  }
}
