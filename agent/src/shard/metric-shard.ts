/**
 * Takes scrapes: samples, histograms, exemplars, and the series that the store has not been told of yet.
 * All batches of a call become durable in one write.
 */

import { formatBatchKey, type BatchKey, type ExemplarRecord, type HistogramPoint, type MetricSample, type MetricSeries, type Stream } from "@obs/wire";
import type { CommitTarget } from "../core/batch-buffer.ts";
import type { MetricShard, Observation, ObservedHistogram, Scrape, SealedBatch } from "../core/contracts.ts";
import type { Compress } from "../core/row-block.ts";

interface TableRows {
  readonly samples: readonly MetricSample[];
  readonly histograms: readonly HistogramPoint[];
  readonly exemplars: readonly ExemplarRecord[];
  readonly series: readonly MetricSeries[];
}

/** Gives samples their series, and says which series are new or due (rows/series-table.ts). */
export interface SampleTable {
  observe(timestampMs: number, observations: readonly Observation[], histograms?: readonly ObservedHistogram[]): TableRows;
}

type Encode<Row> = (rows: readonly Row[], key: BatchKey) => Uint8Array;

/** Of each stream that scrapes fill. */
export interface MetricEncoders {
  readonly series: Encode<MetricSeries>;
  readonly samples: Encode<MetricSample>;
  readonly histograms: Encode<HistogramPoint>;
  readonly exemplars: Encode<ExemplarRecord>;
}

export interface MetricShardOptions {
  readonly table: SampleTable;
  readonly encoders: MetricEncoders;
  readonly compress: Compress;
  readonly buffer: CommitTarget;
  /** Whose metrics these are, in a gateway. */
  readonly tenant?: string;
}

const NS_PER_MS = 1_000_000n;
/** Far below what a backend takes in one insert, however much a sender puts into a request. */
const MAX_ROWS = 65_536;

interface TimeSpan {
  readonly firstNs: bigint;
  readonly lastNs: bigint;
}

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
    const { table, encoders, buffer } = this.#options;
    const rows = scrapes.map(({ timestampMs, observations, histograms }) => table.observe(timestampMs, observations, histograms));
    const ofScrapes = spanOf(scrapes.map(({ timestampMs }) => BigInt(Math.trunc(timestampMs)) * NS_PER_MS));
    const batches = [
      ...this.#sealAll("series", rows.flatMap(({ series }) => series), encoders.series, () => ofScrapes),
      ...this.#sealAll("samples", rows.flatMap(({ samples }) => samples), encoders.samples, () => ofScrapes),
      ...this.#sealAll("histograms", rows.flatMap(({ histograms }) => histograms), encoders.histograms, () => ofScrapes),
      ...this.#sealAll("exemplars", rows.flatMap(({ exemplars }) => exemplars), encoders.exemplars, (part) => spanOf(part.map(({ timestamp }) => timestamp))),
    ];
    if (batches.length > 0) await buffer.commit({ batches });
    return batches.map(({ key }) => key);
  }

  #sealAll<Row>(stream: Stream, rows: readonly Row[], encode: Encode<Row>, timesOf: (rows: readonly Row[]) => TimeSpan): SealedBatch[] {
    const { buffer, compress, tenant = "" } = this.#options;
    return Array.from({ length: Math.ceil(rows.length / MAX_ROWS) }, (_, index) => {
      const part = rows.slice(index * MAX_ROWS, (index + 1) * MAX_ROWS);
      const key = buffer.nextKey();
      const native = encode(part, key);
      return { stream, key: formatBatchKey(key), rows: part.length, rawBytes: native.length, ...timesOf(part), body: compress([native]), positions: new Map(), tenant };
    });
  }
}

const spanOf = (times: readonly bigint[]): TimeSpan => {
  let [firstNs, lastNs] = [times[0] ?? 0n, times[0] ?? 0n];
  for (const time of times) {
    if (time < firstNs) firstNs = time;
    if (time > lastNs) lastNs = time;
  }
  return { firstNs, lastNs };
};
