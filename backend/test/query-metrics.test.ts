/** Reading metrics against a real store. */

import { seriesId, type MetricKind, type MetricSample } from "@obs/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MetricRangeAnswer, Queries } from "../src/core/queries.ts";
import { createQueries } from "../src/query/index.ts";
import { startTestStore, type TestStore } from "../src/testing.ts";
import { logRecord, storeLogs, storeSamples, storeSeries } from "./query-rows.ts";

const NOW_MS = Date.UTC(2026, 10, 22, 10);
const NOW = NOW_MS / 1_000;
const MINUTE = 60_000;

let test: TestStore;
let queries: Queries;

beforeAll(async () => {
  test = await startTestStore();
  queries = createQueries({ store: test.store, now: () => NOW_MS });
});
afterAll(() => test?.stop());

interface Given {
  readonly metric: string;
  readonly labels: Record<string, string>;
  readonly kind?: MetricKind;
  readonly unit?: string;
  /** [ms before now, value] */
  readonly samples: readonly (readonly [number, number])[];
}

const store = async (tenant: string, given: readonly Given[]): Promise<void> => {
  await storeSeries(
    test.store,
    tenant,
    given.map(({ metric, labels, kind = "gauge", unit = "1", samples }) => {
      const times = samples.map(([agoMs]) => NOW_MS - agoMs);
      return { metric, series: seriesId(metric, labels), labels, kind, unit, help: "", firstSeen: Math.min(...times), lastSeen: Math.max(...times) };
    }),
  );
  const rows = given.flatMap(({ metric, labels, samples }): MetricSample[] =>
    samples.map(([agoMs, value]) => ({ metric, series: seriesId(metric, labels), timestamp: NOW_MS - agoMs, value })),
  );
  await storeSamples(test.store, tenant, rows);
};

const sortLabels = (name: string): string => name.split(",").toSorted().join(",");
const range = (tenant: string, query: Record<string, unknown>): Promise<MetricRangeAnswer> => queries.metricRange(tenant, query);
/** Lines by their labels, times as seconds before now. */
const lines = ({ result }: MetricRangeAnswer): Record<string, (readonly [number, number])[]> =>
  Object.fromEntries(result.map(({ labels, values }) => [Object.entries(labels).map(([k, v]) => `${k}=${v}`).join(","), values.map(([t, v]) => [t - NOW, v] as const)]));

describe("functions", () => {
  beforeAll(async () => {
    await store("gauges", [
      // Two minutes of samples, 20 s apart; the oldest is at the open end of its step.
      { metric: "temp", labels: { host: "a", room: "1" }, samples: [[120_000, 100], [100_000, 1], [80_000, 2], [60_000, 6], [40_000, 10], [20_000, 20], [0, 30]] },
      { metric: "temp", labels: { host: "b", room: "1" }, samples: [[60_000, 5], [1_000, 50]] },
      { metric: "temp", labels: { host: "c", room: "2" }, samples: [[30_000, 7]] },
    ]);
  });

  const query = { metric: "temp", start: "now-1m", end: "now", step: "60" };
  const cases: [fn: string, by: string | undefined, expected: Record<string, [number, number][]>][] = [
    ["avg", undefined, { "host=a,room=1": [[-60, 3], [0, 20]], "host=b,room=1": [[-60, 5], [0, 50]], "host=c,room=2": [[0, 7]] }],
    ["min", undefined, { "host=a,room=1": [[-60, 1], [0, 10]], "host=b,room=1": [[-60, 5], [0, 50]], "host=c,room=2": [[0, 7]] }],
    ["max", undefined, { "host=a,room=1": [[-60, 6], [0, 30]], "host=b,room=1": [[-60, 5], [0, 50]], "host=c,room=2": [[0, 7]] }],
    ["last", undefined, { "host=a,room=1": [[-60, 6], [0, 30]], "host=b,room=1": [[-60, 5], [0, 50]], "host=c,room=2": [[0, 7]] }],
    ["avg", "room", { "room=1": [[-60, 4], [0, 35]], "room=2": [[0, 7]] }],
    ["sum", "room", { "room=1": [[-60, 8], [0, 70]], "room=2": [[0, 7]] }],
    ["min", "room", { "room=1": [[-60, 1], [0, 10]], "room=2": [[0, 7]] }],
    ["max", "room", { "room=1": [[-60, 6], [0, 50]], "room=2": [[0, 7]] }],
    ["sum", "", { "": [[-60, 8], [0, 77]] }],
    ["last", "", { "": [[-60, 6], [0, 30]] }],
    ["max", "nothing", { "": [[-60, 6], [0, 50]] }],
    ["max", "room,host", { "host=a,room=1": [[-60, 6], [0, 30]], "host=b,room=1": [[-60, 5], [0, 50]], "host=c,room=2": [[0, 7]] }],
  ];
  it.each(cases)("%s by %s", async (fn, by, expected) => {
    const answer = await range("gauges", { ...query, fn, ...(by !== undefined && { by }) });
    expect(Object.fromEntries(Object.entries(lines(answer)).map(([name, values]) => [sortLabels(name), values]))).toEqual(expected);
    expect(answer).toMatchObject({ metric: "temp", fn, step_seconds: 60 });
  });

  const matched: [match: string | string[], hosts: string[]][] = [
    ["room:1", ["a", "b"]],
    [["room:1", "host!:a"], ["b"]],
    ["room!:1", ["c"]],
    ["zone:", ["a", "b", "c"]],
    ["zone!:", []],
    ["room:1' OR '1'='1", []],
    ["host:a:b", []],
  ];
  it.each(matched)("match=%s", async (match, hosts) => {
    const answer = await range("gauges", { ...query, match });
    expect(answer.result.map(({ labels }) => labels["host"])).toEqual(hosts);
  });

  it("of a metric that is not there are no lines", async () => expect((await range("gauges", { metric: "nothing" })).result).toEqual([]));
  it("of a range between two points of the grid are no lines", async () => expect((await range("gauges", { ...query, start: NOW - 50, end: NOW - 10 })).result).toEqual([]));
});

