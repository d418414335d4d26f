/** The configuration the agent runs with: file, environment and this machine's defaults put together. */

import { readFile } from "node:fs/promises";
import { homedir, hostname } from "node:os";
import { join, resolve } from "node:path";
import type { ConfigError } from "./load.ts";
import type { Environment } from "./interpolate.ts";
import type { ConfigFile } from "./schema.ts";

export interface AgentConfig extends Omit<ConfigFile, "endpoint" | "api_key" | "api_key_file" | "data_dir" | "host"> {
  readonly endpoint: string;
  readonly apiKey: string;
  readonly dataDir: string;
  readonly host: string;
}

const readSecret = async (path: string, errors: ConfigError[]): Promise<string | undefined> => {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    errors.push({ where: path, path: "api_key_file", message: (error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : (error as Error).message });
    return undefined;
  }
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
  const { endpoint: fileEndpoint, api_key, api_key_file, data_dir, host, ...rest } = file;
  if (api_key !== undefined && api_key_file !== undefined) errors.push({ where: "", path: "api_key", message: "give api_key or api_key_file, not both" });
  let endpoint = environment.OBS_ENDPOINT || fileEndpoint;
  let apiKey = environment.OBS_API_KEY || api_key || (api_key_file && (await readSecret(api_key_file, errors)));
  if (!endpoint) {
    const local = await readLocalFile(environment);
    endpoint = local.endpoint;
    apiKey ||= local.apiKey;
  }
  if (!endpoint) errors.push({ where: "", path: "endpoint", message: "no backend is named: set endpoint or OBS_ENDPOINT, or start one on this machine (npm start)" });
  else if (!/^https?:$/.test(URL.parse(endpoint)?.protocol ?? "")) errors.push({ where: "", path: "endpoint", message: `expected an http:// or https:// address, found ${JSON.stringify(endpoint)}` });
  if (endpoint && !apiKey) errors.push({ where: "", path: "api_key", message: "no API key: set api_key, api_key_file or OBS_API_KEY" });
  else if (apiKey && !/^[\x21-\x7e]+$/.test(apiKey)) errors.push({ where: "", path: "api_key", message: "an API key has no spaces or special characters" });
  if (errors.length > 0) return { errors };
  const listen = environment.OBS_AGENT_LISTEN;
  const admin = listen === undefined || listen === "" ? rest.admin : listen === "off" ? { ...rest.admin, enabled: false } : { enabled: true, listen };
  return { config: { ...rest, admin, endpoint: endpoint!, apiKey: apiKey!, dataDir: dataDirOf({ data_dir }, environment), host: host ?? hostname() } };
};
