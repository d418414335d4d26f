/**
 * The agent on one screen. The order of the stages is fixed; masking comes before anything is keyed,
 * logged or written to disk:
 *
 *   source -> parse -> enrich -> mask -> encode -> buffer -> send
 *
 *   source                            sources/    follow files and pipes, listen, read and scrape metrics
 *                                                 (open-sources.ts: one line for each)
 *   parse, enrich, mask, encode       rows/       one pass over the records of a block, inside one arena
 *                                     shard/      when a block is sealed, and with which positions
 *                                     codec/      zstd
 *                                     workers/    the same in worker threads, for files, where `workers` asks for it
 *   buffer                            buffer/     batch and positions in one atomic synced write
 *   send                              sinks/      until acknowledged, or refused for good
 *                                                 (output-set.ts: to one backend or several)
 */

import { startAdmin, type AdminServer } from "./admin/server.ts";
import { statusOf, type Status } from "./admin/status.ts";
import { KeyOrder } from "./buffer/key-order.ts";
import { openDiskBuffer } from "./buffer/open-buffer.ts";
import type { AgentConfig } from "./config/resolve.ts";
import { systemClock, type Clock } from "./core/clock.ts";
import { ClockSkew, correctedClock } from "./core/clock-skew.ts";
import { MetricsRegistry } from "./core/counters.ts";
import { FieldCensus } from "./core/field-census.ts";
import type { Log } from "./core/log.ts";
import { sourcePlanner } from "./open-sources.ts";
import { OutputSet } from "./output-set.ts";
import { collectFigures } from "./pipeline-figures.ts";
import type { SeriesTable } from "./rows/series-table.ts";
import type { RowCounts } from "./rows/contracts.ts";
import { SourceSet, type Replaced } from "./source-set.ts";
import { pathFilter } from "./sources/file/index.ts";
import type { StdinSource } from "./sources/stdin/index.ts";
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
   * Goes over to another configuration with the same `data_dir`, `buffer` and names of `outputs`. Sources that did not
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
  const census = new FieldCensus(() => clock.nowMs());
  let config = first;

  // buffer
  const buffer = await openDiskBuffer({
    folder: dataDir, maxBytes: config.buffer.max_size, deadLetterMaxBytes: config.buffer.dead_letter_max_size,
    keepAcknowledgedMs: config.buffer.keep_acknowledged, maxAgeMs: config.buffer.max_age, whenFull: config.buffer.when_full, outputs: config.outputs, onCommit: (batches) => (tap.see(batches), census.see(batches)),
    ...(config.bufferKey && { encryptionKey: config.bufferKey }), ...(newAgentId !== undefined && { newAgentId }), clock, log, counters,
  });

  // parse, enrich, mask, encode
  const skew = new ClockSkew();
  const rowCounts: RowCounts[] = [];
  const seriesTables: SeriesTable[] = [];

  // source
  const order = new KeyOrder();
  let stdin: StdinSource | undefined;
  let positions = buffer.positions;
  let wasFollowed = followsNothing;
  const planSources = sourcePlanner({
    stdinService, dataDir, clock, rowClock: correctedClock(clock, skew), clockSkewMs: () => skew.aheadMs, log, counters, intake: (source) => order.over(buffer.intake(source)), positions: () => positions, wasFollowed: (path) => wasFollowed(path),
    onRows: (counts) => void rowCounts.push(counts), onSeries: (table) => void seriesTables.push(table), onStdin: (source) => void (stdin = source),
  });
  const sources = new SourceSet();

  // send
  const outputs = new OutputSet({ buffer, census, skew, clock, log, counters, onResend: (streams) => streams.includes("series") && seriesTables.forEach((table) => table.resendAll()) }, config);

  const status = (): Status => statusOf({ host: config.host, dataDir, startedMs, nowMs: clock.nowMs(), buffer: buffer.state(), outputs: outputs.all });
  counters.onCollect(() => counters.set("obs_agent_clock_skew_seconds", {}, skew.aheadMs / 1_000));
  collectFigures(counters, status, () => rowCounts);
  counters.onCollect(() => counters.set("obs_rows_total", { outcome: "not_finite" }, seriesTables.reduce((sum, { notFinite }) => sum + notFinite, 0)));
  const openAdmin = ({ admin }: AgentConfig): Promise<AdminServer> =>
    startAdmin({ listen: admin.enabled ? admin.listen : undefined, dataDir, log, metricsText: () => counters.text(), status, recentLog, tap: serveTap(tap), fields: (service) => census.report(service) });
  let admin: AdminServer | undefined;
  let running: Promise<void> | undefined;

  return {
    async start() {
      admin = await openAdmin(config);
      outputs.start();
      await sources.start(planSources(config));
    },
    async finished(signal) {
      await stdin?.done;
      await sources.flush();
      await outputs.drained(signal);
    },
    async reload(next) {
      const old = config;
      const followed = old.files.map(({ include, exclude }) => pathFilter(include, exclude));
      wasFollowed = (path) => followed.some(({ wants }) => wants(path));
      const replaced = await sources.replace(planSources(next), async () => void (positions = await buffer.readPositions()));
      config = next;
      await outputs.replace(next);
      if (JSON.stringify(old.admin) !== JSON.stringify(next.admin)) {
        await admin?.close();
        admin = await openAdmin(next);
      }
      return replaced;
    },
    stop(drainMs) {
      return (running ??= (async () => {
        await outputs.stopReports();
        await sources.stop();
        const patience = AbortSignal.timeout(drainMs);
        const flushed = sources.flush().catch((error: unknown) => log.error("what was read last is not durable and will be read again", { error }));
        await Promise.race([flushed, new Promise((resolve) => patience.addEventListener("abort", resolve, { once: true }))]);
        await outputs.drainedOrAway(patience);
        await outputs.stop();
        await admin?.close();
        await buffer.close();
        await sources.close();
      })());
    },
    status,
    get adminUrl() {
      return admin?.url;
    },
  };
};
