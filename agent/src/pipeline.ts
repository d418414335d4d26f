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
import { openLineShard } from "./open-line-shard.ts";
import { DEFAULT_MULTILINE, multilineSettings, type MultilineSettings } from "./multiline/index.ts";
import { collectFigures, outputsOfThisProcess, sourceCounters } from "./pipeline-figures.ts";
import { SeriesTable } from "./rows/series-table.ts";
import type { RowCounts } from "./rows/contracts.ts";
import type { BlockLineShard } from "./shard/line-shard.ts";
import { ScrapeShard } from "./shard/metric-shard.ts";
import { HttpTransport } from "./sinks/http-transport.ts";
import { Sender } from "./sinks/sender.ts";
import { SourceSet, type Replaced, type SourcePlan } from "./source-set.ts";
import { createFileSource, fileSourceSchema, pathFilter } from "./sources/file/index.ts";
import { createHostMetricsSource } from "./sources/host-metrics/index.ts";
import { createStdinSource, type StdinSource } from "./sources/stdin/index.ts";
import { serveTap } from "./tap/serve.ts";
import { Tap } from "./tap/tap.ts";

export interface PipelineOptions {
  readonly config: AgentConfig;
  readonly log: Log;
  readonly clock?: Clock;
  /** Ship standard input, and nothing else, as rows of this service. */
  readonly stdinService?: string;
  /** Last lines of the agent's own log, for whoever asks over the socket. */
  readonly recentLog?: () => readonly string[];
  /** Id of a data folder that has none yet; random by default. */
  readonly newAgentId?: string;
}

export interface Pipeline {
  start(): Promise<void>;
  /** Resolves when the sources have ended (a pipe does, files never) and every batch is settled. */
  finished(signal?: AbortSignal): Promise<void>;
  /** Stops reading, makes durable what was read, and waits `drainMs` at most for acknowledgements. */
  stop(drainMs: number): Promise<void>;
  /**
   * Goes over to another configuration with the same `data_dir` and `buffer`. Sources that did not
   * change go on; when a new one does not start, the old configuration stays and the fault is thrown.
   */
  reload(config: AgentConfig): Promise<Replaced>;
  status(): Status;
  /** Of health and metrics; undefined when they are not served. */
  readonly adminUrl: string | undefined;
}

const followsNothing = (_path: string): boolean => false;

