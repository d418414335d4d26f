import { readFileSync } from "node:fs";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { batchKeyToUInt128, encodeHistograms, encodeLogs } from "@obs/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { IncomingBatch } from "../src/core/contracts.ts";
import { createDelivery, type Delivery } from "../src/delivery/index.ts";
import type { ApiError } from "../src/errors.ts";
import { GOLDEN } from "../../agent/wire/testdata/golden.ts";
import { startTestStore, type TestStore } from "../src/testing.ts";
import { daysAgo, exemplarBatch, histogramBatch, logBatch, logRecord, newKey, nowNs, partOf, policyOf, recent, sampleBatch, seriesBatch, spanBatch, withRaw } from "./delivery-batches.ts";

let test: TestStore;
let delivery: Delivery;
let tenants = 0;
const newTenant = (): string => `tenant-${++tenants}`;

beforeAll(async () => {
  test = await startTestStore();
  delivery = createDelivery({ store: test.store, log: { warn: () => undefined }, limits: { minLingerMs: 30, insertsPerSecond: 1_000 } });
});
afterAll(async () => {
  await delivery?.close();
  await test?.stop();
});

const golden = (name: string): Buffer => readFileSync(new URL(`../../agent/wire/testdata/${name}.native`, import.meta.url));

const storedRows = async (tenant: string, table = "logs"): Promise<number> =>
  Number((await test.query<{ n: string }>(`SELECT count() AS n FROM ${table} WHERE tenant = '${tenant}'`))[0]!.n);

/** Every (batch, row) is there once at most. */
const duplicates = async (tenant: string): Promise<number> =>
  Number((await test.query<{ n: string }>(`SELECT count() - uniqExact(batch, row) AS n FROM logs WHERE tenant = '${tenant}'`))[0]!.n);

const codeOf = (batch: IncomingBatch): Promise<string> =>
  delivery.accept(batch).then(
    (ack) => `stored ${ack.stored}`,
    (error: ApiError) => error.code,
  );