/** Ten minutes of a counter, 10 s apart, that began anew `resetAtMs` before now. */
const counter = (perSecond: number, resetAtMs: number): [number, number][] =>
  Array.from({ length: 61 }, (_, i) => [i * 10_000, ((i * 10_000 < resetAtMs ? resetAtMs : 610_000) - i * 10_000) * (perSecond / 1_000)]);

describe("rate", () => {
  it("is per second, and a reset is no decrease", async () => {
    await store("counters", [
      { metric: "requests", kind: "counter", labels: { host: "a" }, samples: counter(2, 0) },
      { metric: "requests", kind: "counter", labels: { host: "b" }, samples: counter(3, 305_000) },
    ]);
    const each = await range("counters", { metric: "requests", fn: "rate", start: "now-5m", end: "now", step: "1m" });
    expect(each.result.map(({ labels }) => labels)).toEqual([{ host: "a" }, { host: "b" }]);
    for (const [i, rate] of [2, 3].entries()) {
      expect(each.result[i]!.values).toHaveLength(6);
      // At the reset 5 s of increase are in no sample.
      for (const [t, value] of each.result[i]!.values) expect(Math.abs(value - rate), `${t - NOW}`).toBeLessThan(i === 1 && t - NOW <= -240 ? 0.5 : 1e-9);
    }
    const all = await range("counters", { metric: "requests", fn: "rate", start: "now-2m", end: "now", step: "1m", by: "" });
    expect(lines(all)).toEqual({ "": [[-120, expect.closeTo(5)], [-60, expect.closeTo(5)], [0, expect.closeTo(5)]] });
  });

  it("needs two samples", async () => {
    await store("single", [{ metric: "c", kind: "counter", labels: {}, samples: [[5_000, 1]] }]);
    expect((await range("single", { metric: "c", fn: "rate" })).result).toEqual([]);
  });
});

describe("the step", () => {
  it.each([
    ["now-30m", undefined, 10],
    ["now-1h", undefined, 15],
    ["now-1d", undefined, 600],
    ["now-30d", undefined, 10_800],
    ["now-1h", "5m", 300],
    ["now-1h", "7", 7],
  ])("from %s with step %s is %i s", async (start, step, expected) => {
    expect((await range("gauges", { metric: "temp", start, ...(step && { step }) })).step_seconds).toBe(expected);
  });

  it("covers what lies before its point", async () => {
    await store("grid", [{ metric: "m", labels: {}, samples: [[60_001, 1], [60_000, 2], [59_999, 3]] }]);
    expect(lines(await range("grid", { metric: "m", step: "60", fn: "max", start: "now-2m" }))).toEqual({ "": [[-60, 2], [0, 3]] });
  });
});

