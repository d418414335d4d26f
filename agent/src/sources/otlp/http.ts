/** OTLP over HTTP: https://opentelemetry.io/docs/specs/otlp/#otlphttp */

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { OtlpConfig } from "../../config/metric-sources.ts";
import { http } from "../../core/node-http.ts";
import { bindPatiently } from "../bind.ts";
import { listenOnce } from "../connections.ts";
import { RESPONSES, settled, type Encoding, type Intake, type OtlpDeps, type Signal } from "./intake.ts";
import { encodeMessage } from "./messages.ts";

/** Codes of google.rpc.Status. */
const CODE = { INVALID_ARGUMENT: 3, RESOURCE_EXHAUSTED: 8, UNIMPLEMENTED: 12, UNAVAILABLE: 14 } as const;

const RETRY_AFTER_SECONDS = 1;
const STOP_PATIENCE_MS = 2_000;
const CONTENT_TYPE: Readonly<Record<Encoding, string>> = { protobuf: "application/x-protobuf", json: "application/json" };
const SIGNALS: Readonly<Record<string, Signal>> = { "/v1/logs": "logs", "/v1/metrics": "metrics", "/v1/traces": "traces" };

const gunzipAsync = promisify(gunzip);

class Refusal extends Error {
  readonly status: number;
  readonly code: number;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export class OtlpHttpServer {
  readonly #config: OtlpConfig;
  readonly #intake: Intake;
  readonly #deps: OtlpDeps;
  readonly #server: Server;
  readonly #active = new Set<Promise<void>>();
  readonly #stopping: AbortSignal;

  constructor(config: OtlpConfig, intake: Intake, deps: OtlpDeps, stopping: AbortSignal) {
    this.#stopping = stopping;
    this.#config = config;
    this.#intake = intake;
    this.#deps = deps;
    this.#server = http.createServer((request, response) => {
      const handled = this.#handle(request, response).finally(() => this.#active.delete(handled));
      this.#active.add(handled);
    });
  }

  get port(): number | undefined {
    return (this.#server.address() as AddressInfo | null)?.port;
  }

  start(): Promise<void> {
    const { listen } = this.#config.http;
    return bindPatiently(() => this.#bind(listen), { source: "otlp", listen, clock: this.#deps.clock, log: this.#deps.log, signal: this.#stopping });
  }

  async #bind(listen: string): Promise<void> {
    await listenOnce(this.#server, listen);
    if (this.#stopping.aborted) return void this.#server.close();
    this.#server.on("error", (error) => this.#deps.log.warn("the OTLP server has a fault", { error }));
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    await settled(this.#active, this.#deps.clock, STOP_PATIENCE_MS);
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const encoding = encodingOf(request);
    try {
      const { signal, rejected, message } = await this.#take(request, encoding);
      reply(response, 200, encoding ?? "json", successOf(signal, rejected, message, encoding ?? "json"));
    } catch (error) {
      const { status, code, message } = error instanceof Refusal ? error : new Refusal(400, CODE.INVALID_ARGUMENT, "the request was broken off");
      if (status === 429 || status === 503) response.setHeader("retry-after", String(RETRY_AFTER_SECONDS));
      if (!request.complete) response.setHeader("connection", "close");
      reply(response, status, encoding ?? "json", encoding === "protobuf" ? encodeMessage("Status", { code, message }) : Buffer.from(JSON.stringify({ code, message })));
      // The rest of a body that is not wanted is thrown away, so that the client sees the answer.
      request.resume();
    }
  }

  async #take(request: IncomingMessage, encoding: Encoding | undefined): Promise<{ signal: Signal; rejected: number; message: string }> {
    const path = (request.url ?? "").split("?", 1)[0]!;
    const refuse = (event: "unsupported" | "too_large" | "too_many", status: number, code: number, message: string): Refusal => {
      this.#deps.counters.add(`requests_refused_${event}`);
      return new Refusal(status, code, message);
    };
    const signal = Object.hasOwn(SIGNALS, path) ? SIGNALS[path] : undefined;
    if (!signal) throw refuse("unsupported", 404, CODE.UNIMPLEMENTED, "there is /v1/logs, /v1/metrics and /v1/traces");
    if (request.method !== "POST") throw refuse("unsupported", 405, CODE.UNIMPLEMENTED, "POST only");
    if (!encoding) throw refuse("unsupported", 415, CODE.INVALID_ARGUMENT, "the content type must be application/x-protobuf or application/json");
    const { max_request_size: limit } = this.#config;
    const tooLarge = (): Refusal => refuse("too_large", 413, CODE.INVALID_ARGUMENT, `the request is larger than ${limit} bytes`);
    let held = 0;
    const hold = (bytes: number): void => {
      if (!this.#intake.pending.tryHold(bytes)) throw refuse("too_many", 429, CODE.RESOURCE_EXHAUSTED, "too much is waiting to be written");
      held += bytes;
    };
    try {
      const sent = await readBody(request, limit, hold, tooLarge);
      const contentEncoding = request.headers["content-encoding"] ?? "identity";
      if (contentEncoding !== "gzip" && contentEncoding !== "identity") throw refuse("unsupported", 415, CODE.INVALID_ARGUMENT, "the content encoding must be gzip or none");
      const body = contentEncoding === "gzip" ? await unzipped(sent, limit, tooLarge) : sent;
      if (body !== sent) hold(body.length);
      const outcome = await this.#intake.take({ signal, encoding, body, peer: request.socket.remoteAddress ?? "" });
      if (outcome.kind === "malformed") throw new Refusal(400, CODE.INVALID_ARGUMENT, outcome.message);
      if (outcome.kind !== "taken") throw new Refusal(503, CODE.UNAVAILABLE, outcome.message);
      return { signal, ...outcome };
    } finally {
      this.#intake.pending.release(held);
    }
  }
}

const encodingOf = ({ headers }: IncomingMessage): Encoding | undefined => {
  const type = (headers["content-type"] ?? "").split(";", 1)[0]!.trim().toLowerCase();
  if (type === "application/x-protobuf" || type === "application/protobuf") return "protobuf";
  return type === "application/json" ? "json" : undefined;
};

const readBody = async (request: IncomingMessage, limit: number, hold: (bytes: number) => void, tooLarge: () => Refusal): Promise<Buffer> => {
  if (Number(request.headers["content-length"] ?? 0) > limit) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limit) throw tooLarge();
    hold(chunk.length);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const unzipped = async (body: Buffer, limit: number, tooLarge: () => Refusal): Promise<Buffer> => {
  try {
    return await gunzipAsync(body, { maxOutputLength: limit });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge();
    throw new Refusal(400, CODE.INVALID_ARGUMENT, "the body is no gzip");
  }
};

/** 64-bit numbers are text in JSON. */
const successOf = (signal: Signal, rejected: number, errorMessage: string, encoding: Encoding): Buffer => {
  const [message, name] = RESPONSES[signal];
  const response = rejected === 0 ? {} : { partialSuccess: { [name]: encoding === "json" ? String(rejected) : rejected, errorMessage } };
  if (encoding === "json") return Buffer.from(JSON.stringify(response));
  return encodeMessage(message, response);
};

const reply = (response: ServerResponse, status: number, encoding: Encoding, body: Buffer): void => {
  response.writeHead(status, { "content-type": CONTENT_TYPE[encoding], "content-length": body.length }).end(body);
};
