/** The binary as a person meets it: commands, exit codes, one clear line for each mistake. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AgentProcess, withScratch } from "./agent-process.ts";
import { BackendDouble } from "./backend-double.ts";

const WAIT = { timeout: 20_000, interval: 20 };

let backend: BackendDouble;
beforeEach(async () => {
  backend = await BackendDouble.start();
});
afterEach(() => backend.close());

const run = (...args: string[]) => new AgentProcess({ args }).ended;

describe("obs-agent", () => {
  it("answers help and version, and names what it does not understand", async () => {
    expect(await run("help")).toMatchObject({ code: 0, stdout: expect.stringContaining("obs-agent validate") });
    expect(await run("--version")).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    expect(await run("frob")).toMatchObject({ code: 64, stderr: 'obs-agent: there is no command "frob" (obs-agent help)\n' });
    expect(await run("run", "--colour")).toMatchObject({ code: 64, stderr: expect.stringMatching(/^obs-agent: .*--colour.*\n$/s) });
  });

  it("lists every error of a configuration with its line, and exits with 78", () =>
    withScratch(async ({ path }) => {
      await writeFile(path("bad.yaml"), "endpont: x\napi_key: k\nbatch:\n  linger: 300\nhost: ${NOT_SET_ANYWHERE}\n");
      const { code, stderr } = await run("validate", "--config", path("bad.yaml"));
      expect(code).toBe(78);
      expect(stderr).toContain(`${path("bad.yaml")}:1: endpont: unknown option: did you mean endpoint?`);
      expect(stderr).toContain(`${path("bad.yaml")}:4: batch.linger: expected a duration such as 300ms, 10s or 1h`);
      expect(stderr).toContain(`${path("bad.yaml")}:5: the environment variable NOT_SET_ANYWHERE is not set`);
      expect((await run("run", "--config", path("bad.yaml"))).code).toBe(78);
      expect(JSON.parse((await run("validate", "--json", "--config", path("bad.yaml"))).stdout)).toMatchObject({ valid: false, errors: [{}, {}, {}] });
    }));

  it("says what is missing when there is neither configuration nor a local backend", async () => {
    const { code, stderr } = await new AgentProcess({ args: ["run"], env: { OBS_AGENT_DATA_DIR: "/nowhere" } }).ended;
    expect(code).toBe(78);
    expect(stderr).toContain("no backend is named");
  });

  it("ships standard input, and finds the local backend in local.json", () =>
    withScratch(async ({ path }) => {
      await writeFile(path("local.json"), JSON.stringify({ endpoint: backend.url, apiKey: "obs_i_local" }), { mode: 0o600 });
      const env = { OBS_LOCAL_FILE: path("local.json"), OBS_AGENT_DATA_DIR: path("data"), OBS_SERVICE: "greeter" };
      const { code, stderr } = await new AgentProcess({ env, input: "hello\n\nworld" }).ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: `shipped 2 lines to ${backend.url}\n` });
      expect(backend.messages).toEqual(["hello", "world"]);
      expect(backend.column("logs", "service")).toEqual(["greeter", "greeter"]);
      expect(backend.headers[0]!.authorization).toBe("Bearer obs_i_local");
      expect(await readdir(path("data", "stdin"))).toEqual(["agent-id"]);
    }));

  it("keeps what a pipe's run could not ship, and ships it with the next run", () =>
    withScratch(async ({ path }) => {
      const env = { OBS_ENDPOINT: backend.url, OBS_API_KEY: "obs_i_test", OBS_AGENT_DATA_DIR: path("data") };
      backend.fault = () => ({ kind: "refuse", status: 503, code: "store_unavailable" });
      const first = new AgentProcess({ env, input: "kept\n" });
      await expect.poll(() => backend.received.length, WAIT).toBeGreaterThan(0);
      const ended = await first.kill("SIGINT");
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain("1 lines not yet stored");
      backend.fault = () => ({ kind: "none" });
      const second = await new AgentProcess({ env, input: "new\n" }).ended;
      expect(second.code).toBe(0);
      expect(backend.messages.sort()).toEqual(["kept", "new"]);
      expect(backend.received.at(-1)!.attempt).toBeGreaterThan(1);
      expect(await readdir(path("data", "stdin"))).toEqual(["agent-id"]);
    }));

  it("refuses a second start on the same data folder with one line, and serves health, metrics and status", () =>
    withScratch(async ({ path, configure }) => {
      await mkdir(path("logs"));
      const config = await configure(backend.url);
      const agent = new AgentProcess({ args: ["run", "--config", config] });
      await expect.poll(() => agent.stderr, WAIT).toContain("has started");
      const second = await run("run", "--config", config);
      expect(second.code).toBe(1);
      expect(second.stderr).toBe(`obs-agent: another agent (process ${agent.pid}) works on the data folder ${path("data")}: stop it, or give this one another folder (data_dir, OBS_AGENT_DATA_DIR)\n`);

      const url = /admin=(\S+)/.exec(agent.stderr)![1]!;
      for (const address of ["/healthz", "/livez", "/readyz"]) expect((await fetch(url + address)).status).toBe(200);
      const metrics = await (await fetch(`${url}/metrics`)).text();
      for (const name of ["obs_component_received_events_total", "obs_component_sent_events_total", "obs_buffer_bytes", "obs_conservation_gap"]) expect(metrics).toContain(name);
      expect((await fetch(`${url}/secret`)).status).toBe(404);
      expect((await stat(path("data", "agent.sock"))).mode & 0o777).toBe(0o600);
      expect((await run("status", "--config", config)).stdout).toContain(`backend   ${backend.url}: up`);
      expect((await agent.kill("SIGTERM")).code).toBe(0);
      expect(await run("status", "--config", config)).toMatchObject({ code: 1, stderr: `obs-agent: no agent runs on the data folder ${path("data")}\n` });
    }));

  it("works on without its admin port when that is taken, and says which", () =>
    withScratch(async ({ path, configure }) => {
      await mkdir(path("logs"));
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
      const listen = `127.0.0.1:${(other.address() as AddressInfo).port}`;
      const agent = new AgentProcess({ args: ["run", "--config", await configure(backend.url, { admin: { listen } })] });
      await expect.poll(() => agent.stderr, WAIT).toContain("has started");
      expect(agent.stderr).toContain(`the admin port ${listen} is taken`);
      expect((await agent.kill("SIGTERM")).code).toBe(0);
      other.close();
    }));
});