/** Throws AgentError when the data folder cannot be used. */
export const createPipeline = async ({ config: first, log, clock = systemClock, stdinService, recentLog = () => [], newAgentId }: PipelineOptions): Promise<Pipeline> => {
  const { dataDir } = first;
  const counters = new MetricsRegistry();
  const startedMs = clock.nowMs();
  const tap = new Tap({ clock });
  let config = first;

  // buffer
  const buffer = await openDiskBuffer({
    folder: dataDir, maxBytes: config.buffer.max_size, deadLetterMaxBytes: config.buffer.dead_letter_max_size,
    keepAcknowledgedMs: config.buffer.keep_acknowledged, maxAgeMs: config.buffer.max_age, whenFull: config.buffer.when_full, onCommit: (batches) => tap.see(batches),
    ...(config.bufferKey && { encryptionKey: config.bufferKey }), ...(newAgentId !== undefined && { newAgentId }), clock, log, counters,
  });

  // parse, enrich, mask, encode
  const rowCounts: RowCounts[] = [];
  const openShard = (source: SourceClass, of: AgentConfig, multiline: MultilineSettings | undefined): BlockLineShard => {
    const { shard, counts } = openLineShard(of, multiline, buffer.intake(source), clock);
    rowCounts.push(counts);
    return shard;
  };
  const series = new SeriesTable();
  const metricShard = new ScrapeShard({ table: series, encodeSamples, encodeSeries, compress, buffer: buffer.intake("host_metrics") });

  // source
  let stdin: StdinSource | undefined;
  let positions = buffer.positions;
  let wasFollowed = followsNothing;
  const planSources = (config: AgentConfig): SourcePlan[] => {
    const { environment, host, batch, mask } = config;
    const deps = (source: string) => ({ positions, clock, log, host, counters: sourceCounters(counters, source) });
    const lines = (name: SourceClass, options: unknown, multiline: MultilineSettings | undefined, create: (shard: BlockLineShard) => Source): SourcePlan => ({
      key: JSON.stringify([name, options, environment, host, batch, mask]),
      open: () => ((shard) => ({ source: create(shard), flush: () => shard.flush() }))(openShard(name, config, multiline)),
    });
    const metrics = (name: string, options: unknown, create: () => Source): SourcePlan => ({ key: JSON.stringify([name, options, host]), open: () => ({ source: create(), flush: async () => {} }) });
    if (stdinService !== undefined) return [lines("stdin", stdinService, DEFAULT_MULTILINE, (shard) => (stdin = createStdinSource({ service: stdinService, environment }, shard, deps("stdin"))))];
    const ownFiles = [`${dataDir}/**`, ...outputsOfThisProcess()];
    const files = config.files.map((group) =>
      lines("file", group, multilineSettings(group.multiline), (shard) => {
        const { include, exclude, read_from: readFrom, encoding, service } = group;
        return createFileSource(fileSourceSchema.parse({ include, exclude: [...exclude, ...ownFiles], readFrom, encoding, service, environment: group.environment ?? environment }), shard, { ...deps("file"), wasFollowed });
      }));
    const { enabled, interval } = config.host_metrics;
    return [...files, ...(enabled ? [metrics("host_metrics", config.host_metrics, () => createHostMetricsSource({ intervalMs: interval }, metricShard, deps("host_metrics")))] : [])];
  };
  const sources = new SourceSet();

  // send
  const openSender = ({ endpoint, apiKey, tls, send }: AgentConfig): Sender => {
    const transport = new HttpTransport({
      endpoint, apiKey, tls, connections: send.max_in_flight, timeoutMs: send.timeout, userAgent: `obs-agent/${VERSION}`,
      onAgentIdTaken: (taken) => void buffer.leaveAgentId(taken).catch((error: unknown) => log.error("the new agent id is not durable", { error })),
    });
    return new Sender({
      queue: buffer, transport, maxInFlight: send.max_in_flight, backOff: { firstMs: send.retry_first, longestMs: send.retry_longest }, clock, log, counters,
      onResend: (streams) => streams.includes("series") && series.resendAll(),
    });
  };
  let sender = openSender(config);

  const status = (): Status => statusOf({ host: config.host, dataDir, endpoint: config.endpoint, startedMs, nowMs: clock.nowMs(), buffer: buffer.state(), sender });
  collectFigures(counters, status, () => rowCounts);
  const openAdmin = ({ admin }: AgentConfig): Promise<AdminServer> =>
    startAdmin({ listen: admin.enabled ? admin.listen : undefined, dataDir, log, metricsText: () => counters.text(), status, recentLog, tap: serveTap(tap) });
  let admin: AdminServer | undefined;
  let running: Promise<void> | undefined;

  return {
    async start() {
      admin = await openAdmin(config);
      sender.start();
      await sources.start(planSources(config));
    },
    async finished(signal) {
      await stdin?.done;
      await sources.flush();
      await sender.drained(signal);
    },
    async reload(next) {
      const old = config;
      const followed = old.files.map(({ include, exclude }) => pathFilter(include, exclude));
      wasFollowed = (path) => followed.some(({ wants }) => wants(path));
      const replaced = await sources.replace(planSources(next), async () => void (positions = await buffer.readPositions()));
      config = next;
      const isSame = (of: (config: AgentConfig) => unknown): boolean => JSON.stringify(of(old)) === JSON.stringify(of(next));
      if (!isSame(({ endpoint, apiKey, tls, send }) => [endpoint, apiKey, tls, send])) {
        await sender.stop();
        buffer.takeBackAll();
        sender = openSender(next);
        sender.start();
      }
      if (!isSame((of) => of.admin)) {
        await admin?.close();
        admin = await openAdmin(next);
      }
      return replaced;
    },
    stop(drainMs) {
      return (running ??= (async () => {
        await sources.stop();
        const patience = AbortSignal.timeout(drainMs);
        const flushed = sources.flush().catch((error: unknown) => log.error("what was read last is not durable and will be read again", { error }));
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
