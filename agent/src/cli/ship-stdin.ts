/**
 * `COMMAND | obs-agent`: ships the lines of a pipe, waits until they are stored, and ends.
 *
 * Each run has a data folder of its own under `<data folder>/stdin/`, so that any number of them can
 * run at one time, beside an agent too. A run that is ended before its last acknowledgement leaves
 * its folder behind; the next run sends what is in it.
 */

import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AgentConfig } from "../config/resolve.ts";
import type { Log } from "../core/log.ts";
import { AgentError } from "../errors.ts";
import { createPipeline, type Pipeline } from "../pipeline.ts";
import { openLog, requireConfiguration } from "./configuration.ts";

const QUICK_LINGER_MS = 100;
/** Time of its start, and random digits. */
const RUN_FOLDER = /^\d+-[0-9a-f]{8}$/;

const ended = (): AbortSignal => {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => controller.abort());
  return controller.signal;
};

/** All runs are one agent to the backend; their epochs keep their batches apart. */
const sharedAgentId = async (parent: string): Promise<string> => {
  const path = join(parent, "agent-id");
  await writeFile(path, randomBytes(8).toString("hex"), { flag: "wx", mode: 0o600 }).catch(() => {});
  const id = (await readFile(path, "utf8")).trim();
  // Written at the same moment by another run, or by nobody who knew the form.
  return /^[0-9a-f]{16}$/.test(id) ? id : randomBytes(8).toString("hex");
};

const openRun = (config: AgentConfig, folder: string, log: Log, fresh: { stdinService?: string; newAgentId?: string } = {}): Promise<Pipeline> =>
  createPipeline({
    config: { ...config, dataDir: folder, files: [], syslog: [], http: [], fluent_forward: [], exec: [], host_metrics: { ...config.host_metrics, enabled: false }, admin: { ...config.admin, enabled: false }, batch: { ...config.batch, linger: QUICK_LINGER_MS }, buffer: { ...config.buffer, keep_acknowledged: 0 } },
    log,
    ...fresh,
  });

/** True when everything is settled and the folder is gone. */
const finish = async (pipeline: Pipeline, folder: string, signal: AbortSignal): Promise<boolean> => {
  await pipeline.start();
  await Promise.race([pipeline.finished(signal), new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }))]);
  await pipeline.stop(0);
  const { buffer } = pipeline.status();
  if (buffer.batches > 0) return false;
  if (buffer.deadLetterBatches === 0) await rm(folder, { recursive: true, force: true });
  return true;
};

/** Sends what earlier runs left. Folders of runs that are still under way are locked. */
const adoptLeftovers = async (config: AgentConfig, parent: string, own: string, log: Log, signal: AbortSignal): Promise<void> => {
  for (const name of (await readdir(parent)).filter((found) => RUN_FOLDER.test(found))) {
    const folder = join(parent, name);
    if (folder === own || signal.aborted) continue;
    try {
      await finish(await openRun(config, folder, log), folder, signal);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
    }
  }
};

export const shipStdin = async (): Promise<number> => {
  const config = await requireConfiguration([]);
  const log = openLog({ log: { ...config.log, level: "warn" } });
  const signal = ended();
  const parent = join(config.dataDir, "stdin");
  const folder = join(parent, `${Date.now()}-${randomBytes(4).toString("hex")}`);
  await mkdir(parent, { recursive: true, mode: 0o700 }).catch((error: Error) => {
    throw new AgentError("data_dir_unusable", `cannot create ${parent}: ${error.message}`, { cause: error });
  });
  const pipeline = await openRun(config, folder, log, { stdinService: process.env.OBS_SERVICE || "stdin", newAgentId: await sharedAgentId(parent) });
  const alive = setInterval(() => {}, 2 ** 30);
  const isShipped = await finish(pipeline, folder, signal);
  const { signals, lines, buffer } = pipeline.status();
  if (!isShipped) {
    process.stderr.write(`obs-agent: ended with ${signals.logs.buffered} lines not yet stored; they are kept in ${folder} and sent by the next run\n`);
    return 1;
  }
  await adoptLeftovers(config, parent, folder, log, signal);
  clearInterval(alive);
  const lost = lines.lines - lines.blank - lines.joined - signals.logs.stored;
  process.stderr.write(`shipped ${signals.logs.stored} ${signals.logs.stored === 1 ? "line" : "lines"} to ${config.endpoint}${lost > 0 ? `; ${lost} were refused${buffer.deadLetterBatches > 0 ? ` and are kept in ${folder}` : ""}` : ""}\n`);
  return lost > 0 ? 1 : 0;
};