describe("a first attempt", () => {
  it("stores the rows under the policy's tenant and says so", async () => {
    const tenant = newTenant();
    const ack = await delivery.accept(logBatch(tenant, recent(100)));
    expect(ack).toMatchObject({ stored: 100, refused: {}, policyVersion: 1, storeBoot: test.store.bootId });
    const [row] = await test.query(`SELECT toString(source_ip) AS ip, level, retention, expires > today() + 29 AS kept, message FROM logs WHERE tenant = '${tenant}' AND row = 7`);
    expect(row).toMatchObject({ ip: "::ffff:192.0.2.7", level: "INFO", retention: 30, kept: 1 });
    expect(row!["message"]).toMatch(/^line \d+\/7$/);
  });

  it("joins what comes together into one insert", async () => {
    const tenant = newTenant();
    const before = delivery.counters.inserts;
    const acks = await Promise.all(Array.from({ length: 20 }, () => delivery.accept(logBatch(tenant, recent(10)))));
    expect(acks.map(({ stored }) => stored)).toEqual(Array(20).fill(10));
    expect(delivery.counters.inserts - before).toBeLessThanOrEqual(2);
    expect(await storedRows(tenant)).toBe(200);
  });

  it.each([
    ["of schema version 1", 1, "whole"],
    ["of schema version 2 with the ordinals in planes", 2, "planes"],
    // What an agent had in its buffer when it was replaced by a newer one.
    ["of schema version 2 with the ordinals in one column", 2, "whole"],
  ] as const)("stores rows %s under their ordinals, past the first 65,536 too, and a repeat nothing", async (_, schema, form) => {
    const tenant = newTenant();
    const times = recent(70_000);
    const key = newKey();
    const raw = encodeLogs(times.map((time, row) => logRecord(time, String(row))), key, 0, form);
    const batch = withRaw(logBatch(tenant, [times[0]!, times.at(-1)!], { key, schema, rows: times.length }), raw);
    expect(await codeOf(batch)).toBe("stored 70000");
    expect(await codeOf({ ...batch, attempt: 2 })).toBe("stored 70000");
    const [found] = await test.query(`SELECT count() AS rows, countIf(toString(row) = message) AS right, uniqExact(row) AS ordinals FROM logs WHERE tenant = '${tenant}'`);
    expect(found).toEqual({ rows: "70000", right: "70000", ordinals: "70000" });
  });

  it.each([1, 2])("takes the golden body of schema version %i for what it was when it was made", async (schema) => {
    const tenant = newTenant();
    const raw = golden(`logs-v${schema}`);
    const rows = GOLDEN.logs.length;
    const firstNs = GOLDEN.logs.reduce((least, { timestamp }) => (timestamp < least ? timestamp : least), GOLDEN.logs[0]!.timestamp);
    const lastNs = GOLDEN.logs.reduce((most, { timestamp }) => (timestamp > most ? timestamp : most), 0n);
    const batch = withRaw(logBatch(tenant, [firstNs, lastNs], { key: GOLDEN.key, schema, rows }), raw);
    // Its moments are outside of the window: what is refused by reason was read.
    expect(await delivery.accept(batch)).toMatchObject({ stored: 0, refused: { too_old: rows - 1, too_new: 1 } });
  });

  it.each([1, 2])("takes histograms of schema version %i, which have no bounds, and of version 3, which may", async (schema) => {
    const tenant = newTenant();
    const claim = { ...histogramBatch(tenant, [0, 9_223_372_036_854]), key: GOLDEN.key, firstNs: 0n };
    const rows = GOLDEN.histograms.length;
    expect(await delivery.accept(withRaw({ ...claim, schema, rows: rows - 1 }, golden("histograms-v1")))).toMatchObject({ stored: 0, refused: { too_old: rows - 2, too_new: 1 } });
    expect(await delivery.accept(withRaw({ ...claim, schema: 3, rows }, golden("histograms-v3")))).toMatchObject({ stored: 0, refused: { too_old: rows - 1, too_new: 1 } });
    const timestamp = Date.now();
    const batch = histogramBatch(tenant, [timestamp]);
    const own = { ...GOLDEN.histograms.at(-1)!, timestamp };
    expect(await codeOf(withRaw(batch, encodeHistograms([own], batch.key)))).toBe("stored 1");
    expect(await test.query(`SELECT bounds, scale, positive_counts FROM histograms WHERE tenant = '${tenant}'`)).toEqual([{ bounds: own.bounds, scale: own.scale, positive_counts: own.positiveCounts.map(String) }]);
  });

  it("stores samples and series", async () => {
    const tenant = newTenant();
    expect(await codeOf(sampleBatch(tenant, [Date.now(), Date.now() + 1]))).toBe("stored 2");
    expect(await codeOf(seriesBatch(tenant, [1n, 2n, 3n]))).toBe("stored 3");
    expect(await storedRows(tenant, "samples")).toBe(2);
    expect(await storedRows(tenant, "series FINAL")).toBe(3);
  });

  it("stores spans, histograms and exemplars, refuses what is outside of the window, and a repeat stores nothing", async () => {
    const tenant = newTenant();
    const spans = spanBatch(tenant, [...recent(5), ...recent(2, daysAgo(40)), ...recent(3, daysAgo(2))]);
    for (const attempt of [1, 2]) expect(await delivery.accept({ ...spans, attempt })).toMatchObject({ stored: 8, refused: { too_old: 2 } });
    expect(await storedRows(tenant, "spans")).toBe(8);
    const histograms = histogramBatch(tenant, [Date.now(), Date.now() + 1]);
    for (const attempt of [1, 2]) expect(await codeOf({ ...histograms, attempt })).toBe("stored 2");
    expect(await storedRows(tenant, "histograms")).toBe(2);
    const exemplars = exemplarBatch(tenant, [...recent(4), ...recent(3, daysAgo(40))]);
    for (const attempt of [1, 2]) expect(await delivery.accept({ ...exemplars, attempt })).toMatchObject({ stored: 4, refused: { too_old: 3 } });
    expect(await storedRows(tenant, "exemplars")).toBe(4);
    await test.query(`ALTER TABLE spans DELETE WHERE tenant = '${tenant}' AND row < 3 SETTINGS mutations_sync = 2`);
    expect(await codeOf({ ...spans, attempt: 3 })).toBe("stored 8");
    expect(await storedRows(tenant, "spans")).toBe(8);
  });

  it("asks for series again when samples come without them, once", async () => {
    const tenant = newTenant();
    const acks = [];
    for (let i = 0; i < 4; i++) acks.push(await delivery.accept(sampleBatch(tenant, [Date.now() + i])));
    expect(acks.map(({ resend }) => resend)).toEqual([undefined, ["series"], undefined, undefined]);
    const known = newTenant();
    await delivery.accept(seriesBatch(known, [42n]));
    for (let i = 0; i < 3; i++) expect(await delivery.accept(sampleBatch(known, [Date.now() + i]))).not.toHaveProperty("resend");
  });

  it("writes the ledger", async () => {
    const tenant = newTenant();
    const batch = logBatch(tenant, recent(5));
    await delivery.accept(batch);
    await expect
      .poll(() => test.query(`SELECT toString(batch) AS batch, stream, claimed, stored FROM batches WHERE tenant = '${tenant}'`), { timeout: 10_000 })
      .toEqual([{ batch: batchKeyToUInt128(batch.key).toString(), stream: "logs", claimed: 5, stored: 5 }]);
  });
});

