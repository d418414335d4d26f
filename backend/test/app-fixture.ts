/** The whole backend in this process, on a real store and a folder of its own, for `inject` tests. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type { FastifyInstance } from "fastify";
import { createApp } from "../src/app.ts";
import { readConfig } from "../src/config.ts";
import type { Scope } from "../src/core/contracts.ts";
import { OPERATOR_TENANT } from "../src/core/metadata.ts";

export interface TestApp {
  readonly app: FastifyInstance;
  readonly dataDir: string;
  /** Everything that was logged so far. */
  log(): string;
  key(scopes: readonly Scope[], tenant?: string): Promise<{ id: string; secret: string; headers: { authorization: string } }>;
  stop(): Promise<void>;
}

export const startTestApp = async (environment: Record<string, string> = {}): Promise<TestApp> => {
  const dataDir = mkdtempSync(join(tmpdir(), "obs-app-"));
  const logStream = new PassThrough();
  let logged = "";
  logStream.on("data", (chunk: Buffer) => (logged += chunk.toString()));
  const config = readConfig({ OBS_DATA_DIR: dataDir, OBS_PORT: "0", OBS_LOG_LEVEL: "debug", OBS_STORE_MEMORY: "1GB", ...environment });
  const app = await createApp({ config, logStream });
  return {
    app,
    dataDir,
    log: () => logged,
    async key(scopes, tenant = OPERATOR_TENANT) {
      const { id, secret } = await app.backend.issueKey({ tenant, name: `test ${scopes.join()}`, scopes });
      return { id, secret, headers: { authorization: `Bearer ${secret}` } };
    },
    async stop() {
      await app.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
};
