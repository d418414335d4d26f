/**
 * Loads the configuration anew while the agent runs. The new one is read and checked whole before
 * the old one is touched; one with errors is refused, and the old one goes on.
 *
 * Most of it changes inside the running pipeline (pipeline.ts, `reload`). Another data folder,
 * another budget or another set of outputs is another buffer: the pipeline is stopped and made anew, which is a restart without
 * another process. Positions are in the buffer, so files go on where they were either way.
 */

import { formatConfigError } from "../config/load.ts";
import type { AgentConfig } from "../config/resolve.ts";
import type { AgentLog } from "../core/log.ts";
import { createPipeline, type Pipeline } from "../pipeline.ts";
import { logOptions, readConfiguration } from "./configuration.ts";

export interface ReloaderOptions {
  readonly paths: readonly string[];
  readonly config: AgentConfig;
  readonly pipeline: Pipeline;
  readonly log: AgentLog;
}

const DRAIN_MS = 3_000;

const bufferOf = ({ dataDir, buffer, bufferKey, outputs }: AgentConfig): string => JSON.stringify([dataDir, buffer, bufferKey, outputs.map(({ name, whenFull }) => [name, whenFull])]);

const isSameBuffer = (one: AgentConfig, other: AgentConfig): boolean => bufferOf(one) === bufferOf(other);

export class Reloader {
  readonly #options: ReloaderOptions;
  #config: AgentConfig;
  #pipeline: Pipeline;
  #turn: Promise<void> = Promise.resolve();
  #waiting = false;
  #stopped = false;

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#pipeline = options.pipeline;
  }

  /** The configuration in force. */
  get config(): AgentConfig {
    return this.#config;
  }

  /** One at a time; what is asked for while one waits to begin is the same wish. */
  reload(why: string): Promise<void> {
    if (this.#waiting) return this.#turn;
    this.#waiting = true;
    this.#turn = this.#turn.then(() => this.#reload(why)).catch((error: unknown) => this.#options.log.error("the new configuration cannot be used: the old one goes on", { error }));
    return this.#turn;
  }

  async stop(drainMs: number): Promise<void> {
    this.#stopped = true;
    // A reload that waits for a full disk must not hold up the end: what is durable is kept.
    await Promise.race([this.#turn, new Promise((resolve) => setTimeout(resolve, drainMs).unref())]);
    await this.#pipeline.stop(drainMs);
  }

  async #reload(why: string): Promise<void> {
    const { log, paths } = this.#options;
    this.#waiting = false;
    if (this.#stopped) return;
    const result = await readConfiguration(paths);
    if ("errors" in result) {
      log.error("the new configuration is refused: the old one goes on", { why, errors: result.errors.map(formatConfigError) });
      return;
    }
    const { config } = result;
    if (JSON.stringify(config) === JSON.stringify(this.#config)) return log.info("the configuration has not changed", { why });
    const old = this.#config;
    if (isSameBuffer(old, config)) {
      const sources = await this.#pipeline.reload(config);
      log.info("the configuration was loaded anew", { why, sources });
    } else {
      await this.#restart(config);
      log.info("the configuration was loaded anew, with another buffer", { why, dataDir: config.dataDir });
    }
    this.#config = config;
    log.configure(logOptions(config));
  }

  async #restart(config: AgentConfig): Promise<void> {
    await this.#pipeline.stop(DRAIN_MS);
    try {
      this.#pipeline = await this.#open(config);
    } catch (error) {
      this.#pipeline = await this.#open(this.#config);
      throw error;
    }
  }

  async #open(config: AgentConfig): Promise<Pipeline> {
    const { log } = this.#options;
    const pipeline = await createPipeline({ config, log, recentLog: () => log.recent() });
    try {
      await pipeline.start();
    } catch (error) {
      await pipeline.stop(0);
      throw error;
    }
    return pipeline;
  }
}
