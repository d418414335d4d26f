/** What a pod knows of its cluster: the API server's address from its environment, its account from mounted files. */

import { readFile } from "node:fs/promises";
import type { ApiAccess } from "./api-server.ts";

const FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";
export const TOKEN_FILE = `${FOLDER}/token`;
export const CA_FILE = `${FOLDER}/ca.crt`;
export const NAMESPACE_FILE = `${FOLDER}/namespace`;

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ServiceAccount {
  readonly address: string;
  readonly tokenFile: string;
  readonly caFile: string;
}

/** `configured`, else the cluster's own; undefined outside of a cluster. */
export const apiAddress = (configured: string | undefined, environment: Environment = process.env): string | undefined => {
  if (configured) return configured.replace(/\/$/, "");
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = "443" } = environment;
  if (!host) return undefined;
  return `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
};

/** Files that are not there are left out. */
export const serviceAccountAccess = async ({ address, tokenFile, caFile }: ServiceAccount): Promise<ApiAccess> => {
  const [token, ca] = await Promise.all([optionalFile(tokenFile), optionalFile(caFile)]);
  const bearer = token?.trim();
  return { address, tls: ca === undefined ? {} : { ca }, ...(bearer && { authorization: `Bearer ${bearer}` }) };
};

const optionalFile = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
};
