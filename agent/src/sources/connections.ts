/**
 * TCP and TLS connections of a listening source: a bound on their number, faults that end one
 * connection and nothing else, and a stop that waits for what was read.
 */

import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { TlsOptions } from "../config/listeners.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { bindPatiently, parseAddress, readTls } from "./bind.ts";

export type ConnectionEvent = "connections" | "connections_refused" | "connection_errors";

export interface ConnectionsOptions {
  readonly source: string;
  readonly listen: string;
  readonly tls: TlsOptions | undefined;
  readonly maxConnections: number;
  /** Serves one connection until it ends. Rejects for faults of the agent only. */
  readonly serve: (socket: Socket) => Promise<void>;
  /** Done before each try to listen, such as reading a secret; it listens once this has worked. */
  readonly prepare?: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: { add(event: ConnectionEvent, by?: number): void };
}

/** Peers that vanished without a word are noticed. */
const KEEP_ALIVE_MS = 60_000;

/** Binds a server once; rejects when it cannot. */
export const listenOnce = (server: Server, listen: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(parseAddress(listen), () => {
      server.off("error", reject);
      resolve();
    });
  });

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #stopping = new AbortController();
  readonly #open = new Map<Socket, Promise<void>>();
  #server: Server | undefined;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** Where it listens; undefined while it does not. */
  get address(): AddressInfo | undefined {
    const address = this.#server?.address();
    return typeof address === "object" && address ? address : undefined;
  }

  start(): Promise<void> {
    return bindPatiently(() => this.#bind(), { ...this.#options, signal: this.#stopping.signal });
  }

  /** Connections are cut; resolves when what was read of them is with the shard. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const closed = new Promise<void>((resolve) => (this.#server?.listening ? this.#server.close(() => resolve()) : resolve()));
    for (const socket of this.#open.keys()) socket.destroy();
    await Promise.all(this.#open.values());
    await closed;
  }

  async #bind(): Promise<void> {
    const { listen, tls, maxConnections, counters, prepare } = this.#options;
    await prepare?.();
    const accept = (socket: Socket): void => this.#accept(socket);
    const server = tls ? createTlsServer({ ...(await readTls(tls)), allowHalfOpen: true }, accept) : createServer({ allowHalfOpen: true }, accept);
    server.maxConnections = maxConnections;
    server.on("drop", () => counters.add("connections_refused"));
    server.on("tlsClientError", () => counters.add("connection_errors"));
    await listenOnce(server, listen);
    if (this.#stopping.signal.aborted) return void server.close();
    server.on("error", () => counters.add("connection_errors"));
    this.#server = server;
  }

  #accept(socket: Socket): void {
    const { counters, serve } = this.#options;
    counters.add("connections");
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on("error", () => counters.add("connection_errors"));
    const served = serve(socket)
      .catch((error: unknown) => {
        // A fault of the connection has been counted; one of the shard ends the process.
        if (!socket.errored && (error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
      })
      .finally(() => {
        // Answers that are on their way are written first.
        socket.destroySoon();
        this.#open.delete(socket);
      });
    this.#open.set(socket, served);
  }
}
