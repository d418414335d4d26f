/** Aggregations over a real store, as Elasticsearch's client gets them, and the requests of Grafana's data source. */

import type { AddressInfo } from "node:net";
import { Client, errors } from "@elastic/elasticsearch";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OPERATOR_TENANT } from "../src/core/metadata.ts";
import { startTestApp, type TestApp } from "./app-fixture.ts";
import { logRecord, storeLogs } from "./query-rows.ts";

const DAY_MS = 86_400_000;
const T0 = Math.floor(Date.now() / DAY_MS) * DAY_MS - 2 * DAY_MS;
const MINUTE = 60_000;

let test: TestApp;
let client: Client;
let url: string;
let authorization: string;

/** [minutes after T0, service, level's number, status, duration] */
const ROWS: readonly (readonly [number, string, number, string, string])[] = [
  [0, "api", 9, "200", "10"],
  [0.5, "api", 9, "200", "20"],
  [1, "api", 17, "500", "30"],
  [1.2, "web", 9, "200", "40"],
  [3, "web", 13, "404", ""],
  [3.1, "api", 9, "200", "60"],
  [62, "job", 0, "", "70"],
];

beforeAll(async () => {
  test = await startTestApp();
  const key = await test.key(["query"]);
  authorization = key.headers.authorization;
  await test.app.listen({ port: 0, host: "127.0.0.1" });
  url = `http://127.0.0.1:${(test.app.server.address() as AddressInfo).port}/es`;
  client = new Client({ node: url, auth: { apiKey: key.secret }, maxRetries: 0 });
  const records = ROWS.map(([minutes, service, severity, status, duration], i) =>
    logRecord({ timestamp: BigInt(T0 + minutes * MINUTE) * 1_000_000n + BigInt(i), severity, service, message: `row ${i}`, attributes: { ...(status && { status }), ...(duration && { duration }) } }),
  );
  await storeLogs(test.app.backend.store, OPERATOR_TENANT, records);
  await storeLogs(test.app.backend.store, "another", records.map((record) => ({ ...record, service: "secret" })));
}, 60_000);
afterAll(async () => {
  await client?.close();
  await test?.stop();
});

const aggregate = async (aggs: object, query?: object): Promise<Record<string, never>> => (await client.search({ index: "logs", size: 0, aggs, ...(query && { query }) } as never)).aggregations as never;
const refusal = async (aggs: object): Promise<string> => {
  const error: unknown = await aggregate(aggs).catch((thrown: unknown) => thrown);
  if (!(error instanceof errors.ResponseError)) throw new Error(`expected a refusal, got ${JSON.stringify(error)}`);
  expect(error.statusCode).toBe(400);
  return (error.body as { error: { reason: string } }).error.reason;
};

const key = (minutes: number) => ({ key: T0 + minutes * MINUTE, key_as_string: new Date(T0 + minutes * MINUTE).toISOString() });

describe("metrics", () => {
  it("of numbers", async () => {
    expect(
      await aggregate({
        avg: { avg: { field: "duration" } }, min: { min: { field: "duration" } }, max: { max: { field: "duration" } }, sum: { sum: { field: "duration" } }, of_missing: { avg: { field: "duration", missing: 0 } },
        count: { value_count: { field: "duration" } }, services: { cardinality: { field: "service.keyword" } }, stats: { stats: { field: "duration" } }, none: { avg: { field: "nothing" } }, newest: { max: { field: "@timestamp" } },
        weighted: { weighted_avg: { value: { field: "duration" }, weight: { field: "status" } } },
      }),
    ).toEqual({
      avg: { value: 230 / 6 }, min: { value: 10 }, max: { value: 70 }, sum: { value: 230 }, of_missing: { value: 230 / 7 }, count: { value: 6 }, services: { value: 3 },
      stats: { count: 6, min: 10, max: 70, avg: 230 / 6, sum: 230 }, none: { value: null }, newest: { value: T0 + 62 * MINUTE, value_as_string: new Date(T0 + 62 * MINUTE).toISOString() },
      weighted: { value: (10 * 200 + 20 * 200 + 30 * 500 + 40 * 200 + 60 * 200) / (200 * 4 + 500) },
    });
  });

  it("of distributions", async () => {
    const { spread, some, ranks, all } = (await aggregate({
      spread: { extended_stats: { field: "duration", sigma: 1 } }, some: { percentiles: { field: "duration", percents: [0, 50, 100] } }, ranks: { percentile_ranks: { field: "duration", values: [30, 1000], keyed: false } }, all: { percentiles: { field: "nothing" } },
    })) as Record<string, Record<string, unknown>>;
    const mean = 230 / 6;
    const variance = [10, 20, 30, 40, 60, 70].reduce((sum, value) => sum + (value - mean) ** 2, 0) / 6;
    expect(spread).toMatchObject({ count: 6, sum_of_squares: 11_500, variance: expect.closeTo(variance, 6), std_deviation: expect.closeTo(Math.sqrt(variance), 6), std_deviation_bounds: { upper: expect.closeTo(mean + Math.sqrt(variance), 6) } });
    expect(some).toEqual({ values: { "0.0": 10, "50.0": expect.any(Number), "100.0": 70 } });
    const median = (some!["values"] as Record<string, number>)["50.0"]!;
    expect(median >= 30 && median <= 40).toBe(true);
    expect(ranks).toEqual({ values: [{ key: 30, value: 50 }, { key: 1000, value: 100 }] });
    expect(all).toEqual({ values: { "1.0": null, "5.0": null, "25.0": null, "50.0": null, "75.0": null, "95.0": null, "99.0": null } });
  });
});

