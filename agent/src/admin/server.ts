/**
 * The agent's own addresses: health and metrics over HTTP on loopback, and the status over a unix
 * socket in the data folder that only its owner can open.
 */

import { chmod, rm } from "node:fs/promises";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { socketPath, SOCKET_PATH_MAX } from "./socket-path.ts";
import type { FieldReport } from "../core/field-census.ts";
import type { Log } from "../core/log.ts";
import { http } from "../core/node-http.ts";
import type { Status } from "./status.ts";

export interface AdminOptions {
  /** `HOST:PORT`; undefined = no HTTP. */
  readonly listen: string | undefined;
  readonly dataDir: string;
  readonly log: Log;
  readonly metricsText: () => string;
  readonly status: () => Status;
  /** Last lines of the agent's own log. */
  readonly recentLog: () => readonly string[];
  /** Takes over an answer on the socket: records for a person who watches. */
  readonly tap: (query: URLSearchParams, response: ServerResponse) => void;
  /** Fields of the logs, of one service or of all. */
  readonly fields: (service?: string) => FieldReport;
}

export interface AdminServer {
  /** Where it listens, such as `http://127.0.0.1:8686`; undefined when it does not. */
  readonly url: string | undefined;
  close(): Promise<void>;
}

type Answer = readonly [status: number, type: string, body: string];

const json = (value: unknown): string => JSON.stringify(value, (_name, inner: unknown) => (typeof inner === "bigint" ? String(inner) : inner));

/** Ready: started, and the buffer takes rows. A backend that is away is no reason to restart an agent. */
const answer = (path: string, { metricsText, status }: AdminOptions): Answer => {
  switch (path) {
    case "/healthz":
    case "/livez":
      return [200, "text/plain", "ok\n"];
    case "/readyz": {
      const { bytes, maxBytes } = status().buffer;
      return bytes < maxBytes ? [200, "text/plain", "ready\n"] : [503, "text/plain", "the buffer is full\n"];
    }
    case "/metrics":
      return [200, "text/plain; version=0.0.4", metricsText()];
    default:
      return [404, "text/plain", "there is /healthz, /livez, /readyz and /metrics\n"];
  }
};

/** What only the owner of the data folder may see. */
const answerOwner = (incoming: IncomingMessage, response: ServerResponse, options: AdminOptions): void => {
  const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://agent");
  if (pathname === "/status") return reply(response, [200, "application/json", json(options.status())]);
  if (pathname === "/fields") return reply(response, [200, "application/json", json(options.fields(searchParams.get("service") ?? undefined))]);
  if (pathname === "/log") return reply(response, [200, "text/plain", options.recentLog().join("")]);
  if (pathname === "/tap") return options.tap(searchParams, response);
  return reply(response, answer(pathname, options));
};

const reply = (response: ServerResponse, [status, type, body]: Answer): void => {
  response.writeHead(status, { "content-type": type, "x-content-type-options": "nosniff" }).end(body);
};

const listenOn = (server: Server, where: { host: string; port: number } | { path: string }): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      server.unref();
      resolve();
    });
  });

const openHttp = async (options: AdminOptions): Promise<Server | undefined> => {
  if (options.listen === undefined) return undefined;
  const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(options.listen)!;
  const server = http.createServer((incoming: IncomingMessage, response) => {
    if (incoming.method !== "GET" && incoming.method !== "HEAD") return reply(response, [405, "text/plain", "GET only\n"]);
    reply(response, answer(new URL(incoming.url ?? "/", "http://agent").pathname, options));
  });
  try {
    await listenOn(server, { host: host!, port: Number(port) });
    return server;
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
    options.log.warn(taken ? `the admin port ${options.listen} is taken: health and metrics are not served (admin.listen, OBS_AGENT_LISTEN)` : "health and metrics cannot be served", { listen: options.listen, ...(!taken && { error }) });
    return undefined;
  }
};

const openSocket = async (options: AdminOptions): Promise<Server | undefined> => {
  const { dataDir, log } = options;
  const path = socketPath(dataDir);
  if (path.length > SOCKET_PATH_MAX) {
    log.warn("the path of the data folder is too long for a socket: obs-agent status cannot reach this agent", { path });
    return undefined;
  }
  const server = http.createServer((incoming, response) => answerOwner(incoming, response, options));
  try {
    // Left over from an agent that was killed: this one holds the lock of the folder.
    await rm(path, { force: true });
    await listenOn(server, { path });
    await chmod(path, 0o600);
    return server;
  } catch (error) {
    log.warn("the status socket cannot be opened", { path, error });
    return undefined;
  }
};

const closeServer = (server: Server | undefined): Promise<void> =>
  new Promise((resolve) => {
    if (!server) return resolve();
    server.close(() => resolve());
    server.closeAllConnections();
  });

export const startAdmin = async (options: AdminOptions): Promise<AdminServer> => {
  const http = await openHttp(options);
  const socket = await openSocket(options);
  const address = http?.address();
  const host = typeof address === "object" && address ? (address.family === "IPv6" ? `[${address.address}]` : address.address) : "";
  return {
    url: typeof address === "object" && address ? `http://${host}:${address.port}` : undefined,
    close: async () => {
      await Promise.all([closeServer(http), closeServer(socket)]);
    },
  };
};
