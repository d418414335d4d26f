/** For tests: an API server that keeps objects with versions and speaks list, watch and selectors as the real one does. */

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";

export interface DoubleObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid: string; readonly resourceVersion?: string; readonly labels?: Readonly<Record<string, string>> };
}

interface Collection {
  readonly kind: string;
  readonly root: string;
  readonly plural: string;
}

const COLLECTIONS: readonly Collection[] = [
  { kind: "Pod", root: "/api/v1", plural: "pods" },
  { kind: "Service", root: "/api/v1", plural: "services" },
  { kind: "Endpoints", root: "/api/v1", plural: "endpoints" },
  { kind: "Node", root: "/api/v1", plural: "nodes" },
  { kind: "Namespace", root: "/api/v1", plural: "namespaces" },
  { kind: "EndpointSlice", root: "/apis/discovery.k8s.io/v1", plural: "endpointslices" },
  { kind: "Ingress", root: "/apis/networking.k8s.io/v1", plural: "ingresses" },
];

/** What a request asks for: objects of one kind, of one namespace or all, that selectors match. */
interface Question {
  readonly kind: string;
  readonly plural: string;
  readonly matches: (object: DoubleObject | undefined) => boolean;
}

interface Change {
  readonly version: number;
  readonly before: DoubleObject | undefined;
  readonly after: DoubleObject;
  readonly isGone: boolean;
}

