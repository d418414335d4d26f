/** Sources and transforms of the user's own, in the real binary; and the Redis stream plugin against a real Redis. */

import { spawn, type ChildProcess } from "node:child_process";
import { appendFile, chmod, mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { createClient } from "@redis/client";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { AgentProcess, withScratch, type Scratch } from "./agent-process.ts";
import { freePort } from "./free-port.ts";
import { BackendDouble } from "./backend-double.ts";

const WAIT = { timeout: 20_000, interval: 20 };
const REDIS_PLUGIN = fileURLToPath(new URL("../../plugins/redis-stream/src/index.ts", import.meta.url));

let backend: BackendDouble;
beforeEach(async () => {
  backend = await BackendDouble.start();
});
afterEach(() => backend.close());

/** Emits the numbers from its position on, ten at a time, as fast as they become durable. */
const COUNTER = `
export default {
  parseOptions: ({ until }) => {
    if (!Number.isInteger(until)) throw new Error("until: expected a whole number");
    return { until };
  },
  run: async ({ options: { until }, signal, position, emit }) => {
    for (let at = Number(position ?? 0); at < until && !signal.aborted; at += 10)
      await emit(Array.from({ length: 10 }, (_, index) => ({ message: "number " + (at + index) + " of bob@example.com", level: index === 0 ? "error" : "info" })), String(at + 10));
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  },
};
`;
const ONLY_ERRORS = "export default ({ min }: { min: number }) => (record: { severity: number }) => (record.severity >= min ? record : undefined);";

const write = async ({ path, folder }: Scratch, name: string, text: string): Promise<string> => {
  await chmod(folder, 0o755);
  await writeFile(path(name), text, { mode: 0o644 });
  return path(name);
};

const statusOf = async ({ path }: Scratch) => JSON.parse((await new AgentProcess({ args: ["status", "--json", "--config", path("config.yaml")] }).ended).stdout);

describe("a source of the user's own", () => {
  it("has every record stored once, over kill -9, and what its transform drops counted", { timeout: 60_000 }, () =>
    withScratch(async (scratch) => {
      const module = await write(scratch, "counter.mjs", COUNTER);
      const transform = await write(scratch, "errors.ts", ONLY_ERRORS);
      const plugins = [{ name: "numbers", module, options: { until: 3_000 }, transforms: [{ module: transform, options: { min: 17 } }] }];
      const config = await scratch.configure(backend.url, { plugins, batch: { linger: "5ms" } });
      for (let kill = 0; kill < 3; kill++) {
        const before = backend.messages.length;
        const agent = new AgentProcess({ args: ["run", "--config", config] });
        await expect.poll(() => backend.messages.length, WAIT).toBeGreaterThan(before + 10);
        await agent.kill("SIGKILL");
      }
      const agent = new AgentProcess({ args: ["run", "--config", config] });
      const expected = Array.from({ length: 300 }, (_, index) => `number ${index * 10} of [EMAIL]`);
      await expect.poll(() => backend.messages.toSorted(), WAIT).toEqual(expected.toSorted());
      expect(new Set(backend.column("logs", "service"))).toEqual(new Set(["numbers"]));
      const { signals } = await statusOf(scratch);
      expect(signals.logs).toMatchObject({ records: 3_000, dropped: { filtered: 2_700 }, gap: 0 });
      expect((await agent.kill("SIGTERM")).code).toBe(0);
    }));

  it("is refused with exit code 78 where its options or its module are wrong, all at once", () =>
    withScratch(async (scratch) => {
      const module = await write(scratch, "counter.mjs", COUNTER);
      const none = await write(scratch, "none.mjs", "export default 5;");
      const config = await scratch.configure(backend.url, {
        files: [{ include: ["/nowhere/*.log"], transforms: [{ module: none }] }],
        plugins: [{ name: "a", module, options: { until: "soon" } }, { name: "b", module: none }, { name: "c", module: "obs-plugin-that-is-nowhere" }],
      });
      const { code, stderr } = await new AgentProcess({ args: ["validate", "--config", config] }).ended;
      expect(code).toBe(78);
      for (const message of ["until: expected a whole number", "its default export must be a source", "npm install obs-plugin-that-is-nowhere", "its default export must be a function that takes the options"]) expect(stderr).toContain(message);
    }));
});

it("a group's transform changes and drops lines, is counted, and is taken up anew when its file changes", { timeout: 60_000 }, () =>
  withScratch(async (scratch) => {
    const { path, configure } = scratch;
    await mkdir(path("logs"));
    const transform = await write(scratch, "transform.ts", "export default () => (record: { message: string }) => (record.message.includes('noise') ? undefined : { ...record, message: record.message.toUpperCase() });");
    const config = await configure(backend.url, { files: [{ include: [path("logs", "*.log")], read_from: "beginning", transforms: [{ module: transform }] }], workers: 2 });
    await writeFile(path("logs", "a.log"), '{"msg":"one","level":"error"}\nnoise\ntwo\n');
    const agent = new AgentProcess({ args: ["run", "--config", config] });
    await expect.poll(() => backend.messages, WAIT).toEqual(["ONE", "TWO"]);
    expect(backend.column("logs", "severity")).toEqual([17, 0]);
    await writeFile(path("transform.ts"), "export default () => () => { throw new Error('is broken'); };");
    await expect.poll(() => agent.stderr, WAIT).toContain("was loaded anew");
    await appendFile(path("logs", "a.log"), "three\n");
    await expect.poll(() => backend.messages, WAIT).toEqual(["ONE", "TWO", "three"]);
    await expect.poll(() => agent.stderr, WAIT).toContain("is broken");
    const { lines, signals } = await statusOf(scratch);
    expect({ lines, logs: signals.logs }).toMatchObject({ lines: { lines: 4, blank: 0, joined: 0 }, logs: { records: 4, stored: 3, dropped: { filtered: 1 }, gap: 0 } });
    expect((await agent.kill("SIGTERM")).code).toBe(0);
  }));

const entries = (to: number): string[] => Array.from({ length: to }, (_, number) => `entry ${number}`).toSorted();

const startRedis = async (folder: string): Promise<{ url: string; redis: ChildProcess }> => {
  const port = await freePort();
  const redis = spawn("redis-server", ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder], { stdio: "ignore" });
  onTestFinished(() => void redis.kill("SIGKILL"));
  return { url: `redis://127.0.0.1:${port}`, redis };
};

