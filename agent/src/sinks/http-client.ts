/**
 * POST over kept-alive connections. Node's own client, not undici: the agent serves its health page
 * by node:http anyway, while undici with its parser costs every start 67 ms of CPU and 28 MB of
 * memory (decision 0056).
 */

import type { Agent, IncomingHttpHeaders, IncomingMessage, RequestOptions } from "node:http";
import { http } from "../core/node-http.ts";

export interface HttpClientOptions {
  /** `http://host:port` or `https://host:port`. */
  readonly origin: string;
  /** Most requests under way at one time; more wait. */
  readonly connections: number;
  /** Longest silence of the other side, once connected. */
  readonly timeoutMs: number;
  /** PEM texts for https://. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** Shorter than servers usually keep a silent connection; one that says how long it does is believed. */
const IDLE_MS = 60_000;
const MAX_ANSWER_BYTES = 1 << 20;

const timedOut = (what: string): Error => Object.assign(new Error(`${what} timed out`), { code: "ETIMEDOUT" });

const readText = async (answer: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error("the answer is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
};

export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #url: URL;
  #agent: Agent | undefined;
  #request = http.request;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#url = new URL(options.origin);
  }

  /** The answer, read whole. Rejects when there is none, when it is longer than 1 MiB, or when the signal aborts. */
  async post(path: string, headers: Readonly<Record<string, string>>, body: Uint8Array, signal: AbortSignal): Promise<HttpAnswer> {
    const agent = await this.#connections();
    const { hostname, port } = this.#url;
    const { timeoutMs } = this.#options;
    const options: RequestOptions = { agent, host: hostname.replace(/^\[|\]$/g, ""), port, method: "POST", path, headers: { ...headers, "content-length": String(body.length) }, timeout: timeoutMs, signal };
    return new Promise((resolve, reject) => {
      const request = this.#request(options, (answer) => {
        readText(answer).then((text) => resolve({ status: answer.statusCode!, headers: answer.headers, text }), reject);
      });
      request.on("error", reject);
      request.on("timeout", () => request.destroy(timedOut("the answer")));
      request.on("socket", (socket) => {
        if (!socket.connecting) return;
        const timer = setTimeout(() => request.destroy(timedOut("the connection")), CONNECT_TIMEOUT_MS);
        const settle = (): void => clearTimeout(timer);
        socket.once("connect", settle).once("close", settle);
      });
      request.end(body);
    });
  }

  /** Ends every connection. */
  close(): void {
    this.#agent?.destroy();
  }

  async #connections(): Promise<Agent> {
    if (this.#agent) return this.#agent;
    const { connections: maxSockets, tls } = this.#options;
    const kept = { keepAlive: true, maxSockets, timeout: IDLE_MS };
    if (this.#url.protocol !== "https:") return (this.#agent = new http.Agent(kept));
    // TLS is loaded where it is used.
    const https = await import("node:https");
    this.#request = https.request;
    return (this.#agent ??= new https.Agent({ ...kept, ...tls }));
  }
}
