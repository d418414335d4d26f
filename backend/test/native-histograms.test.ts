/** Native histograms of the store in PromQL: with bounds of their own, and as deltas. */

import { CUSTOM_BOUNDS, seriesId, type HistogramPoint, type MetricSample, type MetricSeries } from "@obs/wire";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { StoreSource } from "../src/query/prometheus/store-source.ts";
import { Engine, type Answer } from "../src/query/promql/index.ts";
import { TenantScope } from "../src/sql/sql.ts";
import { startTestStore, type TestStore } from "../src/testing.ts";
import { storeHistograms, storeSamples, storeSeries } from "./query-rows.ts";

const NOW_MS = Math.floor(Date.now() / 60_000) * 60_000;
const MINUTE = 60_000;
const START_MS = NOW_MS - 5 * MINUTE;

let test: TestStore;
beforeAll(async () => {
  test = await startTestStore();
});
afterAll(() => test?.stop());

let tenants = 0;
const newTenant = (): string => `tenant-${++tenants}`;

const series = (metric: string, labels: Record<string, string>, kind: MetricSeries["kind"]): MetricSeries => ({ metric, series: seriesId(metric, labels), labels, kind, unit: "s", help: "", firstSeen: START_MS, lastSeen: NOW_MS });

const point = (metric: string, more: Partial<HistogramPoint>): HistogramPoint => ({
  metric, series: seriesId(metric, {}), timestamp: NOW_MS, start: 0, temporality: 2, count: 0n, sum: 0, min: Number.NaN, max: Number.NaN, scale: CUSTOM_BOUNDS, zeroCount: 0n, zeroThreshold: 0,
  positiveOffset: 0, positiveCounts: [], negativeOffset: 0, negativeCounts: [], bounds: [], ...more,
}); // prettier-ignore

const engineOf = (tenant: string, maxSamples = 1e6): Engine => new Engine({ source: new StoreSource({ store: test.store, scope: new TenantScope(tenant), maxExecutionSeconds: 10, maxSeries: 100, maxSamples }), allowExperimental: true });

const valuesOf = (answer: Answer): (number | undefined)[] =>
  answer.type === "vector" ? answer.series.flatMap(({ kinds, floats }) => Array.from(kinds, (kind, step) => (kind === 0 ? undefined : Number(floats[step]!.toPrecision(9))))) : [];

const STEPS = 5;

/** Values, one series after the other, and warnings. */
const ask = async (tenant: string, query: string): Promise<readonly [values: readonly (number | undefined)[], warnings: readonly string[]]> => {
  const answer = await engineOf(tenant).range(query, NOW_MS - 2 * MINUTE, NOW_MS, (2 * MINUTE) / (STEPS - 1));
  return [valuesOf(answer), answer.warnings];
};

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
const big = (counts: readonly number[]): bigint[] => counts.map(BigInt);
/** Running totals of each bucket. */
const totals = (deltas: readonly (readonly number[])[], base = 0): number[][] => deltas.map((_, end) => deltas[0]!.map((_none, bucket) => base + sum(deltas.slice(0, end + 1).map((delta) => delta[bucket]!))));
const timeOf = (index: number): number => START_MS + (index + 1) * MINUTE;

describe("histograms with bounds", () => {
  it("have the same quantiles as native ones and as series of samples", { timeout: 60_000 }, async () => {
    const bounds = fc.uniqueArray(fc.integer({ min: -3, max: 40 }), { minLength: 1, maxLength: 5 }).map((list) => list.map((bound) => bound / 4).sort((one, other) => one - other));
    const given = bounds.chain((list) => fc.record({ bounds: fc.constant(list), deltas: fc.array(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: list.length + 1, maxLength: list.length + 1 }), { minLength: 5, maxLength: 5 }) }));
    await fc.assert(
      fc.asyncProperty(given, fc.constantFrom(0.01, 0.5, 0.9, 0.99), async ({ bounds: own, deltas }, quantile) => {
        const tenant = newTenant();
        // Not near zero: of series each bucket is extrapolated by itself, and no further back than its zero.
        const counts = totals(deltas, 1_000);
        const les = [...own.map(String), "+Inf"];
        const classic = les.map((le) => series("classic_bucket", { le }, "counter"));
        const samples = counts.flatMap((row, index) => les.map((_, bucket): MetricSample => ({ metric: "classic_bucket", series: classic[bucket]!.series, timestamp: timeOf(index), value: sum(row.slice(0, bucket + 1)) })));
        await storeSeries(test.store, tenant, [...classic, series("native", {}, "histogram")]);
        await storeSamples(test.store, tenant, samples);
        await storeHistograms(test.store, tenant, counts.map((row, index) => point("native", { timestamp: timeOf(index), count: BigInt(sum(row)), positiveCounts: big(row), bounds: own })));
        expect(await ask(tenant, `histogram_quantile(${quantile}, sum(rate(native[3m])))`)).toEqual(await ask(tenant, `histogram_quantile(${quantile}, sum by (le) (rate(classic_bucket[3m])))`));
        expect(await ask(tenant, `histogram_quantile(${quantile}, native)`)).toEqual(await ask(tenant, `histogram_quantile(${quantile}, classic_bucket)`));
        expect(await ask(tenant, "histogram_count(increase(native[2m]))")).toEqual(await ask(tenant, 'increase(classic_bucket{le="+Inf"}[2m])'));
      }),
      { numRuns: 5 },
    );
  });
});

