/**
 * `POST /api/v1/batches/<stream>` over kept-alive connections (undici), and what the answers mean.
 *
 * The rule for refusals: only an answer in the API's own form (ErrorBody) can condemn a batch. A
 * 400 of a proxy, or a 404 of an address with a typing error, is a matter of configuration: the
 * batch stays and is sent again, slowly.
 */

import { BATCH_HEADERS, batchPath, SCHEMA_VERSION, type BatchAck, type ErrorBody } from "@obs/wire";
import type { Dispatcher, Pool } from "undici";
import type { BufferedBatch, Delivery, Transport } from "../core/contracts.ts";
import { parseRetryAfter } from "./back-off.ts";

export interface HttpTransportOptions {
  /** Such as `https://obs.example.com`, with a path when the backend lies under one. */
  readonly endpoint: string;
  readonly apiKey: string;
  readonly connections: number;
  /** For one delivery, headers and body: longer than the store's fence may hold a repeat back. */
  readonly timeoutMs: number;
  readonly userAgent: string;
  /** PEM texts for an endpoint with https:// (undici's `connect`). */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly nowMs?: () => number;
  /** Called with each acknowledgement: the server's time, and ours before and after. */
  readonly onServerTime?: (time: { readonly serverMs: number; readonly sentMs: number; readonly receivedMs: number }) => void;
  /** Called when the agent id belongs to another key, before the delivery is answered as a retry. */
  readonly onAgentIdTaken?: (batch: BufferedBatch) => void;
}

/** A person has to act: a key, an address, a version. */
const SLOW_RETRY_MS = 30_000;
const CONNECT_TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 1 << 20;
const MAX_REASON_LENGTH = 300;
/** Of these, the ones in the API's own form say that this batch will never be taken. */
const CONDEMNING = new Set([400, 413, 415, 422]);

type Answer = Dispatcher.ResponseData;

const isAck = (value: unknown): value is BatchAck => {
  const ack = value as Partial<BatchAck> | null;
  return typeof ack === "object" && ack !== null && Number.isSafeInteger(ack.stored) && typeof ack.refused === "object" && ack.refused !== null && typeof ack.storeBoot === "string";
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const errorOf = (value: unknown): ErrorBody["error"] | undefined => {
  const error = (value as Partial<ErrorBody> | undefined)?.error;
  return typeof error?.code === "string" && typeof error.message === "string" ? error : undefined;
};

const readText = async ({ body }: Answer): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error("the answer is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
};

export class HttpTransport implements Transport {
  readonly #options: HttpTransportOptions;
  readonly #url: URL;
  #pool: Pool | undefined;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
    this.#url = new URL(options.endpoint);
  }

  async deliver(batch: BufferedBatch, signal: AbortSignal): Promise<Delivery> {
    const nowMs = this.#options.nowMs ?? Date.now;
    try {
      const sentMs = nowMs();
      const answer = await (await this.#connect()).request({
        method: "POST",
        path: this.#url.pathname.replace(/\/$/, "") + batchPath(batch.stream),
        headers: this.#headers(batch),
        body: batch.body,
        signal,
      });
      const delivery = this.#judge(batch, answer, await readText(answer));
      if (delivery.kind === "acknowledged") this.#options.onServerTime?.({ serverMs: Date.parse(delivery.ack.serverTime), sentMs, receivedMs: nowMs() });
      return delivery;
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      return { kind: "retry", reason: `${this.#url.host}: ${code ?? message}` };
    }
  }

  async close(): Promise<void> {
    await this.#pool?.destroy();
  }

  async #connect(): Promise<Pool> {
    if (this.#pool) return this.#pool;
    const { Pool } = await import("undici");
    const { connections, timeoutMs, tls } = this.#options;
    this.#pool ??= new Pool(this.#url.origin, { connections, pipelining: 1, headersTimeout: timeoutMs, bodyTimeout: timeoutMs, keepAliveTimeout: 60_000, connect: { ...tls, timeout: CONNECT_TIMEOUT_MS } });
    return this.#pool;
  }

  #headers({ key, rows, rawBytes, attempt, firstNs, lastNs }: BufferedBatch): Record<string, string> {
    return {
      authorization: `Bearer ${this.#options.apiKey}`,
      "user-agent": this.#options.userAgent,
      "content-type": "application/octet-stream",
      "content-encoding": "zstd",
      [BATCH_HEADERS.batch]: key,
      [BATCH_HEADERS.rows]: String(rows),
      [BATCH_HEADERS.rawBytes]: String(rawBytes),
      [BATCH_HEADERS.schema]: String(SCHEMA_VERSION),
      [BATCH_HEADERS.attempt]: String(attempt),
      [BATCH_HEADERS.firstNs]: String(firstNs),
      [BATCH_HEADERS.lastNs]: String(lastNs),
    };
  }

  #judge(batch: BufferedBatch, { statusCode, headers }: Answer, text: string): Delivery {
    const value = parse(text);
    if (statusCode === 200) return isAck(value) ? { kind: "acknowledged", ack: value } : this.#slowly("the answer is not an acknowledgement: is the endpoint an obs backend?");
    const error = errorOf(value);
    const reason = `${statusCode} ${error ? `${error.code}: ${error.message}` : text.slice(0, MAX_REASON_LENGTH)}`.trim();
    const asked = parseRetryAfter([headers["retry-after"]].flat()[0], this.#options.nowMs?.() ?? Date.now());
    if (statusCode === 401) return this.#slowly(`${reason} (is the API key right, and not revoked?)`, asked);
    if (statusCode === 403 && (error?.details as { reason?: unknown } | undefined)?.reason === "agent_id_taken") {
      this.#options.onAgentIdTaken?.(batch);
      return { ...this.#slowly(reason, asked), onlyThis: true };
    }
    if (statusCode === 403) return this.#slowly(`${reason} (the API key needs the scope "ingest")`, asked);
    if (error?.code === "schema_unknown") return this.#slowly(`${reason} (the backend is older than this agent)`, asked);
    if (error && CONDEMNING.has(statusCode)) return { kind: "permanent", reason };
    if (statusCode >= 500 || statusCode === 429 || statusCode === 408) return { kind: "retry", reason, ...(asked !== undefined && { afterMs: asked }) };
    return this.#slowly(`${reason} (is the endpoint right?)`, asked);
  }

  #slowly(reason: string, asked?: number): Extract<Delivery, { kind: "retry" }> {
    return { kind: "retry", reason, afterMs: asked ?? SLOW_RETRY_MS };
  }
}
