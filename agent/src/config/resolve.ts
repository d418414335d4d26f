/** The configuration the agent runs with: file, environment and this machine's defaults put together. */

import { readFile } from "node:fs/promises";
import { homedir, hostname } from "node:os";
import { join, resolve } from "node:path";
import type { ConfigError } from "./load.ts";
import type { Environment } from "./interpolate.ts";
import { parseKey } from "./key-file.ts";
import { loadPlugins, withCustomParsers, type PluginConfig } from "./load-plugins.ts";
import { resolveOutputs, type OutputConfig } from "./resolve-outputs.ts";
import type { ConfigFile } from "./schema.ts";
import { checkApiKey, readApiKey, readSecret, readTls, type TlsFiles } from "./secrets.ts";

export interface AgentConfig extends Omit<ConfigFile, "endpoint" | "api_key" | "api_key_file" | "data_dir" | "host" | "tls" | "outputs" | "plugins"> {
  readonly endpoint: string;
  readonly tls: TlsFiles;
  /** Backends besides the main one. */
  readonly outputs: readonly OutputConfig[];
  /** Sources of the user's own. */
  readonly plugins: readonly PluginConfig[];
  /** Contents of `buffer.key_file`. */
  readonly bufferKey?: Uint8Array;
  readonly apiKey: string;
  readonly dataDir: string;
  readonly host: string;
}

export const readBufferKey = async (path: string | undefined, errors: ConfigError[]): Promise<Buffer | undefined> => {
  const bytes = path === undefined ? undefined : await readSecret(path, "buffer.key_file", errors);
  const key = bytes && parseKey(bytes);
  if (bytes && !key) errors.push({ where: path!, path: "buffer.key_file", message: "expected 32 bytes, raw, as 64 hex digits or in base64 (openssl rand -hex 32)" });
  return key;
};

/** What `npm start` left for agents on this machine. */
const readLocalFile = async (environment: Environment): Promise<{ endpoint?: string; apiKey?: string }> => {
  const path = environment.OBS_LOCAL_FILE || join(environment.HOME || homedir(), ".config", "obs", "local.json");
  try {
    const { endpoint, apiKey } = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
    return { ...(typeof endpoint === "string" && { endpoint }), ...(typeof apiKey === "string" && { apiKey }) };
  } catch {
    return {};
  }
};

export const defaultDataDir = (environment: Environment, isRoot: boolean): string => {
  if (isRoot) return "/var/lib/obs-agent";
  return join(environment.XDG_STATE_HOME || join(environment.HOME || homedir(), ".local", "state"), "obs-agent");
};

/** The data folder alone: what `status` needs. */
export const dataDirOf = (file: Pick<ConfigFile, "data_dir">, environment: Environment): string =>
  resolve(environment.OBS_AGENT_DATA_DIR || file.data_dir || defaultDataDir(environment, process.getuid?.() === 0));

/** The environment wins over the file: it is what a person sets for one run. */
export const resolveConfig = async (file: ConfigFile, environment: Environment): Promise<{ readonly config: AgentConfig } | { readonly errors: readonly ConfigError[] }> => {
  const errors: ConfigError[] = [];
  const { endpoint: fileEndpoint, api_key, api_key_file, data_dir, host, tls: tlsNames, outputs: further, ...rest } = file;
  let endpoint = environment.OBS_ENDPOINT || fileEndpoint;
  let apiKey = environment.OBS_API_KEY || (await readApiKey({ api_key, api_key_file }, "", errors));
  if (!endpoint) {
    const local = await readLocalFile(environment);
    endpoint = local.endpoint;
    apiKey ||= local.apiKey;
  }
  if (!endpoint) errors.push({ where: "", path: "endpoint", message: "no backend is named: set endpoint or OBS_ENDPOINT, or start one on this machine (npm start)" });
  else if (!/^https?:$/.test(URL.parse(endpoint)?.protocol ?? "")) errors.push({ where: "", path: "endpoint", message: `expected an http:// or https:// address, found ${JSON.stringify(endpoint)}` });
  if (endpoint) checkApiKey(apiKey, "", "no API key: set api_key, api_key_file or OBS_API_KEY", errors);
  const tls = await readTls(tlsNames, "tls", endpoint, errors);
  const outputs = await resolveOutputs(further, endpoint, errors);
  const bufferKey = await readBufferKey(file.buffer.key_file, errors);
  const files = await withCustomParsers(file.files, errors);
  const plugins = await loadPlugins(file.plugins, errors);
  if (errors.length > 0) return { errors };
  const listen = environment.OBS_AGENT_LISTEN;
  const admin = listen === undefined || listen === "" ? rest.admin : listen === "off" ? { ...rest.admin, enabled: false } : { enabled: true, listen };
  return { config: { ...rest, files, plugins, admin, tls, outputs, ...(bufferKey && { bufferKey }), endpoint: endpoint!, apiKey: apiKey!, dataDir: dataDirOf({ data_dir }, environment), host: host ?? hostname() } };
};
