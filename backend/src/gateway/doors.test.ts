import * as fc from "fast-check";
import type { IncomingLog } from "obs-agent";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { TenantPolicy } from "../core/contracts.ts";
import type { IngestDoors } from "../core/ingest.ts";
import { ApiError } from "../errors.ts";
import { createDoors } from "./doors.ts";
import type { MetricPoint } from "./metric-items.ts";

const NOW = Date.UTC(2026, 10, 22, 12);
const NOW_NS = BigInt(NOW) * 1_000_000n;
const fresh = "2026-11-22T11:59:59.123Z";

const policy: TenantPolicy = {
  tenant: "acme",
  version: 1,
  retentionDays: { logs: 30, samples: 90 },
  maxFutureMs: 3_600_000,
  limits: { rowsPerMinute: 1e6, bytesPerMinute: 1e9 },
  queryLimits: { atOnce: 8, seconds: 60, memoryBytes: null, rows: null },
};

let now = NOW;
let written: { tenant: string; records: IncomingLog[]; defaults: unknown }[];
let points: MetricPoint[][];
let taken: string[];
let doors: IngestDoors;

beforeEach(() => {
  now = NOW;
  [written, points, taken] = [[], [], []];
  doors = createDoors({
    gateway: {
      ingestLogs: async (tenant, records, defaults) => (written.push({ tenant, records: [...records], defaults }), { key: "k1", batches: [{ key: "k1", rows: 1 }, { key: "k2", rows: records.length - 1 }] }),
      ingestMetrics: async (_tenant, batch) => (points.push([...batch] as MetricPoint[]), { key: "k2" }),
    },
    limits: {
      takeTenant: async ({ tenant }, { rows, bytes }) => void taken.push(`${tenant} ${rows} rows ${bytes} bytes`),
      takeService: async (tenant, service, signal, rows) => void taken.push(`${tenant}/${service} ${rows} ${signal}`),
    },
    maxItems: 3,
    clock: () => now,
  });
});

const refusalOf = (answer: Promise<unknown>): Promise<ApiError> => answer.then(() => expect.fail("was accepted"), (error: ApiError) => error);
const logs = (...items: unknown[]) => doors.logs(policy, { service: "api", logs: items }, 10);
const oneLog = async (item: object) => {
  await logs({ timestamp: fresh, message: "m", ...item });
  return written[0]!.records[0]!;
};
const metrics = (...items: unknown[]) => doors.metrics(policy, { service: "api", host: "web-01", metrics: items }, 10);

const SEED_LOG = { timestamp: "2025-01-16T03:00:00.123Z", level: "ERROR", message: "Database timeout", context: { endpoint: "/api/users" } };

