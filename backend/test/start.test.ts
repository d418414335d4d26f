/** `obs-backend start` and its siblings as processes: the first minute of a newcomer. */

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { once } from "node:events";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cli, descendants, isAlive, startProcess, type StartedProcess } from "./backend-process.ts";
import { until } from "./until.ts";

let folder: string;
let environment: Record<string, string>;
let running: StartedProcess | undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "obs-start-"));
  environment = { OBS_DATA_DIR: join(folder, "data"), OBS_LOCAL_FILE: join(folder, "config", "local.json"), OBS_PORT: "0", OBS_STORE_MEMORY: "1GB" };
});
afterAll(async () => {
  if (running && running.child.exitCode === null) running.child.kill("SIGKILL");
  await running?.ended;
  rmSync(folder, { recursive: true, force: true });
});

const post = async (key: string, path: string, body: unknown): Promise<{ status: number; json: unknown }> => {
  const response = await fetch(`${running!.url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, json: await response.json() };
};

const ingest = (key: string, message: string) => post(key, "/api/v1/logs/ingest", { service: "start-test", logs: [{ level: "info", message }] });
const find = async (query: string): Promise<unknown> => {
  const { json } = await post(running!.apiKey, "/api/v1/logs/search", { query });
  return (json as { hits: { logs: unknown[] } }).hits.logs[0];
};

const lines = (text: string): string[] => text.split("\n").filter(Boolean);

describe("the first start", { timeout: 90_000 }, () => {
  let firstKey: string;

  it("tells its steps with their times, then what to do next", async () => {
    running = await startProcess(environment);
    firstKey = running.apiKey;
    expect(running.stderr()).toMatch(/^✓ store \(ClickHouse\) \(\d+\.\d s\)$/m);
    expect(running.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(running.apiKey).toMatch(/^obs_q_[\w-]{43}$/);
    expect(running.stdout()).toContain(environment["OBS_DATA_DIR"]!);
    expect(running.stdout()).toContain("npm start -- --reset");
    expect(running.stdout()).toContain("echo hello | npx obs-agent");
  });

  it("keeps the key where only its owner reads it", () => {
    const local = JSON.parse(readFileSync(environment["OBS_LOCAL_FILE"]!, "utf8")) as object;
    expect(local).toEqual({ endpoint: running!.url, apiKey: running!.apiKey });
    for (const file of [environment["OBS_LOCAL_FILE"]!, join(environment["OBS_DATA_DIR"]!, "api-key"), join(environment["OBS_DATA_DIR"]!, "metadata.db")])
      expect([file, statSync(file).mode & 0o077]).toEqual([file, 0]);
  });

  it("prints a link that signs in once", async () => {
    const link = running!.signInLink;
    expect((await fetch(link, { redirect: "manual" })).status).toBe(303);
    expect((await fetch(link, { redirect: "manual" })).status).toBe(401);
  });

  it("stores a line sent to the door, and finds it", async () => {
    expect((await ingest(running!.apiKey, "needle in the first haystack")).status).toBe(202);
    expect(await until("the line is found", () => find("needle service:start-test"))).toMatchObject({ level: "INFO", message: "needle in the first haystack" });
  });

  it("collects this host's metrics with an agent of its own", async () => {
    const host = await until("the host is there", async () => {
      const response = await fetch(`${running!.url}/api/v1/hosts`, { headers: { authorization: `Bearer ${running!.apiKey}` } });
      return ((await response.json()) as { hosts: { host: string }[] }).hosts[0];
    }, 40_000);
    expect(host).toMatchObject({ host: hostname() });
  });

  it("keeps a second start away with one line that says where the first one is", async () => {
    const second = await cli(["start"], environment);
    expect(second.code).toBe(1);
    expect(lines(second.stderr)).toEqual([`obs: already running on ${environment["OBS_DATA_DIR"]!}: it answers at ${running!.url} (process ${running!.pid})`]);
  });

  it("prints another link on request", async () => {
    const { stdout, code } = await cli(["signin"], environment);
    expect(code).toBe(0);
    expect((await fetch(stdout.trim(), { redirect: "manual" })).status).toBe(303);
  });

  it("refuses a key within seconds of its revocation by another process", async () => {
    const made = await cli(["keys", "create", "--name", "short-lived", "--scopes", "ingest", "--json"], environment);
    const { id, key: secret } = JSON.parse(made.stdout) as { id: string; key: string };
    expect((await ingest(secret, "before")).status).toBe(202);
    expect((await cli(["keys", "revoke", id], environment)).code).toBe(0);
    await until("the key is refused", async () => (await ingest(secret, "after")).status === 401, 15_000);
    expect((await cli(["keys", "list"], environment)).stdout).toMatch(new RegExp(`^${id} .*revoked .*short-lived$`, "m"));
  });

  it("stops with everything that it started", async () => {
    const children = descendants(running!.pid);
    expect(children.length).toBeGreaterThanOrEqual(2);
    running!.child.kill("SIGTERM");
    expect(await running!.ended).toBe(0);
    expect(children.filter(isAlive)).toEqual([]);
  });

  it("starts again with the same key and the same data, and a new link", async () => {
    const link = running!.signInLink;
    running = await startProcess(environment);
    expect(running.apiKey).toBe(firstKey);
    expect(running.signInLink.split("=")[1]).not.toBe(link.split("=")[1]);
    expect(await until("the line is still found", () => find("needle service:start-test"))).toMatchObject({ message: "needle in the first haystack" });
  });

  it("leaves no orphan when it is killed", async () => {
    const children = descendants(running!.pid);
    running!.child.kill("SIGKILL");
    await running!.ended;
    expect(await until("the children are gone", () => !children.some(isAlive))).toBe(true);
  });

  it("starts over after a reset, which deletes only what is its own", async () => {
    const { code, stdout } = await cli(["reset"], environment);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^deleted from .*: store, gateway, agent, metadata.db, /);
    expect(existsSync(join(environment["OBS_DATA_DIR"]!, "api-key"))).toBe(false);
    expect((await cli(["reset"], environment)).stdout).toContain("nothing to delete");
  });
});

describe("one clear line", () => {
  let taken: Server;
  let port: number;

  beforeAll(async () => {
    taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    port = (taken.address() as { port: number }).port;
  });
  afterAll(() => void taken.close());

  it.each([
    ["a taken port", ["start"], () => ({ OBS_PORT: String(port) }), 1, () => `port ${port} on 127.0.0.1 is taken by another program: stop it, or choose another port, for example OBS_PORT=${port + 1}`],
    ["a foreign address", ["serve"], () => ({ OBS_HOST: "192.0.2.1", OBS_PORT: String(port) }), 1, () => "192.0.2.1 is no address of this machine: set OBS_HOST"],
    ["a data folder that is a file", ["serve"], () => ({ OBS_DATA_DIR: "/dev/null" }), 1, () => "the data folder /dev/null cannot be used"],
    ["a bad variable", ["serve"], () => ({ OBS_PORT: "eighty" }), 78, () => "OBS_PORT: must be a whole number"],
    ["an unknown command", ["fly"], () => ({}), 64, () => 'there is no command "fly"'],
    ["an unknown flag", ["start", "--fast"], () => ({}), 64, () => "Unknown option '--fast'"],
    ["a scope that does not exist", ["keys", "create", "--scopes", "root"], () => ({}), 64, () => "--scopes takes ingest, query, admin"],
    ["no backend to sign in to", ["signin"], () => ({}), 1, () => "no backend runs on"],
  ])("says %s", async (_what, args, variables, code, message) => {
    const data = join(folder, "other");
    const run = await cli(args, { ...environment, OBS_DATA_DIR: data, ...variables() });
    expect(lines(run.stderr)).toEqual([expect.stringContaining(message()) as string]);
    expect(run.code).toBe(code);
  });

  it("help names every command and variable", async () => {
    const { stdout, code } = await cli(["help"], {});
    expect(code).toBe(0);
    for (const word of ["start", "serve", "signin", "keys create", "reset", "OBS_PORT", "OBS_CLICKHOUSE_URL"]) expect(stdout).toContain(word);
  });
});