const hours = (from: string, count: number) => Array.from({ length: count }, (_none, i) => Date.parse(from) + i * 3_600_000);

describe("buckets", () => {
  it("by time, with the empty ones between", async () => {
    const { over } = await aggregate({ over: { date_histogram: { field: "@timestamp", fixed_interval: "1m", extended_bounds: { min: T0 - MINUTE, max: T0 + 4 * MINUTE } } } }, { range: { "@timestamp": { lt: T0 + 10 * MINUTE } } });
    expect(over).toEqual({ buckets: [[-1, 0], [0, 2], [1, 2], [2, 0], [3, 2], [4, 0]].map(([minutes, count]) => ({ ...key(minutes!), doc_count: count })) });
  });

  it.each([
    ["only full ones, the fullest first", { fixed_interval: "1m", min_doc_count: 1, order: { _count: "desc" } }, [[0, 2], [1, 2], [3, 2], [62, 1]]],
    ["by hours of the calendar", { calendar_interval: "hour" }, [[0, 6], [60, 1]]],
    ["with an offset", { fixed_interval: "1h", offset: "+30m", min_doc_count: 1 }, [[-30, 6], [30, 1]]],
    ["by the day", { calendar_interval: "1d" }, [[0, 7]]],
    ["hard bounds", { fixed_interval: "1m", hard_bounds: { max: T0 + MINUTE - 1 } }, [[0, 2]]],
  ] as [string, object, number[][]][])("by time: %s", async (_, options, expected) => {
    const { over } = await aggregate({ over: { date_histogram: { field: "@timestamp", ...options } } });
    expect(over).toEqual({ buckets: expected.map(([minutes, count]) => ({ ...key(minutes!), doc_count: count })) });
  });

  it("by days, weeks, months and quarters in a zone", async () => {
    for (const zone of ["America/New_York", "+05:30", "Asia/Tokyo", "UTC"]) {
      for (const [interval, first] of [["day", /./], ["week", /^Mon/], ["month", / 01 /], ["quarter", /(?:Jan|Apr|Jul|Oct) 01 /], ["year", /Jan 01 /]] as const) {
        const { over } = (await aggregate({ over: { date_histogram: { field: "@timestamp", calendar_interval: interval, time_zone: zone } } })) as unknown as { over: { buckets: { key: number; key_as_string: string; doc_count: number }[] } };
        const { buckets } = over;
        expect(buckets.reduce((sum, { doc_count: count }) => sum + count, 0)).toBe(ROWS.length);
        for (const { key: start, key_as_string: text } of buckets) {
          expect(Date.parse(text)).toBe(start);
          expect(start).toBeLessThanOrEqual(T0 + 62 * MINUTE);
          // Local midnight, on the first day of the unit.
          expect(text).toMatch(/T00:00:00\.000/);
          expect(new Date(`${text.slice(0, 10)}T00:00:00Z`).toUTCString().replace(/^(\w+), (\d+) (\w+)/, "$1 $3 $2")).toMatch(first);
        }
      }
    }
  });

  it("by hours and days where clocks change: one that comes twice, one that is left out", async () => {
    await test.app.backend.metadata.tenants.create({ id: "clocks", name: "Clocks" });
    const autumn = hours("2024-10-26T21:30:00Z", 27);
    const spring = hours("2024-03-30T22:30:00Z", 25);
    await storeLogs(test.app.backend.store, "clocks", [...autumn, ...spring].map((ms) => logRecord({ timestamp: BigInt(ms) * 1_000_000n, message: "tick" })));
    const other = new Client({ node: url, auth: { apiKey: (await test.key(["query"], "clocks")).secret }, maxRetries: 0 });
    const starts = async (times: readonly number[], options: object) => {
      const { aggregations } = await other.search({ size: 0, query: { range: { "@timestamp": { gte: times[0], lte: times.at(-1) } } }, aggs: { over: { date_histogram: { field: "@timestamp", time_zone: "Europe/Berlin", ...options } } } } as never);
      return (aggregations as unknown as { over: { buckets: { key_as_string: string; doc_count: number }[] } }).over.buckets.map(({ key_as_string: text, doc_count: count }) => [text.replace(":00.000", ""), count]);
    };
    expect(await starts(autumn, { calendar_interval: "day" })).toEqual([["2024-10-26T00:00+02:00", 1], ["2024-10-27T00:00+02:00", 25], ["2024-10-28T00:00+01:00", 1]]);
    expect(await starts(spring, { calendar_interval: "day" })).toEqual([["2024-03-30T00:00+01:00", 1], ["2024-03-31T00:00+01:00", 23], ["2024-04-01T00:00+02:00", 1]]);
    const hourly = await starts(autumn, { fixed_interval: "1h" });
    expect([hourly.length, hourly.filter(([, count]) => count !== 1)]).toEqual([27, []]);
    expect(hourly.slice(3, 7)).toEqual([["2024-10-27T02:00+02:00", 1], ["2024-10-27T02:00+01:00", 1], ["2024-10-27T03:00+01:00", 1], ["2024-10-27T04:00+01:00", 1]]);
    expect((await starts(spring, { calendar_interval: "1h" })).slice(2, 4)).toEqual([["2024-03-31T01:00+01:00", 1], ["2024-03-31T03:00+02:00", 1]]);
    expect(await starts(autumn, { fixed_interval: "12h" })).toEqual([["2024-10-26T12:00+02:00", 1], ["2024-10-27T00:00+02:00", 13], ["2024-10-27T12:00+01:00", 12], ["2024-10-28T00:00+01:00", 1]]);
    await other.close();
  });

  it("by values", async () => {
    expect(await aggregate({ by: { terms: { field: "service", size: 2 } }, levels: { terms: { field: "level", missing: "none", order: { _key: "asc" } } }, statuses: { terms: { field: "status", include: "[24].*", exclude: ["404"] } }, severities: { terms: { field: "severity", order: [{ _count: "desc" }, { _key: "desc" }] } } })).toEqual({
      by: { doc_count_error_upper_bound: 0, sum_other_doc_count: 1, buckets: [{ key: "api", doc_count: 4 }, { key: "web", doc_count: 2 }] },
      levels: { doc_count_error_upper_bound: 0, sum_other_doc_count: 0, buckets: [{ key: "ERROR", doc_count: 1 }, { key: "INFO", doc_count: 4 }, { key: "WARN", doc_count: 1 }, { key: "none", doc_count: 1 }] },
      statuses: { doc_count_error_upper_bound: 0, sum_other_doc_count: 0, buckets: [{ key: "200", doc_count: 4 }] },
      severities: { doc_count_error_upper_bound: 0, sum_other_doc_count: 0, buckets: [{ key: 9, doc_count: 4 }, { key: 17, doc_count: 1 }, { key: 13, doc_count: 1 }] },
    });
  });

  it("by values within values, in the order of a metric, over time", async () => {
    const { by } = await aggregate({
      by: { terms: { field: "service", order: { "top.max": "desc" }, size: 2 }, meta: { a: 1 }, aggs: { top: { stats: { field: "duration" } }, statuses: { terms: { field: "status", size: 1 }, aggs: { over: { date_histogram: { field: "@timestamp", fixed_interval: "1h" }, aggs: { "1": { avg: { field: "duration" } } } } } } } },
    });
    expect(by).toMatchObject({
      meta: { a: 1 },
      sum_other_doc_count: 2,
      buckets: [
        { key: "job", doc_count: 1, top: { max: 70 }, statuses: { sum_other_doc_count: 0, buckets: [] } },
        { key: "api", doc_count: 4, top: { max: 60 }, statuses: { sum_other_doc_count: 1, buckets: [{ key: "200", doc_count: 3, over: { buckets: [{ ...key(0), doc_count: 3, "1": { value: 30 } }] } }] } },
      ],
    });
  });

  it("by filters, ranges, numbers, and what is missing", async () => {
    expect(
      await aggregate({
        named: { filters: { filters: { errors: { query_string: { query: "level:error" } }, api: { term: { service: "api" } } }, other_bucket_key: "rest" }, aggs: { d: { sum: { field: "duration" } } } },
        listed: { filters: { filters: [{ match_all: {} }, { match_none: {} }] } },
        one: { filter: { term: { service: "web" } }, aggs: { d: { max: { field: "duration" } } } },
        none: { missing: { field: "status" } },
        ranges: { range: { field: "duration", ranges: [{ to: 30 }, { from: 30, to: 60, key: "middle" }, { from: 20 }] } },
        dates: { date_range: { field: "@timestamp", ranges: [{ to: `${new Date(T0).toISOString()}||+1m` }, { from: T0 + 62 * MINUTE }] } },
        numbers: { histogram: { field: "duration", interval: 30, offset: 10 } },
      }),
    ).toEqual({
      named: { buckets: { errors: { doc_count: 1, d: { value: 30 } }, api: { doc_count: 4, d: { value: 120 } }, rest: { doc_count: 3, d: { value: 110 } } } },
      listed: { buckets: [{ doc_count: 7 }, { doc_count: 0 }] },
      one: { doc_count: 2, d: { value: 40 } },
      none: { doc_count: 1 },
      ranges: { buckets: [{ key: "*-30.0", to: 30, doc_count: 2 }, { key: "middle", from: 30, to: 60, doc_count: 2 }, { key: "20.0-*", from: 20, doc_count: 5 }] },
      dates: { buckets: [{ key: `*-${key(1).key_as_string}`, to: key(1).key, to_as_string: key(1).key_as_string, doc_count: 2 }, { key: `${key(62).key_as_string}-*`, from: key(62).key, from_as_string: key(62).key_as_string, doc_count: 1 }] },
      numbers: { buckets: [{ key: 10, doc_count: 3 }, { key: 40, doc_count: 2 }, { key: 70, doc_count: 1 }] },
    });
  });

  it("by filters within the same filters", async () => {
    const filters = { filters: { a: { term: { service: "api" } }, ok: { term: { status: 200 } } } };
    expect(await aggregate({ outer: { filters, aggs: { inner: { filters } } } })).toEqual({
      outer: { buckets: { a: { doc_count: 4, inner: { buckets: { a: { doc_count: 4 }, ok: { doc_count: 3 } } } }, ok: { doc_count: 4, inner: { buckets: { a: { doc_count: 3 }, ok: { doc_count: 4 } } } } } },
    });
  });

  it("of all combinations, page by page", async () => {
    const sources = [{ service: { terms: { field: "service", order: "desc" } } }, { at: { date_histogram: { field: "@timestamp", fixed_interval: "1m", time_zone: "+05:30" } } }, { d: { histogram: { field: "duration", interval: 50 } } }];
    const buckets: { key: Record<string, unknown>; doc_count: number }[] = [];
    for (let after: unknown; ; ) {
      const { all } = (await aggregate({ all: { composite: { size: 2, sources, ...(after !== undefined && { after }) } } })) as unknown as { all: { buckets: typeof buckets; after_key?: object } };
      buckets.push(...all.buckets);
      after = all.after_key;
      if (all.buckets.length === 0 || buckets.length > 20) break;
    }
    expect(buckets.map(({ key: { service, at, d }, doc_count: count }) => [service, (Number(at) - T0) / MINUTE, d, count])).toEqual([["web", 1, 0, 1], ["job", 62, 50, 1], ["api", 0, 0, 2], ["api", 1, 0, 1], ["api", 3, 50, 1]]);
  });

  it("with their first rows", async () => {
    const { by, first } = (await aggregate({
      by: { terms: { field: "service", order: { _key: "asc" } }, aggs: { newest: { top_hits: { size: 1, sort: [{ "@timestamp": "desc" }], _source: ["message"] } }, last: { top_metrics: { metrics: [{ field: "status" }, { field: "level" }], sort: [{ "@timestamp": "desc" }] } } } },
      first: { top_hits: { size: 2, sort: ["@timestamp"], _source: false, fields: ["message"] } },
    })) as unknown as { by: { buckets: { newest: { hits: { total: { value: number }; hits: { _source: object }[] } }; last: { top: unknown } }[] }; first: { hits: { total: unknown; hits: { fields: unknown }[] } } };
    expect(by.buckets.map(({ newest }) => [newest.hits.total.value, newest.hits.hits.map(({ _source }) => _source)])).toEqual([[4, [{ message: "row 5" }]], [1, [{ message: "row 6" }]], [2, [{ message: "row 4" }]]]);
    expect(by.buckets[0]!.last.top).toEqual([{ sort: [T0 + 3.1 * MINUTE], metrics: { status: 200, level: "INFO" } }]);
    expect([first.hits.total, first.hits.hits.map(({ fields }) => fields)]).toEqual([{ value: 7, relation: "eq" }, [{ message: ["row 0"] }, { message: ["row 1"] }]]);
  });

  it("of no rows", async () => {
    expect(await aggregate({ by: { terms: { field: "service" }, aggs: { a: { avg: { field: "b" } } } }, over: { date_histogram: { field: "@timestamp", fixed_interval: "1s" } }, f: { filter: { match_all: {} }, aggs: { s: { sum: { field: "duration" } } } }, m: { max: { field: "duration" } } }, { match_none: {} })).toEqual({
      by: { doc_count_error_upper_bound: 0, sum_other_doc_count: 0, buckets: [] }, over: { buckets: [] }, f: { doc_count: 0, s: { value: 0 } }, m: { value: null },
    });
  });
});

