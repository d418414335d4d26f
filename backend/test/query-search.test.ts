/** `POST /api/v1/logs/search` and `GET /api/v1/logs/fields` against a real store. */

import { formatBatchKey, type LogRecord } from "@obs/wire";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LogHit, LogSearchAnswer, Queries } from "../src/core/queries.ts";
import type { Store } from "../src/core/store.ts";
import { ApiError } from "../src/errors.ts";
import { createQueries } from "../src/query/index.ts";
import { MAX_CONDITIONS, MAX_DEPTH, MAX_QUERY_LENGTH } from "../src/query/lucene/parse.ts";
import { formatNs } from "../src/query/time.ts";
import { startTestStore, type TestStore } from "../src/testing.ts";
import { logRecord, nextKey, storeLogs } from "./query-rows.ts";

const NOW_MS = Date.UTC(2026, 10, 22, 10);
const NOW_NS = BigInt(NOW_MS) * 1_000_000n;
const SECOND = 1_000_000_000n;
const DAY = 86_400n * SECOND;
const EVERYTHING = { start: "now-60d", end: "now" };

let test: TestStore;
let queries: Queries;

beforeAll(async () => {
  test = await startTestStore();
  queries = createQueries({ store: test.store, now: () => NOW_MS });
});
afterAll(() => test?.stop());

const messages = (answer: LogSearchAnswer): string[] => answer.hits.logs.map(({ message }) => message);

const allPages = async (tenant: string, body: Record<string, unknown>, from: string | null = null): Promise<LogHit[]> => {
  const hits: LogHit[] = [];
  for (let after = from; ; ) {
    const answer: LogSearchAnswer = await queries.searchLogs(tenant, { ...body, search_after: after });
    hits.push(...answer.hits.logs);
    after = answer.next;
    if (after === null) return hits;
  }
};

describe("a hit", () => {
  it("has every field of the row", async () => {
    const key = nextKey();
    const record: LogRecord = {
      timestamp: NOW_NS - 1n,
      observed: NOW_NS + 5n,
      severity: 18,
      service: "api",
      host: "web-01",
      environment: "prod",
      message: 'Database "timeout" 😀\n\u0000',
      traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
      spanId: "00f067aa0ba902b7",
      pattern: (1n << 64n) - 1n,
      weight: 10,
      attributes: { "context.endpoint": "/api/users", "it's": "" },
    };
    await storeLogs(test.store, "one", [record], key);
    const { hits, next, completeness } = await queries.searchLogs("one", {});
    expect(hits).toEqual({
      total: 1,
      logs: [
        {
          id: `${formatBatchKey(key)}-0`,
          timestamp: "2026-11-22T09:59:59.999999999Z",
          observed: "2026-11-22T10:00:00.000000005Z",
          received: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
          level: "ERROR",
          severity: 18,
          service: "api",
          host: "web-01",
          environment: "prod",
          message: 'Database "timeout" 😀\n\u0000',
          trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
          span_id: "00f067aa0ba902b7",
          pattern: "18446744073709551615",
          weight: 10,
          attributes: { "context.endpoint": "/api/users", "it's": "" },
        },
      ],
    });
    expect(next).toBeNull();
    expect(completeness).toEqual({ weights: true, partial: false, estimated_total: 10 });
  });
});