describe("deltas", () => {
  const TOTAL = 12;
  /** How a dozen measurements fall into four buckets. */
  const dozen = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: TOTAL, maxLength: TOTAL }).map((buckets) => [0, 1, 2, 3].map((bucket) => buckets.filter((one) => one === bucket).length));

  it.each([
    ["with bounds", { scale: CUSTOM_BOUNDS, bounds: [1, 2.5, 10] }],
    ["exponential", { scale: 1, positiveOffset: -1 }],
  ])("%s have the rates of what they add up to, also when some were told twice", { timeout: 60_000 }, async (_, form) => {
    await fc.assert(
      fc.asyncProperty(fc.array(dozen, { minLength: 5, maxLength: 5 }), async (deltas) => {
        const tenant = newTenant();
        const [delta, total] = ["delta", "total"].map((form) => series("latency", { form }, "histogram")) as [MetricSeries, MetricSeries];
        await storeSeries(test.store, tenant, [delta, total]);
        const rows = deltas.map((counts, index) => point("latency", { ...form, series: delta.series, temporality: 1, start: timeOf(index - 1), timestamp: timeOf(index), count: BigInt(TOTAL), sum: 3, positiveCounts: big(counts) }));
        await storeHistograms(test.store, tenant, rows);
        // Whoever was not answered in time sends a request again.
        await storeHistograms(test.store, tenant, rows.slice(1, 3));
        await storeHistograms(test.store, tenant, totals(deltas).map((counts, index) => point("latency", { ...form, series: total.series, start: START_MS, timestamp: timeOf(index), count: BigInt(TOTAL * (index + 1)), sum: 3 * (index + 1), positiveCounts: big(counts) })));
        for (const query of ["histogram_count(increase(latency[3m]))", "histogram_sum(rate(latency[10m]))", "histogram_quantile(0.9, rate(latency[3m]))", "histogram_fraction(0, 2, sum by (form) (increase(latency[4m])))", "histogram_count(irate(latency[3m]))"]) {
          const [values, warnings] = await ask(tenant, query);
          const [ofDelta, ofTotal] = [values.slice(0, values.length / 2), values.slice(values.length / 2)];
          expect(ofDelta).toHaveLength(STEPS);
          expect([query, ofDelta, warnings]).toEqual([query, ofTotal, []]);
        }
        const now = async (query: string) => valuesOf(await engineOf(tenant).instant(query, NOW_MS));
        expect(await now("histogram_count(increase(latency[10m]))")).toEqual([TOTAL * 5, TOTAL * 5]);
        // By themselves they are what was counted in their time.
        expect(await now('histogram_count(latency{form="delta"}) * 100 + histogram_count(sum_over_time(latency{form="delta"}[10m]))')).toEqual([TOTAL * 100 + TOTAL * 5]);
      }),
      { numRuns: 3 },
    );
  });

  it("of other scales each, as SDKs send them, add up", async () => {
    const tenant = newTenant();
    await storeSeries(test.store, tenant, [series("delta", {}, "histogram")]);
    const given = [{ scale: 3, positiveOffset: 0 }, { scale: 0, positiveOffset: 1 }, { scale: 8, positiveOffset: -5 }, { scale: -2, positiveOffset: 0 }];
    await storeHistograms(test.store, tenant, given.map((form, index) => point("delta", { ...form, temporality: 1, start: timeOf(index - 1), timestamp: timeOf(index), count: 3n, sum: 4, positiveCounts: [1n, 2n] })));
    expect(valuesOf(await engineOf(tenant).instant("histogram_count(increase(delta[10m]))", timeOf(given.length - 1)))).toEqual([12]);
  });
});

it("many buckets are as many samples as their size makes them", async () => {
  const tenant = newTenant();
  await storeSeries(test.store, tenant, [series("wide", {}, "histogram")]);
  await storeHistograms(test.store, tenant, [point("wide", { scale: 3, count: 800n, positiveCounts: Array.from({ length: 800 }, () => 1n) })]);
  expect(valuesOf(await engineOf(tenant, 100).instant("histogram_count(wide)", NOW_MS))).toEqual([800]);
  await expect(engineOf(tenant, 99).instant("histogram_count(wide)", NOW_MS)).rejects.toThrow(/too many samples/);
});
