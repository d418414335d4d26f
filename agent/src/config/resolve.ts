/** The configuration the agent runs with: file, environment and this machine's defaults put together. */

import { readFile } from "node:fs/promises";
import { homedir, hostname } from "node:os";
import { join, resolve } from "node:path";
import { createSecureContext } from "node:tls";
import { withCustomParsers } from "./custom-parsers.ts";
import type { ConfigError } from "./load.ts";
import type { Environment } from "./interpolate.ts";
import { parseKey } from "./key-file.ts";
import type { ConfigFile } from "./schema.ts";

/** PEM texts. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface AgentConfig extends Omit<ConfigFile, "endpoint" | "api_key" | "api_key_file" | "data_dir" | "host" | "tls"> {
  readonly endpoint: string;
  readonly tls: TlsFiles;
  /** Contents of `buffer.key_file`. */
  readonly bufferKey?: Uint8Array;
  readonly apiKey: string;
  readonly dataDir: string;
  readonly host: string;
}

const readSecret = async (path: string, option: string, errors: ConfigError[]): Promise<Buffer | undefined> => {
  try {
    return await readFile(path);
  } catch (error) {
    errors.push({ where: path, path: option, message: (error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : (error as Error).message });
    return undefined;
  }
};

/** Faults are found here rather than at the first connection, where they would look like a backend that is away. */
const readTls = async ({ ca_file, cert_file, key_file }: ConfigFile["tls"], endpoint: string | undefined, errors: ConfigError[]): Promise<TlsFiles> => {
  const names = Object.entries({ ca_file, cert_file, key_file }).flatMap(([name, path]) => (path === undefined ? [] : [name]));
  if (names.length > 0 && endpoint?.startsWith("http:")) errors.push({ where: "", path: `tls.${names[0]!}`, message: `the endpoint ${endpoint} is not https://` });
  if ((cert_file === undefined) !== (key_file === undefined)) errors.push({ where: "", path: "tls", message: "give cert_file and key_file, or neither" });
  const read = async (name: string, path: string | undefined): Promise<string | undefined> => path && (await readSecret(path, `tls.${name}`, errors))?.toString();
  const [ca, cert, key] = [await read("ca_file", ca_file), await read("cert_file", cert_file), await read("key_file", key_file)];
  const files = { ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) };
  // Without files it would read all of Node's own authorities, for nothing.
  try {
    if (names.length > 0) createSecureContext(files);
  } catch (error) {
    errors.push({ where: "", path: "tls", message: `not usable: ${(error as Error).message}` });
  }
  return files;
};

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
  const { endpoint: fileEndpoint, api_key, api_key_file, data_dir, host, tls: tlsNames, ...rest } = file;
  if (api_key !== undefined && api_key_file !== undefined) errors.push({ where: "", path: "api_key", message: "give api_key or api_key_file, not both" });
  let endpoint = environment.OBS_ENDPOINT || fileEndpoint;
  let apiKey = environment.OBS_API_KEY || api_key || (api_key_file && (await readSecret(api_key_file, "api_key_file", errors))?.toString().trim());
  if (!endpoint) {
    const local = await readLocalFile(environment);
    endpoint = local.endpoint;
    apiKey ||= local.apiKey;
  }
  if (!endpoint) errors.push({ where: "", path: "endpoint", message: "no backend is named: set endpoint or OBS_ENDPOINT, or start one on this machine (npm start)" });
  else if (!/^https?:$/.test(URL.parse(endpoint)?.protocol ?? "")) errors.push({ where: "", path: "endpoint", message: `expected an http:// or https:// address, found ${JSON.stringify(endpoint)}` });
  if (endpoint && !apiKey) errors.push({ where: "", path: "api_key", message: "no API key: set api_key, api_key_file or OBS_API_KEY" });
  else if (apiKey && !/^[\x21-\x7e]+$/.test(apiKey)) errors.push({ where: "", path: "api_key", message: "an API key has no spaces or special characters" });
  const tls = await readTls(tlsNames, endpoint, errors);
  const bufferKey = await readBufferKey(file.buffer.key_file, errors);
  const files = await withCustomParsers(file.files, errors);
  if (errors.length > 0) return { errors };
  const listen = environment.OBS_AGENT_LISTEN;
  const admin = listen === undefined || listen === "" ? rest.admin : listen === "off" ? { ...rest.admin, enabled: false } : { enabled: true, listen };
  return { config: { ...rest, files, admin, tls, ...(bufferKey && { bufferKey }), endpoint: endpoint!, apiKey: apiKey!, dataDir: dataDirOf({ data_dir }, environment), host: host ?? hostname() } };
};