describe("pipelines", () => {
  const over = { field: "@timestamp", fixed_interval: "1m" };
  const early = { range: { "@timestamp": { lt: T0 + 10 * MINUTE } } };
  const values = async (aggs: object): Promise<unknown[][]> => {
    const { over: { buckets } } = (await aggregate({ over: { date_histogram: over, aggs: { "1": { sum: { field: "duration" } }, ...aggs } } }, early)) as unknown as { over: { buckets: Record<string, { value: number } | undefined>[] } };
    return buckets.map((bucket) => [bucket["1"]!.value, bucket["2"]?.value]);
  };
  // Sums of the minutes are 30, 70, 0, 60; counts 2, 2, 0, 2.
  it.each([
    ["derivative", { derivative: { buckets_path: "1" } }, [undefined, 40, -70, 60]],
    ["derivative of counts", { derivative: { buckets_path: "_count" } }, [undefined, 0, -2, 2]],
    ["cumulative_sum", { cumulative_sum: { buckets_path: "1" } }, [30, 100, 100, 160]],
    ["serial_diff", { serial_diff: { buckets_path: "1", lag: 2 } }, [undefined, undefined, -30, -10]],
    ["moving_fn", { moving_fn: { buckets_path: "1", window: 2, shift: 1, script: "MovingFunctions.unweightedAvg(values)" } }, [30, 50, 35, 30]],
    ["moving_fn of nothing yet", { moving_fn: { buckets_path: "1", window: 2, script: "MovingFunctions.max(values)" } }, [null, 30, 70, 70]],
    ["moving_avg", { moving_avg: { buckets_path: "1", window: 2, model: "linear", settings: {} } }, [undefined, 30, (30 + 140) / 3, (70 + 0) / 3]],
    ["bucket_script", { bucket_script: { buckets_path: { a: "1", n: "_count" }, script: { source: "params.n > 0 ? Math.round(params.a / params.n) * 10 - -1 : 0" } } }, [151, 351, 0, 301]],
  ] as [string, object, unknown[]][])("%s", async (_, pipeline, expected) => {
    expect((await values({ "2": pipeline })).map(([, value]) => value)).toEqual(expected);
  });

  it("of each other, of siblings, and of filters", async () => {
    const { over: histogram, best, mean } = (await aggregate({
      mean: { avg_bucket: { buckets_path: "over>1" } },
      best: { max_bucket: { buckets_path: "over>1" } },
      over: { date_histogram: over, aggs: { "3": { derivative: { buckets_path: "2" } }, "2": { cumulative_sum: { buckets_path: "1" } }, "1": { sum: { field: "duration" } }, only: { bucket_selector: { buckets_path: { a: "1" }, script: "params.a > 0" } } } },
    }, early)) as unknown as Record<string, { buckets: Record<string, { value: number }>[]; value: number; keys: string[] }>;
    expect(histogram!.buckets.map((bucket) => [bucket["1"]!.value, bucket["2"]!.value, bucket["3"]?.value])).toEqual([[30, 30, undefined], [70, 100, 70], [60, 160, 60]]);
    expect([best, mean]).toEqual([{ value: 70, keys: [key(1).key_as_string] }, { value: 160 / 3 }]);
  });
});