describe("the tenant's window", () => {
  it("refuses rows outside of it and counts them exactly", async () => {
    const tenant = newTenant();
    const future = nowNs() + 2n * 3_600_000_000_000n;
    const ack = await delivery.accept(logBatch(tenant, [daysAgo(40), daysAgo(31), ...recent(10), future]));
    expect(ack).toMatchObject({ stored: 10, refused: { too_old: 2, too_new: 1 } });
    expect(await storedRows(tenant)).toBe(10);
  });

  it("counts each member of a joined insert for itself, and again the same in a repeat", async () => {
    const tenant = newTenant();
    const whole = logBatch(tenant, recent(10));
    const partly = logBatch(tenant, [daysAgo(60), ...recent(4)]);
    const none = logBatch(tenant, [daysAgo(60), daysAgo(61)]);
    const expected = [
      { stored: 10, refused: {} },
      { stored: 4, refused: { too_old: 1 } },
      { stored: 0, refused: { too_old: 2 } },
    ];
    for (const attempt of [1, 2]) {
      const acks = await Promise.all([whole, partly, none].map((batch) => delivery.accept({ ...batch, attempt })));
      expect(acks).toMatchObject(expected);
    }
    expect(await storedRows(tenant)).toBe(14);
  });

  it.each([
    ["1970", 0n],
    ["1900", -2_208_988_800_000_000_000n],
    ["2262", 9_223_372_036_000_000_000n],
  ])("takes a timestamp of %s for what it is", async (_, timestamp) => {
    const tenant = newTenant();
    const ack = await delivery.accept(logBatch(tenant, [timestamp, ...recent(1)]));
    expect(ack.stored).toBe(1);
    expect(Object.values(ack.refused)).toEqual([1]);
  });

  it("refuses samples of the year 2300", async () => {
    const ack = await delivery.accept(sampleBatch(newTenant(), [Date.UTC(2300, 0)]));
    expect(ack).toMatchObject({ stored: 0, refused: { too_new: 1 } });
  });
});

describe("a repeat", () => {
  it("of what is stored stores nothing", async () => {
    const tenant = newTenant();
    const batch = logBatch(tenant, recent(50));
    await delivery.accept(batch);
    expect(await delivery.accept({ ...batch, attempt: 2 })).toMatchObject({ stored: 50, refused: {} });
    expect(await storedRows(tenant)).toBe(50);
  });

  it("of what never came stores all of it", async () => {
    const tenant = newTenant();
    expect(await codeOf(logBatch(tenant, recent(50), { attempt: 3 }))).toBe("stored 50");
    expect(await storedRows(tenant)).toBe(50);
  });

  it("completes a batch that was left in part", async () => {
    const tenant = newTenant();
    const batch = logBatch(tenant, [...recent(10), ...recent(10, daysAgo(1)), ...recent(10, daysAgo(29))]);
    await delivery.accept(batch);
    await test.query(`ALTER TABLE logs DELETE WHERE tenant = '${tenant}' AND row >= 7 SETTINGS mutations_sync = 2`);
    const before = delivery.counters.partialRepaired;
    expect(await codeOf({ ...batch, attempt: 2 })).toBe("stored 30");
    expect(delivery.counters.partialRepaired - before).toBe(1);
    expect(await storedRows(tenant)).toBe(30);
    expect(await duplicates(tenant)).toBe(0);
  });

  it("that overtakes its first attempt waits for it", async () => {
    const tenant = newTenant();
    const batch = logBatch(tenant, recent(50));
    const before = delivery.counters.fenced;
    const acks = await Promise.all([batch, { ...batch, attempt: 2 }, { ...batch, attempt: 3 }, batch].map((each) => delivery.accept(each)));
    expect(acks.map(({ stored }) => stored)).toEqual([50, 50, 50, 50]);
    expect(delivery.counters.fenced - before).toBe(3);
    expect(await storedRows(tenant)).toBe(50);
  });

  it("of another tenant with the same key is another batch", async () => {
    const [one, other] = [newTenant(), newTenant()];
    const batch = logBatch(one, recent(10));
    await delivery.accept(batch);
    expect(await codeOf({ ...batch, policy: policyOf(other), attempt: 2 })).toBe("stored 10");
    expect(await storedRows(other)).toBe(10);
  });

  it("of samples and series changes nothing", async () => {
    const tenant = newTenant();
    const samples = sampleBatch(tenant, [Date.now(), Date.now() + 5]);
    const series = seriesBatch(tenant, [7n]);
    for (const attempt of [1, 2]) {
      expect(await codeOf({ ...samples, attempt })).toBe("stored 2");
      expect(await codeOf({ ...series, attempt })).toBe("stored 1");
    }
    expect(await storedRows(tenant, "samples")).toBe(2);
    expect(await storedRows(tenant, "series FINAL")).toBe(1);
  });
});

