/** Samples and native histograms of a tenant, from the store, for the PromQL engine. */

import { STALE_BITS } from "../../core/samples.ts";
import type { ReadOptions, Store } from "../../core/store.ts";
import { param, sql, type Fragment, type Statement, type TenantScope } from "../../sql/sql.ts";
import { millis } from "../metrics/series-source.ts";
import { FLOAT, HISTOGRAM, PromqlError, STALE, TOO_MANY_SAMPLES, type Computation, type Computed, type Labels, type RawSeries, type Selection, type SeriesSource } from "../promql/index.ts";
import { computeInStore } from "./computed.ts";
import { numberOf, type JsonNumber } from "./json-number.ts";
import { HISTOGRAM_SAMPLES, nativeHistograms, type HistogramPoint, type NativeHistogram } from "./native-histograms.ts";
import { findSeries, matchingSeries, type FoundSeries } from "./series.ts";

export interface StoreSourceOptions {
  readonly store: Store;
  readonly scope: TenantScope;
  readonly signal?: AbortSignal;
  readonly maxExecutionSeconds: number;
  /** Series that one selector may find. */
  readonly maxSeries: number;
  /** Samples, or values by step, that one query may read. */
  readonly maxSamples: number;
}

interface SampleRow {
  readonly id: string;
  readonly times: readonly number[];
  readonly floats: readonly JsonNumber[];
  /** 1: a stale marker. */
  readonly stale: readonly number[];
}

interface HistogramRow {
  readonly id: string;
  readonly points: readonly HistogramPoint[];
}

const KIND_HISTOGRAM = "histogram";
/** Numbers as numbers, and NaN and infinities as text. */
const SETTINGS = { output_format_json_quote_denormals: 1, output_format_json_quote_64bit_integers: 0 };

export class StoreSource implements SeriesSource {
  readonly #options: StoreSourceOptions;
  #samples = 0;

  constructor(options: StoreSourceOptions) {
    this.#options = options;
  }

  async select(selection: Selection): Promise<RawSeries[]> {
    const { store, scope, maxSeries, signal } = this.#options;
    const range = { startMs: selection.afterMs, endMs: selection.untilMs };
    const found = await findSeries(store, scope, selection.matchers, range, maxSeries, signal);
    if (found.length > maxSeries) throw new PromqlError("execution", `the selector matches more than ${maxSeries} series: narrow it`);
    if (found.length === 0) return [];
    const hasHistograms = found.some(({ kind }) => kind === KIND_HISTOGRAM);
    const floats = await this.#floats(selection);
    return put(found, floats, hasHistograms ? await this.#histograms(selection) : new Map());
  }

  compute(computation: Computation): Promise<Computed | undefined> {
    return computeInStore(computation, { ...this.#options, spend: (values) => this.#spend(values) });
  }

  #read<T>(statement: Statement, upToMs: number): Promise<T[]> {
    const { store, signal, maxExecutionSeconds } = this.#options;
    const options: ReadOptions = { maxExecutionSeconds, settings: SETTINGS, upToMs, ...(signal && { signal }) };
    return store.read<T>(statement, options);
  }

  #spend(samples: number): void {
    this.#samples += samples;
    if (this.#samples > this.#options.maxSamples) throw new PromqlError("execution", TOO_MANY_SAMPLES);
  }

  /** LIMIT of rows: what is left, and one more that tells that it was not enough. */
  #left(samplesEach: number): Fragment {
    return sql`LIMIT ${param.uint32(Math.floor((this.#options.maxSamples - this.#samples) / samplesEach) + 1)}`;
  }

  /** FROM one of the tables of samples: what the selection means. */
  #from(table: "samples" | "histograms", { matchers, afterMs, untilMs }: Selection): Fragment {
    const { scope } = this.#options;
    const series = sql`SELECT metric, series ${matchingSeries(scope, matchers, { startMs: afterMs, endMs: untilMs })}`;
    return sql`
      ${scope.from(table)} AND timestamp > ${millis(Math.floor(afterMs))} AND timestamp <= ${millis(Math.floor(untilMs))}
        AND (metric GLOBAL IN (SELECT metric FROM (${series}))) AND (series GLOBAL IN (SELECT series FROM (${series})))`;
  }

