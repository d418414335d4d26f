/** Who asks: the header of a request, from the options of a job or of a discovery. */

import { readFile } from "node:fs/promises";
import type { HttpClientOptions } from "../../config/http-client.ts";

/** Value of the `Authorization` header. Files are read each time: secrets are replaced while the agent runs. */
export const authorizationOf = async ({ basic_auth: basic, authorization }: Pick<HttpClientOptions, "basic_auth" | "authorization">): Promise<string | undefined> => {
  if (basic) return basicAuthorization(basic.username, await secret(basic.password, basic.password_file));
  return authorization && `${authorization.type} ${await secret(authorization.credentials, authorization.credentials_file)}`;
};

export const basicAuthorization = (username: string, password: string): string => `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;

const secret = async (value: string | undefined, file: string | undefined): Promise<string> => value ?? (file === undefined ? "" : (await readFile(file, "utf8")).trim());