describe("the door for logs", () => {
  it("accepts the seed's line with a fresh time", async () => {
    const answer = await doors.logs(policy, { service: "api-gateway", logs: [{ ...SEED_LOG, timestamp: fresh }] }, 123);
    expect(answer).toEqual({ status: "accepted", received: 1, rejected: 0, batch_id: "batch_k1" });
    expect(written).toEqual([
      {
        tenant: "acme",
        defaults: { service: "api-gateway", host: "", environment: "" },
        records: [
          {
            message: "Database timeout",
            timestamp: BigInt(Date.parse(fresh)) * 1_000_000n,
            observed: NOW_NS,
            severity: 17,
            attributes: { "context.endpoint": "/api/users" },
          },
        ],
      },
    ]);
    expect(taken).toEqual(["acme/api-gateway 1 logs", "acme 1 rows 123 bytes"]);
  });

  it("refuses the seed's line as it stands: it is older than the retention", async () => {
    const refusal = await refusalOf(doors.logs(policy, { service: "api-gateway", logs: [SEED_LOG] }, 1));
    expect(refusal).toMatchObject({ code: "all_rejected", status: 400, details: { received: 0, rejected: 1, errors: [{ index: 0, code: "too_old" }] } });
    expect(written).toEqual([]);
    expect(taken).toEqual([]);
  });

  it("takes what is fit and tells what is not", async () => {
    const answer = await logs({ message: "a", timestamp: fresh }, SEED_LOG, { level: "INFO" });
    expect(answer).toMatchObject({ received: 1, rejected: 2, errors: [{ index: 1, code: "too_old" }, { index: 2, code: "invalid_item", message: "message is missing" }] });
  });

  it("gives a line without a time the time of receipt", async () => {
    await logs({ message: "m" });
    expect(written[0]!.records[0]!.timestamp).toBe(NOW_NS);
  });

  it.each([
    ["2026-11-22T12:00:00.123456789Z", 123_456_789n],
    ["2026-11-22T13:00:00.5+01:00", 500_000_000n],
    ["2026-11-22 12:00:00,25", 250_000_000n],
    [1795348800, 0n],
    [1795348800.125, 125_000_000n],
    [1795348800123, 123_000_000n],
    [1795348800123456, 123_456_000n],
    [1795348800123456789n, 123_456_789n],
  ])("reads the time %s", async (timestamp, ns) => {
    expect((await oneLog({ timestamp })).timestamp).toBe(NOW_NS + ns);
  });

  it.each(["yesterday", "2026-13-01T00:00:00Z", "", true, {}, [], Number.NaN, 1e300])("refuses the time %j", async (timestamp) => {
    expect(await refusalOf(logs({ message: "m", timestamp }))).toMatchObject({ details: { errors: [{ code: "invalid_item" }] } });
  });

  it.each([
    ["1900-01-01T00:00:00Z", "too_old"],
    ["2300-01-01T00:00:00Z", "too_new"],
    ["2026-11-22T13:00:00.001Z", "too_new"],
    ["2026-10-23T11:59:59.999Z", "too_old"],
    [0, "too_old"],
  ])("refuses %s as %s", async (timestamp, code) => {
    expect(await refusalOf(logs({ message: "m", timestamp }))).toMatchObject({ details: { errors: [{ code }] } });
  });

  it("accepts the edges of the window", async () => {
    expect(await logs({ message: "m", timestamp: "2026-10-23T12:00:00Z" }, { message: "m", timestamp: "2026-11-22T13:00:00Z" })).toMatchObject({ received: 2 });
  });

  it.each([
    ["warning", 13],
    ["Err", 17],
    ["FATAL", 21],
    [30, 9],
    ["20", 5],
  ])("normalises the level %s", async (level, severity) => expect((await oneLog({ level })).severity).toBe(severity));

  it("keeps a level that it does not know as an attribute", async () => {
    expect(await oneLog({ level: "LOUD" })).toMatchObject({ attributes: { level: "LOUD" } });
  });

  it("flattens what has no meaning of its own", async () => {
    const { attributes } = await oneLog({
      context: { user: { id: 12345678901234567890n, tags: ["a", 1, null] }, none: null, empty: {} },
      attributes: { "http.status_code": 200 },
      ok: true,
      ["__proto__.polluted"]: "no",
    });
    expect({ ...attributes }).toEqual({
      "context.user.id": "12345678901234567890",
      "context.user.tags": '["a",1,null]',
      "http.status_code": "200",
      ok: "true",
      "__proto__.polluted": "no",
    });
  });

  it("takes a field named __proto__ for a field", async () => {
    await logs(JSON.parse('{"message":"m","__proto__":{"x":"1"},"context":{"__proto__":"y"}}'));
    expect(Object.entries(written[0]!.records[0]!.attributes!)).toEqual([
      ["__proto__.x", "1"],
      ["context.__proto__", "y"],
    ]);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });

  it("reads trace and span ids, and keeps what is none", async () => {
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    expect(await oneLog({ trace_id: traceId.toUpperCase(), spanId: "b7ad6b7169203331" })).toMatchObject({ traceId, spanId: "b7ad6b7169203331" });
    written = [];
    expect(await oneLog({ trace_id: "request-7" })).toMatchObject({ attributes: { trace_id: "request-7" } });
  });

  it("lets an item name its own service and host", async () => {
    expect(await oneLog({ service: "worker", "host.name": "db-1" })).toMatchObject({ service: "worker", host: "db-1" });
  });

  it.each([
    ["text", "an item must be an object"],
    [null, "an item must be an object"],
    [[], "an item must be an object"],
    [{ message: 7 }, "message must be text"],
    [{ message: null }, "message must be text"],
    [{ message: "m", service: 7 }, "service must be text"],
    [{ message: "x".repeat(1024 * 1024 + 1) }, "longer than 1048576 bytes"],
    [{ message: "m", context: { a: "ü".repeat(600_000) } }, "longer than 1048576 bytes"],
    [{ message: "m", context: Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`k${i}`, i])) }, "at most 256 attributes"],
    [{ message: "m", ["k".repeat(600)]: 1 }, "attribute's name"],
  ])("refuses the item %#", async (item, message) => {
    const refusal = await refusalOf(logs(item));
    expect(refusal.details).toMatchObject({ errors: [{ index: 0, code: "invalid_item", message: expect.stringContaining(message) as string }] });
  });

  it("keeps very deep objects as JSON", async () => {
    const deep = JSON.parse(`${'{"a":'.repeat(2_000)}1${"}".repeat(2_000)}`) as object;
    const { attributes } = await oneLog({ context: deep });
    expect(Object.keys(attributes!)).toHaveLength(1);
  });

  it.each([
    [undefined, ""],
    ["text", ""],
    [[], ""],
    [{}, "service"],
    [{ service: 7, logs: [{}] }, "service"],
    [{ service: " ", logs: [{}] }, "service"],
    [{ service: "api" }, "logs"],
    [{ service: "api", logs: {} }, "logs"],
    [{ service: "api", logs: [] }, "logs"],
    [{ service: "api", logs: [{ message: "m" }], colour: 1 }, "colour"],
  ])("refuses the request %j and names %j", async (body, path) => {
    const refusal = await refusalOf(doors.logs(policy, body, 1));
    expect(refusal.code).toBe("invalid_request");
    expect((refusal.details as { path: string }[]).map((fault) => fault.path)).toContain(path);
  });

  it("refuses more items than it takes, whatever they are", async () => {
    expect(await refusalOf(logs(1, 2, 3, 4))).toMatchObject({ code: "too_large", status: 413, details: { items: 4, maxItems: 3 } });
  });

  it("refuses objects too deep to be written as text, not the whole request", async () => {
    const deep = JSON.parse(`${"[".repeat(200_000)}${"]".repeat(200_000)}`) as unknown;
    expect(await logs({ message: "m", deep }, { message: "m" })).toMatchObject({ received: 1, errors: [{ index: 0, message: "a field is nested too deeply" }] });
  });

  it("asks to come again when the pipeline takes nothing", async () => {
    const full = Object.assign(new Error("the buffer is full"), { code: "buffer_full" });
    const away = createDoors({
      gateway: { ingestLogs: () => Promise.reject(full), ingestMetrics: () => Promise.reject(full) },
      limits: { takeTenant: async () => undefined, takeService: async () => undefined },
      maxItems: 3,
      clock: () => now,
    });
    const refusal = await refusalOf(away.logs(policy, { service: "api", logs: [{ message: "m" }] }, 1));
    expect(refusal).toMatchObject({ code: "store_unavailable", retryAfterSeconds: 5 });
  });
});

