import { fileURLToPath } from "node:url";
import type { StatsFs } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import type { Clock } from "../../core/clock.ts";
import type { MetricShard, Scrape, Source } from "../../core/contracts.ts";
import { createLog } from "../../core/log.ts";
import { createHostMetricsSource, hostMetricsSourceSchema, type HostMetricsSourceDeps, type HostMetricsSourceOptions } from "./index.ts";

const DEADLINE_MS = 5_000;

/** Time that stands still until it is told to go on. */
class HandClock implements Clock {
  #nowMs: number;
  readonly #timers = new Set<{ atMs: number; callback: () => void }>();

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  nowMs = (): number => this.#nowMs;
  nowNs = (): bigint => BigInt(this.#nowMs) * 1_000_000n;

  after = (ms: number, callback: () => void): (() => void) => {
    const timer = { atMs: this.#nowMs + ms, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  get waiting(): number {
    return this.#timers.size;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    for (const timer of this.#timers) {
      if (timer.atMs > this.#nowMs) continue;
      this.#timers.delete(timer);
      timer.callback();
    }
  }
}

const until = async (check: () => boolean): Promise<void> => {
  const deadline = Date.now() + DEADLINE_MS;
  while (!check()) {
    if (Date.now() > deadline) throw new Error(`not within ${DEADLINE_MS} ms`);
    await new Promise((resolve) => setImmediate(resolve));
  }
};

const testdata = (name: string): string => fileURLToPath(new URL(`testdata/vm/${name}`, import.meta.url));
const VM = { proc: testdata("proc"), sys: testdata("sys") };
const STATS = { bsize: 4096, blocks: 1000, bfree: 400, bavail: 350, files: 100, ffree: 40 } as StatsFs;

const filesystems = ({ observations }: Scrape): Set<string | undefined> =>
  new Set(observations.filter(({ metric }) => metric === "system.filesystem.usage").map(({ labels }) => labels["mountpoint"]));

describe("host metrics source", () => {
  const clock = new HandClock(1_700_000_003_500);
  let source: Source | undefined;
  afterEach(() => source?.stop());

  const run = async (deps: Partial<HostMetricsSourceDeps> = {}, observe?: MetricShard["observe"], options: Partial<HostMetricsSourceOptions> = {}): Promise<{ scrapes: Scrape[]; warnings: string[] }> => {
    const scrapes: Scrape[] = [];
    const warnings: string[] = [];
    const shard: MetricShard = { ready: async () => {}, observe: observe ?? (async (taken) => void scrapes.push(...taken)) };
    const log = createLog({ level: "info", format: "text", write: (line) => warnings.push(line) });
    source = createHostMetricsSource({ ...hostMetricsSourceSchema.parse({}), ...options }, shard, { clock, log, host: "web-01", folders: VM, statfs: async () => STATS, ...deps });
    await source.start();
    await until(() => clock.waiting > 0);
    return { scrapes, warnings };
  };

  const nextScrape = async (scrapes: Scrape[]): Promise<Scrape> => {
    const { length } = scrapes;
    clock.advance(10_000);
    await until(() => scrapes.length > length && clock.waiting > 0);
    return scrapes.at(-1)!;
  };

  it("reads at multiples of the interval", async () => {
    const { scrapes } = await run();
    const times = [await nextScrape(scrapes), await nextScrape(scrapes)].map(({ timestampMs }) => timestampMs);
    expect(times.map((time) => time % 10_000)).toEqual([0, 0]);
    expect(times[1]! - times[0]!).toBe(10_000);
  });

  it("labels every observation with host and service", async () => {
    const { scrapes } = await run();
    const { observations } = await nextScrape(scrapes);
    expect(observations.length).toBeGreaterThan(20);
    for (const { labels } of observations) expect(labels).toMatchObject({ host: "web-01", service: "host" });
    expect(observations.find(({ metric }) => metric === "system.disk.io")).toEqual({
      metric: "system.disk.io",
      kind: "counter",
      unit: "By",
      help: "Bytes read from and written to a disk.",
      labels: { device: "vda", direction: "read", host: "web-01", service: "host" },
      value: 11884130 * 512,
    });
  });

  it("makes do with what a container shows", async () => {
    const { scrapes } = await run({ folders: { proc: testdata("nowhere"), sys: testdata("nowhere") } });
    clock.advance(10_000);
    await until(() => clock.waiting > 0);
    expect(scrapes).toEqual([]);
  });

  it("is not held up by a filesystem that hangs, and asks it again only after it has answered", async () => {
    let asked = 0;
    let answer: ((stats: StatsFs) => void) | undefined;
    const statfs = (path: string): Promise<StatsFs> => {
      if (path !== "/mnt/nfs") return Promise.resolve(STATS);
      asked++;
      return new Promise((resolve) => (answer = resolve));
    };
    const scrapes: Scrape[] = [];
    const observe = async (taken: readonly Scrape[]): Promise<void> => void scrapes.push(...taken);
    const started = run({ statfs }, observe);
    await until(() => asked === 1 && clock.waiting > 0);
    clock.advance(2_000);
    await started;
    expect(filesystems(await nextScrape(scrapes))).toEqual(new Set(["/", "/mnt/my disk"]));
    expect(asked).toBe(1);
    answer?.(STATS);
    clock.advance(10_000);
    await until(() => asked === 2);
    answer?.(STATS);
    await until(() => scrapes.length === 2);
    expect(filesystems(scrapes[1]!)).toEqual(new Set(["/", "/mnt/my disk", "/mnt/nfs"]));
  });

  it("loses one reading, not the source, when the shard refuses it", async () => {
    let refused = 0;
    const { warnings } = await run({}, async () => {
      refused++;
      throw new Error("the disk is full");
    });
    for (const round of [1, 2]) {
      clock.advance(10_000);
      await until(() => refused === round && clock.waiting > 0);
    }
    expect(warnings.join("")).toContain("the disk is full");
  });

  it("stops while the shard pushes back", async () => {
    let waiting = false;
    await run({}, () => new Promise(() => (waiting = true)));
    clock.advance(10_000);
    await until(() => waiting);
    await expect(source!.stop()).resolves.toBeUndefined();
  });
});
