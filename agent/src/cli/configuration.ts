/** From command line and environment to the configuration that an agent runs with. */

import { existsSync } from "node:fs";
import { formatConfigError, loadConfig, type ConfigError } from "../config/load.ts";
import { dataDirOf, resolveConfig, type AgentConfig } from "../config/resolve.ts";
import type { ConfigFile } from "../config/schema.ts";
import { createLog, type Log } from "../core/log.ts";
import { AgentError } from "../errors.ts";

const USUAL_PATHS = ["/etc/obs-agent/config.yaml", "/etc/obs-agent/conf.d"];

const pathsOf = (given: readonly string[]): readonly string[] => (given.length > 0 ? given : USUAL_PATHS.filter((path) => existsSync(path)));

/** The data folder, as far as it can be known: faults elsewhere in the configuration do not matter. */
export const findDataDir = async (given: readonly string[]): Promise<string> => {
  const file = await loadConfig(pathsOf(given), process.env);
  return dataDirOf("config" in file ? file.config : {}, process.env);
};

/** Files, environment and defaults; with every error there is. */
export const readConfiguration = async (given: readonly string[]): Promise<{ readonly config: AgentConfig } | { readonly errors: readonly ConfigError[] }> => {
  const file = await loadConfig(pathsOf(given), process.env);
  return "errors" in file ? file : resolveConfig(file.config, process.env);
};

/** Throws AgentError(config_invalid) that lists all errors. */
export const requireConfiguration = async (given: readonly string[]): Promise<AgentConfig> => {
  const result = await readConfiguration(given);
  if ("config" in result) return result.config;
  const lines = result.errors.map(formatConfigError);
  throw new AgentError("config_invalid", lines.length === 1 ? lines[0]! : `the configuration has ${lines.length} errors:\n  ${lines.join("\n  ")}`);
};

export const openLog = ({ log: { level, format } }: Pick<ConfigFile, "log">): Log =>
  createLog({
    level,
    format: format === "auto" ? (process.stderr.isTTY ? "text" : "json") : format,
    write: (line) => void process.stderr.write(line),
  });
