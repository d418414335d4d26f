/** From command line and environment to the configuration that an agent runs with. */

import { existsSync } from "node:fs";
import { withCustomParsers } from "../config/load-plugins.ts";
import { formatConfigError, loadConfig, type ConfigError } from "../config/load.ts";
import { dataDirOf, readBufferKey, resolveConfig, type AgentConfig } from "../config/resolve.ts";
import type { ConfigFile } from "../config/schema.ts";
import { AgentLog, type LogOptions } from "../core/log.ts";
import { AgentError } from "../errors.ts";

const USUAL_PATHS = ["/etc/obs-agent/config.yaml", "/etc/obs-agent/conf.d"];

/** What is read: what was given, else what is there. */
export const configPathsOf = (given: readonly string[]): readonly string[] => (given.length > 0 ? given : USUAL_PATHS.filter((path) => existsSync(path)));

/** The data folder, as far as it can be known: faults elsewhere in the configuration do not matter. */
export const findDataDir = async (given: readonly string[]): Promise<string> => {
  const file = await loadConfig(configPathsOf(given), process.env);
  return dataDirOf("config" in file ? file.config : {}, process.env);
};

/** The data folder, and the key of its buffer. Throws AgentError(config_invalid) when the key cannot be read. */
export const findBuffer = async (given: readonly string[]): Promise<{ readonly folder: string; readonly key: Uint8Array | undefined }> => {
  const file = await loadConfig(configPathsOf(given), process.env);
  const errors: ConfigError[] = [];
  const key = "config" in file ? await readBufferKey(file.config.buffer.key_file, errors) : undefined;
  if (errors.length > 0) throw new AgentError("config_invalid", errors.map(formatConfigError).join("\n"));
  return { folder: await findDataDir(given), key };
};

/** Files, environment and defaults; with every error there is. */
export const readConfiguration = async (given: readonly string[]): Promise<{ readonly config: AgentConfig } | { readonly errors: readonly ConfigError[] }> => {
  const file = await loadConfig(configPathsOf(given), process.env);
  const resolved = await resolveConfig("config" in file ? file.config : file.usable, process.env);
  const located = "errors" in resolved ? resolved.errors.map((error) => ({ ...error, where: file.locate(error.path) || error.where })) : [];
  if ("errors" in file) return { errors: [...file.errors, ...located.filter(({ path }) => !file.suspects.has(path.split(".")[0]!))] };
  return "errors" in resolved ? { errors: located } : resolved;
};

const requireValid = <T>(result: { readonly config: T } | { readonly errors: readonly ConfigError[] }): T => {
  if ("config" in result) return result.config;
  const lines = result.errors.map(formatConfigError);
  throw new AgentError("config_invalid", lines.length === 1 ? lines[0]! : `the configuration has ${lines.length} errors:\n  ${lines.join("\n  ")}`);
};

/** Throws AgentError(config_invalid) that lists all errors. */
export const requireConfiguration = async (given: readonly string[]): Promise<AgentConfig> => requireValid(await readConfiguration(given));

/** Files alone, for what needs no backend. Throws AgentError(config_invalid) that lists all errors. */
export const requireFile = async (given: readonly string[]): Promise<ConfigFile> => {
  const file = requireValid(await loadConfig(configPathsOf(given), process.env));
  const errors: ConfigError[] = [];
  const files = await withCustomParsers(file.files, errors);
  return requireValid(errors.length > 0 ? { errors } : { config: { ...file, files } });
};

export const logOptions = ({ log: { level, format } }: Pick<ConfigFile, "log">): LogOptions => ({
  level,
  format: format === "auto" ? (process.stderr.isTTY ? "text" : "json") : format,
  write: (line) => void process.stderr.write(line),
});

export const openLog = (config: Pick<ConfigFile, "log">): AgentLog => new AgentLog(logOptions(config));
