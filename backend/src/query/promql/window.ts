/** The samples of one series within the range of one step, floats and histograms apart. */

import type { FloatHistogram } from "./histogram/float-histogram.ts";
import type { RawSeries } from "./source.ts";
import { FLOAT, HISTOGRAM, STALE } from "./values.ts";

export interface SplitSeries {
  readonly raw: RawSeries;
  readonly floatTimes: Float64Array;
  readonly floats: Float64Array;
  readonly floatStarts: Float64Array | undefined;
  readonly histogramTimes: Float64Array;
  readonly histograms: readonly FloatHistogram[];
  readonly histogramStarts: Float64Array | undefined;
}

const NO_TIMES = new Float64Array(0);

const pick = (values: Float64Array, indexes: readonly number[]): Float64Array => Float64Array.from(indexes, (index) => values[index]!);

export const split = (raw: RawSeries): SplitSeries => {
  const { times, kinds, floats, histograms, startTimes } = raw;
  if (!kinds.some((kind) => kind !== FLOAT)) return { raw, floatTimes: times, floats, floatStarts: startTimes, histogramTimes: NO_TIMES, histograms: [], histogramStarts: undefined };
  const of = (wanted: number): number[] => [...kinds.keys()].filter((index) => kinds[index] === wanted);
  const [atFloats, atHistograms] = [of(FLOAT), of(HISTOGRAM)];
  return {
    raw,
    floatTimes: pick(times, atFloats),
    floats: pick(floats, atFloats),
    floatStarts: startTimes && pick(startTimes, atFloats),
    histogramTimes: pick(times, atHistograms),
    histograms: atHistograms.map((index) => histograms![index]!),
    histogramStarts: startTimes && pick(startTimes, atHistograms),
  };
};

/** Index of the first time after `ms`, from `at` on. */
const firstAfter = (times: Float64Array, ms: number, at: number): number => {
  let index = at;
  while (index < times.length && times[index]! <= ms) index += 1;
  return index;
};

/** Moves over a series as the steps do: (start, end]. Indexes are those in the split series, end exclusive. */
export class Window {
  readonly series: SplitSeries;
  startMs = 0;
  endMs = 0;
  firstFloat = 0;
  endFloat = 0;
  firstHistogram = 0;
  endHistogram = 0;

  constructor(series: SplitSeries) {
    this.series = series;
  }

  /** Times of later steps are never earlier. */
  moveTo(startMs: number, endMs: number): void {
    const { floatTimes, histogramTimes } = this.series;
    this.startMs = startMs;
    this.endMs = endMs;
    this.firstFloat = firstAfter(floatTimes, startMs, this.firstFloat);
    this.endFloat = firstAfter(floatTimes, endMs, Math.max(this.firstFloat, this.endFloat));
    this.firstHistogram = firstAfter(histogramTimes, startMs, this.firstHistogram);
    this.endHistogram = firstAfter(histogramTimes, endMs, Math.max(this.firstHistogram, this.endHistogram));
  }

  /** Leaves out what lies before `ms`, but for the last sample there. */
  dropBefore(ms: number): void {
    const { floatTimes, histogramTimes } = this.series;
    const [float, histogram] = [firstAfter(floatTimes, ms, this.firstFloat), firstAfter(histogramTimes, ms, this.firstHistogram)];
    const [floatMs, histogramMs] = [float > this.firstFloat ? floatTimes[float - 1]! : Number.NEGATIVE_INFINITY, histogram > this.firstHistogram ? histogramTimes[histogram - 1]! : Number.NEGATIVE_INFINITY];
    const isFloatLast = floatMs > histogramMs;
    this.firstFloat = Math.min(this.endFloat, isFloatLast ? float - 1 : float);
    this.firstHistogram = Math.min(this.endHistogram, !isFloatLast && Number.isFinite(histogramMs) ? histogram - 1 : histogram);
  }

  hasAfter(ms: number): boolean {
    const { floatTimes, histogramTimes } = this.series;
    return (this.floatCount > 0 && floatTimes[this.endFloat - 1]! > ms) || (this.histogramCount > 0 && histogramTimes[this.endHistogram - 1]! > ms);
  }

  get floatCount(): number {
    return this.endFloat - this.firstFloat;
  }

  get histogramCount(): number {
    return this.endHistogram - this.firstHistogram;
  }

  get metric(): string {
    return this.series.raw.labels.metricName;
  }

  /** A copy of the floats. */
  floatsIn(): Float64Array {
    return this.series.floats.slice(this.firstFloat, this.endFloat);
  }

  histogramsIn(): readonly FloatHistogram[] {
    return this.series.histograms.slice(this.firstHistogram, this.endHistogram);
  }

  /** Floats and histograms together, in the order of their times. */
  *samples(): Generator<{ readonly ms: number; readonly value: number | FloatHistogram; readonly startMs: number }, void> {
    const { floatTimes, floats, floatStarts, histogramTimes, histograms, histogramStarts } = this.series;
    let [float, histogram] = [this.firstFloat, this.firstHistogram];
    while (float < this.endFloat || histogram < this.endHistogram) {
      const isFloat = histogram >= this.endHistogram || (float < this.endFloat && floatTimes[float]! < histogramTimes[histogram]!);
      if (isFloat) yield { ms: floatTimes[float]!, value: floats[float]!, startMs: floatStarts?.[float] ?? Number.NaN };
      else yield { ms: histogramTimes[histogram]!, value: histograms[histogram]!, startMs: histogramStarts?.[histogram] ?? Number.NaN };
      if (isFloat) float += 1;
      else histogram += 1;
    }
  }
}

export const isStale = ({ kinds }: RawSeries, index: number): boolean => kinds[index] === STALE;
