import { describe, expect, it } from "vitest";
import { CUSTOM_BOUNDS } from "@obs/wire";
import { Deltas } from "./deltas.ts";
import { readMetrics, toScrapes } from "./metrics.ts";

const READ = { host: "h", environment: "", nowMs: 1_700_000_000_000, promote: [], keepHistograms: false };
const request = (metrics: readonly unknown[]) => ({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
const read = (...metrics: unknown[]) => readMetrics(request(metrics), READ);
const readKept = (...metrics: unknown[]) => readMetrics(request(metrics), { ...READ, keepHistograms: true });
const GAUGE = { name: "g", gauge: { dataPoints: [{ asInt: "5", timeUnixNano: "1700000000000000000" }] } };
const at = (ms: number): string => `${ms}000000`;

describe("reading metrics", () => {
  it.each<[string, unknown, string]>([
    ["a sum without temporality", { name: "a", sum: { dataPoints: [{ asInt: 1 }] } }, "a: the temporality is not specified"],
    ["a metric without a name", { gauge: { dataPoints: [{ asInt: 1 }] } }, "a metric needs a name"],
    ["a point without a value", { name: "a", gauge: { dataPoints: [{}] } }, "a: a point has no value"],
    ["buckets that do not fit", { name: "a", histogram: { aggregationTemporality: 2, dataPoints: [{ count: 1, bucketCounts: [1], explicitBounds: [1] }] } }, "a: there must be one more count than bounds"],
    ["bounds that do not grow", { name: "a", histogram: { aggregationTemporality: 2, dataPoints: [{ count: 1, bucketCounts: [1, 0, 0], explicitBounds: [1, 1] }] } }, "a: bounds must grow"],
    ["a time beyond all times", { name: "a", gauge: { dataPoints: [{ asInt: 1, timeUnixNano: "18446744073709551615" }] } }, "a: the time is out of range"],
  ])("rejects %s alone", (_name, metric, reason) => {
    const { rejected, reasons, points } = read(metric, GAUGE);
    expect([rejected, [...reasons], points.map(({ observation }) => observation.metric)]).toEqual([1, [reason], ["g"]]);
  });

  it("leaves out points that say they have no value", () => {
    const { points, withoutValue } = read({ name: "a", gauge: { dataPoints: [{ flags: 1 }, { asDouble: "NaN" }] } });
    expect([points.length, withoutValue]).toEqual([1, 1]);
  });

  it("reads summaries", () => {
    const { points } = read({ name: "s", summary: { dataPoints: [{ count: "4", sum: 8, quantileValues: [{ quantile: 0.5, value: 2 }] }] } });
    expect(points.map(({ observation: { metric, labels, kind, value } }) => [metric, labels["quantile"], kind, value])).toEqual([
      ["s_count", undefined, "counter", 4],
      ["s_sum", undefined, "counter", 8],
      ["s", "0.5", "gauge", 2],
    ]);
  });

  it("adds up deltas, from 0 at their start, and never goes back in time", () => {
    const deltas = new Deltas();
    const delta = (value: number, startMs: number, timeMs: number) =>
      toScrapes(read({ name: "a", sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [{ asInt: value, startTimeUnixNano: at(startMs), timeUnixNano: at(timeMs) }] } }).points, deltas).map(({ timestampMs, observations }) => [timestampMs, observations[0]!.value]);
    expect(delta(3, 1_000, 2_000)).toEqual([[1_000, 0], [2_000, 3]]);
    expect(delta(4, 2_000, 3_000)).toEqual([[3_000, 7]]);
    expect(delta(1, 500, 900)).toEqual([[3_000, 8]]);
  });

  it("forgets the totals used longest ago", () => {
    const deltas = new Deltas(1);
    const add = (metric: string): number => deltas.add({ observation: { metric, labels: {}, kind: "updown", unit: "", help: "", value: 1 }, startMs: 0, timeMs: 1 }).at(-1)!.observation.value;
    expect([add("a"), add("a"), add("b"), add("a")]).toEqual([1, 2, 1, 1]);
  });
});

const TRACE = "5b8efff798038103d269b633813fc60c";
const SPAN = "eee19b7ec3c1b174";
const exemplar = (more: object) => ({ timeUnixNano: "1699999999123456789", asDouble: 0.4, traceId: TRACE.toUpperCase(), spanId: SPAN, filteredAttributes: [{ key: "user", value: { kvlistValue: { values: [{ key: "id", value: { intValue: 7 } }] } } }], ...more });
const DURATION = { count: "6", sum: 9.5, bucketCounts: ["1", "2", "3"], explicitBounds: [0.5, 1], min: 0.1, max: 4, startTimeUnixNano: at(1_699_999_000_000), timeUnixNano: at(1_700_000_000_000) };
const duration = (aggregationTemporality: number, more: object = {}) => ({ name: "duration", unit: "s", histogram: { aggregationTemporality, dataPoints: [{ ...DURATION, ...more }] } });

describe("exemplars", () => {
  it.each<[string, (exemplars: readonly unknown[]) => unknown]>([
    ["gauge", (exemplars) => ({ name: "a", gauge: { dataPoints: [{ asInt: 1, exemplars }] } })],
    ["counter", (exemplars) => ({ name: "a", sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [{ asInt: 1, exemplars }] } })],
    ["counter of deltas", (exemplars) => ({ name: "a", sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [{ asInt: 1, startTimeUnixNano: at(1_699_999_999_000), exemplars }] } })],
    ["exponential histogram", (exemplars) => ({ name: "a", exponentialHistogram: { aggregationTemporality: 2, dataPoints: [{ count: 1, exemplars }] } })],
  ])("of a %s are kept, once, with time, span and attributes", (_name, metric) => {
    const { points, histograms, exemplars, exemplarsRejected } = read(metric([exemplar({}), exemplar({ asDouble: undefined, asInt: "-3", timeUnixNano: 0, traceId: "", spanId: "00", filteredAttributes: [] })]));
    const found = toScrapes(points, new Deltas(), histograms).flatMap((scrape) => [...scrape.observations, ...(scrape.histograms ?? [])].flatMap((one) => one.exemplars ?? []));
    expect(found).toEqual([
      { timestamp: 1_699_999_999_123_456_789n, value: 0.4, traceId: TRACE, spanId: SPAN, attributes: { "user.id": "7" } },
      { timestamp: 1_700_000_000_000_000_000n, value: -3, traceId: "", spanId: "", attributes: {} },
    ]);
    expect([exemplars, exemplarsRejected]).toEqual([2, 0]);
  });

  it("of a histogram stand on the buckets that hold their values", () => {
    const values = [0.5, 0.6, 1, 7, Number.NaN];
    const { points } = read(duration(2, { exemplars: values.map((asDouble) => exemplar({ asDouble })) }));
    const byLe = points.map(({ observation }) => [observation.metric, observation.labels["le"], (observation.exemplars ?? []).map(({ value }) => value)]);
    expect(byLe).toEqual([["duration_count", undefined, []], ["duration_sum", undefined, []], ["duration_bucket", "0.5", [0.5]], ["duration_bucket", "1", [0.6, 1]], ["duration_bucket", "+Inf", [7, Number.NaN]]]);
  });

  it("that have no value or no possible time, or stand on what is not taken, are counted", () => {
    const exemplars = [exemplar({ asDouble: undefined }), exemplar({ timeUnixNano: "18446744073709551615" }), exemplar({})];
    const outcome = read({ name: "a", gauge: { dataPoints: [{ asInt: 1, exemplars }, { exemplars }, { flags: 1, exemplars }] } });
    expect([outcome.exemplars, outcome.exemplarsRejected]).toEqual([1, 8]);
  });
});

