import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Metadata } from "../core/metadata.ts";
import { openMetadata } from "../meta/index.ts";
import { startTestStore, type TestStore } from "../testing.ts";
import { until } from "../../test/until.ts";
import { type Rollups, startRollups } from "./index.ts";
import { rollUp, type RollupRow, type Sample } from "../../test/rollup-oracle.ts";
import { joined, split } from "./pass.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const STALE = "reinterpretAsFloat64(toUInt64(9218868437227405314))";
/** The beginning of yesterday: everything in it may be rolled. */
const DAY = Math.floor(Date.now() / 86_400_000 - 1) * 86_400_000;

const found = (...rows: number[]) => rows.map((n, index) => ({ afterMs: index * HOUR, untilMs: (index + 1) * HOUR, rows: n }));

/** A counter that is read every 15 s, with resets, in whole numbers so that sums are exact. */
const counter = (seed: number, fromMs: number, steps: number): Sample[] => {
  let [state, value] = [seed, 0];
  return Array.from({ length: steps }, (_, step) => {
    state = (state * 48_271) % 2_147_483_647;
    value = state % 97 === 0 ? state % 10 : value + (state % 50);
    return { ms: fromMs + step * 15_000 + (state % 3_000), value };
  });
};

describe("a piece with many rows", () => {
  it.each([
    [60, 100, 1_000, [60]],
    [60, 2_000, 1_000, [30, 30]],
    [60, 3_500, 1_000, [15, 15, 15, 15]],
    [3, 9_000, 1_000, [1, 1, 1]],
    [7, 2_000, 1_000, [4, 3]],
  ])("of %d windows and %d rows is split by %d rows into %j", (windows, rows, maxRows, expected) => {
    const pieces = split({ afterMs: 0, untilMs: windows * MINUTE }, rows, maxRows, MINUTE);
    expect(pieces.map(({ afterMs, untilMs }) => (untilMs - afterMs) / MINUTE)).toEqual(expected);
    expect(pieces[0]!.afterMs).toBe(0);
    expect(pieces.at(-1)!.untilMs).toBe(windows * MINUTE);
  });
});

describe("pieces with few rows", () => {
  it.each([
    [found(10, 20, 30), [60]],
    [found(60, 50, 40), [60, 90]],
    [found(500, 1, 1), [500, 2]],
    [found(...Array<number>(30).fill(1)), [24, 6]],
    [[], []],
  ])("are taken together", (pieces, expected) => {
    expect(joined(pieces, 100).map(({ rows }) => rows)).toEqual(expected);
  });
});

