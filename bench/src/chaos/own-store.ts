/** A store that outlives the backend: a ClickHouse process of this tool's, behind the proxy that slows inserts down. */

import { mkdirSync } from "node:fs";
import { startTestStore } from "obs-backend/testing";
import type { TestStore } from "obs-backend/testing";
import type { StoreAccess } from "./look-for-numbers.ts";
import { SlowStore } from "./slow-store.ts";

export class OwnStore {
  readonly slow: SlowStore;
  /** What the backend is given as OBS_CLICKHOUSE_URL. */
  readonly backendUrl: string;
  readonly #store: TestStore;

  private constructor(store: TestStore, slow: SlowStore, backendUrl: string) {
    this.#store = store;
    this.slow = slow;
    this.backendUrl = backendUrl;
  }

  static async start(dataDir: string, insertDelayMs: () => number): Promise<OwnStore> {
    mkdirSync(dataDir, { recursive: true });
    const store = await startTestStore({ dataDir });
    const slow = new SlowStore(store.url, insertDelayMs);
    const backendUrl = new URL(await slow.listen());
    backendUrl.username = store.users.writer.username;
    backendUrl.password = store.users.writer.password;
    return new OwnStore(store, slow, backendUrl.href);
  }

  /** Past the slowing proxy. */
  get access(): StoreAccess {
    const { url, users } = this.#store;
    return { url, user: users.writer.username, password: users.writer.password };
  }

  async stop(): Promise<void> {
    this.slow.close();
    await this.#store.stop();
  }
}