describe("histograms with bounds", () => {
  it.each([1, 2])("are kept whole where that is asked for, of temporality %i", (temporality) => {
    const { points, histograms } = readKept(duration(temporality, { exemplars: [exemplar({})] }));
    expect(points).toEqual([]);
    expect(histograms).toMatchObject([{
      timeMs: 1_700_000_000_000,
      histogram: {
        metric: "duration", unit: "s", exemplars: [{ value: 0.4 }],
        point: { start: 1_699_999_000_000, temporality, count: 6n, sum: 9.5, min: 0.1, max: 4, scale: CUSTOM_BOUNDS, zeroCount: 0n, positiveOffset: 0, positiveCounts: [1n, 2n, 3n], negativeCounts: [], bounds: [0.5, 1] },
      },
    }]);
  });

  it("that tell only a count have one bucket", () => {
    expect(readKept(duration(2, { bucketCounts: [], explicitBounds: [1, 2], sum: undefined })).histograms).toMatchObject([{ histogram: { point: { positiveCounts: [6n], bounds: [], sum: Number.NaN } } }]);
  });

  it.each([
    ["counts that do not fit", { bucketCounts: [1] }, "duration: there must be one more count than bounds"],
    ["bounds that do not grow", { explicitBounds: [1, 0.5] }, "duration: bounds must grow"],
    ["a bound that is none", { explicitBounds: [1, "Infinity"] }, "duration: bounds must grow"],
    ["a negative count", { bucketCounts: [1, 2, -3] }, "duration: a count is out of range"],
  ])("are refused for %s, in both forms", (_name, more, reason) => {
    for (const { rejected, reasons, points, histograms } of [read(duration(2, more)), readKept(duration(2, more))]) expect([rejected, [...reasons], points, histograms]).toEqual([1, [reason], [], []]);
  });
});

it("an exponential histogram of a scale that no number needs is refused", () => {
  const { rejected, reasons } = read({ name: "e", exponentialHistogram: { aggregationTemporality: 2, dataPoints: [{ count: 1, scale: CUSTOM_BOUNDS }, { count: 1, scale: -10 }] } });
  expect([rejected, [...reasons]]).toEqual([1, ["e: the scale is below -11"]]);
});