const over = () => ({ field: "@timestamp", fixed_interval: "1m" });

const bytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Options of which these may not be missing. */
const some = <T extends Record<string, fc.Arbitrary<unknown>>>(options: T) => fc.record(options, { requiredKeys: ["field", "buckets_path", "sources", "ranges", "filters", "interval", "fixed_interval", "calendar_interval", "metrics", "values", "script", "window"].filter((name) => name in options) as never[] });

/** What the store counts, counted here. */
describe("any terms over any time", () => {
  const fieldOf: Readonly<Record<string, (row: (typeof ROWS)[number]) => string>> = { service: (row) => row[1], status: (row) => row[3], duration: (row) => row[4], "level.keyword": (row) => ({ 0: "", 9: "INFO", 13: "WARN", 17: "ERROR" })[row[2]]! };

  it("are those of the rows", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.keys(fieldOf)), fc.constantFrom(...Object.keys(fieldOf)), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 90 }), fc.integer({ min: -40, max: 40 }), fc.integer({ min: 1, max: 2 }), async (outer, inner, size, minutes, offset, minDocs) => {
        const { a } = (await aggregate({
          a: { terms: { field: outer, size, min_doc_count: minDocs }, aggs: { n: { cardinality: { field: inner } }, over: { date_histogram: { field: "@timestamp", fixed_interval: `${minutes}m`, offset: `${offset}m`, min_doc_count: 1 }, aggs: { sum: { sum: { field: "duration" } }, b: { terms: { field: inner, order: { _key: "desc" } } } } } } },
        })) as unknown as { a: { buckets: unknown[] } };
        const groups = (rows: readonly (typeof ROWS)[number][], keyOf: (row: (typeof ROWS)[number]) => string) => [...Map.groupBy(rows.filter((row) => keyOf(row) !== ""), keyOf)];
        const width = minutes * MINUTE;
        const startOf = ([at]: (typeof ROWS)[number]): number => Math.floor((T0 + at * MINUTE - offset * MINUTE) / width) * width + offset * MINUTE;
        const expected = groups(ROWS, fieldOf[outer]!)
          .filter(([, rows]) => rows.length >= minDocs)
          .sort(([x, xs], [y, ys]) => ys.length - xs.length || bytes(x, y))
          .slice(0, size)
          .map(([name, rows]) => ({
            key: name, doc_count: rows.length, n: { value: groups(rows, fieldOf[inner]!).length },
            over: {
              buckets: groups(rows, (row) => String(startOf(row))).sort(([x], [y]) => Number(x) - Number(y)).map(([start, some]) => ({
                key: Number(start), key_as_string: new Date(Number(start)).toISOString(), doc_count: some.length, sum: { value: some.reduce((sum, row) => sum + Number(row[4]), 0) },
                b: { doc_count_error_upper_bound: 0, sum_other_doc_count: 0, buckets: groups(some, fieldOf[inner]!).sort(([x], [y]) => bytes(y, x)).map(([value, few]) => ({ key: value, doc_count: few.length })) },
              })),
            },
          }));
        expect(a.buckets).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  it("and whatever else is asked for, are an answer or a refusal", { timeout: 60_000 }, async () => {
    const field = fc.constantFrom("service", "duration", "duration", "status", "@timestamp", "observed", "level", "severity", "message", "trace_id", "_id", "pattern", "weight", "nothing", "' OR 1 --");
    const order = fc.constantFrom<unknown>({ _count: "asc" }, { _key: "desc" }, [{ _count: "desc" }, { _key: "asc" }], { x: "asc" });
    const time = fc.constantFrom("@timestamp", "received", "nothing");
    const zone = fc.constantFrom("Asia/Tokyo", "-03:30", "UTC", "America/New_York");
    const counts = fc.constantFrom(0, 1, 2, 50);
    const query = fc.constantFrom<unknown>({ match_all: {} }, { term: { service: "api" } }, { match_none: {} }, { range: { duration: { gt: 20 } } }, { query_string: { query: "NOT status:200" } });
    const path = fc.constantFrom("_count", "x", "y", "x.max", "x>y", "x[50.0]", "nothing");
    const pipeline = { buckets_path: path, gap_policy: fc.constantFrom("skip", "insert_zeros") };
    const options: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
      terms: some({ field, size: counts, order, min_doc_count: counts, missing: fc.constantFrom("none", 5), include: fc.constantFrom<unknown>("a.*", ["api"], "("), exclude: fc.constant("w.*") }),
      date_histogram: some({ field: time, fixed_interval: fc.constantFrom("1m", "90s", "7d", "36h", "0s"), time_zone: zone, offset: fc.constantFrom("+5m", "-1d"), min_doc_count: counts, extended_bounds: fc.constantFrom<unknown>({ min: T0, max: T0 + 90 * MINUTE }, { max: "now" }), format: fc.constantFrom("epoch_millis", "yyyy-MM-dd"), keyed: fc.boolean(), order }),
      calendar: some({ field: time, calendar_interval: fc.constantFrom("1d", "week", "month", "quarter", "1y", "hour"), time_zone: zone, offset: fc.constant("+6h"), min_doc_count: counts }),
      histogram: some({ field, interval: fc.constantFrom<unknown>(0.1, 7, 1e9, 0, -1), offset: fc.constantFrom(0, -3.5), min_doc_count: counts, keyed: fc.boolean(), missing: fc.constant(-5) }),
      filters: some({ filters: fc.oneof(fc.array(query, { maxLength: 3 }), fc.dictionary(fc.constantFrom("a", "__proto__", "' OR 1"), query, { maxKeys: 2 })), other_bucket: fc.boolean() }),
      filter: query,
      missing: some({ field }),
      range: some({ field, ranges: fc.array(fc.constantFrom<unknown>({ from: 1 }, { to: 20 }, { from: 10, to: 50 }, {}), { maxLength: 3 }), keyed: fc.boolean() }),
      date_range: some({ field: time, ranges: fc.array(fc.constantFrom<unknown>({ from: "now-5d" }, { to: "now/d" }, { from: T0, to: T0 + MINUTE })), time_zone: zone }),
      composite: some({ sources: fc.array(fc.constantFrom<object>({ a: { terms: { field: "status", missing_bucket: true } } }, { b: { histogram: { field: "duration", interval: 3 } } }, { c: { date_histogram: { field: "@timestamp", calendar_interval: "1M" } } }), { minLength: 1, maxLength: 2 }), size: counts }),
      top_hits: some({ size: counts, sort: fc.constantFrom<unknown>(["duration"], [{ "@timestamp": "desc" }], "_doc") }),
      top_metrics: some({ metrics: fc.constant({ field: "duration" }), sort: fc.constant([{ service: "asc" }]) }),
      ...Object.fromEntries(["avg", "sum", "max", "value_count", "cardinality", "stats", "extended_stats", "percentiles"].map((type) => [type, some({ field, missing: fc.constant(3) })])),
      percentile_ranks: some({ field, values: fc.constant([1, 30]) }),
      ...Object.fromEntries(["derivative", "cumulative_sum", "serial_diff", "avg_bucket", "max_bucket", "stats_bucket"].map((type) => [type, some({ buckets_path: path })])),
      moving_fn: some({ ...pipeline, window: counts, script: fc.constantFrom("MovingFunctions.stdDev(values, MovingFunctions.unweightedAvg(values))", "MovingFunctions.holt(values, 0.3, 0.1)", "x") }),
      bucket_script: some({ buckets_path: fc.constantFrom<unknown>({ a: "_count" }, { a: "x", b: "y.value" }), script: fc.constantFrom("params.a / 0", "params.a ? 1 : params.b", "Math.pow(params.a, 400)") }),
      bucket_sort: some({ sort: fc.constantFrom<unknown>([{ _count: { order: "desc" } }], "x"), size: fc.constant(1) }),
    };
    const types = fc.constantFrom(...Object.keys(options), "terms", "date_histogram", "terms", "filters");
    const { aggs } = fc.letrec<{ aggs: object }>((tie) => ({
      aggs: fc.dictionary(fc.constantFrom("x", "y", "__proto__"), fc.tuple(types.chain((type) => options[type]!.map((body) => ({ [type === "calendar" ? "date_histogram" : type]: body }))), fc.option(tie("aggs"), { nil: undefined, freq: 1 })).map(([typed, inner]) => ({ ...typed, ...(inner && /terms|histogram|filter|missing|range|composite/.test(Object.keys(typed)[0]!) && { aggs: inner }) })), { minKeys: 1, maxKeys: 2 }),
    }));
    await fc.assert(
      fc.asyncProperty(aggs, async (asked) => {
        const response = await test.app.inject({ method: "POST", url: "/es/_search", headers: { authorization, "content-type": "application/json" }, payload: JSON.stringify({ size: 0, aggs: asked }) });
        expect(response.body).not.toContain("secret");
        expect([200, 400]).toContain(response.statusCode);
      }),
      { numRuns: 200 },
    );
  });

  it("are told by their types to clients that ask so", async () => {
    const { aggregations } = await client.search({ size: 0, typed_keys: true, aggs: { a: { terms: { field: "service", size: 1 }, aggs: { "1": { max: { field: "duration" } } } }, f: { filters: { filters: { x: { match_all: {} } } }, aggs: { p: { percentiles: { field: "duration", percents: [100] } } } } } } as never);
    expect(aggregations).toMatchObject({ "sterms#a": { buckets: [{ key: "api", "max#1": { value: 60 } }] }, "filters#f": { buckets: { x: { "tdigest_percentiles#p": { values: { "100.0": 70 } } } } } });
  });
});

