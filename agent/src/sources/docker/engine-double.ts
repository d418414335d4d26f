/** For tests: docker's Engine API on a unix socket, as far as the agent uses it. */

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { InspectedContainer } from "./engine.ts";

export interface DoubleMessage {
  readonly time: string;
  readonly side: "stdout" | "stderr";
  /** With its newline, if it has one. */
  readonly text: string;
}

interface DoubleContainer {
  readonly inspected: InspectedContainer;
  readonly messages: DoubleMessage[];
}

export const containerId = (number: number): string => number.toString(16).padStart(64, "c");

export const inspected = (number: number, changes: { name?: string; image?: string; labels?: Record<string, string>; tty?: boolean; driver?: string } = {}): InspectedContainer => ({
  Id: containerId(number),
  Name: `/${changes.name ?? `app-${number}`}`,
  Created: "2024-01-01T00:00:00Z",
  Config: { Image: changes.image ?? "shop/web:1.2", Labels: changes.labels ?? {}, Tty: changes.tty ?? false },
  HostConfig: { LogConfig: { Type: changes.driver ?? "json-file" } },
  State: { Running: true },
});

const frame = (side: string, bytes: Buffer): Buffer => {
  const header = Buffer.alloc(8);
  header[0] = side === "stderr" ? 2 : 1;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
};

/** Time as docker compares it: RFC 3339 with nine decimals sorts as text. */
const sinceText = (since: string): string => {
  const [seconds = "0", nanoseconds = "0"] = since.split(".");
  return `${new Date(Number(seconds) * 1_000).toISOString().slice(0, 19)}.${nanoseconds.padEnd(9, "0")}Z`;
};

export class EngineDouble {
  readonly #server: Server;
  readonly #containers = new Map<string, DoubleContainer>();
  readonly #listeners = new Set<ServerResponse>();
  readonly #followers = new Map<ServerResponse, string>();
  /** Requests that wait until `release`. */
  #gate: Promise<void> = Promise.resolve();
  #release: () => void = () => {};
  requests: string[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(socketPath: string): Promise<EngineDouble> {
    const server = createServer();
    const double = new EngineDouble(server);
    server.on("request", (request, response) => void double.#handle(request, response));
    server.listen(socketPath);
    await once(server, "listening");
    return double;
  }

  /** Answers no more questions until `release`. */
  hold(): void {
    this.#gate = new Promise((resolve) => (this.#release = resolve));
  }

  release(): void {
    this.#release();
  }

  get listening(): number {
    return this.#listeners.size;
  }

  get following(): number {
    return this.#followers.size;
  }

  put(container: InspectedContainer, action = "start"): void {
    const messages = this.#containers.get(container.Id)?.messages ?? [];
    this.#containers.set(container.Id, { inspected: container, messages });
    this.#tell(action, container.Id);
  }

  remove(id: string): void {
    this.#containers.delete(id);
    this.#tell("destroy", id);
  }

  say(id: string, message: DoubleMessage): void {
    const container = this.#containers.get(id)!;
    container.messages.push(message);
    for (const [response, followed] of this.#followers) if (followed === id) response.write(encode(container, message));
  }

  /** Ends log streams, as when a container stops. */
  endLogs(): void {
    for (const response of this.#followers.keys()) response.end();
    this.#followers.clear();
  }

  /** Cuts every connection. */
  cut(): void {
    this.#listeners.clear();
    this.#followers.clear();
    this.#server.closeAllConnections();
  }

  async close(): Promise<void> {
    this.release();
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #tell(action: string, id: string): void {
    for (const listener of this.#listeners) listener.write(`${JSON.stringify({ Type: "container", Action: action, Actor: { ID: id, Attributes: {} }, timeNano: 1 })}\n`);
  }

  async #handle({ url = "" }: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests.push(url);
    await this.#gate;
    const { pathname, searchParams } = new URL(url, "http://docker");
    const json = (status: number, value: unknown): void => void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    if (pathname === "/containers/json") return json(200, [...this.#containers.values()].map(({ inspected: { Id, Name, Config } }) => ({ Id, Names: [Name], Image: Config.Image, Labels: Config.Labels })));
    if (pathname === "/events") {
      response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
      this.#listeners.add(response);
      response.on("close", () => this.#listeners.delete(response));
      return;
    }
    const [, id = "", what] = /^\/containers\/(\w+)\/(json|logs)$/.exec(pathname) ?? [];
    const container = this.#containers.get(id);
    if (!container) return json(404, { message: `No such container: ${id}` });
    if (what === "json") return json(200, container.inspected);
    response.writeHead(200, { "content-type": "application/vnd.docker.raw-stream" });
    const since = sinceText(searchParams.get("since") ?? "0");
    for (const message of container.messages) if (message.time >= since) response.write(encode(container, message));
    this.#followers.set(response, id);
    response.on("close", () => this.#followers.delete(response));
  }
}

const encode = ({ inspected: { Config } }: DoubleContainer, { time, side, text }: DoubleMessage): Buffer => {
  const bytes = Buffer.from(`${time} ${text}`);
  return Config.Tty ? bytes : frame(side, bytes);
};
