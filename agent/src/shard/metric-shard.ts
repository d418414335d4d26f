/**
 * Takes scrapes: samples, and the series that the store has not been told of yet. All batches of a
 * call become durable in one write.
 */

import { formatBatchKey, type BatchKey, type HistogramPoint, type MetricSample, type MetricSeries, type Stream } from "@obs/wire";
import type { CommitTarget } from "../core/batch-buffer.ts";
import type { MetricShard, Observation, ObservedHistogram, Scrape, SealedBatch } from "../core/contracts.ts";
import type { Compress } from "../core/row-block.ts";

/** Gives samples their series, and says which series are new or due (rows/series-table.ts). */
export interface SampleTable {
  observe(timestampMs: number, observations: readonly Observation[], histograms?: readonly ObservedHistogram[]): { readonly samples: readonly MetricSample[]; readonly histograms: readonly HistogramPoint[]; readonly series: readonly MetricSeries[] };
}

export interface MetricShardOptions {
  readonly table: SampleTable;
  readonly encodeSamples: (samples: readonly MetricSample[], key: BatchKey) => Uint8Array;
  readonly encodeHistograms: (points: readonly HistogramPoint[], key: BatchKey) => Uint8Array;
  readonly encodeSeries: (series: readonly MetricSeries[], key: BatchKey) => Uint8Array;
  readonly compress: Compress;
  readonly buffer: CommitTarget;
  /** Whose metrics these are, in a gateway. */
  readonly tenant?: string;
}

const NS_PER_MS = 1_000_000n;

export class ScrapeShard implements MetricShard {
  readonly #options: MetricShardOptions;

  constructor(options: MetricShardOptions) {
    this.#options = options;
  }

  ready(signal?: AbortSignal): Promise<void> {
    return this.#options.buffer.whenRoom(signal);
  }

  async observe(scrapes: readonly Scrape[]): Promise<void> {
    await this.take(scrapes);
  }

  /** The same; returns the keys of the batches. */
  async take(scrapes: readonly Scrape[]): Promise<string[]> {
    const { table, encodeSamples, encodeHistograms, encodeSeries, buffer } = this.#options;
    const rows = scrapes.map(({ timestampMs, observations, histograms }) => table.observe(timestampMs, observations, histograms));
    const samples = rows.flatMap((scrape) => scrape.samples);
    const histograms = rows.flatMap((scrape) => scrape.histograms);
    const series = rows.flatMap((scrape) => scrape.series);
    const times = scrapes.map(({ timestampMs }) => BigInt(Math.trunc(timestampMs)) * NS_PER_MS).sort((a, b) => (a < b ? -1 : 1));
    const batches: SealedBatch[] = [];
    if (series.length > 0) batches.push(this.#seal("series", series.length, times, (key) => encodeSeries(series, key)));
    if (samples.length > 0) batches.push(this.#seal("samples", samples.length, times, (key) => encodeSamples(samples, key)));
    if (histograms.length > 0) batches.push(this.#seal("histograms", histograms.length, times, (key) => encodeHistograms(histograms, key)));
    if (batches.length > 0) await buffer.commit({ batches });
    return batches.map(({ key }) => key);
  }

  #seal(stream: Stream, rows: number, times: readonly bigint[], encode: (key: BatchKey) => Uint8Array): SealedBatch {
    const { buffer, compress, tenant = "" } = this.#options;
    const key = buffer.nextKey();
    const native = encode(key);
    return { stream, key: formatBatchKey(key), rows, rawBytes: native.length, firstNs: times[0]!, lastNs: times.at(-1)!, body: compress(native), positions: new Map(), tenant };
  }
}