describe("pages", () => {
  /** Sparse days, crowded seconds, and many rows of one nanosecond in several batches. */
  const times = [
    ...Array.from({ length: 40 }, () => NOW_NS - 5n * SECOND),
    ...Array.from({ length: 40 }, (_, i) => NOW_NS - BigInt(i) * SECOND),
    ...Array.from({ length: 20 }, (_, i) => NOW_NS - BigInt(i) * 60n * SECOND),
    ...Array.from({ length: 20 }, (_, i) => NOW_NS - BigInt(i) * 2n * DAY),
  ];

  beforeAll(async () => {
    const records = times.map((timestamp, i) => logRecord({ timestamp, message: `m${i}` }));
    for (const part of [0, 1, 2]) await storeLogs(test.store, "pages", records.filter((_, i) => i % 3 === part));
  });

  it("follow each other without a gap or a repeat, whatever their size and order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 7, max: 130 }), fc.constantFrom("asc", "desc"), async (size, order) => {
        const hits = await allPages("pages", { size, sort: [{ "@timestamp": order }], time_range: EVERYTHING });
        expect(new Set(hits.map(({ id }) => id)).size).toBe(times.length);
        expect(hits).toHaveLength(times.length);
        const sorted = hits.map(({ timestamp }) => timestamp).toSorted();
        expect(hits.map(({ timestamp }) => timestamp)).toEqual(order === "asc" ? sorted : sorted.toReversed());
      }),
      { numRuns: 12 },
    );
  });

  it("are exact reverses of each other by order", async () => {
    const [up, down] = await Promise.all(["asc", "desc"].map((order) => allPages("pages", { size: 50, sort: [{ "@timestamp": order }], time_range: EVERYTHING })));
    expect(up!.map(({ id }) => id)).toEqual(down!.map(({ id }) => id).toReversed());
  });

  it("are not shifted by rows that arrive meanwhile", async () => {
    await storeLogs(test.store, "moving", Array.from({ length: 20 }, (_, i) => logRecord({ timestamp: NOW_NS - BigInt(i + 1) * SECOND, message: `old ${i}` })));
    const first = await queries.searchLogs("moving", { size: 10 });
    await storeLogs(test.store, "moving", Array.from({ length: 5 }, () => logRecord({ timestamp: NOW_NS, message: "new" })));
    const second = await queries.searchLogs("moving", { size: 10, search_after: first.next });
    expect([...messages(first), ...messages(second)]).toEqual(Array.from({ length: 20 }, (_, i) => `old ${i}`));
    expect(second.next).toBeNull();
  });

  it("tell the exact total on each of them", async () => {
    const first = await queries.searchLogs("pages", { size: 1, time_range: EVERYTHING });
    const second = await queries.searchLogs("pages", { size: 1, time_range: EVERYTHING, search_after: first.next });
    expect([first.hits.total, second.hits.total]).toEqual([times.length, times.length]);
  });
});

const at = (offset: bigint): string => formatNs(NOW_NS - SECOND + offset);

describe("the time range", () => {
  beforeAll(async () => {
    await storeLogs(test.store, "range", [-1n, 0n, 1n].map((offset) => logRecord({ timestamp: NOW_NS - SECOND + offset, message: `at ${offset}` })));
  });

  it.each([
    [at(-1n), at(1n), 3],
    [at(0n), at(0n), 1],
    [at(2n), at(9n), 0],
    ["now-1h", "now", 3],
    [NOW_MS - 1_000, NOW_MS, 2],
    ["now/d", "now/d", 3],
    ["now-1d/d", "now-1d/d", 0],
  ])("%s .. %s holds both its ends", async (start, end, count) => {
    expect((await queries.searchLogs("range", { time_range: { start, end } })).hits.total).toBe(count);
  });

  it("is the last hour by default", async () => {
    await storeLogs(test.store, "hour", [logRecord({ timestamp: NOW_NS - 3_601n * SECOND, message: "before" }), logRecord({ timestamp: NOW_NS - 3_599n * SECOND, message: "within" })]);
    expect(messages(await queries.searchLogs("hour", {}))).toEqual(["within"]);
  });
});

