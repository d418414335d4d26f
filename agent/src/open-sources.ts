/** The sources that a configuration asks for, each with the shard that it fills: one line for each. */

import { encodeSpans, METRIC_ENCODERS } from "@obs/wire";
import { compress } from "./codec/zstd.ts";
import type { AgentConfig } from "./config/resolve.ts";
import type { SourceClass } from "./config/schema.ts";
import type { OrderedTarget } from "./core/batch-buffer.ts";
import { steadyMs, type Clock } from "./core/clock.ts";
import type { LineShard, MetricShard, RecordShard, Source } from "./core/contracts.ts";
import type { CustomTransform } from "./core/custom-transform.ts";
import type { MetricsRegistry } from "./core/counters.ts";
import type { Log } from "./core/log.ts";
import { findSources } from "./found-sources.ts";
import { DEFAULT_MULTILINE, multilineSettings, type MultilineSettings } from "./multiline/index.ts";
import { openLineShard } from "./open-line-shard.ts";
import { openWorkerPool, openWorkerShards } from "./open-worker-shards.ts";
import { outputsOfThisProcess, sourceCounters } from "./pipeline-figures.ts";
import type { RowCounts } from "./rows/contracts.ts";
import { createMask } from "./mask/index.ts";
import { LogBlock } from "./rows/log-block.ts";
import { SeriesTable } from "./rows/series-table.ts";
import { ScrapeShard } from "./shard/metric-shard.ts";
import { BlockRecordShard } from "./shard/record-shard.ts";
import { GroupSpanShard } from "./shard/span-shard.ts";
import type { SourcePlan } from "./source-set.ts";
import type { Follow } from "./sources/containers/contracts.ts";
import { createDockerSource } from "./sources/docker/index.ts";
import { createExecSource } from "./sources/exec/index.ts";
import { createFileSource, fileSourceSchema, type FileSourceDeps } from "./sources/file/index.ts";
import { createFluentForwardSource } from "./sources/fluent-forward/index.ts";
import { createHostMetricsSource } from "./sources/host-metrics/index.ts";
import { createHttpSource } from "./sources/http/index.ts";
import { createJournaldSource } from "./sources/journald/index.ts";
import { createKubernetesSource } from "./sources/kubernetes/index.ts";
import { createOtlpSource } from "./sources/otlp/index.ts";
import { createPluginSource } from "./sources/plugin/index.ts";
import { createPrometheusSource } from "./sources/prometheus/index.ts";
import { createStatsdSource } from "./sources/statsd/index.ts";
import { createStdinSource, type StdinSource } from "./sources/stdin/index.ts";
import { createSyslogSource } from "./sources/syslog/index.ts";
import { canTravel } from "./workers/can-travel.ts";
import type { WorkerLineShard } from "./workers/worker-line-shard.ts";
import type { WorkerPool } from "./workers/worker-pool.ts";

export interface SourcePlannerOptions {
  /** Ship standard input, and nothing else. */
  readonly stdinService: string | undefined;
  readonly dataDir: string;
  readonly intake: (source: SourceClass) => OrderedTarget;
  /** As the buffer holds them when a source is opened. */
  readonly positions: () => FileSourceDeps["positions"];
  readonly wasFollowed: NonNullable<FileSourceDeps["wasFollowed"]>;
  readonly onRows: (counts: RowCounts) => void;
  readonly onSeries: (table: SeriesTable) => void;
  readonly onStdin: (source: StdinSource) => void;
  readonly clock: Clock;
  /** For times on rows: corrected by what was learned of this host's clock. */
  readonly rowClock: Clock;
  readonly clockSkewMs: () => number;
  readonly log: Log;
  readonly counters: MetricsRegistry;
}

/** Somebody waits for the durable write: long enough for those who come at the same time to share it. */
const REPLY_LINGER_MS = 20;

/** The plans of one configuration after the other, over one set of worker threads. */
export const sourcePlanner = (options: SourcePlannerOptions): ((config: AgentConfig) => SourcePlan[]) => {
  const pool = openWorkerPool(options.log);
  return (config) => planSources(options, pool, config);
};

