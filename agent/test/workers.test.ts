/** `workers: 2` in the real binary: as exact as one thread, whatever ends it. */

import { readdirSync, readFileSync } from "node:fs";
import { appendFile, mkdir, rename } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AgentProcess, withScratch } from "./agent-process.ts";
import { BackendDouble, type Fault } from "./backend-double.ts";

const WAIT = { timeout: 40_000, interval: 20 };
const NAMES = ["a.log", "b.log", "c.log", "d.log"];

let backend: BackendDouble;
beforeEach(async () => {
  backend = await BackendDouble.start();
});
afterEach(() => backend.close());

const storedNumbers = (): number[] => backend.messages.map((message) => Number(/^line (\d+) /.exec(message)![1])).sort((a, b) => a - b);

/** Names of a process's threads, as the kernel has them. */
const threadsOf = (pid: number): string[] => readdirSync(`/proc/${pid}/task`).map((thread) => readFileSync(`/proc/${pid}/task/${thread}/comm`, "utf8").trim());

const metric = (text: string, name: string): number => Number(new RegExp(`^${name.replace(/[{}"]/g, "\\$&")} (\\S+)$`, "m").exec(text)?.[1]);

describe("workers", () => {
  it("lose and repeat nothing over kill -9, while files rotate and deliveries fail", { timeout: 120_000 }, () =>
    withScratch(async ({ path, configure }) => {
      await mkdir(path("logs"));
      const config = await configure(backend.url, { workers: 2, batch: { max_rows: 500, linger: "20ms" } });
      const faults: Fault[] = [{ kind: "late", ms: 50 }, { kind: "refuse", status: 503, code: "store_unavailable" }, { kind: "stored-then-reset" }, { kind: "none" }];
      let deliveries = 0;
      backend.fault = () => faults[deliveries++ % faults.length]!;
      let written = 0;
      /** Returns the first line of each file. */
      const write = async (lines: number): Promise<string[]> => {
        const firsts: string[] = [];
        for (const name of NAMES) {
          firsts.push(`line ${written} of ${name}`);
          const text = Array.from({ length: lines }, () => `line ${written++} of ${name}\n`).join("");
          await appendFile(path("logs", name), text);
        }
        return firsts;
      };
      await write(5);
      const first = new AgentProcess({ args: ["run", "--config", config] });
      await expect.poll(() => backend.messages.length, WAIT).toBe(written);
      await first.kill("SIGKILL");
      for (let round = 0; round < 5; round++) {
        const firsts = await write(1_500);
        const agent = new AgentProcess({ args: ["run", "--config", config] });
        const before = backend.received.length;
        // A file that is rotated away before any of it is durable is nobody's.
        await expect.poll(() => firsts.every((line) => backend.messages.includes(line)), WAIT).toBe(true);
        await write(300);
        for (const name of NAMES.slice(round % 2)) await rename(path("logs", name), path("logs", `${name}.${round}`));
        await write(300);
        await expect.poll(() => backend.received.length, WAIT).toBeGreaterThanOrEqual(before + 4);
        await agent.kill("SIGKILL");
      }
      backend.fault = () => ({ kind: "none" });
      const last = new AgentProcess({ args: ["run", "--config", config] });
      await write(20);
      await expect.poll(() => backend.messages.length, WAIT).toBeGreaterThanOrEqual(written);
      expect((await last.kill("SIGTERM")).code).toBe(0);
      expect(storedNumbers()).toEqual(Array.from({ length: written }, (_, line) => line));
    }));

  it("count every line, beside a source of the main thread, and end with the agent", { timeout: 60_000 }, () =>
    withScratch(async ({ path, configure }) => {
      await mkdir(path("logs"));
      const config = await configure(backend.url, { workers: 2, exec: [{ command: ["sh", "-c", "for i in 1 2 3; do echo told $i; sleep 0.1; done"], restart: "never" }] });
      for (const name of NAMES) await appendFile(path("logs", name), "one a@example.com\n\nError: two\n    at f (a.js:1:1)\n");
      const agent = new AgentProcess({ args: ["run", "--config", config] });
      await expect.poll(() => backend.messages.length, WAIT).toBe(4 * 2 + 3);
      expect(threadsOf(agent.pid).filter((name) => name === "obs-lines")).toHaveLength(2);
      const admin = /admin="?(http:\/\/[^\s"]+)/.exec(agent.stderr)?.[1];
      expect(admin).toBeDefined();
      const text = await (await fetch(`${admin}/metrics`)).text();
      expect(["obs_lines_total", "obs_lines_blank_total", "obs_lines_joined_total", 'obs_rows_total{outcome="masked_email"}', 'obs_conservation_gap{signal="logs"}'].map((name) => metric(text, name))).toEqual([4 * 4 + 3, 4, 4, 4, 0]);
      expect((await agent.kill("SIGTERM")).code).toBe(0);
    }));
});
