/** `obs-agent run`: until a signal ends it. */

import { modulesOf } from "../config/load-plugins.ts";
import { createPipeline } from "../pipeline.ts";
import { systemClock } from "../core/clock.ts";
import { collectAtRest, v8Heap } from "../core/heap-at-rest.ts";
import { VERSION } from "../core/version.ts";
import { configPathsOf, openLog, requireConfiguration } from "./configuration.ts";
import { listOf, type Invocation } from "./definition.ts";
import { Reloader } from "./reload.ts";
import { watchFiles } from "./watch-files.ts";

/** For acknowledgements of what is under way; the rest is sent by the next start. */
const DRAIN_MS = 3_000;

const signalled = (): Promise<NodeJS.Signals> =>
  new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve(signal));
  });

export const run = async (invocation: Invocation): Promise<number> => {
  const paths = listOf(invocation, "config");
  const stop = signalled();
  // Before anything is read: a change during the start is seen, and SIGHUP does not end the agent.
  let wanted: string | undefined;
  let reload = (why: string): void => void (wanted = why);
  process.on("SIGHUP", () => reload("SIGHUP"));
  const running: { reloader?: Reloader } = {};
  const moduleFiles = (): string[] => (running.reloader ? modulesOf(running.reloader.config) : []);
  const unwatch = watchFiles(() => [...configPathsOf(paths), ...moduleFiles()], () => reload("a changed file"));
  const config = await requireConfiguration(paths);
  const log = openLog(config);
  const pipeline = await createPipeline({ config, log, recentLog: () => log.recent() });
  // Timers of the pipeline hold no process alive: this one does, until a signal comes.
  const alive = setInterval(() => {}, 2 ** 30);
  await pipeline.start();
  const stopCollecting = collectAtRest(systemClock, v8Heap());
  const reloader = (running.reloader = new Reloader({ paths, config, pipeline, log }));
  reload = (why) => void reloader.reload(why);
  if (wanted !== undefined) reload(wanted);
  log.info("obs-agent has started", { version: VERSION, endpoint: config.endpoint, dataDir: config.dataDir, host: config.host, admin: pipeline.adminUrl ?? "off" });
  const signal = await stop;
  log.info("obs-agent is stopping", { signal });
  // A second signal ends it at once: what is durable stays.
  for (const again of ["SIGINT", "SIGTERM"] as const) process.once(again, () => process.exit(1));
  unwatch();
  stopCollecting();
  await reloader.stop(DRAIN_MS);
  clearInterval(alive);
  return 0;
};
