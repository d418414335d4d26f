/** Hot reload of the real binary: no line lost, none twice, and a bad configuration changes nothing. */

import { closeSync, openSync, writeSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AgentProcess, withScratch, type Scratch } from "./agent-process.ts";
import { BackendDouble } from "./backend-double.ts";

const WAIT = { timeout: 30_000, interval: 20 };

let backend: BackendDouble;
beforeEach(async () => {
  backend = await BackendDouble.start();
});
afterEach(() => backend.close());

/** Appends numbered lines to several files, a few at a time, until it is stopped; now and then it rotates one. */
class Writer {
  readonly #paths: readonly string[];
  readonly #descriptors: number[];
  readonly #timer: NodeJS.Timeout;
  #rotations = 0;
  written = 0;

  constructor(paths: readonly string[]) {
    this.#paths = paths;
    this.#descriptors = paths.map((path) => openSync(path, "a"));
    this.#timer = setInterval(() => this.#write(), 2);
  }

  #write(): void {
    for (let line = 0; line < 7; line++) writeSync(this.#descriptors[this.written % this.#paths.length]!, `line ${this.written++}\n`);
  }

  async rotate(file: number): Promise<void> {
    await rename(this.#paths[file]!, `${this.#paths[file]!}.${++this.#rotations}`);
    closeSync(this.#descriptors[file]!);
    this.#descriptors[file] = openSync(this.#paths[file]!, "a");
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#descriptors.forEach(closeSync);
  }
}

const startAgent = async (config: string): Promise<AgentProcess> => {
  const agent = new AgentProcess({ args: ["run", "--config", config] });
  await expect.poll(() => agent.stderr, WAIT).toContain("has started");
  return agent;
};

const times = (text: string, part: string): number => text.split(part).length - 1;

/** SIGHUP, and its outcome in the agent's log. */
const reload = async (agent: AgentProcess, outcome: string): Promise<void> => {
  const before = times(agent.stderr, outcome);
  process.kill(agent.pid, "SIGHUP");
  await expect.poll(() => times(agent.stderr, outcome), WAIT).toBeGreaterThan(before);
};

const expectEveryLineOnce = async (written: number): Promise<void> => {
  await expect.poll(() => backend.messages.length, WAIT).toBeGreaterThanOrEqual(written);
  const numbers = backend.messages.map((message) => Number(message.split(" ")[1]));
  const seen = new Set(numbers);
  const missing = Array.from({ length: written }, (_, line) => line).filter((line) => !seen.has(line));
  const repeated = numbers.filter((line, index) => numbers.indexOf(line) !== index);
  expect({ missing: missing.length, repeated: repeated.slice(0, 50).join(" ") }).toEqual({ missing: 0, repeated: "" });
};

const secondOutput = (endpoint: string) => ({ outputs: [{ name: "second", endpoint, api_key: "obs_i_second" }] });

const groups = ({ path }: Scratch, ...more: readonly Record<string, unknown>[]) => more.map((group) => ({ read_from: "beginning", ...group, include: (group.include as string[]).map((name) => path("logs", name)) }));

describe("reload", () => {
  it("changes every part of a running agent under a writer, and loses and repeats no line", { timeout: 120_000 }, () =>
    withScratch(async (scratch) => {
      const { path, configure } = scratch;
      await mkdir(path("logs"));
      const agent = await startAgent(await configure(backend.url, { files: groups(scratch, { include: ["*.log"] }) }));
      const writer = new Writer(["a.log", "b.log", "c.log"].map((name) => path("logs", name)));
      const steps: Record<string, unknown>[] = [
        { files: groups(scratch, { include: ["*.log"], service: "renamed" }) },
        { files: groups(scratch, { include: ["*.log"] }), batch: { max_rows: 50, linger: "20ms" } },
        { files: groups(scratch, { include: ["*.log"] }), workers: 2 },
        { files: groups(scratch, { include: ["*.log"] }), workers: 3, mask: { detectors: ["email"] } },
        { files: groups(scratch, { include: ["a.log"], read_from: "end" }, { include: ["b.log", "c.log"], service: "two", read_from: "end" }) },
        { files: groups(scratch, { include: ["*.log"] }), mask: { enabled: false }, send: { max_in_flight: 1, retry_first: "50ms", retry_longest: "200ms" } },
        { files: groups(scratch, { include: ["*.log"] }), admin: { enabled: false }, environment: "production" },
        { files: groups(scratch, { include: ["*.log"] }), buffer: { max_size: "64MB" } },
      ];
      for (const [index, step] of steps.entries()) {
        const before = backend.messages.length;
        await expect.poll(() => backend.messages.length, WAIT).toBeGreaterThan(before + 500);
        if (index % 2 === 1) await writer.rotate(index % 3);
        await configure(backend.url, step);
        await reload(agent, "the configuration was loaded anew");
      }
      writer.stop();
      await expectEveryLineOnce(writer.written);
      expect(new Set(backend.column("logs", "service"))).toContain("renamed");
      expect(new Set(backend.column("logs", "environment"))).toEqual(new Set(["", "production"]));
      expect((await agent.kill("SIGTERM")).code).toBe(0);
    }));

  it("refuses a bad configuration whole and goes on with the old one; a changed file is noticed without a signal", { timeout: 60_000 }, () =>
    withScratch(async (scratch) => {
      const { path, configure } = scratch;
      await mkdir(path("logs"));
      const config = await configure(backend.url);
      const agent = await startAgent(config);
      const writer = new Writer([path("logs", "a.log")]);
      const good = await readFile(config, "utf8");
      await writeFile(config, good.replace('"endpoint"', '"endpont"').replace("beginning", "the start"));
      await reload(agent, "the new configuration is refused");
      expect(agent.stderr).toContain("did you mean endpoint?");
      expect(agent.stderr).toContain('found \\"the start\\"');
      const before = backend.messages.length;
      await expect.poll(() => backend.messages.length, WAIT).toBeGreaterThan(before);
      await configure(backend.url, { environment: "staging" });
      await expect.poll(() => agent.stderr, WAIT).toContain("the configuration was loaded anew why=a changed file");
      await reload(agent, "the configuration has not changed");
      writer.stop();
      await expectEveryLineOnce(writer.written);
      expect(backend.column("logs", "environment")).toContain("staging");
      expect((await agent.kill("SIGTERM")).code).toBe(0);
    }));

  it("leaves sources alone that did not change", () =>
    withScratch(async (scratch) => {
      const { path, configure } = scratch;
      await mkdir(path("logs"));
      const one = { include: ["a.log"] };
      const agent = await startAgent(await configure(backend.url, { files: groups(scratch, one) }));
      await configure(backend.url, { files: groups(scratch, one, { include: ["b.log"] }) });
      await reload(agent, 'sources={"kept":1,"stopped":0,"started":1}');
      await configure(backend.url, { files: groups(scratch, { include: ["b.log"] }) });
      await reload(agent, 'sources={"kept":1,"stopped":1,"started":0}');
      expect((await agent.kill("SIGTERM")).code).toBe(0);
    }));

  it("hands what the old sender held to the new one, at another address", { timeout: 60_000 }, () =>
    withScratch(async (scratch) => {
      const { path, configure } = scratch;
      await mkdir(path("logs"));
      const absent = "http://127.0.0.1:1";
      const agent = await startAgent(await configure(absent));
      await writeFile(path("logs", "a.log"), Array.from({ length: 500 }, (_, line) => `line ${line}\n`).join(""));
      await expect.poll(() => agent.stderr, WAIT).toContain("the backend does not take batches");
      await configure(backend.url);
      await reload(agent, "the configuration was loaded anew");
      await expectEveryLineOnce(500);
      const { buffer, signals } = JSON.parse((await new AgentProcess({ args: ["status", "--json", "--config", path("config.yaml")] }).ended).stdout);
      expect({ waiting: buffer.batches, gap: signals.logs.gap }).toEqual({ waiting: 0, gap: 0 });
      expect((await agent.kill("SIGTERM")).code).toBe(0);
    }));

  it("takes a second backend in and lets it go, and each has every line once that came meanwhile", { timeout: 60_000 }, () =>
    withScratch(async (scratch) => {
      const { path, configure } = scratch;
      await mkdir(path("logs"));
      const second = await BackendDouble.start();
      const agent = await startAgent(await configure(backend.url));
      const writer = new Writer([path("logs", "a.log")]);
      await expect.poll(() => backend.messages.length, WAIT).toBeGreaterThan(100);
      await configure(backend.url, secondOutput("http://127.0.0.1:1"));
      await reload(agent, "the configuration was loaded anew, with another buffer");
      await expect.poll(() => agent.stderr, WAIT).toContain("output=second");
      // It was away: what waited for it goes to its new address, and the first one did not notice.
      const before = backend.messages.length;
      await expect.poll(() => backend.messages.length, WAIT).toBeGreaterThan(before + 500);
      await configure(backend.url, secondOutput(second.url));
      await reload(agent, "the configuration was loaded anew why");
      await expect.poll(() => second.messages.length, WAIT).toBeGreaterThan(500);
      const { outputs } = JSON.parse((await new AgentProcess({ args: ["status", "--json", "--config", path("config.yaml")] }).ended).stdout);
      expect(outputs).toMatchObject([{ name: "second", backend: { endpoint: second.url, up: true }, signals: { logs: { gap: 0 } } }]);
      writer.stop();
      await expectEveryLineOnce(writer.written);
      const numbers = (): number[] => second.messages.map((message) => Number(message.split(" ")[1])).sort((one, other) => one - other);
      await expect.poll(() => numbers().at(-1), WAIT).toBe(writer.written - 1);
      expect(numbers()).toEqual(Array.from({ length: numbers().length }, (_, line) => writer.written - numbers().length + line));
      await configure(backend.url);
      await reload(agent, "the configuration was loaded anew, with another buffer");
      expect((await agent.kill("SIGTERM")).code).toBe(0);
      await second.close();
    }));

  it("keeps the old configuration when the new one cannot be used", () =>
    withScratch(async (scratch) => {
      const { path, configure } = scratch;
      await mkdir(path("logs"));
      await writeFile(path("no-folder"), "");
      const agent = await startAgent(await configure(backend.url));
      await configure(backend.url, { data_dir: path("no-folder", "data") });
      await reload(agent, "cannot be used: the old one goes on");
      await writeFile(path("logs", "a.log"), "line 0\n");
      await expectEveryLineOnce(1);
      expect((await agent.kill("SIGTERM")).code).toBe(0);
    }));
});
