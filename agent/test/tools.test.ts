/** The commands that look at a running agent, with the real binary. */

import { execFileSync } from "node:child_process";
import { appendFile, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FieldReport } from "../src/core/field-census.ts";
import { AgentProcess, withScratch, type Scratch } from "./agent-process.ts";
import { BackendDouble } from "./backend-double.ts";

const WAIT = { timeout: 20_000, interval: 20 };
const SECRETS = { OBS_API_KEY: "obs_i_very-secret-0001", OTHER_SECRET: "environment-secret-0002" };

let backend: BackendDouble;
beforeEach(async () => {
  backend = await BackendDouble.start();
});
afterEach(() => backend.close());

const run = (...args: string[]) => new AgentProcess({ args }).ended;

const startAgent = async ({ path, configure }: Scratch, more: Record<string, unknown> = {}): Promise<{ agent: AgentProcess; config: string }> => {
  await mkdir(path("logs"), { recursive: true });
  const config = await configure(backend.url, more);
  const agent = new AgentProcess({ args: ["run", "--config", config], env: SECRETS });
  await expect.poll(() => agent.stderr, WAIT).toContain("has started");
  return { agent, config };
};

describe("fields", () => {
  it("tells what the logs have, masked, also those that worker threads made", () =>
    withScratch(async (scratch) => {
      const { config } = await startAgent(scratch, { workers: 2 });
      const lines = Array.from({ length: 5 }, (_, index) => JSON.stringify({ service: "shop", message: "m", user: "bob@example.com", order: index }));
      await writeFile(scratch.path("logs", "app.log"), `${lines.join("\n")}\n`);
      await expect.poll(() => backend.messages.length, WAIT).toBe(5);
      const json = await run("fields", "--config", config, "--json");
      const { services } = JSON.parse(json.stdout) as FieldReport;
      expect(services).toMatchObject([{ service: "shop", sampledRows: 5 }]);
      expect(services[0]!.fields.map(({ name, share, types, example }) => [name, share, types, example])).toEqual([
        ["log.file.path", 1, { string: 5 }, scratch.path("logs", "app.log")],
        ["order", 1, { integer: 5 }, "0"],
        ["user", 1, { string: 5 }, "[EMAIL]"],
      ]);
      const { stdout } = await run("fields", "--config", config, "--service", "shop");
      expect(stdout).toMatch(/^shop: 5 rows looked at\n {2}log\.file\.path {2}100 % {2}string/);
      expect(stdout).toContain("[EMAIL]");
      expect((await run("fields", "--config", config, "--service", "nobody")).stdout).toBe("No logs of nobody have been seen since the agent started.\n");
    }));
});

describe("tap", () => {
  it("shows masked records that fit, and ends at its limit", () =>
    withScratch(async (scratch) => {
      const { config } = await startAgent(scratch);
      const tap = new AgentProcess({ args: ["tap", "--config", config, "--json", "--limit", "2", "--filter", "message~keep", "--filter", "severity>=warn", "--filter", "log.file.path~app.log"] });
      const text = new AgentProcess({ args: ["tap", "--config", config, "--filter", "message~keep", "--limit", "1"] });
      let round = 0;
      const seen = { enough: false };
      // Whoever taps sees what comes from then on: lines are written until both have seen enough.
      const ended = Promise.all([tap.ended, text.ended]);
      void ended.then(() => (seen.enough = true));
      while (!seen.enough) {
        const lines = [`keep ${round} of a@example.com`, "other"].flatMap((message) => ["info", "error"].map((level) => JSON.stringify({ level, message, user: "u1" })));
        await appendFile(scratch.path("logs", "app.log"), `${lines.join("\n")}\n`);
        await expect.poll(() => seen.enough || backend.messages.length >= 4 * (round + 1), WAIT).toBe(true);
        round += 1;
      }
      const [json, plain] = await ended;
      expect(json.code).toBe(0);
      const records = json.stdout.trim().split("\n").map((line) => JSON.parse(line));
      expect(records).toHaveLength(2);
      for (const record of records) expect(record).toMatchObject({ severity: 17, message: expect.stringMatching(/^keep \d+ of \[EMAIL\]$/), attributes: { user: "u1" }, timestamp: expect.stringMatching(/^\d{4}-.*\.\d{9}Z$/) });
      expect(plain.stdout).toMatch(/ (INFO|ERROR) +app@\S+ keep \d+ of \[EMAIL\] .*user="u1"/);
    }));

  it("shows samples and series too, and says how a filter is written", () =>
    withScratch(async (scratch) => {
      const { config } = await startAgent(scratch, { host_metrics: { enabled: true, interval: "1s" } });
      const samples = new AgentProcess({ args: ["tap", "--config", config, "--stream", "samples", "--json", "--limit", "1", "--rate", "1"] });
      expect(JSON.parse((await samples.ended).stdout)).toMatchObject({ metric: expect.any(String), value: expect.any(Number) });
      expect(await run("tap", "--config", config, "--filter", "nonsense")).toMatchObject({ code: 64, stderr: expect.stringContaining("FIELD=TEXT") });
    }));
});

