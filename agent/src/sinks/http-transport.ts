/**
 * `POST /api/v1/batches/<stream>` over kept-alive connections, and what the answers mean.
 *
 * The rule for refusals: only an answer in the API's own form (ErrorBody) can condemn a batch. A
 * 400 of a proxy, or a 404 of an address with a typing error, is a matter of configuration: the
 * batch stays and is sent again, slowly. A 413 of either has it cut in two, for which both are good.
 */

import { BATCH_HEADERS, batchPath, PART_HEADERS, schemaVersionOf, type BatchAck, type ErrorBody } from "@obs/wire";
import type { BufferedBatch, Delivery, Transport } from "../core/contracts.ts";
import { parseRetryAfter } from "./back-off.ts";
import { HttpClient, type HttpAnswer } from "./http-client.ts";

export interface HttpTransportOptions {
  /** Such as `https://obs.example.com`, with a path when the backend lies under one. */
  readonly endpoint: string;
  readonly apiKey: string;
  readonly connections: number;
  /** For one delivery, headers and body: longer than the store's fence may hold a repeat back. */
  readonly timeoutMs: number;
  readonly userAgent: string;
  /** PEM texts for an endpoint with https:// . */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly nowMs?: () => number;
  /** Called with each acknowledgement: the server's time, and ours before and after. */
  readonly onServerTime?: (time: { readonly serverMs: number; readonly sentMs: number; readonly receivedMs: number }) => void;
  /** Called when the agent id belongs to another key, before the delivery is answered as a retry. */
  readonly onAgentIdTaken?: (batch: BufferedBatch) => void;
}

/** A person has to act: a key, an address, a version. */
const SLOW_RETRY_MS = 30_000;
const MAX_REASON_LENGTH = 300;
/** Of these, the ones in the API's own form say that this batch will never be taken. */
const CONDEMNING = new Set([400, 415, 422]);

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

export class HttpTransport implements Transport {
  readonly #options: HttpTransportOptions;
  readonly #url: URL;
  readonly #client: HttpClient;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
    this.#url = new URL(options.endpoint);
    const { connections, timeoutMs, tls } = options;
    this.#client = new HttpClient({ origin: this.#url.origin, connections, timeoutMs, ...(tls && { tls }) });
  }

  async deliver(batch: BufferedBatch, signal: AbortSignal): Promise<Delivery> {
    const nowMs = this.#options.nowMs ?? Date.now;
    try {
      const sentMs = nowMs();
      const path = this.#url.pathname.replace(/\/$/, "") + batchPath(batch.stream);
      const delivery = this.#judge(batch, await this.#client.post(path, this.#headers(batch), batch.body, signal));
      if (delivery.kind === "acknowledged") this.#options.onServerTime?.({ serverMs: Date.parse(delivery.ack.serverTime), sentMs, receivedMs: nowMs() });
      return delivery;
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      // How a server that does not know the client's certificate ends a connection of TLS 1.3: after the handshake.
      const hint = code === "ECONNRESET" && this.#url.protocol === "https:" ? " (does the backend take this agent's certificate, `tls.cert_file`?)" : "";
      return { kind: "retry", reason: `${this.#url.host}: ${code ?? message}${hint}` };
    }
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  #headers({ stream, key, part, rows, rawBytes, attempt, firstNs, lastNs }: BufferedBatch): Record<string, string> {
    return {
      authorization: `Bearer ${this.#options.apiKey}`,
      "user-agent": this.#options.userAgent,
      "content-type": "application/octet-stream",
      "content-encoding": "zstd",
      [BATCH_HEADERS.batch]: key,
      [BATCH_HEADERS.rows]: String(rows),
      [BATCH_HEADERS.rawBytes]: String(rawBytes),
      [BATCH_HEADERS.schema]: String(schemaVersionOf(stream, part !== undefined)),
      [BATCH_HEADERS.attempt]: String(attempt),
      [BATCH_HEADERS.firstNs]: String(firstNs),
      [BATCH_HEADERS.lastNs]: String(lastNs),
      ...(part && { [PART_HEADERS.firstRow]: String(part.first), [PART_HEADERS.endRow]: String(part.end) }),
    };
  }

  #judge(batch: BufferedBatch, { status, headers, text }: HttpAnswer): Delivery {
    const value = parse(text);
    if (status === 200) return isAck(value) ? { kind: "acknowledged", ack: value } : this.#slowly("the answer is not an acknowledgement: is the endpoint an obs backend?");
    const error = errorOf(value);
    const reason = `${status} ${error ? `${error.code}: ${error.message}` : text.slice(0, MAX_REASON_LENGTH)}`.trim();
    const asked = parseRetryAfter([headers["retry-after"]].flat()[0], this.#options.nowMs?.() ?? Date.now());
    if (status === 401) return this.#slowly(`${reason} (is the API key right, and not revoked?)`, asked);
    if (status === 403 && (error?.details as { reason?: unknown } | undefined)?.reason === "agent_id_taken") {
      this.#options.onAgentIdTaken?.(batch);
      return { ...this.#slowly(reason, asked), onlyThis: true };
    }
    if (status === 403) return this.#slowly(`${reason} (the API key needs the scope "ingest")`, asked);
    if (error?.code === "schema_unknown") return { ...this.#slowly(`${reason} (the backend is older than this agent)`, asked), ...(batch.part && { onlyThis: true }) };
    if (status === 413) return { kind: "too_large", reason, condemns: error !== undefined };
    if (error && CONDEMNING.has(status)) return { kind: "permanent", reason };
    if (status >= 500 || status === 429 || status === 408) return { kind: "retry", reason, ...(asked !== undefined && { afterMs: asked }) };
    return this.#slowly(`${reason} (is the endpoint right?)`, asked);
  }

  #slowly(reason: string, asked?: number): Extract<Delivery, { kind: "retry" }> {
    return { kind: "retry", reason, afterMs: asked ?? SLOW_RETRY_MS };
  }
}
