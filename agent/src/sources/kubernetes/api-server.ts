/** Requests to the API server: its address, the service account's token, and who may sign for it. */

import { readFile } from "node:fs/promises";
import type { Agent, Dispatcher } from "undici";

export interface ApiServerOptions {
  /** Empty: the cluster's own, as its pods are told by their environment. */
  readonly address: string;
  readonly tokenFile: string;
  readonly caFile: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export class ApiError extends Error {
  readonly status: number;

  constructor(path: string, status: number, text: string) {
    super(`the API server answered ${status} to ${path}: ${text.slice(0, 200)}`);
    this.status = status;
  }
}

const ANSWER_MS = 30_000;
const CONNECT_MS = 10_000;

/** Undefined outside of a cluster, where nothing else is configured. */
export const apiAddress = ({ address, environment = process.env }: ApiServerOptions): string | undefined => {
  if (address !== "") return address.replace(/\/$/, "");
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = "443" } = environment;
  if (!host) return undefined;
  return `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
};

const optionalFile = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
};

export class ApiServer {
  readonly #options: ApiServerOptions;
  readonly #address: string;
  #agent: Agent | undefined;
  #certificates: string | undefined;

  constructor(address: string, options: ApiServerOptions) {
    this.#address = address;
    this.#options = options;
  }

  /** The response of a GET; throws ApiError unless it is 200. Tokens and certificates are replaced while pods run: both are read each time. */
  async get(path: string, signal: AbortSignal, bodyTimeoutMs = ANSWER_MS): Promise<Dispatcher.ResponseData> {
    const token = (await optionalFile(this.#options.tokenFile))?.trim();
    const { request } = await import("undici");
    const response = await request(this.#address + path, {
      dispatcher: await this.#dispatcher(), signal, bodyTimeout: bodyTimeoutMs, headersTimeout: ANSWER_MS,
      headers: { accept: "application/json", ...(token && { authorization: `Bearer ${token}` }) },
    });
    if (response.statusCode !== 200) throw new ApiError(path.split("?")[0]!, response.statusCode, await response.body.text());
    return response;
  }

  async close(): Promise<void> {
    await this.#agent?.destroy();
    this.#agent = undefined;
  }

  async #dispatcher(): Promise<Agent> {
    const certificates = await optionalFile(this.#options.caFile);
    // Loaded inside of a cluster: it is 28 MB of memory (decision 0056).
    const { Agent } = await import("undici");
    if (this.#agent && certificates === this.#certificates) return this.#agent;
    const before = this.#agent;
    this.#certificates = certificates;
    this.#agent = new Agent({ connect: { timeout: CONNECT_MS, ...(certificates !== undefined && { ca: certificates }) } });
    // What is under way ends by itself.
    void before?.close();
    return this.#agent;
  }
}
