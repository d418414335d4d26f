import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Engine, type Answer } from "./engine.ts";
import { PromqlError } from "./errors.ts";
import { memorySource, MINUTE, type TestSeries } from "./fixtures.ts";
import { EMPTY_HISTOGRAM, type FloatHistogram } from "./histogram/float-histogram.ts";
import { FLOAT, HISTOGRAM } from "./values.ts";

const upTo = (count: number, value: (index: number) => number): number[] => Array.from({ length: count }, (_none, index) => value(index));
const histogram = (counts: readonly number[], more: Partial<FloatHistogram> = {}): FloatHistogram => {
  const count = counts.reduce((total, each) => total + each, 0);
  return { ...EMPTY_HISTOGRAM, count, sum: count * 2, positive: { indexes: counts.map((_each, index) => index), counts }, ...more };
};

const DATA: readonly TestSeries[] = [
  ['requests_total{host="a", code="200"}', upTo(11, (index) => index * 60)],
  ['requests_total{host="a", code="500"}', upTo(11, (index) => index * 6)],
  ['requests_total{host="b", code="200"}', [0, 60, 120, 30, 90, 150, 210, 270, 330, 390, 450]],
  ['capacity{host="a"}', upTo(11, () => 100)],
  ['capacity{host="b"}', upTo(11, () => 200)],
  ['gauge{host="a"}', [5, 1, undefined, 9, Number.NaN, 3, 3, 3, 8, 8, 4]],
  ['ended{host="a"}', [1, 1, "stale", undefined, undefined, undefined, undefined, undefined, undefined, undefined, undefined]],
  ['seconds_bucket{le="1"}', upTo(11, () => 10)],
  ['seconds_bucket{le="2"}', upTo(11, () => 30)],
  ['seconds_bucket{le="+Inf"}', upTo(11, () => 40)],
  ["latency", [histogram([1, 1]), histogram([2, 4]), histogram([1, 0, 3])]],
];

const END = 10 * MINUTE;
const engine = new Engine({ source: memorySource(DATA), allowExperimental: true });

const valuesOf = (answer: Answer): Record<string, unknown> => {
  if (answer.type === "scalar" || answer.type === "string") return { "": answer.type === "scalar" ? answer.values[0] : answer.value };
  if (answer.type === "matrix") return Object.fromEntries(answer.series.map(({ labels, times, floats }) => [labels.toString(), [...times].map((ms, index) => [ms / MINUTE, floats[index]])]));
  return Object.fromEntries(answer.series.map((one) => [one.labels.toString(), one.kinds[0] === HISTOGRAM ? one.histogram(0).count : Math.round(one.floats[0]! * 1e9) / 1e9]));
};
const at = async (query: string, ms = END): Promise<Record<string, unknown>> => valuesOf(await engine.instant(query, ms));

