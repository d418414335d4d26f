/**
 * The agent on one screen. The order of the stages is fixed; masking comes before anything is keyed,
 * logged or written to disk:
 *
 *   source -> parse -> enrich -> mask -> encode -> buffer -> send
 *
 *   source                            sources/    follow files and pipes, read this host's metrics
 *   parse, enrich, mask, encode       rows/       one pass over the records of a block, inside one arena
 *                                     shard/      when a block is sealed, and with which positions
 *                                     codec/      zstd
 *   buffer                            buffer/     batch and positions in one atomic synced write
 *   send                              sinks/      until acknowledged, or refused for good
 */

import { encodeSamples, encodeSeries } from "@obs/wire";
import { startAdmin, type AdminServer } from "./admin/server.ts";
import { statusOf, type Status } from "./admin/status.ts";
import { openDiskBuffer } from "./buffer/open-buffer.ts";
import { compress } from "./codec/zstd.ts";
import type { AgentConfig } from "./config/resolve.ts";
import type { SourceClass } from "./config/schema.ts";
import { systemClock, type Clock } from "./core/clock.ts";
import type { Source } from "./core/contracts.ts";
import { MetricsRegistry } from "./core/counters.ts";
import type { Log } from "./core/log.ts";
import { VERSION } from "./core/version.ts";
import { DEFAULT_MULTILINE, multilineSettings, type MultilineSettings } from "./multiline/index.ts";
import { collectFigures, outputsOfThisProcess, sourceCounters } from "./pipeline-figures.ts";
import { LogBlock } from "./rows/log-block.ts";
import { SeriesTable } from "./rows/series-table.ts";
import { BlockLineShard } from "./shard/line-shard.ts";
import { ScrapeShard } from "./shard/metric-shard.ts";
import { HttpTransport } from "./sinks/http-transport.ts";
import { Sender } from "./sinks/sender.ts";
import { createFileSource, fileSourceSchema } from "./sources/file/index.ts";
import { createHostMetricsSource } from "./sources/host-metrics/index.ts";
import { createStdinSource } from "./sources/stdin/index.ts";

export interface PipelineOptions {
  readonly config: AgentConfig;
  readonly log: Log;
  readonly clock?: Clock;
  /** Ship standard input, and nothing else, as rows of this service. */
  readonly stdinService?: string;
  /** Id of a data folder that has none yet; random by default. */
  readonly newAgentId?: string;
}

export interface Pipeline {
  start(): Promise<void>;
  /** Resolves when the sources have ended (a pipe does, files never) and every batch is settled. */
  finished(signal?: AbortSignal): Promise<void>;
  /** Stops reading, makes durable what was read, and waits `drainMs` at most for acknowledgements. */
  stop(drainMs: number): Promise<void>;
  status(): Status;
  /** Of health and metrics; undefined when they are not served. */
  readonly adminUrl: string | undefined;
}

/** Throws AgentError when the data folder cannot be used. */
export const createPipeline = async ({ config, log, clock = systemClock, stdinService, newAgentId }: PipelineOptions): Promise<Pipeline> => {
  const { batch, dataDir, endpoint, host, mask, send } = config;
  const counters = new MetricsRegistry();
  const startedMs = clock.nowMs();

  // buffer
  const buffer = await openDiskBuffer({
    folder: dataDir, maxBytes: config.buffer.max_size, deadLetterMaxBytes: config.buffer.dead_letter_max_size,
    keepAcknowledgedMs: config.buffer.keep_acknowledged, maxAgeMs: config.buffer.max_age, whenFull: config.buffer.when_full,
    ...(config.bufferKey && { encryptionKey: config.bufferKey }), ...(newAgentId !== undefined && { newAgentId }), clock, log, counters,
  });

  // parse, enrich, mask, encode
  const blocks: LogBlock[] = [];
  const openLineShard = (source: SourceClass, multiline: MultilineSettings | undefined): BlockLineShard => {
    const block = new LogBlock({ maxRows: batch.max_rows, mask, multiline });
    blocks.push(block);
    return new BlockLineShard({ block, compress, buffer: buffer.intake(source), clock, lingerMs: batch.linger });
  };
  const series = new SeriesTable();
  const metricShard = new ScrapeShard({ table: series, encodeSamples, encodeSeries, compress, buffer: buffer.intake("host_metrics") });

  // source
  const lineShards: BlockLineShard[] = [];
  const withShard = <T extends Source>(source: SourceClass, multiline: MultilineSettings | undefined, create: (shard: BlockLineShard) => T): T =>
    create((lineShards[lineShards.length] = openLineShard(source, multiline)));
  const deps = (source: string) => ({ positions: buffer.positions, clock, log, host, counters: sourceCounters(counters, source) });
  const ownFiles = [`${dataDir}/**`, ...outputsOfThisProcess()];
  const fileSources = config.files.map(({ include, exclude, read_from: readFrom, service, environment = config.environment, multiline }) =>
    withShard("file", multilineSettings(multiline), (shard) => createFileSource(fileSourceSchema.parse({ include, exclude: [...exclude, ...ownFiles], readFrom, service, environment }), shard, deps("file"))));
  const stdin = stdinService === undefined ? undefined : withShard("stdin", DEFAULT_MULTILINE, (shard) => createStdinSource({ service: stdinService, environment: config.environment }, shard, deps("stdin")));
  const hostMetrics = config.host_metrics.enabled ? [createHostMetricsSource({ intervalMs: config.host_metrics.interval }, metricShard, deps("host_metrics"))] : [];
  const sources = stdin ? [stdin] : [...fileSources, ...hostMetrics];

  // send
  const transport = new HttpTransport({
    endpoint, apiKey: config.apiKey, tls: config.tls, connections: send.max_in_flight, timeoutMs: send.timeout, userAgent: `obs-agent/${VERSION}`,
    onAgentIdTaken: (taken) => void buffer.leaveAgentId(taken).catch((error: unknown) => log.error("the new agent id is not durable", { error })),
  });
  const sender = new Sender({
    queue: buffer, transport, maxInFlight: send.max_in_flight, backOff: { firstMs: send.retry_first, longestMs: send.retry_longest }, clock, log, counters,
    onResend: (streams) => streams.includes("series") && series.resendAll(),
  });

  const status = (): Status => statusOf({ host, dataDir, endpoint, startedMs, nowMs: clock.nowMs(), buffer: buffer.state(), sender });
  collectFigures(counters, status, () => blocks.map(({ counts }) => counts));
  let admin: AdminServer | undefined;
  let running: Promise<void> | undefined;

  return {
    async start() {
      admin = await startAdmin({ listen: config.admin.enabled ? config.admin.listen : undefined, dataDir, log, metricsText: () => counters.text(), status });
      sender.start();
      for (const source of sources) await source.start();
    },
    async finished(signal) {
      await stdin?.done;
      for (const shard of lineShards) await shard.flush();
      await sender.drained(signal);
    },
    stop(drainMs) {
      return (running ??= (async () => {
        await Promise.all(sources.map((source) => source.stop()));
        const patience = AbortSignal.timeout(drainMs);
        const flushed = Promise.all(lineShards.map((shard) => shard.flush())).catch((error: unknown) => log.error("what was read last is not durable and will be read again", { error }));
        await Promise.race([flushed, new Promise((resolve) => patience.addEventListener("abort", resolve, { once: true }))]);
        await sender.drainedOrAway(patience);
        await sender.stop();
        await admin?.close();
        await buffer.close();
      })());
    },
    status,
    get adminUrl() {
      return admin?.url;
    },
  };
};
