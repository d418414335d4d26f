/**
 * The agent's pipeline inside a backend: records that a door has parsed already go through the same
 * enrich -> mask -> encode -> buffer -> send. An answer may be given once the promise resolves: what
 * was taken is durable then.
 */

import { bytesOf, formatBatchKey, METRIC_ENCODERS } from "@obs/wire";
import { AgentError } from "./errors.ts";
import type { BufferState, CommitTarget } from "./core/batch-buffer.ts";
import { openDiskBuffer } from "./buffer/open-buffer.ts";
import { compress } from "./codec/zstd.ts";
import { systemClock, type Clock } from "./core/clock.ts";
import type { IncomingLog, Observation, Scrape, SealedBatch, Transport } from "./core/contracts.ts";
import { MetricsRegistry } from "./core/counters.ts";
import { silentLog, type Log } from "./core/log.ts";
import { LogBlock } from "./rows/log-block.ts";
import { SeriesTable } from "./rows/series-table.ts";
import { ScrapeShard } from "./shard/metric-shard.ts";
import { Sender } from "./sinks/sender.ts";

/** Used where a record does not name its own. */
export interface LogDefaults {
  readonly service?: string;
  readonly host?: string;
  readonly environment?: string;
}

export interface MetricPoint extends Omit<Observation, "help"> {
  readonly help?: string;
  readonly timestampMs: number;
}

export interface GatewayOptions {
  readonly dataDir: string;
  readonly transport: Transport;
  readonly log?: Log;
  readonly clock?: Clock;
  /** Budget of the buffer; 1 GiB by default. When it is used up, requests are refused (`buffer_full`). */
  readonly maxBytes?: number;
  readonly maxInFlight?: number;
}

export interface Gateway {
  /** Resolves after the durable write; `key` is the first batch's, `batches` are all, in the order of their records. Throws AgentError `buffer_full`, `closed`. */
  ingestLogs(tenant: string, records: readonly IncomingLog[], defaults: LogDefaults): Promise<{ readonly key: string; readonly batches: readonly { readonly key: string; readonly rows: number }[] }>;
  ingestMetrics(tenant: string, points: readonly MetricPoint[]): Promise<{ readonly key: string }>;
  state(): BufferState;
  /** Waits a little for what is under way; the rest is sent after the next start. */
  close(): Promise<void>;
}

const MAX_BYTES = 2 ** 30;
const DEAD_LETTER_SHARE = 16;
const KEEP_ACKNOWLEDGED_MS = 120_000;
const MAX_IN_FLIGHT = 8;
const BACK_OFF = { firstMs: 100, longestMs: 5_000 };
const CLOSE_PATIENCE_MS = 5_000;
/** Tenants whose series are remembered; a forgotten one sends its series once more. */
const MAX_SERIES_TABLES = 1_000;

export const createGateway = async ({ dataDir, transport, log = silentLog, clock = systemClock, maxBytes = MAX_BYTES, maxInFlight = MAX_IN_FLIGHT }: GatewayOptions): Promise<Gateway> => {
  const counters = new MetricsRegistry();
  const buffer = await openDiskBuffer({ folder: dataDir, maxBytes, deadLetterMaxBytes: maxBytes / DEAD_LETTER_SHARE, keepAcknowledgedMs: KEEP_ACKNOWLEDGED_MS, clock, log, counters });
  const block = new LogBlock();
  const metricShards = new Map<string, ScrapeShard>();
  const sender = new Sender({ queue: buffer.main, transport, maxInFlight, backOff: BACK_OFF, clock, log, counters, onResend: (streams) => streams.includes("series") && metricShards.clear() });
  sender.start();
  let closing: Promise<void> | undefined;

  const refuseWhenFull = (): void => {
    if (closing) throw new AgentError("closed", "the gateway is closing");
    const { bytes } = buffer.state();
    if (bytes >= maxBytes) throw new AgentError("buffer_full", `the gateway's buffer holds ${bytes} of ${maxBytes} bytes`);
  };

  const metricShardOf = (tenant: string): ScrapeShard => {
    let shard = metricShards.get(tenant);
    if (!shard) {
      if (metricShards.size >= MAX_SERIES_TABLES) metricShards.delete(metricShards.keys().next().value!);
      metricShards.set(tenant, (shard = new ScrapeShard({ table: new SeriesTable(), encoders: METRIC_ENCODERS, compress, buffer, tenant })));
    }
    return shard;
  };

  return {
    async ingestLogs(tenant, records, defaults) {
      refuseWhenFull();
      const batches = sealRecords(block, buffer, tenant, records, { ...defaults, observed: clock.nowNs() });
      await buffer.commit({ batches });
      return { key: batches[0]?.key ?? "", batches: batches.map(({ key, rows }) => ({ key, rows })) };
    },

    async ingestMetrics(tenant, points) {
      refuseWhenFull();
      const keys = await metricShardOf(tenant).take(byTime(points));
      return { key: keys.at(-1) ?? "" };
    },

    state: () => buffer.state(),

    close() {
      return (closing ??= (async () => {
        await sender.drainedOrAway(AbortSignal.timeout(CLOSE_PATIENCE_MS));
        await sender.stop();
        await buffer.close();
      })());
    },
  };
};

/** In one tick: the block is shared by all requests. */
const sealRecords = (block: LogBlock, buffer: CommitTarget, tenant: string, records: readonly IncomingLog[], defaults: LogDefaults & { observed: bigint }): SealedBatch[] => {
  const batches: SealedBatch[] = [];
  const seal = (): void => {
    const key = buffer.nextKey();
    const { rows, firstNs, lastNs } = block;
    const raw = block.encode(key);
    batches.push({ stream: "logs", key: formatBatchKey(key), rows, rawBytes: bytesOf(raw), firstNs, lastNs, body: compress(raw), positions: new Map(), tenant });
    block.reset();
  };
  for (const record of records) {
    if (block.appendRecord(record, defaults)) continue;
    if (block.rows === 0) throw new Error("BUG: a record does not fit into an empty block");
    seal();
    block.appendRecord(record, defaults);
  }
  if (block.rows > 0) seal();
  return batches;
};

const byTime = (points: readonly MetricPoint[]): Scrape[] => {
  const times = new Map<number, Observation[]>();
  for (const { timestampMs, help = "", ...observation } of points) {
    const sameTime = times.get(timestampMs);
    if (sameTime) sameTime.push({ ...observation, help });
    else times.set(timestampMs, [{ ...observation, help }]);
  }
  return [...times].map(([timestampMs, observations]) => ({ timestampMs, observations }));
};
