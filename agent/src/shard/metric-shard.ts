/**
 * Takes scrapes: samples, and the series that the store has not been told of yet. Both batches of a
 * scrape become durable in one write.
 */

import { formatBatchKey, type BatchKey, type MetricSample, type MetricSeries, type Stream } from "@obs/wire";
import type { CommitTarget } from "../core/batch-buffer.ts";
import type { MetricShard, Observation, SealedBatch } from "../core/contracts.ts";
import type { Compress } from "../core/row-block.ts";

/** What the series table (rows/) makes of a scrape. */
export interface Scrape {
  readonly samples: readonly MetricSample[];
  /** Series that are new, or were last sent a day ago. */
  readonly series: readonly MetricSeries[];
}

export interface SampleTable {
  observe(timestampMs: number, observations: readonly Observation[]): Scrape;
}

export interface MetricShardOptions {
  readonly table: SampleTable;
  readonly encodeSamples: (samples: readonly MetricSample[], key: BatchKey) => Uint8Array;
  readonly encodeSeries: (series: readonly MetricSeries[], key: BatchKey) => Uint8Array;
  readonly compress: Compress;
  readonly buffer: CommitTarget;
}

const NS_PER_MS = 1_000_000n;

export class TableMetricShard implements MetricShard {
  readonly #options: MetricShardOptions;

  constructor(options: MetricShardOptions) {
    this.#options = options;
  }

  observe(timestampMs: number, observations: readonly Observation[]): Promise<void> {
    return this.observeFor("", timestampMs, observations);
  }

  async observeFor(tenant: string, timestampMs: number, observations: readonly Observation[]): Promise<void> {
    const { table, buffer, encodeSamples, encodeSeries } = this.#options;
    await buffer.whenRoom();
    const { samples, series } = table.observe(timestampMs, observations);
    const timeNs = BigInt(Math.round(timestampMs)) * NS_PER_MS;
    const batches: SealedBatch[] = [];
    if (series.length > 0) batches.push(this.#seal("series", tenant, series.length, timeNs, (key) => encodeSeries(series, key)));
    if (samples.length > 0) batches.push(this.#seal("samples", tenant, samples.length, timeNs, (key) => encodeSamples(samples, key)));
    if (batches.length > 0) await buffer.commit({ batches });
  }

  #seal(stream: Stream, tenant: string, rows: number, timeNs: bigint, encode: (key: BatchKey) => Uint8Array): SealedBatch {
    const key = this.#options.buffer.nextKey();
    const raw = encode(key);
    return { stream, key: formatBatchKey(key), rows, rawBytes: raw.length, firstNs: timeNs, lastNs: timeNs, body: this.#options.compress(raw), positions: new Map(), tenant };
  }
}