describe("an aggregation", () => {
  it.each([
    ["unknown", { a: { foo: {} } }, /Unknown aggregation type \[foo\]/],
    ["refused", { a: { significant_terms: { field: "message" } } }, /not supported/],
    ["of text", { a: { avg: { field: "service" } } }, /\[service\] is text/],
    ["by a script", { a: { avg: { field: "duration", script: "_value * 2" } } }, /scripts are not run/],
    ["by code", { a: { date_histogram: over() }, b: { date_histogram: over(), aggs: { c: { bucket_script: { buckets_path: {}, script: "process.exit()" } } } } }, /script/],
    ["by a bad interval", { a: { date_histogram: { field: "@timestamp", fixed_interval: "0s" } } }, /interval/],
    ["by two intervals", { a: { date_histogram: { field: "@timestamp", fixed_interval: "1m", calendar_interval: "1m" } } }, /one of/],
    ["of too many buckets", { a: { date_histogram: { field: "@timestamp", fixed_interval: "1ms" } } }, /too many buckets/],
    ["of too many empty buckets", { a: { date_histogram: { field: "@timestamp", fixed_interval: "1s", extended_bounds: { min: 0, max: T0 } } } }, /too many buckets/],
    ["too deep", Array.from({ length: 9 }).reduce<object>((aggs) => ({ a: { terms: { field: "service" }, aggs } }), {}), /nested too deep/],
    ["that is cyclic", { a: { date_histogram: over(), aggs: { x: { derivative: { buckets_path: "y" } }, y: { derivative: { buckets_path: "x" } } } } }, /Cyclical/],
    ["by what is not there", { a: { terms: { field: "service", order: { nothing: "asc" } } } }, /order path \[nothing\]/],
    ["with children of a metric", { a: { avg: { field: "duration" }, aggs: { b: { avg: { field: "duration" } } } } }, /cannot accept sub-aggregations/],
    ["without a type", { a: {} }, /must have one type/],
    ["of NaN", { a: { histogram: { field: "duration", interval: "NaN" } } }, /must be a number/],
  ])("is refused: %s", async (_, aggs, reason) => {
    expect(await refusal(aggs)).toMatch(reason);
  });
});

