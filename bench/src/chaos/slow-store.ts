/**
 * Makes inserts slower than a restart, between backend and store: all of an insert's body but its
 * last bytes goes on at once, the rest after a delay. The store has begun the insert by then (it is
 * in system.processes) and waits for its data. When the backend dies meanwhile, the rest is sent
 * all the same: the orphan commits late, as an insert does whose data was in the kernel already.
 */

import { createServer, request } from "node:http";
import type { ClientRequest, IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { endToEndHeaders } from "./end-to-end-headers.ts";

/** Held back of a body: too little to be a block, enough that the store cannot do without it. */
const TAIL_BYTES = 16;

export interface Orphans {
  committed: number;
  refused: number;
}

interface Held {
  readonly untilMs: number;
  /** To the backend: destroyed when it has died. */
  readonly response: ServerResponse;
}

export class SlowStore {
  readonly #target: URL;
  #insertDelayMs: () => number;
  readonly #server: Server;
  readonly #held = new Set<Held>();
  readonly #orphans: Orphans = { committed: 0, refused: 0 };
  #delayed = 0;

  constructor(target: string, insertDelayMs: () => number) {
    this.#target = new URL(target);
    this.#insertDelayMs = insertDelayMs;
    this.#server = createServer((incoming, response) => {
      this.#forward(incoming, response).catch(() => response.destroy());
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** No insert is slowed down from now on. */
  hurry(): void {
    this.#insertDelayMs = () => 0;
  }

  /** Inserts of a living backend that have begun and will still take at least `leastMs`. */
  held(leastMs = 0): number {
    const now = Date.now();
    return [...this.#held].filter(({ untilMs, response }) => !response.destroyed && untilMs - now >= leastMs).length;
  }

  /** Inserts whose backend was dead when they ended: stored, or refused as begun too late. */
  get orphans(): Readonly<Orphans> {
    return this.#orphans;
  }

  get delayed(): number {
    return this.#delayed;
  }

  async #forward(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const onward = request({
      host: this.#target.hostname,
      port: this.#target.port,
      method: incoming.method,
      path: incoming.url,
      headers: { ...endToEndHeaders(incoming.headers), "content-length": body.length },
      agent: false,
    });
    const answered = new Promise<IncomingMessage>((resolve, reject) => onward.once("response", resolve).once("error", reject));
    answered.catch(() => undefined);
    const delayMs = isDataInsert(incoming, body) ? this.#insertDelayMs() : 0;
    if (delayMs > 0) await this.#sendSlowly(onward, body, { untilMs: Date.now() + delayMs, response });
    else onward.end(body);
    const reply = await answered;
    const replyBody = await buffer(reply);
    if (response.destroyed) {
      if (isDataInsert(incoming, body)) this.#orphans[reply.statusCode === 200 ? "committed" : "refused"]++;
      return;
    }
    response.writeHead(reply.statusCode ?? 502, { ...endToEndHeaders(reply.headers), "content-length": replyBody.length });
    response.end(replyBody);
  }

  async #sendSlowly(onward: ClientRequest, body: Buffer, held: Held): Promise<void> {
    const cut = body.length - TAIL_BYTES;
    onward.write(body.subarray(0, cut));
    this.#held.add(held);
    this.#delayed++;
    try {
      await sleep(held.untilMs - Date.now());
    } finally {
      this.#held.delete(held);
    }
    onward.end(body.subarray(cut));
  }
}

/** An insert of batch rows: the statement is in the address, the rows are the body. */
const isDataInsert = ({ url }: IncomingMessage, body: Buffer): boolean =>
  body.length > TAIL_BYTES && /^\s*INSERT\s+INTO\s+\S*logs/i.test(new URL(url ?? "/", "http://store").searchParams.get("query") ?? "");
