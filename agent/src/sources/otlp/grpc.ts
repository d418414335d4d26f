/** OTLP over gRPC: https://opentelemetry.io/docs/specs/otlp/#otlpgrpc */

import { Metadata, Server, ServerCredentials, logVerbosity, setLogVerbosity, status, type handleUnaryCall, type sendUnaryData, type ServiceDefinition } from "@grpc/grpc-js";
import type { OtlpConfig } from "../../config/metric-sources.ts";
import { bindPatiently } from "../bind.ts";
import { RESPONSES, settled, type Intake, type OtlpDeps, type Signal } from "./intake.ts";
import { encodeMessage } from "./messages.ts";

// The library writes to stderr by itself; what it has to say is counted and logged here.
setLogVerbosity(logVerbosity.NONE);

const STOP_PATIENCE_MS = 2_000;
const RETRY_AFTER_SECONDS = 1;

/** Messages pass as bytes: reading them is the intake's, so that a malformed one is told apart. */
const exportService = (path: string): ServiceDefinition => ({
  Export: { path, requestStream: false, responseStream: false, requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same },
});

const same = (bytes: Buffer): Buffer => bytes;

const SERVICES: Readonly<Record<Signal, string>> = {
  logs: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
  metrics: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
  traces: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
};

export class OtlpGrpcServer {
  readonly #config: OtlpConfig;
  readonly #intake: Intake;
  readonly #deps: OtlpDeps;
  readonly #active = new Set<Promise<void>>();
  readonly #stopping: AbortSignal;
  #server: Server | undefined;
  port: number | undefined;

  constructor(config: OtlpConfig, intake: Intake, deps: OtlpDeps, stopping: AbortSignal) {
    this.#config = config;
    this.#intake = intake;
    this.#deps = deps;
    this.#stopping = stopping;
  }

  start(): Promise<void> {
    const { listen } = this.#config.grpc;
    return bindPatiently(() => this.#bind(listen), { source: "otlp", listen, clock: this.#deps.clock, log: this.#deps.log, signal: this.#stopping });
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    const closed = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
    await settled(this.#active, this.#deps.clock, STOP_PATIENCE_MS);
    server.forceShutdown();
    await closed;
  }

  /** A server that could not be bound is not used again. */
  async #bind(listen: string): Promise<void> {
    const server = new Server({ "grpc.max_receive_message_length": this.#config.max_request_size });
    for (const signal of ["logs", "metrics", "traces"] as const) server.addService(exportService(SERVICES[signal]), { Export: this.#handler(signal) });
    const port = await new Promise<number>((resolve, reject) => server.bindAsync(listen, ServerCredentials.createInsecure(), (error, port) => (error ? reject(withCode(error)) : resolve(port))));
    if (this.#stopping.aborted) return server.forceShutdown();
    this.#server = server;
    this.port = port;
  }

  #handler(signal: Signal): handleUnaryCall<Buffer, Buffer> {
    return (call, reply) => {
      const handled = this.#take(signal, call.request, peerOf(call.getPeer()), reply).finally(() => this.#active.delete(handled));
      this.#active.add(handled);
    };
  }

  async #take(signal: Signal, body: Buffer, peer: string, reply: sendUnaryData<Buffer>): Promise<void> {
    const { pending } = this.#intake;
    if (!pending.tryHold(body.length)) {
      this.#deps.counters.add("requests_refused_too_many");
      return reply(later("too much is waiting to be written"));
    }
    try {
      const outcome = await this.#intake.take({ signal, encoding: "protobuf", body, peer });
      if (outcome.kind === "malformed") reply({ code: status.INVALID_ARGUMENT, details: outcome.message });
      else if (outcome.kind !== "taken") reply(later(outcome.message));
      else reply(null, successOf(signal, outcome.rejected, outcome.message));
    } finally {
      pending.release(body.length);
    }
  }
}

/** The library tells the reason in words only. */
const withCode = (error: Error): Error => Object.assign(error, { code: /\b(E[A-Z]{4,})\b/.exec(error.message)?.[1] });

/** `10.0.0.1:1234` or `[::1]:1234`. */
const peerOf = (peer: string): string => /^\[?(.*?)\]?:\d+$/.exec(peer)?.[1] ?? "";

/** UNAVAILABLE with the delay after which to try again. */
const later = (details: string) => {
  const metadata = new Metadata();
  const retryInfo = encodeMessage("RetryInfo", { retryDelay: { seconds: RETRY_AFTER_SECONDS } });
  metadata.set("grpc-status-details-bin", encodeMessage("Status", { code: status.UNAVAILABLE, message: details, details: [{ type_url: "type.googleapis.com/google.rpc.RetryInfo", value: retryInfo }] }));
  return { code: status.UNAVAILABLE, details, metadata };
};

const successOf = (signal: Signal, rejected: number, errorMessage: string): Buffer => {
  const [message, name] = RESPONSES[signal];
  return encodeMessage(message, rejected === 0 ? {} : { partialSuccess: { [name]: rejected, errorMessage } });
};