describe("a pipeline that does not come back, as with a full disk", () => {
  it("makes requests wait only for a while, and then only so many", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const never = createDoors({
      gateway: { ingestLogs: () => new Promise(() => undefined), ingestMetrics: () => new Promise(() => undefined) },
      limits: { takeTenant: async () => undefined, takeService: async () => undefined },
      maxItems: 3,
      clock: () => now,
    });
    const send = () => refusalOf(never.logs(policy, { service: "api", logs: [{ message: "m" }] }, 1));
    const waiting = Array.from({ length: 256 }, send);
    await vi.advanceTimersByTimeAsync(0);
    expect(await send(), "at once").toMatchObject({ code: "store_unavailable", retryAfterSeconds: 5 });
    await vi.advanceTimersByTimeAsync(10_000);
    for (const refusal of await Promise.all(waiting)) expect(refusal.code).toBe("store_unavailable");
    vi.useRealTimers();
  });
});

describe("the door for metrics", () => {
  const SEED_METRIC = { name: "cpu.usage.percent", value: 75.3, timestamp: 1705363200, tags: { core: "0" } };

  it("accepts the seed's point with a fresh time", async () => {
    expect(await metrics({ ...SEED_METRIC, timestamp: NOW / 1000 })).toEqual({ status: "accepted", received: 1, metrics_per_second: 0.1 });
    expect(points).toEqual([
      [{ metric: "cpu.usage.percent", value: 75.3, timestampMs: NOW, labels: { service: "api", host: "web-01", core: "0" }, kind: "gauge", unit: "" }],
    ]);
    expect(taken).toEqual(["acme/api 1 metrics", "acme 1 rows 10 bytes"]);
  });

  it("refuses the seed's point as it stands", async () => {
    expect(await refusalOf(metrics(SEED_METRIC))).toMatchObject({ code: "all_rejected", details: { errors: [{ index: 0, code: "too_old" }] } });
  });

  it("tells the tenant's rate over the last ten seconds", async () => {
    const point = { name: "a", value: 1 };
    expect(await metrics(point, point, point)).toMatchObject({ metrics_per_second: 0.3 });
    now += 9_000;
    expect(await metrics(point)).toMatchObject({ metrics_per_second: 0.4 });
    now += 2_000;
    expect(await metrics(point)).toMatchObject({ metrics_per_second: 0.2 });
    now += 60_000;
    expect(await metrics(point)).toMatchObject({ metrics_per_second: 0.1 });
  });

  it.each([
    ["CPU.Usage Percent", "cpu.usage.percent"],
    ["system.cpu.load_average.1m", "system.cpu.load_average.1m"],
    ["http/requests-total", "http.requests.total"],
    [" .weird. ", "weird"],
  ])("normalises the name %j", async (name, normal) => {
    await metrics({ name, value: 1 });
    expect(points[0]![0]!.metric).toBe(normal);
  });

  it("takes the kind, the unit, and tags of any plain type", async () => {
    await metrics({ name: "a", value: 3, type: "counter", unit: "By", tags: { core: 0, ok: true, host: "own" } });
    expect(points[0]![0]).toMatchObject({ kind: "counter", unit: "By", labels: { service: "api", host: "own", core: "0", ok: "true" } });
  });

  it.each([
    [{ value: 1 }, "name"],
    [{ name: "a" }, "value"],
    [{ name: "a", value: "1" }, "value"],
    [{ name: "a", value: Number.POSITIVE_INFINITY }, "value"],
    [{ name: "...", value: 1 }, "name"],
    [{ name: "1a", value: 1 }, "name"],
    [{ name: "a", value: 1, tags: { x: {} } }, "tags.x"],
    [{ name: "a", value: 1, tags: [] }, "tags"],
    [{ name: "a", value: 1, colour: 1 }, "colour: unknown key"],
    [{ name: "a", value: 1, type: "histogram" }, "type"],
    [{ name: "a", value: 1, timestamp: "noon" }, "timestamp"],
    [7, "object"],
  ])("refuses the item %j and names %j", async (item, named) => {
    const refusal = await refusalOf(metrics(item));
    expect(refusal.details).toMatchObject({ errors: [{ index: 0, code: "invalid_item", message: expect.stringContaining(named) as string }] });
  });

  it("takes what is fit and counts what is not", async () => {
    expect(await metrics({ name: "a", value: 1 }, { name: "b" })).toMatchObject({ received: 1, rejected: 1, errors: [{ index: 1 }] });
  });
});

