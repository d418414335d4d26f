/**
 * The HTTP source: JSON, JSON lines and plain lines, answered with 204 after the durable write. A
 * client that is not answered, or answered with 429 or 503, may send the same again.
 */

import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { HttpSourceOptions } from "../../config/listeners.ts";
import { sleep, type Clock } from "../../core/clock.ts";
import type { LineShard, LineStream, Source } from "../../core/contracts.ts";
import type { Log } from "../../core/log.ts";
import { http } from "../../core/node-http.ts";
import { bindPatiently, readSecret, readTls } from "../bind.ts";
import { listenOnce } from "../connections.ts";
import { Turns } from "../line-feed.ts";
import { PendingBytes, Refusal, decode, readBody, type RefusalReason } from "./body.ts";
import { DurableLines } from "./durable-lines.ts";
import { toLines } from "./lines.ts";

export type HttpEvent = "requests" | `requests_refused_${RefusalReason}` | "bytes_read" | "connections_refused" | "connection_errors";

export interface HttpSourceDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Host of lines that name none. */
  readonly host: string;
  readonly counters: { add(event: HttpEvent, by?: number): void };
}

export interface HttpSource extends Source {
  readonly port: number | undefined;
}

const RETRY_AFTER_SECONDS = 1;
/** What is being written when the agent stops is answered if it is durable by then. */
const STOP_PATIENCE_MS = 2_000;

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** In constant time: digests of equal length are compared. */
const isAuthorized = ({ headers: { authorization = "" } }: IncomingMessage, token: Buffer | undefined): boolean =>
  token === undefined || timingSafeEqual(digest(/^bearer +(.+)$/i.exec(authorization)?.[1] ?? ""), token);

const streamOf = ({ service, environment = "" }: HttpSourceOptions, host: string): LineStream => ({
  id: "",
  service,
  host,
  environment,
  attributes: {},
  encodePosition: () => new Uint8Array(),
});

export const createHttpSource = (options: HttpSourceOptions, shard: LineShard, deps: HttpSourceDeps): HttpSource => {
  const { path, max_body: maxBody, max_decompressed: maxDecompressed, patience: patienceMs } = options;
  const { clock, counters, log } = deps;
  const lines = new DurableLines(shard, streamOf(options, deps.host), clock);
  const pending = new PendingBytes(options.max_pending);
  const decompressions = new Turns();
  const stopping = new AbortController();
  const active = new Set<Promise<void>>();
  let token: Buffer | undefined;
  let server: Server | undefined;
  let started: Promise<void> | undefined;
  let stopped: Promise<void> | undefined;

  /** Aborts when patience ends or the source stops. */
  const patience = (): { readonly signal: AbortSignal; readonly end: () => void } => {
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    const cancel = clock.after(patienceMs, abort);
    stopping.signal.addEventListener("abort", abort, { once: true });
    if (stopping.signal.aborted) abort();
    return { signal: controller.signal, end: () => (cancel(), stopping.signal.removeEventListener("abort", abort)) };
  };

  const write = async (body: Buffer): Promise<void> => {
    const { signal, end } = patience();
    const isDurable = await lines.write(body, signal).finally(end);
    if (!isDurable) throw new Refusal(503, "no_room", "there is no room in the buffer");
  };

  const takeBody = async (request: IncomingMessage, claim: (bytes: number) => void): Promise<void> => {
    const { "content-encoding": encoding = "", "content-type": type = "" } = request.headers;
    if (!pending.fits(Number(request.headers["content-length"] ?? 0))) claim(Number.POSITIVE_INFINITY);
    const sent = await readBody(request, maxBody, claim);
    counters.add("bytes_read", sent.length);
    // One at a time: the limit is what all of them together may take beyond what is pending.
    const body = encoding === "" ? sent : await decompressions.take(() => decode(sent, encoding, maxDecompressed));
    if (body !== sent) claim(body.length);
    const text = toLines(body, /^application\/([\w.-]+\+)?json\b/i.test(type));
    if (!text) throw new Refusal(400, "malformed", "the body is no JSON");
    if (text.length > 0) await write(text);
  };

  const take = async (request: IncomingMessage): Promise<void> => {
    if (request.url?.split("?", 1)[0] !== path) throw new Refusal(404, "no_such_path", `post to ${path}`);
    if (request.method !== "POST") throw new Refusal(405, "method", "POST only");
    if (!isAuthorized(request, token)) throw new Refusal(401, "unauthorized", "a bearer token is needed");
    let held = 0;
    const claim = (bytes: number): void => {
      if (!pending.fits(bytes)) throw new Refusal(429, "too_many", "too much is waiting to be written");
      pending.hold(bytes);
      held += bytes;
    };
    await takeBody(request, claim).finally(() => pending.release(held));
  };

  const refuse = (request: IncomingMessage, response: ServerResponse, error: unknown): void => {
    const refusal = error instanceof Refusal ? error : new Refusal(503, "failed", "the lines could not be written");
    if (refusal !== error) log.error("the http source could not write", { error });
    counters.add(`requests_refused_${refusal.reason}`);
    if (refusal.status === 429 || refusal.status === 503) response.setHeader("retry-after", String(RETRY_AFTER_SECONDS));
    if (refusal.status === 401) response.setHeader("www-authenticate", "Bearer");
    if (refusal.status === 405) response.setHeader("allow", "POST");
    // The rest of a body that is not wanted is read and thrown away, so that the client sees the answer.
    if (!request.complete) response.setHeader("connection", "close");
    response.writeHead(refusal.status, { "content-type": "application/json" }).end(`${JSON.stringify({ error: { code: refusal.reason, message: refusal.message } })}\n`);
    request.resume();
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    counters.add("requests");
    try {
      await take(request);
      response.writeHead(204).end();
    } catch (error) {
      refuse(request, response, error);
    }
  };

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const handled = handle(request, response).finally(() => active.delete(handled));
    active.add(handled);
  };

  const bind = async (): Promise<void> => {
    const secret = await readSecret(options.bearer_token, options.bearer_token_file);
    token = secret === undefined ? undefined : digest(secret);
    const next = options.tls ? createTlsServer(await readTls(options.tls), listener) : http.createServer(listener);
    next.maxConnections = options.max_connections;
    next.on("drop", () => counters.add("connections_refused"));
    next.on("tlsClientError", () => counters.add("connection_errors"));
    await listenOnce(next, options.listen);
    if (stopping.signal.aborted) return void next.close();
    next.on("error", () => counters.add("connection_errors"));
    server = next;
  };

  const close = async (): Promise<void> => {
    await started;
    const closed = new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
    const enough = new AbortController();
    await Promise.race([Promise.all(active), sleep(clock, STOP_PATIENCE_MS, enough.signal)]);
    enough.abort();
    server?.closeAllConnections();
    await closed;
  };

  return {
    name: "http",
    get port() {
      const address = server?.address();
      return typeof address === "object" ? address?.port : undefined;
    },
    async start() {
      if (stopped) return;
      await (started ??= bindPatiently(bind, { source: "http", listen: options.listen, clock, log, signal: stopping.signal }));
    },
    async stop() {
      stopping.abort();
      await (stopped ??= close());
    },
  };
};