describe("limits", () => {
  beforeAll(async () => {
    await store("many", Array.from({ length: 1_001 }, (_, i) => ({ metric: "m", labels: { id: String(i), half: i % 2 === 0 ? "even" : "odd" }, samples: [[1_000, i]] })));
  });

  it.each([
    [{ metric: "m" }, /1001 series are more than 1000/],
    [{ metric: "m", start: "now-1d", step: "1" }, /points are more than 11000/],
    [{ metric: "m", match: "half:even", start: "now-10000s", step: "1" }, /more than 1000000 values/],
  ])("%j", async (query, message) => {
    await expect(range("many", query)).rejects.toMatchObject({ code: "query_failed", status: 422, message: expect.stringMatching(message), details: expect.anything() });
  });

  it("count lines, not what is read for them", async () => {
    expect(lines(await range("many", { metric: "m", by: "half", fn: "max", step: "60", start: "now-1m" }))).toEqual({ "half=even": [[0, 1_000]], "half=odd": [[0, 999]] });
  });
});

describe("what there is", () => {
  beforeAll(async () => {
    await store("catalog", [
      { metric: "cpu", unit: "1", labels: { host: "web-01", state: "user" }, samples: [[MINUTE, 1]] },
      { metric: "cpu", unit: "1", labels: { host: "web-02", state: "idle" }, samples: [[2 * MINUTE, 1]] },
      { metric: "net", unit: "By", kind: "counter", labels: { host: "web-01" }, samples: [[MINUTE, 1]] },
      { metric: "old", labels: { host: "gone" }, samples: [[5 * 86_400_000, 1]] },
    ]);
    await storeLogs(test.store, "catalog", [
      logRecord({ timestamp: BigInt(NOW_MS) * 1_000_000n, host: "web-02" }),
      logRecord({ timestamp: BigInt(NOW_MS - 3 * MINUTE) * 1_000_000n, host: "logs-only" }),
      logRecord({ timestamp: BigInt(NOW_MS) * 1_000_000n, host: "" }),
    ]);
  });

  it("by name", async () => {
    expect(await queries.metricNames("catalog", {})).toEqual({
      metrics: [
        { name: "cpu", kind: "gauge", unit: "1", series: 2 },
        { name: "net", kind: "counter", unit: "By", series: 1 },
      ],
    });
    expect((await queries.metricNames("catalog", { start: "now-7d" })).metrics.map(({ name }) => name)).toEqual(["cpu", "net", "old"]);
  });

  it("by label", async () => {
    expect(await queries.metricLabels("catalog", { metric: "cpu" })).toEqual({ labels: { host: ["web-01", "web-02"], state: ["idle", "user"] } });
    expect(await queries.metricLabels("catalog", { metric: "nothing" })).toEqual({ labels: {} });
  });

  it("by host, from logs and metrics", async () => {
    expect(await queries.hosts("catalog", {})).toEqual({
      hosts: [
        { host: "web-02", last_seen: new Date(NOW_MS).toISOString() },
        { host: "web-01", last_seen: new Date(NOW_MS - MINUTE).toISOString() },
        { host: "logs-only", last_seen: new Date(NOW_MS - 3 * MINUTE).toISOString() },
      ],
    });
  });
});

describe("requests that are wrong", () => {
  const cases: [query: Record<string, unknown>, paths: string[]][] = [
    [{}, ["metric"]],
    [{ metric: "" }, ["metric"]],
    [{ metric: ["a", "b"] }, ["metric"]],
    [{ metric: "m", step: "0" }, ["step"]],
    [{ metric: "m", step: "1.5" }, ["step"]],
    [{ metric: "m", fn: "median", step: "x", start: "y" }, ["start", "step", "fn"]],
    [{ metric: "m", match: "host" }, ["match"]],
    [{ metric: "m", match: Array.from({ length: 33 }, () => "a:b") }, ["match"]],
    [{ metric: "m", by: Array.from({ length: 17 }, (_, i) => `l${i}`) }, ["by"]],
    [{ metric: "m", start: "now", end: "now-1h" }, ["start"]],
    [{ metric: "m", query: "x" }, [""]],
  ];
  it.each(cases)("%j", async (query, paths) => {
    await expect(range("acme", query)).rejects.toMatchObject({ code: "invalid_request", details: { problems: paths.map((path) => ({ path })) } });
  });
});