const ask = async (...lines: object[]) => {
  const response = await fetch(`${url}/_msearch?max_concurrent_shard_requests=5`, { method: "POST", headers: { authorization, "content-type": "application/x-ndjson" }, body: lines.map((line) => `${JSON.stringify(line)}\n`).join("") });
  expect([response.status, response.headers.get("x-elastic-product")]).toEqual([200, "Elasticsearch"]);
  return ((await response.json()) as { responses: Record<string, never>[] }).responses;
};

/** As Kibana's Discover and tools like it send them. */
describe("Discover", () => {
  const bounds = { "@timestamp": { format: "strict_date_optional_time", gte: new Date(T0).toISOString(), lte: new Date(T0 + 5 * MINUTE).toISOString() } };
  const query = { bool: { must: [], filter: [{ bool: { should: [{ match_phrase: { service: "api" } }], minimum_should_match: 1 } }, { range: bounds }], should: [], must_not: [{ match_phrase: { status: "500" } }] } };

  it("lists fields, hits and a histogram", async () => {
    const { fields } = await client.fieldCaps({ index: "logs-*", fields: "_source,_id,_index,@timestamp,service,status", ignore_unavailable: true, allow_no_indices: false });
    expect(Object.keys(fields).sort()).toEqual(["@timestamp", "_id", "_index", "_source", "service", "status"]);
    const { hits } = await client.search({
      index: "logs-*", ignore_unavailable: true, track_total_hits: false, size: 500, version: true, timeout: "30000ms", _source: false, stored_fields: ["*"], script_fields: {}, runtime_mappings: {}, query,
      fields: [{ field: "*", include_unmapped: true }, { field: "@timestamp", format: "strict_date_optional_time" }],
      sort: [{ "@timestamp": { order: "desc", format: "strict_date_optional_time", unmapped_type: "boolean" } }, { _doc: { order: "desc", unmapped_type: "boolean" } }],
      highlight: { pre_tags: ["@kibana-highlighted-field@"], post_tags: ["@/kibana-highlighted-field@"], fields: { "*": {} }, fragment_size: 2_147_483_647 },
    } as never);
    expect(hits.hits.map(({ fields: values, highlight, sort }) => [values!["message"], values!["@timestamp"], highlight!["service"], sort![0]])).toEqual(
      [[5, 3.1], [1, 0.5], [0, 0]].map(([row, minutes]) => [[`row ${row}`], [key(minutes!).key_as_string], ["@kibana-highlighted-field@api@/kibana-highlighted-field@"], key(minutes!).key_as_string]),
    );
    const { aggregations } = await client.search({ index: "logs-*", size: 0, track_total_hits: true, query, aggs: { 2: { date_histogram: { field: "@timestamp", fixed_interval: "1m", time_zone: "Europe/Berlin", min_doc_count: 1, extended_bounds: { min: T0, max: T0 + 5 * MINUTE } } } } });
    expect((aggregations![2] as { buckets: { key: number; doc_count: number }[] }).buckets.map((bucket) => [(bucket.key - T0) / MINUTE, bucket.doc_count])).toEqual([[0, 2], [3, 1]]);
  });
});

