/** For tests: an API server that keeps pods with versions and speaks list and watch as the real one does. */

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Pod } from "./describe.ts";

export interface DoublePod extends Pod {
  readonly metadata: Pod["metadata"] & { readonly resourceVersion?: string };
}

export interface PodChanges {
  readonly uid?: string;
  readonly namespace?: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly owner?: { readonly kind: string; readonly name: string };
  readonly containers?: readonly string[];
}

/** As `kubectl get pod -o json` has it, without what nobody here looks at. */
export const pod = (name: string, { uid = `uid-${name}`, namespace = "shop", labels = {}, annotations = {}, owner, containers = ["web"] }: PodChanges = {}): DoublePod => ({
  metadata: { name, namespace, uid, labels, annotations, ...(owner && { ownerReferences: [{ ...owner, controller: true }] }) },
  spec: { nodeName: "node-1", containers: containers.map((container) => ({ name: container, image: `reg.example.com/shop/${container}:1.2` })) },
  status: { containerStatuses: containers.map((container) => ({ name: container, containerID: `containerd://${"c".repeat(63)}1`, restartCount: 0 })) },
});

export class ApiDouble {
  readonly #server: Server;
  readonly #pods = new Map<string, DoublePod>();
  readonly #history: { readonly version: number; readonly type: string; readonly object: DoublePod }[] = [];
  readonly #watches = new Set<ServerResponse>();
  #version = 1_000;
  /** Watches from before this version are Gone. */
  #oldest = 0;
  readonly requests: URL[] = [];
  readonly tokens: (string | undefined)[] = [];
  /** Lists have pages of this size at most. */
  pageSize = Infinity;
  /** Answers everything with this status. */
  status: number | undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(tls?: { readonly key: string; readonly cert: string }): Promise<ApiDouble> {
    const server = tls ? createTlsServer(tls) : createServer();
    const double = new ApiDouble(server as Server);
    server.on("request", (request: IncomingMessage, response: ServerResponse) => double.#handle(request, response));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return double;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get watching(): number {
    return this.#watches.size;
  }

  get lists(): URL[] {
    return this.requests.filter(({ searchParams }) => searchParams.get("watch") === null);
  }

  /** Versions that watches began at. */
  get watchedFrom(): string[] {
    return this.requests.filter(({ searchParams }) => searchParams.get("watch") === "true").map(({ searchParams }) => searchParams.get("resourceVersion")!);
  }

  get version(): string {
    return String(this.#version);
  }

  put(changed: DoublePod): void {
    const type = this.#pods.has(changed.metadata.uid) ? "MODIFIED" : "ADDED";
    const object = this.#stamped(changed);
    this.#pods.set(object.metadata.uid, object);
    this.#tell(type, object);
  }

  remove(uid: string): void {
    const object = this.#stamped(this.#pods.get(uid)!);
    this.#pods.delete(uid);
    this.#tell("DELETED", object);
  }

  /** Something else in the cluster has changed: only the version moves on. */
  bookmark(): void {
    this.#version += 50;
    this.#write({ type: "BOOKMARK", object: { kind: "Pod", apiVersion: "v1", metadata: { resourceVersion: this.version, creationTimestamp: null }, spec: { containers: null }, status: {} } });
  }

  /** Forgets its history, as after a compaction; running watches are told with an event. */
  compact(): void {
    this.#version += 1;
    this.#oldest = this.#version;
    this.#write({ type: "ERROR", object: goneStatus(this.#oldest) });
    this.endWatches();
  }

  /** As after timeoutSeconds. */
  endWatches(): void {
    for (const response of this.#watches) response.end();
    this.#watches.clear();
  }

  /** As when a load balancer goes away. */
  cut(): void {
    this.#watches.clear();
    this.#server.closeAllConnections();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #stamped(changed: DoublePod): DoublePod {
    this.#version += 1;
    return { ...changed, metadata: { ...changed.metadata, resourceVersion: this.version } };
  }

  #tell(type: string, object: DoublePod): void {
    this.#history.push({ version: this.#version, type, object });
    this.#write({ type, object });
  }

  #write(event: unknown): void {
    for (const response of this.#watches) response.write(`${JSON.stringify(event)}\n`);
  }

  #handle({ url = "", headers }: IncomingMessage, response: ServerResponse): void {
    const parsed = new URL(url, "http://api");
    const { searchParams, pathname } = parsed;
    this.requests.push(parsed);
    this.tokens.push(headers.authorization);
    const json = (status: number, value: unknown): void => void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    if (this.status !== undefined) return json(this.status, { kind: "Status", status: "Failure", code: this.status });
    if (pathname !== "/api/v1/pods") return json(404, { kind: "Status", code: 404 });
    if (searchParams.get("watch") === "true") return this.#watch(Number(searchParams.get("resourceVersion")), response, json);
    const from = Number(searchParams.get("continue") ?? "0");
    const pods = [...this.#pods.values()];
    const page = pods.slice(from, from + this.pageSize);
    const isMore = from + page.length < pods.length;
    return json(200, { kind: "PodList", apiVersion: "v1", metadata: { resourceVersion: this.version, ...(isMore && { continue: String(from + page.length) }) }, items: page });
  }

  #watch(from: number, response: ServerResponse, json: (status: number, value: unknown) => void): void {
    if (from < this.#oldest) return json(410, goneStatus(this.#oldest));
    response.writeHead(200, { "content-type": "application/json", "transfer-encoding": "chunked" }).flushHeaders();
    for (const { version, type, object } of this.#history) if (version > from) response.write(`${JSON.stringify({ type, object })}\n`);
    this.#watches.add(response);
    response.on("close", () => this.#watches.delete(response));
  }
}

const goneStatus = (oldest: number) => ({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message: `too old resource version (${oldest})`, reason: "Expired", code: 410 });
