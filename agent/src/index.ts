/** Public entry of obs-agent: the pipeline, the same inside a backend (gateway), and their types. */

export { createGateway } from "./gateway.ts";
export type { Gateway, GatewayOptions, LogDefaults, MetricPoint } from "./gateway.ts";
export { joinLines } from "./multiline/index.ts";
export type { MultilineSettings } from "./multiline/index.ts";
export { createPipeline } from "./pipeline.ts";
export type { Pipeline, PipelineOptions } from "./pipeline.ts";
export type { AgentConfig } from "./config/resolve.ts";
export { LINE_FORMATS, type LineFormat } from "./core/line-format.ts";
export { streamParserOf as createLineParser } from "./parsers/user-parser.ts";
export type { StreamParser as LineParser } from "./parsers/stream-parser.ts";
export type { ParsedRecord } from "./parsers/text/record.ts";
export type { BufferState } from "./core/batch-buffer.ts";
export type { Clock } from "./core/clock.ts";
export type { BufferedBatch, Delivery, IncomingLog, Observation, SealedBatch, Transport } from "./core/contracts.ts";
export type { Log } from "./core/log.ts";
export type { AgentError, AgentErrorCode } from "./errors.ts";
export type { Status } from "./admin/status.ts";
