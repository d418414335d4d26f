/** `obs-agent run`: until a signal ends it. */

import { createPipeline } from "../pipeline.ts";
import { VERSION } from "../core/version.ts";
import { openLog, requireConfiguration } from "./configuration.ts";

/** For acknowledgements of what is under way; the rest is sent by the next start. */
const DRAIN_MS = 3_000;

const signalled = (): Promise<NodeJS.Signals> =>
  new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, resolve);
  });

export const run = async (configPaths: readonly string[]): Promise<number> => {
  const config = await requireConfiguration(configPaths);
  const log = openLog(config);
  const stop = signalled();
  // Reloading is not there yet; SIGHUP's default would end the agent.
  process.on("SIGHUP", () => log.warn("the configuration is read at start only: restart the agent to change it"));
  const pipeline = await createPipeline({ config, log });
  // Timers of the pipeline hold no process alive: this one does, until a signal comes.
  const alive = setInterval(() => {}, 2 ** 30);
  await pipeline.start();
  log.info("obs-agent has started", { version: VERSION, endpoint: config.endpoint, dataDir: config.dataDir, host: config.host, admin: pipeline.adminUrl ?? "off" });
  const signal = await stop;
  log.info("obs-agent is stopping", { signal });
  // A second signal ends it at once: what is durable stays.
  for (const again of ["SIGINT", "SIGTERM"] as const) process.once(again, () => process.exit(1));
  await pipeline.stop(DRAIN_MS);
  clearInterval(alive);
  return 0;
};