/** As Grafana's data source sends them, with our times in place of its own. */
describe("Grafana", () => {
  const RANGE = { range: { "@timestamp": { format: "epoch_millis", gte: T0, lte: T0 + 5 * MINUTE } } };
  const header = { ignore_unavailable: true, index: "logs-*", search_type: "query_then_fetch" };
  const filtered = (query: string) => ({ bool: { filter: [RANGE, { query_string: { analyze_wildcard: true, query } }] } });
  it("draws counts, and averages by service", async () => {
    const [counts, averages] = await ask(
      header,
      { aggs: { "2": { aggs: {}, date_histogram: { extended_bounds: { max: T0 + 5 * MINUTE, min: T0 }, field: "@timestamp", fixed_interval: "60000ms", min_doc_count: 0 } } }, query: filtered("*"), size: 0 },
      header,
      {
        aggs: {
          "3": {
            aggs: { "2": { aggs: { "1": { avg: { field: "duration" } }, "4": { percentiles: { field: "duration", percents: ["25", "50"] } } }, date_histogram: { extended_bounds: { max: T0 + 5 * MINUTE, min: T0 }, field: "@timestamp", fixed_interval: "60000ms", format: "epoch_millis", min_doc_count: 1, time_zone: "UTC" } } },
            terms: { field: "service.keyword", min_doc_count: 1, order: { _key: "desc" }, size: 10 },
          },
        },
        query: filtered("service:(api OR web)"), size: 0,
      },
    );
    expect(counts!["aggregations"]["2"]).toEqual({ buckets: [2, 2, 0, 2, 0, 0].map((count, minutes) => ({ ...key(minutes), doc_count: count })) });
    const services = averages!["aggregations"]["3"] as { buckets: { key: string; "2": { buckets: { key_as_string: string; "1": { value: number } }[] } }[] };
    expect(services.buckets.map((bucket) => [bucket.key, bucket["2"].buckets.map((inner) => [inner.key_as_string, inner["1"].value])])).toEqual([
      ["web", [[String(T0 + MINUTE), 40], [String(T0 + 3 * MINUTE), null]]],
      ["api", [[String(T0), 15], [String(T0 + MINUTE), 30], [String(T0 + 3 * MINUTE), 60]]],
    ]);
  });

  it("reads logs, raw documents and the values of a variable", async () => {
    const sort = [{ "@timestamp": { order: "desc", unmapped_type: "boolean" } }, { _doc: { order: "desc" } }];
    const [logs, terms, broken] = await ask(
      header,
      {
        aggs: { "1": { aggs: {}, date_histogram: { extended_bounds: { max: T0 + 5 * MINUTE, min: T0 }, field: "@timestamp", fixed_interval: "1s", min_doc_count: 0 } } },
        docvalue_fields: ["@timestamp"], fields: [{ field: "*" }], highlight: { fields: { "*": {} }, fragment_size: 2_147_483_647, post_tags: ["@/HIGHLIGHT@"], pre_tags: ["@HIGHLIGHT@"] },
        query: filtered("row"), script_fields: {}, size: 3, sort, stored_fields: ["*"],
      },
      header,
      { aggs: { "1": { terms: { field: "service", order: { _key: "asc" }, size: 500 } } }, query: filtered("*"), size: 0 },
      header,
      { query: { query_string: { query: "(a" } } },
    );
    const hits = logs!["hits"] as { total: unknown; hits: { _source: { message: string }; highlight: { message: string[] }; sort: unknown[] }[] };
    expect(hits.hits.map(({ _source: { message }, sort: [ms] }) => [message, ms])).toEqual([["row 5", T0 + 3.1 * MINUTE], ["row 4", T0 + 3 * MINUTE], ["row 3", T0 + 1.2 * MINUTE]]);
    expect(hits.hits[0]!.highlight).toEqual({ message: ["@HIGHLIGHT@row@/HIGHLIGHT@ 5"] });
    expect((terms!["aggregations"]["1"] as { buckets: unknown[] }).buckets).toEqual([{ key: "api", doc_count: 4 }, { key: "web", doc_count: 2 }]);
    expect(broken).toMatchObject({ status: 400, error: { type: "query_shard_exception" } });
  });
});
