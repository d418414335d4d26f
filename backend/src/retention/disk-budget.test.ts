import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestStore, type TestStore } from "../testing.ts";
import { choosePieces, type DiskBudget, piecesByAge, startDiskBudget } from "./disk-budget.ts";

const part = (day: string, name: string, bytes: number, table = "logs") => ({
  table,
  partition: `('${day}',30)`,
  partition_id: `${day.replaceAll("-", "")}-30`,
  name,
  bytes: String(bytes),
});

describe("what is dropped first", () => {
  const parts = [
    part("2026-11-20", "a1", 10),
    part("2026-11-20", "a2", 20),
    part("2026-11-22", "c1", 40),
    part("2026-11-22", "c2", 50),
    part("2026-11-19", "s1", 5, "samples"),
    { ...part("2026-11-01", "x", 1_000), table: "series", partition: "tuple()" },
  ];

  it("is whole days, the oldest first, then single parts of the newest", () => {
    expect(piecesByAge(parts).map(({ day, part: name, bytes }) => [day, name, bytes])).toEqual([
      ["2026-11-19", undefined, 5],
      ["2026-11-20", undefined, 30],
      ["2026-11-22", "c1", 40],
      ["2026-11-22", "c2", 50],
    ]);
  });

  it.each([
    [130, 130, []],
    [130, 128, [5, 30]],
    [130, 80, [5, 30, 40]],
    [130, 1, [5, 30, 40, 50]],
  ])("of %d bytes with a budget of %d is %j", (used, budget, bytes) => {
    expect(choosePieces(piecesByAge(parts), used, budget).map((piece) => piece.bytes)).toEqual(bytes);
  });
});

describe("the disk budget of a real store", () => {
  let test: TestStore;
  let budget: DiskBudget | undefined;
  const warnings: string[] = [];
  const log = { warn: (message: string) => void warnings.push(message) };
  const DAYS = 4;
  const ROWS = 2_000;

  const insertDay = (daysAgo: number) =>
    test.query(`INSERT INTO obs.logs (tenant, batch, row, timestamp, observed, received, message, retention, expires)
      SELECT 'acme', ${daysAgo + 1}, number, now64(9) - INTERVAL ${daysAgo} DAY, now64(9), now64(3), hex(randomString(200)), 30, today() + 30 FROM numbers(${ROWS})`);
  const daysKept = async () => (await test.query<{ day: string }>("SELECT DISTINCT toString(toDate(timestamp)) AS day FROM obs.logs ORDER BY day")).map(({ day }) => day);

  const start = (maxBytes: number) => (budget = startDiskBudget({ store: test.store, maxBytes, log }));

  beforeAll(async () => {
    test = await startTestStore();
    for (let daysAgo = 0; daysAgo < DAYS; daysAgo++) await insertDay(daysAgo);
  });
  beforeEach(() => {
    budget?.stop();
    warnings.length = 0;
  });
  afterAll(async () => {
    budget?.stop();
    await test?.stop();
  });

  it("measures, and drops nothing without a budget or within it", async () => {
    for (const maxBytes of [0, 1e12]) {
      const { run, stop } = start(maxBytes);
      await run();
      stop();
    }
    expect(budget!.status.used_bytes).toBeGreaterThan(DAYS * ROWS * 200);
    expect(budget!.status).toMatchObject({ max_bytes: 1e12, dropped_bytes: 0, oldest_day: (await daysKept())[0] });
    expect(await daysKept()).toHaveLength(DAYS);
    expect(warnings).toEqual([]);
  });

  it("drops the oldest days until the rest is within the budget, and says so", async () => {
    const before = await daysKept();
    const used = budget!.status.used_bytes!;
    await start(used * 0.6).run();
    const after = await daysKept();
    expect(after.length).toBeLessThan(before.length);
    expect(after).toEqual(before.slice(-after.length));
    expect(budget!.status.used_bytes).toBeLessThanOrEqual(used * 0.6);
    expect(budget!.status.oldest_day).toBe(after[0]);
    expect(budget!.status.dropped_bytes).toBeGreaterThan(0);
    expect(warnings).toEqual([expect.stringContaining("OBS_STORE_MAX_BYTES")]);
  });

  it("takes parts of the newest day when nothing else is left", async () => {
    await start(1).run();
    expect(await daysKept()).toEqual([]);
  });
});