describe("any body at all", () => {
  const json = fc.jsonValue({ maxDepth: 4 });
  const logItem = fc.oneof(json, fc.record({ message: fc.oneof(fc.string(), json), timestamp: json, level: json, context: json, attributes: json }, { requiredKeys: [] }));
  const metricItem = fc.oneof(json, fc.record({ name: fc.oneof(fc.string(), json), value: json, timestamp: json, tags: json, type: json }, { requiredKeys: [] }));
  const service = fc.oneof(fc.constant("api"), json);
  const bodies = {
    logs: fc.oneof(json, fc.record({ service, logs: fc.oneof(fc.array(logItem, { maxLength: 4 }), json) }, { requiredKeys: [] })),
    metrics: fc.oneof(json, fc.record({ service, metrics: fc.oneof(fc.array(metricItem, { maxLength: 4 }), json) }, { requiredKeys: [] })),
  };

  it.each(["logs", "metrics"] as const)("is taken by the door for %s or refused by name", async (door) => {
    await fc.assert(
      fc.asyncProperty(bodies[door], async (body) => {
        const outcome = await doors[door](policy, body, 1).then(
          ({ received, rejected = 0 }) => received + rejected > 0,
          (error: unknown) => error instanceof ApiError && error.status < 500,
        );
        expect(outcome).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