describe("parts of a batch", () => {
  it("store each row once, in any order, at once and repeated, whatever an earlier attempt of the whole has left", async () => {
    const tenant = newTenant();
    const batch = logBatch(tenant, [...recent(10), ...recent(10, daysAgo(1)), ...recent(10, daysAgo(40))]);
    const parts = [partOf(batch, 15, 30), partOf(batch, 0, 7), partOf(batch, 7, 15)];
    const expected = [{ stored: 5, refused: { too_old: 10 } }, { stored: 7, refused: {} }, { stored: 8, refused: {} }];
    await delivery.accept(batch);
    await test.query(`ALTER TABLE logs DELETE WHERE tenant = '${tenant}' AND (row < 3 OR row BETWEEN 6 AND 16) SETTINGS mutations_sync = 2`);
    for (let round = 0; round < 2; round++) expect(await Promise.all(parts.map((part) => delivery.accept(part)))).toMatchObject(expected);
    expect(await storedRows(tenant)).toBe(20);
    expect(await duplicates(tenant)).toBe(0);
    expect(await delivery.accept({ ...batch, attempt: 3 })).toMatchObject({ stored: 20, refused: { too_old: 10 } });
  });

  it("are not taken for stored because another part of as many rows is", async () => {
    const tenant = newTenant();
    const batch = logBatch(tenant, recent(20));
    for (const first of [0, 10]) expect(await codeOf(partOf(batch, first, first + 10))).toBe("stored 10");
    expect(await storedRows(tenant)).toBe(20);
  });

  it("join with other batches in one insert, never with each other", async () => {
    const tenant = newTenant();
    const batches = Array.from({ length: 5 }, () => logBatch(tenant, recent(20)));
    const acks = await Promise.all(batches.flatMap((batch) => [batch, partOf(batch, 0, 5), partOf(batch, 5, 20)]).map(codeOf));
    expect(acks).toEqual(batches.flatMap(() => ["stored 20", "stored 5", "stored 15"]));
    expect(await storedRows(tenant)).toBe(100);
    expect(await duplicates(tenant)).toBe(0);
  });

  it("of samples, spans and series are taken too", async () => {
    const tenant = newTenant();
    const samples = sampleBatch(tenant, [Date.now(), Date.now() + 1, Date.now() + 2]);
    const spans = spanBatch(tenant, recent(4));
    const series = seriesBatch(tenant, [1n, 2n, 3n]);
    for (const batch of [samples, spans, series]) for (const [first, end] of [[0, 1], [1, batch.rows]] as const) expect(await codeOf(partOf(batch, first, end))).toBe(`stored ${end - first}`);
    expect([await storedRows(tenant, "samples"), await storedRows(tenant, "spans"), await storedRows(tenant, "series FINAL")]).toEqual([3, 4, 3]);
  });
});

