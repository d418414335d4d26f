/** The query cache over a real store: in memory, and in a real Redis that two backends share. */

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { createCachedStore, createResultCache } from "../src/cache/index.ts";
import { MemoryCache } from "../src/cache/memory-cache.ts";
import type { ResultCache } from "../src/core/result-cache.ts";
import { type Store, withRead } from "../src/core/store.ts";
import { param, sql, type Statement, TenantScope } from "../src/sql/sql.ts";
import { freePort } from "../src/store/embedded/listener.ts";
import { startTestStore, type TestStore } from "../src/testing.ts";
import { logRecord, storeLogs } from "./query-rows.ts";

const T0 = Date.UTC(2026, 10, 22, 10);
const acme = new TenantScope("acme");
const count = (scope = acme, least = 0): Statement => scope.statement(sql`SELECT count() AS n ${scope.from("logs")} AND (severity >= ${param.uint8(least)})`);

let test: TestStore;
/** The real store, and how often it was asked. */
let store: Store;
let asked = 0;
let now = T0;

beforeAll(async () => {
  test = await startTestStore();
  store = withRead(test.store, (statement, options) => {
    asked++;
    return test.store.read(statement, options);
  });
});
afterAll(() => test?.stop());
beforeEach(async () => {
  await test.query("TRUNCATE TABLE logs");
  await storeLogs(test.store, "acme", [logRecord({ timestamp: BigInt(T0) * 1_000_000n })]);
  [asked, now] = [0, T0];
});

const inMemory = (): ResultCache => new MemoryCache(1_000_000, () => now);
const addRow = (tenant = "acme") => storeLogs(test.store, tenant, [logRecord({ timestamp: BigInt(T0) * 1_000_000n })]);

describe("an answer", () => {
  it("is told again as long as a fiftieth of its range's age, and for a second at least", async () => {
    const { store: cached, counters } = createCachedStore(store, inMemory(), () => now);
    const ask = (upToMs: number) => cached.read(count(), { upToMs });
    expect(await ask(T0)).toEqual([{ n: "1" }]);
    await addRow();
    now = T0 + 999;
    expect(await ask(T0)).toEqual([{ n: "1" }]);
    now = T0 + 1_000;
    expect(await ask(T0)).toEqual([{ n: "2" }]);
    now = T0 + 600_000;
    expect(await ask(T0)).toEqual([{ n: "2" }]);
    await addRow();
    now += 11_999;
    expect(await ask(T0)).toEqual([{ n: "2" }]);
    now += 1;
    expect(await ask(T0)).toEqual([{ n: "3" }]);
    expect([asked, { ...counters }]).toEqual([4, { hits: 2, misses: 4, shared: 0 }]);
  });

  it("is never another tenant's, another value's or another setting's", async () => {
    const { store: cached } = createCachedStore(store, inMemory(), () => now);
    const globex = new TenantScope("globex");
    const options = { upToMs: T0 - 86_400_000 };
    expect(await cached.read(count(), options)).toEqual([{ n: "1" }]);
    expect(await cached.read(count(globex), options)).toEqual([{ n: "0" }]);
    expect(await cached.read(count(acme, 1), options)).toEqual([{ n: "0" }]);
    expect(await cached.read(count(), { ...options, settings: { output_format_json_quote_64bit_integers: 0 } })).toEqual([{ n: 1 }]);
    expect(asked).toBe(4);
  });

  it("is asked for each time when nothing says up to when it reaches", async () => {
    const { store: cached } = createCachedStore(store, inMemory(), () => now);
    await cached.read(count());
    await cached.read(count());
    expect(asked).toBe(2);
  });

  it("is read once for all who ask at the same time, and each may change its own", async () => {
    const { store: cached, counters } = createCachedStore(store, inMemory(), () => now);
    const answers = await Promise.all(Array.from({ length: 5 }, () => cached.read<{ n: string }>(count(), { upToMs: T0 })));
    answers[0]![0]!.n = "changed";
    expect(answers.slice(1)).toEqual(Array.from({ length: 4 }, () => [{ n: "1" }]));
    expect([asked, counters.shared]).toEqual([1, 4]);
  });

  it("goes on for the others when one of them leaves, and is ended when all have left", async () => {
    const answering = Promise.withResolvers<void>();
    const signals: AbortSignal[] = [];
    const held = withRead(store, async (statement, options) => {
      signals.push(options!.signal!);
      await answering.promise;
      return store.read(statement, options);
    });
    const { store: cached } = createCachedStore(held, inMemory(), () => now);
    const [first, second, third] = [new AbortController(), new AbortController(), new AbortController()];
    const left = cached.read(count(), { upToMs: T0, signal: first.signal });
    const stays = cached.read(count(), { upToMs: T0, signal: second.signal });
    const alone = cached.read(count(acme, 1), { upToMs: T0, signal: third.signal });
    await expect.poll(() => signals.length).toBe(2);
    first.abort(new Error("left"));
    await expect(left).rejects.toThrow("left");
    third.abort(new Error("left too"));
    await expect(alone).rejects.toThrow("left too");
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, true]);
    answering.resolve();
    expect(await stays).toEqual([{ n: "1" }]);
  });

  it("that failed is not kept", async () => {
    const { store: cached } = createCachedStore(store, inMemory(), () => now);
    const tooMuch = { upToMs: T0 - 86_400_000, settings: { max_rows_to_read: 1 } };
    await addRow();
    await expect(cached.read(count(acme, 1), tooMuch)).rejects.toMatchObject({ code: "query_failed" });
    await test.query("TRUNCATE TABLE logs");
    expect(await cached.read(count(acme, 1), tooMuch)).toEqual([{ n: "0" }]);
  });
});

