/** `obs-agent buffer`: what it shows is what is there, it changes nothing, and a working agent does not mind. */

import { randomBytes } from "node:crypto";
import { appendFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AgentProcess, withScratch, type Scratch } from "./agent-process.ts";
import { BackendDouble } from "./backend-double.ts";

const WAIT = { timeout: 20_000, interval: 20 };

let backend: BackendDouble;
beforeEach(async () => {
  backend = await BackendDouble.start();
  backend.fault = () => ({ kind: "refuse", status: 503, code: "store_unavailable" });
});
afterEach(() => backend.close());

/** Random text does not compress: 300 lines of it lie in a segment. */
const lines = (count: number, bytes = 400): string[] => Array.from({ length: count }, (_, index) => `line ${index} ${randomBytes(bytes).toString("base64url")}`);

interface Listing {
  readonly batches: readonly Record<string, unknown>[];
  readonly totals: Record<"waiting" | "dead_letter", { batches: number; rows: number }>;
}

describe("obs-agent buffer", () => {
  const cases = [{ name: "in the clear", encrypted: false }, { name: "encrypted", encrypted: true }];

  it.each(cases)("lists, checks and dumps a buffer $name, beside the agent that works on it and after it", { timeout: 60_000 }, ({ encrypted }) =>
    withScratch(async (scratch: Scratch) => {
      const { path, configure } = scratch;
      await mkdir(path("logs"));
      await writeFile(path("key"), randomBytes(32).toString("hex"));
      const config = await configure(backend.url, { mask: { enabled: false }, ...(encrypted && { buffer: { key_file: path("key") } }) });
      const run = (...args: string[]) => new AgentProcess({ args: ["buffer", ...args, "--config", config] }).ended;
      const listed = async (): Promise<Listing> => JSON.parse((await run("ls", "--json")).stdout) as Listing;
      const written = [...lines(3, 10), ...lines(300)];
      const agent = new AgentProcess({ args: ["run", "--config", config] });
      await expect.poll(() => agent.stderr, WAIT).toContain("has started");
      await writeFile(path("logs", "app.log"), `${written.join("\n")}\n`);
      await expect.poll(async () => (await listed()).totals.waiting.rows, WAIT).toBe(written.length);

      const { batches } = await listed();
      expect(batches[0]).toMatchObject({ state: "waiting", stream: "logs", source: "file", ...(encrypted && { encrypted: true }) });
      expect(await run("fsck")).toMatchObject({ code: 0, stdout: expect.stringContaining("all whole") });
      const dumped = (await run("dump")).stdout.trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(dumped.map(({ message }) => message)).toEqual(written);
      expect(dumped[0]).toMatchObject({ stream: "logs", batch: batches[0]!.key, row: 0, attributes: { "log.file.path": path("logs", "app.log") } });
      const one = String(batches.at(-1)!.key);
      expect((await run("dump", one)).stdout.trimEnd().split("\n")).toHaveLength(Number(batches.at(-1)!.rows));
      expect((await run("ls", "ffff-nothing")).stdout).toContain("waiting: 0 batches");

      await agent.kill("SIGKILL");
      const before = await Promise.all((await readdir(path("data", "buffer"))).map((name) => readFile(path("data", "buffer", name))));
      expect(await run("ls")).toMatchObject({ code: 0, stdout: expect.stringContaining(one) });
      const after = await Promise.all((await readdir(path("data", "buffer"))).map((name) => readFile(path("data", "buffer", name))));
      expect(after.map((bytes) => bytes.length)).toEqual(before.map((bytes) => bytes.length));
      expect((await readdir(path("data"))).filter((name) => name.startsWith("inspection-"))).toEqual([]);

      const [segment] = await readdir(path("data", "segments"));
      const bytes = await readFile(path("data", "segments", segment!));
      bytes[1000]! ^= 0xff;
      await writeFile(path("data", "segments", segment!), bytes);
      const damaged = await run("fsck", "--json");
      expect(damaged.code).toBe(1);
      expect(JSON.parse(damaged.stdout)).toMatchObject({ findings: [{ what: "body", state: "waiting", message: "the body is damaged or gone" }] });
      expect((await run("dump")).code).toBe(1);
    }));

  it("says what the index has lost", { timeout: 60_000 }, () =>
    withScratch(async ({ path, configure }) => {
      await mkdir(path("logs"));
      await writeFile(path("logs", "app.log"), "");
      const config = await configure(backend.url);
      const agent = new AgentProcess({ args: ["run", "--config", config] });
      const run = (...args: string[]) => new AgentProcess({ args: ["buffer", ...args, "--config", config] }).ended;
      await expect.poll(() => agent.stderr, WAIT).toContain("has started");
      await appendFile(path("logs", "app.log"), `${lines(5).join("\n")}\n`);
      await expect.poll(async () => (JSON.parse((await run("ls", "--json")).stdout) as Listing).totals.waiting.rows, WAIT).toBe(5);
      await agent.kill("SIGKILL");
      for (const name of await readdir(path("data", "buffer"))) if (name.startsWith("MANIFEST")) await rm(path("data", "buffer", name));
      expect(await run("fsck")).toMatchObject({ code: 1, stdout: expect.stringContaining("does not open without a repair") });
    }));

  it("tells in one line what it cannot do", () =>
    withScratch(async ({ path, configure }) => {
      const config = await configure(backend.url);
      const run = (...args: string[]) => new AgentProcess({ args: ["buffer", ...args, "--config", config] }).ended;
      expect(await run("ls")).toMatchObject({ code: 1, stderr: expect.stringMatching(/^obs-agent: there is no buffer to read in [^\n]*\n$/) });
      expect(await run("eat")).toMatchObject({ code: 64, stderr: 'obs-agent: buffer takes ls, fsck or dump, not "eat" (obs-agent help)\n' });
      const missing = await configure(backend.url, { buffer: { key_file: path("none") } });
      expect(await new AgentProcess({ args: ["buffer", "ls", "--config", missing] }).ended).toMatchObject({ code: 78, stderr: expect.stringContaining("buffer.key_file: there is no such file") });
    }));
});