const raw = (batch: IncomingBatch): Buffer => zstdDecompressSync(batch.body);
const bad: [name: string, code: string, make: (batch: IncomingBatch) => IncomingBatch][] = [
  ["random bytes", "batch_malformed", (batch) => ({ ...batch, body: Buffer.from("these bytes are no zstd frame at all") })],
  ["an empty body", "batch_malformed", (batch) => ({ ...batch, body: Buffer.alloc(0) })],
  ["a truncated body", "batch_malformed", (batch) => ({ ...batch, body: batch.body.subarray(0, -5) })],
  ["junk behind the frame", "batch_malformed", (batch) => ({ ...batch, body: Buffer.concat([batch.body, Buffer.from("junk")]) })],
  ["zstd of no Native block", "batch_malformed", (batch) => withRaw(batch, Buffer.from("surely not a block of columns"))],
  ["a truncated Native block", "batch_malformed", (batch) => withRaw(batch, raw(batch).subarray(0, -3))],
  ["junk behind the Native block", "batch_malformed", (batch) => withRaw(batch, Buffer.concat([raw(batch), Buffer.from("junk")]))],
  ["a block of another stream", "batch_malformed", (batch) => ({ ...batch, rawBytes: raw(sampleBatch("t", [1])).length, body: sampleBatch("t", [1]).body })],
  ["more rows than claimed", "batch_claims_wrong", (batch) => ({ ...batch, rows: batch.rows - 1 })],
  ["fewer rows than claimed", "batch_claims_wrong", (batch) => ({ ...batch, rows: batch.rows + 1 })],
  ["wrong uncompressed size", "batch_claims_wrong", (batch) => ({ ...batch, rawBytes: batch.rawBytes + 1 })],
  ["rows of another batch", "batch_claims_wrong", (batch) => ({ ...batch, key: newKey() })],
  ["timestamps before the first", "batch_claims_wrong", (batch) => ({ ...batch, firstNs: batch.firstNs + 1n })],
  ["timestamps after the last", "batch_claims_wrong", (batch) => ({ ...batch, lastNs: batch.lastNs - 1n })],
  ["first after last", "batch_claims_wrong", (batch) => ({ ...batch, firstNs: batch.lastNs + 1n })],
  ["ordinals beyond the claim", "batch_claims_wrong", (batch) => withRaw(batch, encodeLogs([...Array(batch.rows).keys()].map(() => logRecord(batch.firstNs, "x")), batch.key, 1))],
  ["blocks without rows", "batch_claims_wrong", (batch) => withRaw(batch, Buffer.alloc(64))],
  ["no rows", "batch_claims_wrong", (batch) => ({ ...batch, rows: 0 })],
  ["more rows than a batch may have", "too_large", (batch) => ({ ...batch, rows: 500_001 })],
  ["more bytes than a batch may have", "too_large", (batch) => ({ ...batch, rawBytes: 2 ** 31 })],
  ["an unknown schema", "schema_unknown", (batch) => ({ ...batch, schema: 4 })],
  ["rows that are not of the part", "batch_claims_wrong", (batch) => ({ ...partOf(batch, 2, 5), part: { first: 3, end: 6 } })],
  ["rows behind the part", "batch_claims_wrong", (batch) => ({ ...partOf(batch, 2, 5), part: { first: 1, end: 4 } })],
  ["more rows than a part has ordinals", "batch_claims_wrong", (batch) => ({ ...partOf(batch, 2, 5), part: { first: 2, end: 4 } })],
];

describe("a bad batch", () => {
  it.each(bad)("%s: %s, alone and among others, first and repeated", async (_, code, make) => {
    const tenant = newTenant();
    const good = [logBatch(tenant, recent(20)), logBatch(tenant, recent(20)), logBatch(tenant, recent(20))];
    expect(await codeOf(make(logBatch(tenant, recent(10))))).toBe(code);
    expect(await codeOf(make(logBatch(tenant, recent(10), { attempt: 2 })))).toBe(code);
    const joined = [good[0]!, make(logBatch(tenant, recent(10))), good[1]!, good[2]!];
    expect(await Promise.all(joined.map(codeOf))).toEqual(["stored 20", code, "stored 20", "stored 20"]);
    expect(await storedRows(tenant)).toBe(60);
    expect(await duplicates(tenant)).toBe(0);
  });

  it("a bomb of one-row blocks is refused and stores nothing", async () => {
    const tenant = newTenant();
    const batch = logBatch(tenant, recent(1));
    const bomb = zstdCompressSync(Buffer.concat(Array<Buffer>(4_000).fill(raw(batch))));
    expect(await codeOf({ ...batch, body: bomb })).toBe("batch_claims_wrong");
    expect(await codeOf({ ...batch, body: bomb, rawBytes: raw(batch).length * 4_000 })).toBe("batch_claims_wrong");
    expect(await storedRows(tenant)).toBe(0);
  });

  it("one that touches more days than an insert may is refused whole", async () => {
    const narrow = createDelivery({ store: test.store, log: { warn: () => undefined }, limits: { minLingerMs: 1, maxPartitions: 3 } });
    const tenant = newTenant();
    const batch = logBatch(tenant, [1, 2, 3, 4, 5].flatMap((day) => recent(3, daysAgo(day))));
    await expect(narrow.accept(batch)).rejects.toMatchObject({ code: "too_large" });
    expect(await storedRows(tenant)).toBe(0);
    await narrow.close();
  });

  it("a store that is away is a 503", async () => {
    const away = createDelivery({ store: { ...test.store, available: false } as never, log: { warn: () => undefined } });
    await expect(away.accept(logBatch(newTenant(), recent(1)))).rejects.toMatchObject({ code: "store_unavailable", status: 503 });
  });
});