export class ApiDouble {
  readonly #server: Server;
  readonly #objects = new Map<string, DoubleObject>();
  readonly #history: Change[] = [];
  readonly #watches = new Map<ServerResponse, Question>();
  #version = 1_000;
  /** Watches from before this version are Gone. */
  #oldest = 0;
  readonly requests: URL[] = [];
  readonly tokens: (string | undefined)[] = [];
  /** Lists have pages of this size at most. */
  pageSize = Infinity;
  /** So many continued lists are told that their version is gone. */
  expiredContinues = 0;
  /** Ends every watch as soon as it has begun, without a word. */
  endsWatches = false;
  /** Answers everything with this status. */
  status: number | undefined;
  /** Answers collections (`nodes`) with a status, as where the account has no right to them. */
  readonly refused = new Map<string, number>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(tls?: { readonly key: string; readonly cert: string; readonly ca?: string; readonly requestCert?: boolean }): Promise<ApiDouble> {
    const server = tls ? createTlsServer({ ...tls, rejectUnauthorized: tls.requestCert === true }) : createServer();
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

  put(changed: DoubleObject): void {
    const before = this.#objects.get(changed.metadata.uid);
    const after = this.#stamped(changed);
    this.#objects.set(after.metadata.uid, after);
    this.#tell({ version: this.#version, before, after, isGone: false });
  }

  remove(uid: string): void {
    const before = this.#objects.get(uid)!;
    this.#objects.delete(uid);
    this.#tell({ version: this.#version + 1, before, after: this.#stamped(before), isGone: true });
  }

  /** Something else in the cluster has changed: only the version moves on. */
  bookmark(): void {
    this.#version += 50;
    this.#writeAll(({ kind }) => ({ type: "BOOKMARK", object: { kind, apiVersion: "v1", metadata: { resourceVersion: this.version, creationTimestamp: null }, spec: { containers: null }, status: {} } }));
  }

  /** Forgets its history, as after a compaction; running watches are told with an event. */
  compact(): void {
    this.#version += 1;
    this.#oldest = this.#version;
    this.#writeAll(() => ({ type: "ERROR", object: goneStatus(this.#oldest) }));
    this.endWatches();
  }

  /** As after timeoutSeconds. */
  endWatches(): void {
    for (const response of this.#watches.keys()) response.end();
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

  #stamped(changed: DoubleObject): DoubleObject {
    this.#version += 1;
    return { ...changed, metadata: { ...changed.metadata, resourceVersion: this.version } };
  }

  #tell(change: Change): void {
    this.#history.push(change);
    this.#writeAll((question) => eventOf(change, question));
  }

  #writeAll(eventFor: (question: Question) => unknown): void {
    for (const [response, question] of this.#watches) writeEvent(response, eventFor(question));
  }

  #handle({ url = "", headers }: IncomingMessage, response: ServerResponse): void {
    const parsed = new URL(url, "http://api");
    const { searchParams, pathname } = parsed;
    this.requests.push(parsed);
    this.tokens.push(headers.authorization);
    const json = (status: number, value: unknown): void => void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    const question = questionOf(pathname, searchParams);
    const status = this.status ?? this.refused.get(question?.plural ?? "") ?? (question ? undefined : 404);
    if (!question || status !== undefined) return json(status!, { kind: "Status", status: "Failure", code: status });
    if (searchParams.get("watch") === "true") return this.#watch(question, Number(searchParams.get("resourceVersion")), response, json);
    const from = Number(searchParams.get("continue") ?? "0");
    if (from > 0 && this.expiredContinues-- > 0) return json(410, goneStatus(this.#version));
    const found = [...this.#objects.values()].filter(question.matches);
    // Elements of a list do not say what they are.
    const page = found.slice(from, from + this.pageSize).map(({ kind: _kind, ...object }) => object);
    const isMore = from + page.length < found.length;
    return json(200, { kind: `${question.kind}List`, apiVersion: "v1", metadata: { resourceVersion: this.version, ...(isMore && { continue: String(from + page.length) }) }, items: page });
  }

  #watch(question: Question, from: number, response: ServerResponse, json: (status: number, value: unknown) => void): void {
    if (from < this.#oldest) return json(410, goneStatus(this.#oldest));
    response.writeHead(200, { "content-type": "application/json", "transfer-encoding": "chunked" }).flushHeaders();
    for (const change of this.#history) if (change.version > from) writeEvent(response, eventOf(change, question));
    if (this.endsWatches) return void response.end();
    this.#watches.set(response, question);
    response.on("close", () => this.#watches.delete(response));
  }
}

const writeEvent = (response: ServerResponse, event: unknown): void => void (event && response.write(`${JSON.stringify(event)}\n`));

/** To those that selectors show an object, it is added when it begins to match and deleted when it no longer does. */
const eventOf = ({ before, after, isGone }: Change, { matches }: Question): unknown => {
  const [was, is] = [matches(before), !isGone && matches(after)];
  if (!was && !is) return undefined;
  return { type: is ? (was ? "MODIFIED" : "ADDED") : "DELETED", object: after };
};

const questionOf = (path: string, query: URLSearchParams): Question | undefined => {
  const [, root, , namespace, plural] = /^(\/api\/v1|\/apis\/[^/]+\/v1)(\/namespaces\/([^/]+))?\/([^/]+)$/.exec(path) ?? [];
  const collection = COLLECTIONS.find((each) => each.root === root && each.plural === plural);
  if (!collection) return undefined;
  const { kind } = collection;
  const [fields, labels] = [termsOf(query.get("fieldSelector")), termsOf(query.get("labelSelector"))];
  const isSelected = (object: DoubleObject): boolean =>
    fields.every(({ name, value }) => String(name.split(".").reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], object) ?? "") === value) &&
    labels.every(({ name, value }) => (value === undefined ? object.metadata.labels?.[name] !== undefined : object.metadata.labels?.[name] === value));
  return { kind, plural: collection.plural, matches: (object) => object?.kind === kind && (namespace === undefined || object.metadata.namespace === namespace) && isSelected(object) };
};

/** `a=b,c`: equality, and of labels existence. */
const termsOf = (selector: string | null): { readonly name: string; readonly value: string | undefined }[] =>
  (selector ?? "").split(",").filter(Boolean).map((term) => {
    const [name, value] = term.split(/==?/);
    return { name: name!, value };
  });

const goneStatus = (oldest: number) => ({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message: `too old resource version (${oldest})`, reason: "Expired", code: 410 });