describe("in memory", () => {
  it("the least recently used goes first, and the room is kept", async () => {
    const cache = new MemoryCache(1_000);
    for (const key of ["a", "b"]) await cache.set(key, "x".repeat(100), 60_000);
    await cache.get("a");
    await cache.set("c", "x".repeat(100), 60_000);
    expect([await cache.get("a"), await cache.get("b"), await cache.get("c")].map((text) => text?.length)).toEqual([100, undefined, 100]);
    await cache.set("d", "x".repeat(1_000), 60_000);
    expect([await cache.get("d"), cache.bytes]).toEqual([undefined, 800]);
    await cache.set("a", "y", 60_000);
    expect([await cache.get("a"), cache.bytes]).toEqual(["y", 602]);
  });
});

describe.skipIf(spawnSync("redis-server", ["--version"]).error)("in Redis", () => {
  it("is shared by backends, ends by its lifetime, and is no loss when it is away", { timeout: 30_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "obs-redis-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const port = await freePort();
    const start = () => {
      const redis = spawn("redis-server", ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder], { stdio: "ignore" });
      onTestFinished(() => void redis.kill("SIGKILL"));
      return redis;
    };
    const redis = start();
    const warnings: string[] = [];
    const log = { debug: () => undefined, info: () => undefined, warn: (message: string) => void warnings.push(message), error: () => undefined };
    const [one, other] = [0, 1].map(() => createResultCache({ url: `redis://127.0.0.1:${port}`, maxBytes: 0, log }));
    onTestFinished(async () => void (await Promise.all([one!.close(), other!.close()])));
    const [first, second] = [createCachedStore(store, one!), createCachedStore(store, other!)];
    const upToMs = Date.now() - 86_400_000;
    // The connection is made in the background.
    await expect.poll(async () => {
      await first.store.read(count(), { upToMs });
      return first.counters.hits;
    }, { timeout: 10_000 }).toBeGreaterThan(0);
    await expect.poll(async () => {
      await second.store.read(count(), { upToMs });
      return second.counters.hits;
    }, { timeout: 10_000 }).toBeGreaterThan(0);
    await one!.set("short", "[]", 30);
    await expect.poll(() => other!.get("short")).toBeUndefined();

    const gone = new Promise((resolve) => void redis.once("exit", resolve));
    redis.kill("SIGKILL");
    await gone;
    await addRow();
    expect(await first.store.read(count(), { upToMs })).toEqual([{ n: "2" }]);
    await expect.poll(() => warnings.some((text) => text.includes("the query cache is away")), { timeout: 10_000 }).toBe(true);
    start();
    await expect.poll(async () => {
      await one!.set("back", "[1]", 60_000);
      return other!.get("back");
    }, { timeout: 15_000 }).toBe("[1]");
  });
});
