/** Exactly once from file to backend, with the real binary, whatever fails in between. */

import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AgentProcess, withScratch } from "./agent-process.ts";
import { BackendDouble, type Fault } from "./backend-double.ts";

const WAIT = { timeout: 20_000, interval: 20 };

let backend: BackendDouble;
beforeEach(async () => {
  backend = await BackendDouble.start();
});
afterEach(() => backend.close());

const numbered = (from: number, to: number): string => Array.from({ length: to - from }, (_, index) => `line ${from + index} of the test\n`).join("");

/** Numbers of the lines that are stored, in order. */
const storedNumbers = (): number[] => backend.messages.map((message) => Number(/^line (\d+) /.exec(message)![1])).sort((a, b) => a - b);

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe("delivery", () => {
  it("loses and repeats nothing over kill -9 while acknowledgements are held back and deliveries fail", { timeout: 60_000 }, () =>
    withScratch(async ({ path, configure }) => {
      await mkdir(path("logs"));
      const config = await configure(backend.url);
      const faults: Fault[] = [
        { kind: "late", ms: 150 },
        { kind: "refuse", status: 503, code: "store_unavailable" },
        { kind: "stored-then-reset" },
        { kind: "late", ms: 150 },
        { kind: "reset" },
        { kind: "refuse", status: 429, code: "rate_limited", retryAfterSeconds: 0 },
        { kind: "none" },
      ];
      let deliveries = 0;
      backend.fault = () => faults[deliveries++ % faults.length]!;
      let written = 0;
      const write = async (lines: number): Promise<void> => appendFile(path("logs", "app.log"), numbered(written, (written += lines)));
      for (let round = 0; round < 5; round++) {
        await write(2_000);
        const agent = new AgentProcess({ args: ["run", "--config", config] });
        const before = backend.received.length;
        await expect.poll(() => backend.received.length, WAIT).toBeGreaterThan(before);
        await write(500);
        await expect.poll(() => backend.received.length, WAIT).toBeGreaterThanOrEqual(before + 2);
        await agent.kill("SIGKILL");
      }
      const last = new AgentProcess({ args: ["run", "--config", config] });
      await write(100);
      await expect.poll(() => backend.messages.length, WAIT).toBeGreaterThanOrEqual(written);
      const { code } = await last.kill("SIGTERM");
      expect(code).toBe(0);
      expect(storedNumbers()).toEqual(upTo(written));
      expect(backend.received.some(({ attempt }) => attempt > 1)).toBe(true);
    }));

  it("corrects the times it makes by the skew of its clock, and says by how much", { timeout: 60_000 }, () =>
    withScratch(async ({ path, configure }) => {
      await mkdir(path("logs"));
      await writeFile(path("logs", "app.log"), "line 0 before any answer\n");
      backend.clockAheadMs = 3_600_000;
      const agent = new AgentProcess({ args: ["run", "--config", await configure(backend.url)] });
      await expect.poll(() => agent.stderr, WAIT).toContain("has started");
      const metrics = `${/admin=(\S+)/.exec(agent.stderr)![1]!}/metrics`;
      await expect.poll(async () => (await fetch(metrics)).text(), WAIT).toMatch(/^obs_agent_clock_skew_seconds -3(?:599|600)/m);
      await appendFile(path("logs", "app.log"), "line 1 without a time\n2026-01-02T03:04:05.000Z line 2 with one\n");
      await expect.poll(() => backend.messages.length, WAIT).toBe(3);
      await agent.kill("SIGTERM");
      const aheadMinutes = (backend.column("logs", "observed") as bigint[]).map((ns) => Math.round((Number(ns / 1_000_000n) - Date.now()) / 60_000) + 0);
      expect(aheadMinutes).toEqual([0, 60, 60]);
      const stamps = backend.column("logs", "timestamp") as bigint[];
      expect(Math.round((Number(stamps[1]! / 1_000_000n) - Date.now()) / 60_000)).toBe(60);
      expect(stamps[2]).toBe(BigInt(Date.UTC(2026, 0, 2, 3, 4, 5)) * 1_000_000n);
      const skews = (backend.column("logs", "attributes") as Record<string, string>[]).map((attributes) => attributes["obs.clock_skew_ms"]);
      expect(skews[0]).toBeUndefined();
      expect(Math.abs(Number(skews[1]) + 3_600_000)).toBeLessThan(2_000);
    }));

  it("dead-letters what will never be taken and goes on with the rest", () =>
    withScratch(async ({ path, configure }) => {
      await mkdir(path("logs"));
      await writeFile(path("logs", "app.log"), numbered(0, 10));
      let refused = 0;
      backend.fault = () => (refused++ === 0 ? { kind: "refuse", status: 400, code: "batch_malformed" } : { kind: "none" });
      const config = await configure(backend.url);
      const agent = new AgentProcess({ args: ["run", "--config", config] });
      await expect.poll(() => refused, WAIT).toBe(1);
      await appendFile(path("logs", "app.log"), numbered(10, 15));
      await expect.poll(() => backend.messages.length, WAIT).toBe(5);
      const status = new AgentProcess({ args: ["status", "--json", "--config", config] });
      const { stdout } = await status.ended;
      expect(JSON.parse(stdout)).toMatchObject({
        signals: { logs: { records: 15, stored: 5, deadLettered: 10, buffered: 0, gap: 0 } },
        buffer: { deadLetterBatches: 1, batches: 0 },
        lines: { lines: 15, blank: 0 },
      });
      const { stderr } = await agent.kill("SIGTERM");
      expect(stderr).toContain("batch_malformed");
      expect(stderr).not.toContain("obs_i_test");
    }));

  it("waits as long as Retry-After says, and keeps batches while the key is refused", () =>
    withScratch(async ({ path, configure }) => {
      await mkdir(path("logs"));
      await writeFile(path("logs", "app.log"), numbered(0, 10));
      const answers: Fault[] = [
        { kind: "refuse", status: 401, code: "unauthorized", retryAfterSeconds: 0 },
        { kind: "refuse", status: 429, code: "rate_limited", retryAfterSeconds: 1 },
      ];
      const times: number[] = [];
      backend.fault = () => (times.push(Date.now()), answers.shift() ?? { kind: "none" });
      const agent = new AgentProcess({ args: ["run", "--config", await configure(backend.url)] });
      await expect.poll(() => backend.messages.length, WAIT).toBe(10);
      expect(times[2]! - times[1]!).toBeGreaterThanOrEqual(1_000);
      expect(backend.received.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
      expect(backend.headers[0]).toMatchObject({ authorization: "Bearer obs_i_test", "content-encoding": "zstd", "x-obs-schema": "2" });
      const { stderr } = await agent.kill("SIGTERM");
      expect(stderr).toContain("is the API key right");
    }));

  it("goes on under a new agent id when its own belongs to another key, and keeps what it has", () =>
    withScratch(async ({ path, configure }) => {
      await mkdir(path("logs"));
      await writeFile(path("logs", "app.log"), numbered(0, 10));
      let taken: string | undefined;
      backend.fault = ({ key }) => {
        taken ??= key.slice(0, 16);
        return key.startsWith(taken) ? { kind: "refuse", status: 403, code: "forbidden", details: { reason: "agent_id_taken" }, retryAfterSeconds: 1 } : { kind: "none" };
      };
      const agent = new AgentProcess({ args: ["run", "--config", await configure(backend.url)] });
      await expect.poll(() => agent.stderr, WAIT).toContain("belongs to another API key");
      await appendFile(path("logs", "app.log"), numbered(10, 15));
      await expect.poll(() => storedNumbers(), WAIT).toEqual([10, 11, 12, 13, 14]);
      backend.fault = () => ({ kind: "none" });
      await expect.poll(() => storedNumbers(), WAIT).toEqual(upTo(15));
      await agent.kill("SIGTERM");
    }));

  it("sends its series again when the store asks for them, and asks again about batches of an earlier boot", () =>
    withScratch(async ({ path, configure }) => {
      await mkdir(path("logs"));
      const config = await configure(backend.url, { host_metrics: { interval: "1s" } });
      const agent = new AgentProcess({ args: ["run", "--config", config] });
      await expect.poll(() => backend.received.filter(({ stream }) => stream === "samples").length, WAIT).toBeGreaterThan(0);
      const series = backend.received.filter(({ stream }) => stream === "series").length;
      expect(series).toBeGreaterThan(0);
      backend.resend = ["series"];
      backend.storeBoot = "boot-2";
      await expect.poll(() => backend.received.some(({ attempt, stream }) => attempt === 2 && stream === "series"), WAIT).toBe(true);
      await expect.poll(() => new Set(backend.received.filter(({ stream }) => stream === "series").map(({ key }) => key)).size, WAIT).toBeGreaterThan(series);
      await agent.kill("SIGTERM");
    }));
});