describe("top", () => {
  it("shows one interval as text and as JSON", () =>
    withScratch(async (scratch) => {
      const { config } = await startAgent(scratch);
      await writeFile(scratch.path("logs", "app.log"), "one\ntwo\n");
      await expect.poll(() => backend.messages.length, WAIT).toBe(2);
      const json = await run("top", "--once", "--json", "--interval", "0.2", "--config", config);
      expect(JSON.parse(json.stdout)).toMatchObject({ lines: { total: 2 }, signals: { logs: { stored: { total: 2 }, gap: 0 } }, sources: { "file.bytes_read": { total: 8 } }, backend: { up: true } });
      expect((await run("top", "--once", "--interval", "0.2", "--config", config)).stdout).toMatch(/lines read +2 +0\/s/);
    }));
});

describe("support-bundle", () => {
  it("holds what support needs, and no secret", () =>
    withScratch(async (scratch) => {
      const { path } = scratch;
      await writeFile(path("key"), "obs_i_key-of-the-file-0003\n");
      const { config } = await startAgent(scratch, { api_key: undefined, api_key_file: path("key"), endpoint: backend.url.replace("//", "//user:url-secret-0004@") });
      await writeFile(config, `${await readFile(config, "utf8")}\n# a comment with comment-secret-0005\n`);
      await writeFile(path("logs", "app.log"), "a line of data\n");
      await expect.poll(() => backend.messages.length, WAIT).toBe(1);
      const bundle = path("bundle.tar.gz");
      const ended = await new AgentProcess({ args: ["support-bundle", "--config", config, "--output", bundle], env: SECRETS }).ended;
      expect(ended).toMatchObject({ code: 0, stdout: `${bundle}\n` });
      expect((await stat(bundle)).mode & 0o777).toBe(0o600);
      await mkdir(path("out"));
      execFileSync("tar", ["-xzf", bundle, "-C", path("out")]);
      const folder = path("out", "obs-agent-support");
      expect((await readdir(folder)).sort()).toEqual(["README.txt", "config", "config-errors.txt", "data-folder.txt", "environment.txt", "log.txt", "metrics.txt", "status.json", "versions.json"]);
      const all = execFileSync("tar", ["-xzOf", bundle]).toString();
      for (const secret of [...Object.values(SECRETS), "obs_i_key-of-the-file-0003", "url-secret-0004", "comment-secret-0005", "a line of data"]) expect(all).not.toContain(secret);
      expect(all).toContain("obs_conservation_gap");
      expect(all).toContain("has started");
      expect(JSON.parse(await readFile(`${folder}/status.json`, "utf8"))).toMatchObject({ signals: { logs: { stored: 1 } } });
      expect(await readFile(`${folder}/config/1-config.yaml`, "utf8")).toContain("read_from: beginning");
    }));

  it("works without an agent and with a configuration that has errors", () =>
    withScratch(async ({ path }) => {
      await writeFile(path("bad.yaml"), `api_key: obs_i_bad-config-0006\ndata_dir: ${path("data")}\nendpont: x\n`);
      const { code } = await run("support-bundle", "--config", path("bad.yaml"), "--output", path("b.tar.gz"));
      expect(code).toBe(0);
      const all = execFileSync("tar", ["-xzOf", path("b.tar.gz")]).toString();
      expect(all).toContain("did you mean endpoint?");
      expect(all).toContain("no agent runs on the data folder");
      expect(all).not.toContain("obs_i_bad-config-0006");
    }));
});