describe("instant queries", () => {
  it.each<[string, Record<string, unknown>]>([
    ["2 ^ 10 % 1000", { "": 24 }],
    ["capacity", { '{__name__="capacity", host="a"}': 100, '{__name__="capacity", host="b"}': 200 }],
    ["capacity > 150", { '{__name__="capacity", host="b"}': 200 }],
    ["capacity > bool 150", { '{host="a"}': 0, '{host="b"}': 1 }],
    ["rate(requests_total[5m])", { '{code="200", host="a"}': 1, '{code="500", host="a"}': 0.1, '{code="200", host="b"}': 1 }],
    ["sum by (host) (increase(requests_total[10m]))", { '{host="a"}': 660, '{host="b"}': 566.666666667 }],
    ["sum without (code, host) (requests_total)", { "{}": 1110 }],
    ['requests_total{code="500"} / ignoring(code) group_left capacity', { '{code="500", host="a"}': 0.6 }],
    ["sum(requests_total) / on() sum(capacity)", { "{}": 3.7 }],
    ["capacity and on(host) requests_total > 500", { '{__name__="capacity", host="a"}': 100 }],
    ["capacity unless on(host) (requests_total > 500)", { '{__name__="capacity", host="b"}': 200 }],
    ["topk(1, requests_total)", { '{__name__="requests_total", code="200", host="a"}': 600 }],
    ["quantile(0.5, capacity)", { "{}": 150 }],
    ["count_values by (host) (\"size\", capacity)", { '{host="a", size="100"}': 1, '{host="b", size="200"}': 1 }],
    ["resets(requests_total[10m:1m])", { '{code="200", host="a"}': 0, '{code="500", host="a"}': 0, '{code="200", host="b"}': 1 }],
    ["max_over_time(gauge[10m])", { '{host="a"}': 9 }],
    ["gauge offset 7m", { '{__name__="gauge", host="a"}': 9 }],
    ["gauge @ 60", { '{__name__="gauge", host="a"}': 1 }],
    ["ended", {}],
    ["absent(ended)", { "{}": 1 }],
    ['absent(nothing{host="x", code=~"."})', { '{host="x"}': 1 }],
    ["histogram_quantile(0.5, seconds_bucket)", { "{}": 1.5 }],
    ["histogram_fraction(0, 1.5, seconds_bucket)", { "{}": 0.5 }],
    ['label_replace(capacity, "node", "$1-x", "host", "(.)")', { '{__name__="capacity", host="a", node="a-x"}': 100, '{__name__="capacity", host="b", node="b-x"}': 200 }],
    ['label_join(capacity{host="a"}, "both", "/", "host", "__name__")', { '{__name__="capacity", both="a/capacity", host="a"}': 100 }],
    ["gauge[2m]", { '{__name__="gauge", host="a"}': [[9, 8], [10, 4]] }],
    ["day_of_week(vector(0))", { "{}": 4 }],
    ["clamp(capacity, 120, 150)", { '{host="a"}': 120, '{host="b"}': 150 }],
    ["scalar(capacity)", { "": Number.NaN }],
    ["-capacity", { '{host="a"}': -100, '{host="b"}': -200 }],
    ["capacity - on(host) fill_right(1) gauge", { '{host="a"}': 96, '{host="b"}': 199 }],
  ])("%s", async (query, expected) => expect(await at(query)).toEqual(expected));

  it.each<[string, number, Record<string, unknown>]>([
    ["latency", MINUTE, { '{__name__="latency"}': 6 }],
    ["histogram_sum(latency)", MINUTE, { "{}": 12 }],
    ["histogram_quantile(1, latency)", MINUTE, { "{}": 2 }],
    ["histogram_count(increase(latency[3m]))", 2 * MINUTE, { "{}": 10 }],
    ["resets(latency[3m])", 2 * MINUTE, { "{}": 1 }],
    ["latency * 2 + latency", MINUTE, { "{}": 18 }],
  ])("%s at %d", async (query, ms, expected) => expect(await at(query, ms)).toEqual(expected));

  it.each([
    ["requests_total * on(host) capacity", /multiple matches for labels: many-to-one matching must be explicit/],
    ["capacity * on() requests_total", /found duplicate series for the match group \{\} on the right hand-side of the operation/],
    ['label_replace(capacity, "host", "x", "host", ".*")', /vector cannot contain metrics with the same labelset/],
    ["rate({__name__=~'requests_total|capacity', host='a'}[5m]) or 1", /set operator "or" not allowed/],
    ['{__name__=~"capacity|gauge", host="a"} * 1', /vector cannot contain metrics with the same labelset/],
    ["topk(NaN, capacity)", /Parameter value is NaN/],
    ["double_exponential_smoothing(gauge[5m], 1, 0.5)", /invalid smoothing factor/],
  ])("%s fails", async (query, message) => {
    await expect(engine.instant(query, END)).rejects.toThrow(message);
    await expect(engine.instant(query, END)).rejects.toBeInstanceOf(PromqlError);
  });

  it.each([
    ["rate(gauge[5m])", [], ['PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "gauge" (1:6)']],
    ["quantile(2, capacity)", ["PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)"], []],
    ["histogram_quantile(0.9, capacity)", ['PromQL warning: bucket label "le" is missing or has a malformed value of "" for metric name "capacity" (1:25)'], []],
    ["latency + on() group_left sum(capacity)", [], ['PromQL info: incompatible sample types encountered for binary operator "+": histogram + float (1:1)']],
  ])("%s says what is odd", async (query, warnings, infos) => {
    const answer = await engine.instant(query, query.startsWith("latency") ? MINUTE : END);
    expect({ warnings: answer.warnings, infos: answer.infos }).toEqual({ warnings, infos });
  });
});

