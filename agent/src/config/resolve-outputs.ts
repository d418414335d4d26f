/** Backends besides the main one, with what their files hold. */

import type { WhenFull } from "../core/batch-buffer.ts";
import type { ConfigError } from "./load.ts";
import type { ConfigFile } from "./schema.ts";
import { checkApiKey, readApiKey, readTls, type TlsFiles } from "./secrets.ts";

export interface OutputConfig {
  readonly name: string;
  readonly endpoint: string;
  readonly apiKey: string;
  readonly tls: TlsFiles;
  readonly whenFull?: WhenFull;
}

const addressOf = (endpoint: string): string => {
  const { origin, pathname } = new URL(endpoint);
  return origin + pathname.replace(/\/$/, "");
};

export const resolveOutputs = async (outputs: ConfigFile["outputs"], mainEndpoint: string | undefined, errors: ConfigError[]): Promise<OutputConfig[]> => {
  const addresses = new Map<string, string>();
  if (mainEndpoint && URL.canParse(mainEndpoint)) addresses.set(addressOf(mainEndpoint), "endpoint");
  const resolved: OutputConfig[] = [];
  for (const [index, { name, endpoint, api_key, api_key_file, tls, when_full }] of outputs.entries()) {
    const at = `outputs.${index}.`;
    // A backend knows an agent by one key: under a second one it would refuse the batches of the first.
    const same = addresses.get(addressOf(endpoint));
    if (same !== undefined) errors.push({ where: "", path: `${at}endpoint`, message: `it is the backend of ${same}: an output needs another one` });
    addresses.set(addressOf(endpoint), `${at}endpoint`);
    const apiKey = await readApiKey({ api_key, api_key_file }, at, errors);
    checkApiKey(apiKey, at, "no API key: set api_key or api_key_file", errors);
    resolved.push({ name, endpoint, apiKey: apiKey ?? "", tls: await readTls(tls, `${at}tls`, endpoint, errors), ...(when_full && { whenFull: when_full }) });
  }
  return resolved;
};