describe("the histogram", () => {
  it("counts by level, with the buckets that are empty", async () => {
    const minutesAgo = [0n, 0n, 1n, 3n, 3n, 59n];
    await storeLogs(test.store, "histogram", minutesAgo.map((m, i) => logRecord({ timestamp: NOW_NS - m * 60n * SECOND, severity: [17, 18, 9, 0, 13, 21][i]! })));
    const { histogram, hits } = await queries.searchLogs("histogram", { histogram: { buckets: 60 } });
    expect(histogram!.interval_ms).toBe(60_000);
    expect(histogram!.buckets).toHaveLength(61);
    const filled = histogram!.buckets.filter(({ counts }) => Object.keys(counts).length > 0);
    expect(filled).toEqual([
      { timestamp: NOW_MS - 59 * 60_000, counts: { FATAL: 1 } },
      { timestamp: NOW_MS - 3 * 60_000, counts: { "": 1, WARN: 1 } },
      { timestamp: NOW_MS - 60_000, counts: { INFO: 1 } },
      { timestamp: NOW_MS, counts: { ERROR: 2 } },
    ]);
    expect(hits.total).toBe(6);
  });

  it("is not made unless asked for", async () => expect(await queries.searchLogs("histogram", {})).not.toHaveProperty("histogram"));
});

describe("the query", () => {
  it("finds the issue's example", async () => {
    await storeLogs(test.store, "seed", [
      logRecord({ timestamp: NOW_NS, severity: 17, service: "api-gateway", message: "Database timeout", attributes: { "context.endpoint": "/api/users" } }),
      logRecord({ timestamp: NOW_NS, severity: 9, service: "api-gateway", message: "ok" }),
    ]);
    for (const query of ["level:ERROR AND service:api-gateway", "database", '"database TIMEOUT"', "context.endpoint:/api/users", "endpoint:/api/users", "NOT level:info", "time*"])
      expect([query, messages(await queries.searchLogs("seed", { query }))]).toEqual([query, ["Database timeout"]]);
  });

  it("that does not parse tells where", async () => {
    await expect(queries.searchLogs("seed", { query: "a AND (b" })).rejects.toMatchObject({ code: "invalid_query", details: { offset: 6, length: 1 } });
  });
});

describe("requests that are wrong", () => {
  const cases: [body: unknown, paths: string[]][] = [
    [undefined, [""]],
    [[], [""]],
    [{ qery: "x" }, [""]],
    [{ query: 1, size: "10" }, ["query", "size"]],
    [{ size: 0 }, ["size"]],
    [{ size: 1_001 }, ["size"]],
    [{ size: 1.5 }, ["size"]],
    [{ time_range: { start: "yesterday", end: true } }, ["time_range.start", "time_range.end"]],
    [{ time_range: { start: "now", end: "now-1h" } }, ["time_range.start"]],
    [{ time_range: { begin: "now" } }, ["time_range"]],
    [{ time_range: { start: "1700-01-01", end: "2300-01-01" } }, ["time_range.start", "time_range.end"]],
    [{ time_range: { start: "now-900y" } }, ["time_range.start"]],
    [{ sort: [{ service: "asc" }] }, ["sort.0.@timestamp", "sort.0"]],
    [{ sort: [{ "@timestamp": "up" }] }, ["sort.0.@timestamp"]],
    [{ search_after: "1_2_3" }, ["search_after"]],
    [{ search_after: `99999999999999999999_${"0".repeat(16)}-00000000-00000000-1` }, ["search_after"]],
    [{ histogram: { buckets: 0 } }, ["histogram.buckets"]],
    [{ histogram: true, size: -1 }, ["size", "histogram"]],
  ];
  it.each(cases)("%j", async (body, paths) => {
    const error = await queries.searchLogs("acme", body).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "invalid_request" });
    const { problems } = (error as ApiError).details as { problems: { path: string; message: string }[] };
    expect(problems.map(({ path }) => path).toSorted()).toEqual(paths.toSorted());
  });
});

/** The store, some of whose reads run out of time. */
const slow = (isSlow: (text: string, call: number) => boolean): Store => {
  let calls = 0;
  return new Proxy(test.store, {
    get: (store, name) => {
      if (name !== "read") return Reflect.get(store, name);
      return async (statement: { text: string }, options: object) => {
        if (isSlow(statement.text, calls++)) throw new ApiError("query_timeout", "too slow");
        return test.store.read(statement as never, options);
      };
    },
  });
};