  async #floats(selection: Selection): Promise<SampleRow[]> {
    const { scope } = this.#options;
    const rows = await this.#read<SampleRow>(scope.statement(sql`
      SELECT toString(series) AS id, groupArray(ms) AS times, groupArray(v) AS floats, groupArray(is_stale) AS stale
      FROM (
        SELECT series, toUnixTimestamp64Milli(timestamp) AS ms, any(value) AS v, reinterpretAsUInt64(any(value)) = ${param.uint64(STALE_BITS)} AS is_stale
        ${this.#from("samples", selection)}
        GROUP BY series, ms ORDER BY series, ms ${this.#left(1)}
      )
      GROUP BY series`), selection.untilMs);
    for (const { times } of rows) this.#spend(times.length);
    return rows;
  }

  /** By series. */
  async #histograms(selection: Selection): Promise<Map<string, readonly NativeHistogram[]>> {
    const { scope } = this.#options;
    const rows = await this.#read<HistogramRow>(scope.statement(sql`
      SELECT toString(series) AS id, groupArray((ms, start_ms, t, c, s, scale_, zc, zt, po, pc, no, nc, own_bounds)) AS points
      FROM (
        SELECT series, toUnixTimestamp64Milli(timestamp) AS ms, toUnixTimestamp64Milli(any(start)) AS start_ms, any(temporality) AS t, any(count) AS c, any(sum) AS s, any(scale) AS scale_,
          any(zero_count) AS zc, any(zero_threshold) AS zt, any(positive_offset) AS po, any(positive_counts) AS pc, any(negative_offset) AS no, any(negative_counts) AS nc, any(bounds) AS own_bounds
        ${this.#from("histograms", selection)}
        GROUP BY series, ms ORDER BY series, ms ${this.#left(HISTOGRAM_SAMPLES)}
      )
      GROUP BY series`), selection.untilMs);
    return new Map(rows.map(({ id, points }) => [id, nativeHistograms(points, (samples) => this.#spend(samples))]));
  }
}

const put = (found: readonly FoundSeries[], floats: readonly SampleRow[], natives: ReadonlyMap<string, readonly NativeHistogram[]>): RawSeries[] => {
  const labels = new Map(found.map((series) => [series.id, series.labels]));
  const floatRows = new Map(floats.map((row) => [row.id, row]));
  return [...new Set([...floatRows.keys(), ...natives.keys()])].flatMap((id) => {
    const of = labels.get(id);
    return of ? [rawOf(of, floatRows.get(id), natives.get(id))] : [];
  });
};

const rawOf = (labels: Labels, floats: SampleRow | undefined, natives: readonly NativeHistogram[] | undefined): RawSeries => {
  const ofFloats: RawSeries = {
    labels,
    times: Float64Array.from(floats?.times ?? []),
    kinds: Uint8Array.from(floats?.stale ?? [], (stale) => (stale === 1 ? STALE : FLOAT)),
    floats: Float64Array.from(floats?.floats ?? [], numberOf),
  };
  if (!natives) return ofFloats;
  // A series is of one kind, but for a change of its program.
  const merged = [...ofFloats.times, ...natives.map(({ ms }) => ms)].map((ms, index) => ({ ms, index })).sort((one, other) => one.ms - other.ms || one.index - other.index);
  const ofIndex = merged.map(({ index }) => index);
  const floatCount = ofFloats.times.length;
  return {
    labels,
    times: Float64Array.from(merged, ({ ms }) => ms),
    kinds: Uint8Array.from(ofIndex, (index) => (index < floatCount ? ofFloats.kinds[index]! : HISTOGRAM)),
    floats: Float64Array.from(ofIndex, (index) => ofFloats.floats[index] ?? 0),
    histograms: ofIndex.map((index) => natives[index - floatCount]?.histogram),
    startTimes: Float64Array.from(ofIndex, (index) => natives[index - floatCount]?.startMs ?? Number.NaN),
  };
};