describe("range queries", () => {
  it("have a value at each step where there is one", async () => {
    const answer = await engine.range("sum(gauge > 2)", 0, END, 2 * MINUTE);
    expect(answer.type === "vector" && answer.series.map(({ kinds, floats }) => [...kinds].map((kind, step) => (kind === FLOAT ? floats[step] : undefined)))).toEqual([[5, undefined, undefined, 3, 8, 4]]);
  });

  it("refuse what has no steps", async () => {
    await expect(engine.range("capacity[5m]", 0, END, MINUTE)).rejects.toThrow('invalid expression type "range vector" for range query, must be Scalar or instant Vector');
  });

  it("end where there would be too many values", async () => {
    const small = new Engine({ source: memorySource(DATA), maxSamples: 20 });
    await expect(small.range("requests_total", 0, END, MINUTE)).rejects.toThrow(/too many samples/);
  });

  it.each(["requests_total", "rate(requests_total[1m])", "avg_over_time(vector(1)[1000d:1ms])"])("end before %s has taken the memory", async (query) => {
    await expect(engine.range(query, 0, 1e9, 1)).rejects.toThrow(/too many samples/);
  });

  it("end before labels of values have taken the memory", async () => {
    const steps = 60_000;
    const changing = new Engine({ source: memorySource([["changing", upTo(steps, (index) => index)]]), maxSamples: 1e6 });
    await expect(changing.range('count_values("value", changing)', 0, (steps - 1) * MINUTE, MINUTE)).rejects.toThrow(/too many samples/);
  });

  const STEPS = 10;
  const meeting = [["many{job=\"j\", instance=\"i\"}", upTo(STEPS, (index) => index)], ...upTo(STEPS, (index) => index).map((own) => [`one{job="j", instance="i", step="${own}"}`, upTo(STEPS, (index) => index).map((index) => (index === own ? 1 : "stale"))])] as TestSeries[];
  // One series of ten steps, ten series that are there at a step each, and ten that come of them.
  it.each([
    ["many * on() group_left(step) one", 10 + 100 + 100],
    ['info(many, {__name__="one"})', 10 + 100],
    ['count_values("value", many)', 10 + 100],
  ])("hold %s in %i values", async (query, values) => {
    const ask = (maxSamples: number): Promise<Answer> => new Engine({ source: memorySource(meeting), allowExperimental: true, maxSamples }).range(query, 0, (STEPS - 1) * MINUTE, MINUTE);
    expect(await ask(values)).toMatchObject({ series: { length: STEPS } });
    await expect(ask(values - 1)).rejects.toThrow(/too many samples/);
  });

  it("are instant queries, one after the other", async () => {
    const query = fc.constantFrom(
      "requests_total", "rate(requests_total[3m])", "sum by (host) (requests_total)", "capacity - on(host) gauge", "max_over_time(gauge[4m:30s])", "topk(1, requests_total) by (host)", "gauge > 2 or capacity", "avg_over_time(gauge[3m] offset 1m)",
      "histogram_count(latency)", "increase(latency[2m])", "deriv(gauge[5m])", "predict_linear(gauge[5m], 60)", "absent(gauge > 5)", "timestamp(gauge)", "quantile_over_time(0.3, gauge[5m])", "count_values(\"v\", gauge)", "requests_total @ 120", "stddev by (code) (requests_total)",
    );
    await fc.assert(
      fc.asyncProperty(query, fc.integer({ min: 0, max: 5 * MINUTE }), fc.constantFrom(10_000, 45_000, MINUTE), async (text, startMs, stepMs) => {
        const whole = await engine.range(text, startMs, startMs + 5 * stepMs, stepMs);
        for (let step = 0; step <= 5; step++) {
          const one = await engine.instant(text, startMs + step * stepMs);
          const present = whole.type === "vector" ? whole.series.filter(({ kinds }) => kinds[step] !== 0).map((series) => [series.labels.toString(), series.kinds[step] === HISTOGRAM ? series.histogram(step) : series.floats[step]]) : [];
          const alone = one.type === "vector" ? one.series.map((series) => [series.labels.toString(), series.kinds[0] === HISTOGRAM ? series.histogram(0) : series.floats[0]]) : [];
          expect(Object.fromEntries(present)).toEqual(Object.fromEntries(alone));
        }
      }),
      { numRuns: 150 },
    );
  });
});
