/** Secrets that lie in files, and texts made of them: faults are found here rather than at the first connection. */

import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { ConfigError } from "./load.ts";
import type { ConfigFile } from "./schema.ts";

/** PEM texts. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export const readSecret = async (path: string, option: string, errors: ConfigError[]): Promise<Buffer | undefined> => {
  try {
    return await readFile(path);
  } catch (error) {
    errors.push({ where: path, path: option, message: (error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : (error as Error).message });
    return undefined;
  }
};

/** `option`: where these options stand, such as `tls`. */
export const readTls = async ({ ca_file, cert_file, key_file }: ConfigFile["tls"], option: string, endpoint: string | undefined, errors: ConfigError[]): Promise<TlsFiles> => {
  const names = Object.entries({ ca_file, cert_file, key_file }).flatMap(([name, path]) => (path === undefined ? [] : [name]));
  if (names.length > 0 && endpoint?.startsWith("http:")) errors.push({ where: "", path: `${option}.${names[0]!}`, message: `the endpoint ${endpoint} is not https://` });
  if ((cert_file === undefined) !== (key_file === undefined)) errors.push({ where: "", path: option, message: "give cert_file and key_file, or neither" });
  const read = async (name: string, path: string | undefined): Promise<string | undefined> => path && (await readSecret(path, `${option}.${name}`, errors))?.toString();
  const [ca, cert, key] = [await read("ca_file", ca_file), await read("cert_file", cert_file), await read("key_file", key_file)];
  const files = { ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) };
  // Without files it would read all of Node's own authorities, for nothing.
  try {
    if (names.length > 0) createSecureContext(files);
  } catch (error) {
    errors.push({ where: "", path: option, message: `not usable: ${(error as Error).message}` });
  }
  return files;
};

/** The key itself, or what the file named in its place holds. `at`: where the options stand, with its dot; "" is the top. */
export const readApiKey = async ({ api_key, api_key_file }: Pick<ConfigFile, "api_key" | "api_key_file">, at: string, errors: ConfigError[]): Promise<string | undefined> => {
  if (api_key !== undefined && api_key_file !== undefined) errors.push({ where: "", path: `${at}api_key`, message: "give api_key or api_key_file, not both" });
  return api_key || (api_key_file && (await readSecret(api_key_file, `${at}api_key_file`, errors))?.toString().trim()) || undefined;
};

/** As a header can carry it. */
export const checkApiKey = (apiKey: string | undefined, at: string, missing: string, errors: ConfigError[]): void => {
  if (!apiKey) errors.push({ where: "", path: `${at}api_key`, message: missing });
  else if (!/^[\x21-\x7e]+$/.test(apiKey)) errors.push({ where: "", path: `${at}api_key`, message: "an API key has no spaces or special characters" });
};
