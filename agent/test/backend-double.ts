/**
 * A small HTTP server that speaks the backend's side of the batch protocol, keeps what it is sent,
 * and fails as it is told. It stores like the real one: a repeat adds only rows that are missing.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { decompress } from "../src/codec/zstd.ts";
import { BATCH_HEADERS, decodeNative, type BatchAck } from "@obs/wire";

export interface ReceivedBatch {
  readonly stream: string;
  readonly key: string;
  readonly attempt: number;
  readonly rows: number;
  readonly columns: Readonly<Record<string, readonly unknown[]>>;
}

/** What to do with a batch that has arrived. */
export type Fault =
  | { readonly kind: "none" }
  /** Stored, and acknowledged so much later. */
  | { readonly kind: "late"; readonly ms: number }
  /** Not stored; answered with this status. */
  | { readonly kind: "refuse"; readonly status: number; readonly code: string; readonly retryAfterSeconds?: number; readonly details?: unknown }
  /** Not stored, the connection is cut. */
  | { readonly kind: "reset" }
  /** Stored, but the connection is cut before the acknowledgement. */
  | { readonly kind: "stored-then-reset" };

export class BackendDouble {
  readonly #server: Server;
  readonly received: ReceivedBatch[] = [];
  /** Rows stored, by stream, batch and ordinal. */
  readonly #stored = new Map<string, ReceivedBatch>();
  storeBoot = "boot-1";
  /** How far its clock is ahead of ours. */
  clockAheadMs = 0;
  resend: readonly string[] | undefined;
  /** Decides for each delivery; `none` by default. */
  fault: (batch: ReceivedBatch) => Fault = () => ({ kind: "none" });
  readonly headers: IncomingMessage["headers"][] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<BackendDouble> {
    const server = createServer();
    const double = new BackendDouble(server);
    server.on("request", (request, response) => void double.#handle(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return double;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Values of a column over all stored rows of a stream. */
  column(stream: string, name: string): unknown[] {
    return [...this.#stored.values()].filter((batch) => batch.stream === stream).flatMap(({ columns }) => [...columns[name]!]);
  }

  get messages(): string[] {
    return this.column("logs", "message") as string[];
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return; // The agent was killed while it sent.
    }
    const batch = this.#read(request, Buffer.concat(chunks));
    this.received.push(batch);
    this.headers.push(request.headers);
    await this.#answer(batch, this.fault(batch), request, response);
  }

  #read({ url = "", headers }: IncomingMessage, body: Buffer): ReceivedBatch {
    const raw = decompress(body, Number(headers[BATCH_HEADERS.rawBytes]));
    const blocks = decodeNative(raw);
    const rows = blocks.reduce((total, block) => total + block.rows, 0);
    const columns: Record<string, unknown[]> = {};
    for (const block of blocks) for (const [name, values] of Object.entries(block.columns)) (columns[name] ??= []).push(...values);
    const claimed = [Number(headers[BATCH_HEADERS.rows]), Number(headers[BATCH_HEADERS.rawBytes])];
    if (claimed[0] !== rows || claimed[1] !== raw.length) throw new Error(`a batch of ${rows} rows and ${raw.length} bytes claims ${claimed.join(" and ")}`);
    return { stream: url.split("/").at(-1)!, key: String(headers[BATCH_HEADERS.batch]), attempt: Number(headers[BATCH_HEADERS.attempt]), rows, columns };
  }

  #store(batch: ReceivedBatch): void {
    const id = `${batch.stream} ${batch.key}`;
    const known = this.#stored.get(id);
    if (known && JSON.stringify(known.columns.message) !== JSON.stringify(batch.columns.message)) throw new Error(`two batches have the key ${batch.key}`);
    this.#stored.set(id, batch);
  }

  async #answer(batch: ReceivedBatch, fault: Fault, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (fault.kind === "reset") return void request.socket.destroy();
    if (fault.kind === "refuse") {
      const { status, code, retryAfterSeconds, details } = fault;
      if (retryAfterSeconds !== undefined) response.setHeader("retry-after", String(retryAfterSeconds));
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ error: { code, message: `as told: ${code}`, ...(details !== undefined && { details }) } }));
      return;
    }
    this.#store(batch);
    if (fault.kind === "stored-then-reset") return void request.socket.destroy();
    if (fault.kind === "late") await new Promise((resolve) => setTimeout(resolve, fault.ms));
    const ack: BatchAck = { stored: batch.rows, refused: {}, serverTime: new Date(Date.now() + this.clockAheadMs).toISOString(), storeBoot: this.storeBoot, policyVersion: 1, ...(this.resend && { resend: this.resend }) };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(ack));
  }
}
