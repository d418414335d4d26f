/** The current context of a kubeconfig file: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ */

import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parse as parseYaml } from "yaml";
import { z } from "../../../core/zod.ts";
import type { ApiAccess } from "../../../core/kubernetes-api/api-server.ts";
import { basicAuthorization } from "../credentials.ts";

/** Only what is used; other parts of the file are other programs' affair. */
const KUBECONFIG = z.object({
  "current-context": z.string(),
  contexts: z.array(z.object({ name: z.string(), context: z.object({ cluster: z.string(), user: z.string().default("") }) })),
  clusters: z.array(
    z.object({
      name: z.string(),
      cluster: z.object({
        server: z.string(),
        "certificate-authority": z.string().optional(),
        "certificate-authority-data": z.string().optional(),
        "insecure-skip-tls-verify": z.boolean().default(false),
        "tls-server-name": z.string().optional(),
      }),
    }),
  ),
  users: z
    .array(
      z.object({
        name: z.string(),
        user: z.object({
          token: z.string().optional(),
          tokenFile: z.string().optional(),
          "client-certificate": z.string().optional(),
          "client-certificate-data": z.string().optional(),
          "client-key": z.string().optional(),
          "client-key-data": z.string().optional(),
          username: z.string().optional(),
          password: z.string().default(""),
          exec: z.unknown().optional(),
          "auth-provider": z.unknown().optional(),
        }),
      }),
    )
    .default([]),
});

type User = z.output<typeof KUBECONFIG>["users"][number]["user"];

/** Throws with the path, and what is wrong with the file. */
export const kubeconfigAccess = async (path: string): Promise<ApiAccess> => {
  try {
    return await accessIn(await readFile(path, "utf8"), dirname(path));
  } catch (error) {
    // What a file holds is secret: faults are told by their places in it.
    const reason = error instanceof z.ZodError ? error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ") : (error as Error).message;
    throw new Error(`${path} cannot be used: ${reason}`, { cause: error });
  }
};

const accessIn = async (text: string, folder: string): Promise<ApiAccess> => {
  const { contexts, clusters, users, "current-context": current } = KUBECONFIG.parse(parseYaml(text, { prettyErrors: false }));
  const { context } = named("context", contexts, current);
  const { cluster } = named("cluster", clusters, context.cluster);
  const user = context.user === "" ? undefined : named("user", users, context.user).user;
  if (user?.exec !== undefined || user?.["auth-provider"] !== undefined) throw new Error(`user ${context.user} signs in by a program (exec, auth-provider), which is not supported: use a token or a client certificate`);
  const [ca, cert, key, authorization] = await Promise.all([
    content(cluster["certificate-authority-data"], cluster["certificate-authority"], folder),
    content(user?.["client-certificate-data"], user?.["client-certificate"], folder),
    content(user?.["client-key-data"], user?.["client-key"], folder),
    user && authorizationOf(user, folder),
  ]);
  const servername = cluster["tls-server-name"];
  return {
    address: cluster.server.replace(/\/$/, ""),
    tls: { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), ...(servername && { servername }), rejectUnauthorized: !cluster["insecure-skip-tls-verify"] },
    ...(authorization !== undefined && { authorization }),
  };
};

const named = <Entry extends { readonly name: string }>(what: string, entries: readonly Entry[], name: string): Entry => {
  const found = entries.find((entry) => entry.name === name);
  if (!found) throw new Error(`there is no ${what} ${JSON.stringify(name)} in it`);
  return found;
};

/** Data in base64 counts before a file, whose path is relative to that of the kubeconfig file. */
const content = async (data: string | undefined, file: string | undefined, folder: string): Promise<string | undefined> => {
  if (data !== undefined) return Buffer.from(data, "base64").toString("utf8");
  return file === undefined ? undefined : readFile(resolve(folder, file), "utf8");
};

const authorizationOf = async ({ token, tokenFile, username, password }: User, folder: string): Promise<string | undefined> => {
  if (tokenFile !== undefined) return `Bearer ${(await readFile(resolve(folder, tokenFile), "utf8")).trim()}`;
  if (token !== undefined) return `Bearer ${token}`;
  return username === undefined ? undefined : basicAuthorization(username, password);
};
