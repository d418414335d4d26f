/** Whom a discovery asks, and as whom: what it says itself, a kubeconfig file, or the service account of the agent's pod. */

import { readFile } from "node:fs/promises";
import type { KubernetesDiscoveryConfig } from "../../../config/kubernetes-discovery.ts";
import type { ApiAccess, ApiTls } from "../../../core/kubernetes-api/api-server.ts";
import { apiAddress, CA_FILE, serviceAccountAccess, TOKEN_FILE } from "../../../core/kubernetes-api/service-account.ts";
import { authorizationOf } from "../credentials.ts";
import { kubeconfigAccess } from "./kubeconfig.ts";

/** Reads every file anew. Throws when one cannot be read, or when no API server is known. */
export const accessOf = async (config: KubernetesDiscoveryConfig): Promise<ApiAccess> => {
  if (config.kubeconfig_file !== undefined) return kubeconfigAccess(config.kubeconfig_file);
  const address = apiAddress(config.api_server);
  if (address === undefined) throw new Error("no API server is known: the agent does not run in a cluster, and neither api_server nor kubeconfig_file is configured");
  if (config.api_server === undefined) return serviceAccountAccess({ address, tokenFile: TOKEN_FILE, caFile: CA_FILE });
  const [authorization, tls] = await Promise.all([authorizationOf(config), tlsOf(config)]);
  return { address, tls, ...(authorization !== undefined && { authorization }) };
};

const tlsOf = async ({ tls_config: tls }: KubernetesDiscoveryConfig): Promise<ApiTls> => {
  if (!tls) return {};
  const { ca_file: ca, cert_file: cert, key_file: key, server_name: servername, insecure_skip_verify: isInsecure } = tls;
  return {
    ...(ca !== undefined && { ca: await readFile(ca, "utf8") }),
    ...(cert !== undefined && { cert: await readFile(cert, "utf8") }),
    ...(key !== undefined && { key: await readFile(key, "utf8") }),
    ...(servername !== undefined && { servername }),
    rejectUnauthorized: !isInsecure,
  };
};