const planSources = ({ stdinService, dataDir, intake, positions, wasFollowed, onRows, onSeries, onStdin, clock, rowClock, clockSkewMs, log, counters }: SourcePlannerOptions, pool: WorkerPool, config: AgentConfig): SourcePlan[] => {
  const { environment, host, batch, mask } = config;
  const replyLingerMs = Math.min(batch.linger, REPLY_LINGER_MS);
  // Files are judged by the clock of this host, which their times come from.
  const deps = (source: SourceClass) => ({ positions: positions(), clock: source === "file" ? clock : rowClock, log, host, counters: sourceCounters(counters, source) });
  const keyOf = (source: SourceClass, options: unknown): string => JSON.stringify([source, options, environment, host, batch, mask]);

  const lines = (source: SourceClass, options: unknown, multiline: MultilineSettings | undefined, create: (shard: LineShard) => Source): SourcePlan => ({
    key: keyOf(source, options),
    open: () => {
      const { shard, counts } = openLineShard(config, multiline, intake(source), rowClock, clockSkewMs);
      onRows(counts);
      return { source: create(shard), flush: () => shard.flush() };
    },
  });

  const watchTransforms = (transforms: readonly CustomTransform[]): void => {
    for (const transform of transforms)
      transform.onFailure(onceAMinute(clock, (error) => log.warn("a transform of yours has failed: records at which it does go on as they were", { module: transform.module, failures: transform.failures, error })));
  };

  /** Files, whose rows are made by several threads where `workers` asks for it. */
  const files = (options: AgentConfig["files"][number], firstThread: number): SourcePlan => {
    const { custom, transforms = [] } = options.parser ?? {};
    watchTransforms(transforms);
    if (custom) custom.onFailure(onceAMinute(clock, (error) => log.warn("a parser of yours has failed: lines at which it does are kept as text", { file: custom.file, failures: custom.failures, error })));
    const multiline = multilineSettings(options.multiline);
    // Code of a user stays where it was loaded.
    if (config.workers === 1 || custom || transforms.length > 0 || !canTravel(options.parser)) return lines("file", options, multiline, file(options));
    return {
      key: keyOf("file", [options, config.workers]),
      open: () => {
        const shards = openWorkerShards({ config, multiline, pool, firstThread, intake: () => intake("file"), clockSkewMs });
        for (const { counts } of shards) onRows(counts);
        const all = (act: (shard: WorkerLineShard) => Promise<void>) => async () => void (await Promise.all(shards.map(act)));
        return { source: file(options)(shards), flush: all((shard) => shard.flush()), close: all((shard) => shard.close()) };
      },
    };
  };

  const openRecordShard = (source: SourceClass, lingerMs: number): BlockRecordShard => {
    const block = new LogBlock({ maxRows: batch.max_rows, mask });
    onRows(block.counts);
    return new BlockRecordShard({ block, compress, buffer: intake(source), clock: rowClock, lingerMs, clockSkewMs });
  };
  const openMetricShard = (source: SourceClass): MetricShard => {
    const table = new SeriesTable({ mask: createMask(mask) });
    onSeries(table);
    return new ScrapeShard({ table, encoders: METRIC_ENCODERS, compress, buffer: intake(source) });
  };

  const records = (source: SourceClass, options: unknown, lingerMs: number, create: (shard: RecordShard) => Source): SourcePlan => ({
    key: keyOf(source, options),
    open: () => {
      const shard = openRecordShard(source, lingerMs);
      return { source: create(shard), flush: () => shard.flush() };
    },
  });

  /** Of all three signals, each with a shard of its own. */
  const otlpPlan = (): SourcePlan => ({
    key: keyOf("otlp", config.otlp),
    open: () => {
      const shards = {
        records: openRecordShard("otlp", replyLingerMs),
        metrics: openMetricShard("otlp"),
        spans: new GroupSpanShard({ encodeSpans, compress, buffer: intake("otlp"), clock, lingerMs: replyLingerMs, maxRows: batch.max_rows, mask: createMask(mask) }),
      };
      const flush = async (): Promise<void> => void (await Promise.all([shards.records.flush(), shards.spans.flush()]));
      return { source: createOtlpSource(config.otlp, shards, { ...deps("otlp"), environment }), flush };
    },
  });

  const metrics = (source: SourceClass, options: unknown, create: (shard: MetricShard) => Source): SourcePlan => ({ key: keyOf(source, options), open: () => ({ source: create(openMetricShard(source)), flush: async () => {} }) });

  const stdin = (service: string) => (shard: LineShard): Source => {
    const source = createStdinSource({ service, environment }, shard, deps("stdin"));
    onStdin(source);
    return source;
  };
  if (stdinService !== undefined) return [lines("stdin", stdinService, DEFAULT_MULTILINE, stdin(stdinService))];

  const found = findSources(config);
  const ownFiles = [`${dataDir}/**`, ...outputsOfThisProcess(), ...found.filesReadElsewhere];
  const file = ({ include, exclude, read_from: readFrom, encoding, service, environment: own = environment, parser }: AgentConfig["files"][number]) => (shards: LineShard | readonly LineShard[]): Source =>
    createFileSource(fileSourceSchema.parse({ include, exclude: [...exclude, ...ownFiles], readFrom, encoding, service, environment: own, parser }), shards, { ...deps("file"), wasFollowed });

  const { host_metrics: hostMetrics, statsd, prometheus, otlp } = config;

  /** Containers' log files are followed by the file source. */
  const following = (source: "docker" | "kubernetes") => {
    const own = deps(source);
    const follow: Follow = (files, shard, more) => createFileSource(fileSourceSchema.parse(files), shard, { ...own, ...more });
    return { ...own, follow };
  };
  const journald = (shard: LineShard): Source => createJournaldSource({ command: "journalctl", environment, ...config.journald }, shard, deps("journald"));
  const docker = (shard: LineShard): Source => createDockerSource({ environment, ...config.docker, skipKubernetes: found.kubernetes, skipJournald: found.journald }, shard, following("docker"));
  const kubernetes = (shard: LineShard): Source => createKubernetesSource({ environment, ...config.kubernetes }, shard, following("kubernetes"));

  const plugin = ({ name, module, service = name, environment: own = environment, source, transforms, options }: AgentConfig["plugins"][number]): SourcePlan => {
    watchTransforms(transforms);
    const made = { name, module, plugin: source.plugin, options: source.options, service, environment: own, transforms };
    return records("plugin", [name, module, source.version, options, service, own, transforms.map(({ module: of, version }) => [of, version])], batch.linger, (shard) => createPluginSource(made, shard, deps("plugin")));
  };

  return [
    ...config.files.map(files),
    ...(found.journald ? [lines("journald", config.journald, DEFAULT_MULTILINE, journald)] : []),
    ...(found.docker ? [lines("docker", [config.docker, found.kubernetes, found.journald], DEFAULT_MULTILINE, docker)] : []),
    ...(found.kubernetes ? [lines("kubernetes", config.kubernetes, DEFAULT_MULTILINE, kubernetes)] : []),
    ...config.syslog.map((options) => records("syslog", options, batch.linger, (shard) => createSyslogSource({ environment, ...options }, shard, deps("syslog")))),
    ...config.http.map((options) => lines("http", options, DEFAULT_MULTILINE, (shard) => createHttpSource({ environment, ...options }, shard, deps("http")))),
    ...config.fluent_forward.map((options) => records("fluent_forward", options, replyLingerMs, (shard) => createFluentForwardSource({ environment, ...options }, shard, deps("fluent_forward")))),
    ...config.exec.map((options) => lines("exec", options, DEFAULT_MULTILINE, (shard) => createExecSource({ environment, ...options }, shard, deps("exec")))),
    ...(hostMetrics.enabled ? [metrics("host_metrics", hostMetrics, (shard) => createHostMetricsSource({ intervalMs: hostMetrics.interval, names: hostMetrics.names, perCpu: hostMetrics.per_cpu }, shard, deps("host_metrics")))] : []),
    ...(statsd.enabled ? [metrics("statsd", statsd, (shard) => createStatsdSource(statsd, shard, deps("statsd")))] : []),
    ...(prometheus.scrape_configs.length > 0 ? [metrics("prometheus", prometheus, (shard) => createPrometheusSource(prometheus, shard, deps("prometheus")))] : []),
    ...(otlp.enabled ? [otlpPlan()] : []),
    ...config.plugins.map(plugin),
  ];
};

const ONCE_MS = 60_000;

/** Calls on at most once a minute. */
const onceAMinute = <Value>(clock: Clock, act: (value: Value) => void): ((value: Value) => void) => {
  let nextMs = Number.NEGATIVE_INFINITY;
  return (value) => {
    if (steadyMs(clock) < nextMs) return;
    nextMs = steadyMs(clock) + ONCE_MS;
    act(value);
  };
};
