/**
 * `npm start`: the whole of obs on this machine, for somebody who sees it for the first time.
 * Dashboard, store, backend, an agent for this host, and a page of what to do next.
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hashSecret } from "./auth/index.ts";
import type { Config } from "./config.ts";
import { OPERATOR_TENANT } from "./core/metadata.ts";
import { type RunningBackend, runBackend } from "./run.ts";
import { buildDashboard, dashboardIsStale } from "./start/dashboard-build.ts";
import { startLocalAgent } from "./start/local-agent.ts";
import { localKey } from "./start/local-key.ts";
import { plainLog } from "./start/plain-log.ts";
import { createProgress, type Progress } from "./start/progress.ts";
import { writeSecretFile } from "./start/secret-file.ts";

const WEB_DIR = fileURLToPath(new URL("../web", import.meta.url));

export interface Terminal {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { isTTY?: boolean; write(text: string): unknown };
}

/** A page that does not build must not keep logs from being collected. */
const prepareDashboard = async (progress: Progress, { stderr }: Terminal): Promise<void> => {
  if (!dashboardIsStale(WEB_DIR)) return;
  try {
    await progress.step("dashboard (Vite build)", () => buildDashboard(WEB_DIR));
  } catch (error) {
    stderr.write(`obs: the dashboard could not be built, the API works without it: ${(error as Error).message}\n`);
  }
};

/** A home that cannot be written to costs `npx obs-agent` its defaults, and nothing else. */
const tellOtherPrograms = ({ localFile }: Config, endpoint: string, apiKey: string, { stderr }: Terminal): void => {
  try {
    writeSecretFile(localFile, JSON.stringify({ endpoint, apiKey }));
  } catch (error) {
    stderr.write(`obs: ${localFile} cannot be written (${(error as Error).message}): give \`npx obs-agent\` OBS_ENDPOINT and OBS_API_KEY\n`);
  }
};

const summary = ({ url, publicUrl }: RunningBackend, { dataDir }: Config, apiKey: string, token: string): string => `
obs is running.

  Dashboard   ${publicUrl}
  Sign in     ${publicUrl}/signin?token=${token}
              (works once, for 10 minutes; another one: npx obs-backend signin)
  API key     ${apiKey}
  Endpoint    ${url}
  Data        ${dataDir}   (start over: npm start -- --reset)

  Send a line   echo hello | npx obs-agent
  Find it       curl -s ${url}/api/v1/logs/search -H "Authorization: Bearer ${apiKey}" \\
                  -H "Content-Type: application/json" -d '{"query":"hello"}'
  Stop          ctrl-c

`;

export interface StartedObs {
  readonly url: string;
  stop(): Promise<void>;
}

export const start = async (config: Config, terminal: Terminal): Promise<StartedObs> => {
  const progress = createProgress(terminal.stderr);
  const prepare = (): Promise<void> => prepareDashboard(progress, terminal);
  const backend = await runBackend({ config, prepare, logStream: plainLog(terminal.stderr), step: progress.step });
  try {
    const { metadata, issueKey, signIn } = backend.app.backend;
    const apiKey = await localKey({ dataDir: config.dataDir, metadata, issueKey, hashSecret });
    tellOtherPrograms(config, backend.url, apiKey, terminal);
    const warn = (message: string): void => void terminal.stderr.write(`agent: ${message}\n`);
    const agent = config.localAgent ? startLocalAgent({ endpoint: backend.url, apiKey, dataDir: join(config.dataDir, "agent"), warn }) : undefined;
    terminal.stdout.write(summary(backend, config, apiKey, await signIn.createToken(OPERATOR_TENANT)));
    return {
      url: backend.url,
      stop: () =>
        progress.step("stopping", async () => {
          // The agent first: what it has read still gets through.
          await agent?.stop();
          await backend.stop();
        }),
    };
  } catch (error) {
    await backend.stop();
    throw error;
  }
};
