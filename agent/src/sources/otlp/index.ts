/** The OTLP source: logs, metrics and traces over HTTP and gRPC. Its libraries are loaded when it is started. */

import type { OtlpConfig } from "../../config/metric-sources.ts";
import type { Source } from "../../core/contracts.ts";
import type { OtlpDeps, OtlpShards } from "./intake.ts";

export type { OtlpDeps, OtlpEvent, OtlpShards } from "./intake.ts";

interface OtlpServer {
  readonly port: number | undefined;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface OtlpSource extends Source {
  readonly httpPort: number | undefined;
  readonly grpcPort: number | undefined;
}

export const createOtlpSource = (config: OtlpConfig, shards: OtlpShards, deps: OtlpDeps): OtlpSource => {
  const stopping = new AbortController();
  let http: OtlpServer | undefined;
  let grpc: OtlpServer | undefined;
  let started: Promise<void> | undefined;
  let stopped: Promise<void> | undefined;

  const start = async (): Promise<void> => {
    const { Intake } = await import("./intake.ts");
    const intake = new Intake(config, shards, deps, stopping.signal);
    if (config.http.enabled) http = new (await import("./http.ts")).OtlpHttpServer(config, intake, deps, stopping.signal);
    if (config.grpc.enabled) grpc = new (await import("./grpc.ts")).OtlpGrpcServer(config, intake, deps, stopping.signal);
    await http?.start();
    await grpc?.start();
  };

  const stop = async (): Promise<void> => {
    stopping.abort();
    await started;
    await Promise.all([http?.stop(), grpc?.stop()]);
  };

  return {
    name: "otlp",
    get httpPort() {
      return http?.port;
    },
    get grpcPort() {
      return grpc?.port;
    },
    start: () => (started ??= start()),
    stop: () => (stopped ??= stop()),
  };
};
