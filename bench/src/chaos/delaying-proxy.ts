/**
 * Stands between agent and backend and holds acknowledgements back after the commit. It knows what
 * is in flight, so that a kill can be aimed at it:
 * - `committing`: handed to the backend, which has not answered;
 * - `held`: committed and answered, and the agent does not know it yet.
 */

import { createServer } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { BATCH_HEADERS, batchPath } from "@obs/wire";
import type { BatchAck } from "@obs/wire";
import { Agent, request } from "undici";
import { endToEndHeaders } from "./end-to-end-headers.ts";

export type Phase = "committing" | "held";

interface Flight {
  phase: Phase;
  readonly response: ServerResponse;
}

export interface Forwarded {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export class DelayingProxy {
  readonly #target: string;
  readonly #ackDelayMs: number;
  readonly #flights = new Set<Flight>();
  readonly #upstream = new Agent({ headersTimeout: 120_000, bodyTimeout: 120_000, connections: 64 });
  readonly #server: Server;
  /** Rows of each batch that was acknowledged to the agent, by key. */
  readonly #acknowledged = new Map<string, number>();
  readonly #refused = new Map<string, number>();
  #acknowledgedRows = 0;
  #repeats = 0;
  #isAway = false;

  constructor(target: string, ackDelayMs: number) {
    this.#target = target;
    this.#ackDelayMs = ackDelayMs;
    this.#server = createServer((incoming, response) => {
      if (this.#isAway) return void incoming.socket.destroy();
      this.#forward(incoming, response).catch(() => response.destroy());
    });
  }

  /** Listens on a free port of loopback; resolves with the address that the agent is given. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await this.#upstream.destroy();
  }

  /** Batches in flight, of one phase or of both. */
  inFlight(phase?: Phase): number {
    return [...this.#flights].filter((flight) => phase === undefined || flight.phase === phase).length;
  }

  /** Rows in batches that the agent was told are stored; each batch counts once. */
  get acknowledgedRows(): number {
    return this.#acknowledgedRows;
  }

  get acknowledgedBatches(): number {
    return this.#acknowledged.size;
  }

  /** Requests that were not the first attempt of their batch. */
  get repeats(): number {
    return this.#repeats;
  }

  /** Rows that acknowledgements named as refused for good. */
  get refusedRows(): number {
    return [...this.#refused.values()].reduce((sum, rows) => sum + rows, 0);
  }

  /** Cuts every connection to the agent: a backend that died takes its unsent acknowledgements along. */
  cut(): void {
    for (const { response } of this.#flights) response.destroy();
    this.#flights.clear();
  }

  /** The backend is away for the agent: connections are cut, and new ones as soon as they ask for something. */
  leave(): void {
    this.#isAway = true;
    this.cut();
    this.#server.closeAllConnections();
  }

  comeBack(): void {
    this.#isAway = false;
  }

  async #forward(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const isBatch = incoming.url?.startsWith(batchPath("")) === true;
    const body = await buffer(incoming);
    if (!isBatch) {
      answer(response, await this.#ask(incoming, body));
      return;
    }
    if (Number(incoming.headers[BATCH_HEADERS.attempt]) > 1) this.#repeats++;
    const flight: Flight = { phase: "committing", response };
    this.#flights.add(flight);
    try {
      const gone = new AbortController();
      response.once("close", () => gone.abort());
      const forwarded = await this.#ask(incoming, body, gone.signal);
      if (forwarded.status === 200) {
        flight.phase = "held";
        await sleep(this.#ackDelayMs, undefined, { signal: gone.signal });
        response.once("finish", () => this.#count(incoming.headers, forwarded.body));
      }
      answer(response, forwarded);
    } finally {
      this.#flights.delete(flight);
    }
  }

  async #ask({ url, method, headers }: IncomingMessage, body: Buffer, signal?: AbortSignal): Promise<Forwarded> {
    const answered = await request(`${this.#target}${url}`, {
      method: method as "GET",
      headers: endToEndHeaders(headers),
      body: body.length > 0 ? body : null,
      dispatcher: this.#upstream,
      ...(signal ? { signal } : {}),
    });
    return { status: answered.statusCode, headers: answered.headers, body: Buffer.from(await answered.body.arrayBuffer()) };
  }

  #count(headers: IncomingHttpHeaders, body: Buffer): void {
    const key = String(headers[BATCH_HEADERS.batch]);
    const rows = Number(headers[BATCH_HEADERS.rows]);
    const ack = JSON.parse(body.toString("utf8")) as BatchAck;
    this.#acknowledgedRows += rows - (this.#acknowledged.get(key) ?? 0);
    this.#acknowledged.set(key, rows);
    this.#refused.set(key, Object.values(ack.refused).reduce((sum, count) => sum + count, 0));
  }
}

const answer = (response: ServerResponse, { status, headers, body }: Forwarded): void => {
  if (response.destroyed) return;
  response.writeHead(status, { ...endToEndHeaders(headers), "content-length": body.length });
  response.end(body);
};
