/** Requests to the API server. Who asks, and whom it trusts, is read anew for each: tokens and certificates are replaced while pods run. */

import type { Agent, Dispatcher } from "undici";

export interface ApiTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface ApiAccess {
  /** Without a slash at its end. */
  readonly address: string;
  /** Value of the header. */
  readonly authorization?: string;
  readonly tls: ApiTls;
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

export class ApiServer {
  readonly #access: () => Promise<ApiAccess>;
  #agent: Agent | undefined;
  #tls: string | undefined;

  /** `access` may throw; then so does the request. */
  constructor(access: () => Promise<ApiAccess>) {
    this.#access = access;
  }

  /** The response of a GET; throws ApiError unless it is 200. */
  async get(path: string, signal: AbortSignal, bodyTimeoutMs = ANSWER_MS): Promise<Dispatcher.ResponseData> {
    const { address, authorization, tls } = await this.#access();
    const { request } = await import("undici");
    const response = await request(address + path, {
      dispatcher: await this.#dispatcher(tls), signal, bodyTimeout: bodyTimeoutMs, headersTimeout: ANSWER_MS,
      headers: { accept: "application/json", ...(authorization !== undefined && { authorization }) },
    });
    if (response.statusCode !== 200) throw new ApiError(path.split("?")[0]!, response.statusCode, await response.body.text());
    return response;
  }

  async close(): Promise<void> {
    await this.#agent?.destroy();
    this.#agent = undefined;
  }

  async #dispatcher(tls: ApiTls): Promise<Agent> {
    const wanted = JSON.stringify(tls);
    // Loaded inside of a cluster: it is 28 MB of memory (decision 0056).
    const { Agent } = await import("undici");
    if (this.#agent && wanted === this.#tls) return this.#agent;
    const before = this.#agent;
    this.#tls = wanted;
    this.#agent = new Agent({ connect: { timeout: CONNECT_MS, ...tls } });
    // What is under way ends by itself.
    void before?.close();
    return this.#agent;
  }
}