it("Redis streams are shipped, each entry once, over kill -9 of the agent and a Redis that is away", { timeout: 60_000 }, () =>
  withScratch(async (scratch) => {
    const { url, redis } = await startRedis(scratch.folder);
    const client = createClient({ url });
    client.on("error", () => {});
    onTestFinished(() => client.destroy());
    await client.connect();
    const add = async (from: number, to: number): Promise<void> => {
      for (let number = from; number < to; number++) await client.xAdd(number % 2 === 0 ? "orders" : "payments", "*", { message: `entry ${number}`, level: "warn", shop: "berlin" });
    };
    await add(0, 500);
    const config = await scratch.configure(backend.url, { plugins: [{ name: "shop", module: REDIS_PLUGIN, options: { url, streams: ["orders", "payments"], count: 7 } }], batch: { linger: "5ms" } });
    const first = new AgentProcess({ args: ["run", "--config", config] });
    await expect.poll(() => backend.messages.length, WAIT).toBeGreaterThan(50);
    await first.kill("SIGKILL");
    await add(500, 600);
    const second = new AgentProcess({ args: ["run", "--config", config] });
    await expect.poll(() => backend.messages.toSorted(), WAIT).toEqual(entries(600));
    expect(backend.column("logs", "attributes")[0]).toMatchObject({ shop: "berlin", "redis.stream": expect.stringMatching(/orders|payments/), "redis.stream.entry_id": expect.stringMatching(/^\d+-\d+$/) });
    redis.kill("SIGKILL");
    await expect.poll(() => second.stderr, WAIT).toContain("the plugin has failed, it is run again");
    expect((await second.kill("SIGTERM")).code).toBe(0);
  }));