describe("rollups of a real store", () => {
  let folder: string;
  let test: TestStore;
  let metadata: Metadata;
  let now = DAY;
  const started: Rollups[] = [];
  const warnings: string[] = [];

  const start = (holder: string, options: { maxRows?: number; leases?: Metadata["leases"] } = {}): Rollups => {
    const rollups = startRollups({ store: test.store, leases: metadata.leases, log: { warn: (text) => void warnings.push(text) }, now: () => now, intervalMs: 0, holder, ...options });
    started.push(rollups);
    return rollups;
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "obs-rollups-"));
    test = await startTestStore();
    metadata = await openMetadata(join(folder, "meta.db"), () => now);
  });
  beforeEach(async () => {
    for (const rollups of started.splice(0)) await rollups.stop();
    for (const table of ["samples", "samples_1m", "samples_1h", "samples_1d", "rollup_progress"]) await test.query(`TRUNCATE TABLE obs.${table}`);
    now = DAY;
  });
  afterAll(async () => {
    for (const rollups of started) await rollups.stop();
    await metadata?.close();
    await test?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Stored now, as the clock of the test says. */
  const insert = async (series: number, samples: readonly Sample[], tenant = "acme", expires = "today() + 10"): Promise<void> => {
    if (samples.length === 0) return;
    const rows = samples.map(({ ms, value }) => `('${tenant}', 'requests', ${series}, fromUnixTimestamp64Milli(${ms}), ${value}, fromUnixTimestamp64Milli(${now}), 30, ${expires})`);
    await test.query(`INSERT INTO obs.samples (tenant, metric, series, timestamp, value, received, retention, expires) VALUES ${rows.join(",")}`);
  };
  const stored = async (width: "1m" | "1h" | "1d", series: number, tenant = "acme"): Promise<RollupRow[]> =>
    (
      await test.query<Record<keyof RollupRow, number | string>>(
        `SELECT toUnixTimestamp(timestamp) * 1000 AS end, min, max, sum, count, first, last, toUnixTimestamp64Milli(first_time) AS first_ms, toUnixTimestamp64Milli(last_time) AS last_ms, increase, entering
         FROM obs.samples_${width} FINAL WHERE tenant = '${tenant}' AND series = ${series} ORDER BY timestamp`,
      )
    ).map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)])) as unknown as RollupRow);

  const expectAll = async (series: number, samples: readonly Sample[]): Promise<void> => {
    expect(await stored("1m", series)).toEqual(rollUp(samples, MINUTE));
    expect(await stored("1h", series)).toEqual(rollUp(samples, HOUR));
    expect(await stored("1d", series)).toEqual(rollUp(samples, 24 * HOUR));
  };

  it("are made of what has closed, from fine to coarse", async () => {
    const samples = counter(7, DAY + 5, 4 * 60 * 24);
    await insert(1, samples);
    now = DAY + 90 * MINUTE + 130_000;
    const rollups = start("one");
    expect(await rollups.run()).toEqual({ fresh: 2, late: 0 });
    const upTo = (ms: number) => samples.filter((sample) => sample.ms <= ms);
    expect(await stored("1m", 1)).toEqual(rollUp(upTo(DAY + 90 * MINUTE), MINUTE));
    expect(await stored("1h", 1)).toEqual(rollUp(upTo(DAY + HOUR), HOUR));
    expect(await stored("1d", 1)).toEqual([]);
    expect(rollups.closed.get("1m")).toBe(DAY + 90 * MINUTE);

    now = DAY + 25 * HOUR;
    await rollups.run();
    await expectAll(1, samples);
    expect(await rollups.run()).toEqual({ fresh: 0, late: 0 });
  });

  it("have late samples, also where they change the window after theirs", async () => {
    const samples = counter(11, DAY + 100, 4 * 60 * 5);
    const isLate = ({ ms }: Sample, index: number): boolean => index % 9 === 3 || (ms > DAY + HOUR && ms < DAY + HOUR + 4 * MINUTE);
    await insert(1, samples.filter((sample, index) => !isLate(sample, index)));
    await insert(2, samples);
    const rollups = start("one");
    now = DAY + 26 * HOUR;
    await rollups.run();
    expect(await stored("1m", 1)).not.toEqual(rollUp(samples, MINUTE));
    await insert(1, samples.filter(isLate).toReversed());
    now += 5 * MINUTE;
    expect((await rollups.run())!.late).toBeGreaterThan(0);
    await expectAll(1, samples);
    await expectAll(2, samples);
  });

  it("keep the increase over a gap, and over a minute without a value", async () => {
    const samples = [0, 61_000, 62_000, 40 * MINUTE, 41 * MINUTE + 1].map((ms, index) => ({ ms: DAY + 1_000 + ms, value: [5, 9, 2, 30, 31][index]! }));
    await insert(1, samples);
    const rollups = start("one");
    for (const minutes of [3, 10, 44, 26 * 60]) {
      now = DAY + minutes * MINUTE + 120_000;
      await rollups.run();
    }
    await expectAll(1, samples);
    expect((await stored("1d", 1))[0]!.increase).toBe(4 + 2 + 28 + 1);
  });

  it("know a sample with the time of a window's end as the window's last", async () => {
    await insert(1, [{ ms: DAY + MINUTE, value: 1 }, { ms: DAY + MINUTE + 1, value: 2 }]);
    now = DAY + 10 * MINUTE;
    await start("one").run();
    expect((await stored("1m", 1)).map(({ end, last }) => [end - DAY, last])).toEqual([[MINUTE, 1], [2 * MINUTE, 2]]);
  });

  it("leave out markers of the end of a series, NaN as a least value, and a sample that came twice", async () => {
    await test.query(`INSERT INTO obs.samples (tenant, metric, series, timestamp, value, received, expires) SELECT 'acme', 'requests', 1, fromUnixTimestamp64Milli(${DAY} + ms), v, fromUnixTimestamp64Milli(${now}), today() + 10
      FROM values('ms Int64, v Float64', (1000, 4), (1000, 4), (2000, nan), (3000, 7), (61000, inf), (122000, 1e-310), (130000, -3)) UNION ALL SELECT 'acme', 'requests', 1, fromUnixTimestamp64Milli(${DAY} + 240000), ${STALE}, fromUnixTimestamp64Milli(${now}), today() + 10`);
    now = DAY + 25 * HOUR;
    await start("one").run();
    const rows = await test.query(`SELECT toUnixTimestamp(timestamp) * 1000 - ${DAY} AS end, toString(min) AS least, toString(max) AS most, toString(sum) AS total, count, ended, arrayMap(x -> round(x, 1), finalizeAggregation(sketch)) AS middle FROM obs.samples_1m FINAL ORDER BY timestamp`);
    expect(rows).toEqual([
      { end: "60000", least: "4", most: "7", total: "nan", count: 3, ended: 0, middle: [4] },
      { end: "120000", least: "inf", most: "inf", total: "inf", count: 1, ended: 0, middle: [null] },
      { end: "180000", least: "-3", most: "1e-310", total: "-3", count: 2, ended: 0, middle: [-3] },
      { end: "240000", least: "nan", most: "nan", total: "0", count: 0, ended: 1, middle: [null] },
    ]);
    expect(await test.query("SELECT count, ended, toString(first) AS one, toString(last) AS other FROM obs.samples_1d FINAL")).toEqual([{ count: 6, ended: 1, one: "4", other: "-3" }]);
  });

  it("are never made again of input that has begun to go", async () => {
    const samples = counter(5, DAY, 40);
    await insert(1, samples, "acme", "today() + 1");
    await insert(2, samples);
    now = DAY + 2 * HOUR;
    const rollups = start("one");
    await rollups.run();
    await test.query("ALTER TABLE obs.samples DELETE WHERE series = 2 SETTINGS mutations_sync = 2");
    const late = { ms: DAY + 100, value: 1_000 };
    await insert(1, [late]);
    await insert(2, [late]);
    now += 10 * MINUTE;
    expect((await rollups.run())!.late).toBeGreaterThan(0);
    expect(await stored("1m", 1)).toEqual(rollUp(samples, MINUTE));
    expect(await stored("1m", 2)).toEqual(rollUp(samples, MINUTE));
  });

  it("keep tenants with the same series apart", async () => {
    const [one, other] = [counter(3, DAY, 100), counter(4, DAY, 100)];
    await insert(1, one, "acme");
    await insert(1, other, "other");
    now = DAY + 25 * HOUR;
    await start("one").run();
    expect(await stored("1m", 1, "acme")).toEqual(rollUp(one, MINUTE));
    expect(await stored("1d", 1, "other")).toEqual(rollUp(other, 24 * HOUR));
  });

  it("are made by one backend of two, and by the other when the first is gone", async () => {
    const samples = counter(13, DAY, 1_000);
    await insert(1, samples);
    now = DAY + 3 * HOUR;
    const [first, second] = [start("first"), start("second")];
    const counts = await Promise.all([first.run(), second.run()]);
    expect(counts.filter((made) => made !== undefined)).toHaveLength(1);
    const idle = counts[0] === undefined ? first : second;
    expect(await idle.run()).toBeUndefined();
    now = DAY + 25 * HOUR;
    expect((await idle.run())!.fresh).toBeGreaterThan(0);
    await expectAll(1, samples);
  });

  it("are the same when two backends make them at once, and what the older of them writes last does not count", async () => {
    const samples = counter(17, DAY, 4 * 60 * 3);
    const [early, late] = [samples.filter((_, index) => index % 4 > 0), samples.filter((_, index) => index % 4 === 0)];
    await insert(1, early);
    now = DAY + 25 * HOUR;
    // One who never learns that his lease is over.
    const stale = start("stale", { leases: { hold: async () => ({ token: 1 }), release: async () => undefined }, maxRows: 200 });
    const rightful = start("rightful", { maxRows: 300 });
    await metadata.leases.hold({ name: "rollups", holder: "before", lifetimeMs: MINUTE });
    await metadata.leases.release({ name: "rollups", holder: "before" });
    expect(await Promise.all([stale.run(), rightful.run()])).not.toContain(undefined);
    await insert(1, late);
    now += 5 * MINUTE;
    await Promise.all([rightful.run(), stale.run()]);
    now += 5 * MINUTE;
    await rightful.run();
    await expectAll(1, samples);
  });

  it("are whole after the store was killed in the middle of a roll", async () => {
    const samples = counter(19, DAY, 4 * 60 * 4);
    await insert(1, samples);
    now = DAY + 25 * HOUR;
    const rollups = start("one", { maxRows: 50 });
    for (const rows of [20, 120]) {
      const pass = rollups.run().catch((error: Error) => error);
      await until("a part is rolled", async () => Number((await test.query("SELECT count() AS n FROM obs.samples_1m"))[0]!.n) > rows);
      const up = new Promise((resolve) => test.embedded.once("up", resolve));
      process.kill(test.embedded.pid!, "SIGKILL");
      expect(await pass).toBeInstanceOf(Error);
      await up;
    }
    await rollups.run();
    await expectAll(1, samples);
  });
});