describe("when time runs out", () => {
  it("of the counts, the page is still answered and says so", async () => {
    const answer = await createQueries({ store: slow((text) => text.includes("GROUP BY")), now: () => NOW_MS }).searchLogs("pages", { size: 5, histogram: {} });
    expect(messages(answer)).toHaveLength(5);
    expect(answer).toMatchObject({ hits: { total: 5 }, completeness: { weights: false, partial: true, estimated_total: 5 } });
    expect(answer).not.toHaveProperty("histogram");
  });

  it("of a later window, what was found is answered and the next page goes on there", async () => {
    const hurried = createQueries({ store: slow((text, call) => text.includes("LIMIT") && call > 1), now: () => NOW_MS });
    const answer = await hurried.searchLogs("pages", { size: 1_000, time_range: EVERYTHING });
    expect(answer.completeness.partial).toBe(true);
    const rest = await allPages("pages", { size: 1_000, time_range: EVERYTHING }, answer.next);
    expect(answer.hits.logs.length).toBeGreaterThan(0);
    expect(answer.hits.logs.length + rest.length).toBe(120);
  });

  it("of everything, that is the error", async () => {
    await expect(createQueries({ store: slow(() => true), now: () => NOW_MS }).searchLogs("pages", {})).rejects.toMatchObject({ code: "query_timeout" });
  });
});

describe("fields", () => {
  it("of the newest rows, with what is most often in them", async () => {
    await storeLogs(
      test.store,
      "fields",
      Array.from({ length: 30 }, (_, i) =>
        logRecord({ timestamp: NOW_NS - BigInt(i) * SECOND, severity: [17, 18, 0][i % 3]!, service: i < 20 ? "api" : "web", message: "m", attributes: { status: i < 25 ? "200" : "500", ...(i < 2 && { rare: "x".repeat(1_000) }) } }),
      ),
    );
    expect(await queries.logFields("fields", {})).toEqual({
      sampled_rows: 30,
      fields: [
        { name: "message", kind: "core", count: 30, top: [] },
        { name: "service", kind: "core", count: 30, top: [{ value: "api", count: 20 }, { value: "web", count: 10 }] },
        { name: "level", kind: "core", count: 20, top: [{ value: "ERROR", count: 20 }] },
        { name: "status", kind: "attribute", count: 30, top: [{ value: "200", count: 25 }, { value: "500", count: 5 }] },
        { name: "rare", kind: "attribute", count: 2, top: [{ value: "x".repeat(256), count: 2 }] },
      ],
    });
  });

  it("of nothing are none", async () => expect(await queries.logFields("nobody", {})).toEqual({ sampled_rows: 0, fields: [] }));

  it("refuse what they do not know", async () => {
    await expect(queries.logFields("fields", { start: "x", limit: "5" })).rejects.toMatchObject({ code: "invalid_request", details: { problems: [{ path: "start" }, { path: "" }] } });
  });
});

const many = (condition: (i: number) => string, joint: string): string => Array.from({ length: MAX_CONDITIONS }, (_, i) => condition(i)).join(joint);

describe("queries at their limits", () => {
  it.each([
    ["words", many((i) => `w${i}`, " OR ")],
    ["phrases", many((i) => `w${i}*-x`, " ")],
    ["ranges of attributes", many((i) => `a${i}:[${i} TO ${i + 1_000}]`, " OR ")],
    ["patterns of attributes", many((i) => `a${i}:x${i}*`, " ")],
    ["one long phrase", `"${"数".repeat(MAX_QUERY_LENGTH - 2)}"`],
    ["one long phrase of many words", `"${"ab ".repeat(MAX_QUERY_LENGTH / 3 - 2)}"`],
    ["wildcards", "a*?".repeat(MAX_QUERY_LENGTH / 4)],
    ["depth", `${"(".repeat(MAX_DEPTH)}a OR b*${")".repeat(MAX_DEPTH)}`],
    ["negations", `${"NOT ".repeat(MAX_DEPTH)}a`],
  ])("%s", async (_, query) => {
    const { hits } = await queries.searchLogs("seed", { query });
    expect(hits.total).toBeLessThanOrEqual(2);
  });
});
