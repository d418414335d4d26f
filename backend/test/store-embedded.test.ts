import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sql, systemStatement, TenantScope } from "../src/sql/sql.ts";
import { readStoreRecord } from "../src/store/embedded/data-folder.ts";
import { EmbeddedStoreUnsupported, findLibrary } from "../src/store/embedded/library.ts";
import { identify, isRunning } from "../src/store/embedded/process-identity.ts";
import { startEmbeddedStore } from "../src/store/embedded/supervisor.ts";
import { startTestStore, type TestStore } from "../src/testing.ts";

const silent = { info: () => undefined, warn: () => undefined };
let test: TestStore;
beforeAll(async () => {
  test = await startTestStore();
});
afterAll(() => test?.stop());

const ask = async (query: string, headers: Record<string, string> = {}): Promise<{ ok: boolean; text: string }> => {
  const response = await fetch(test.url, { method: "POST", body: query, headers });
  return { ok: response.ok, text: (await response.text()).trim() };
};

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
const isAlive = async (pid: number): Promise<boolean> => isRunning(await identify(pid));

describe("another user of this machine", () => {
  it("can select 1", async () => {
    expect(await ask("SELECT 1")).toEqual({ ok: true, text: "1" });
  });

  it.each([
    "SELECT * FROM obs.logs",
    "SELECT * FROM obs.batches",
    "SELECT * FROM system.processes",
    "SELECT * FROM system.query_log",
    "SELECT * FROM system.settings_profile_elements",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM remote('127.0.0.1', 'system', 'one')",
    "SELECT * FROM merge('obs', 'logs')",
    "SELECT * FROM mergeTreeIndex('obs', 'logs')",
    "INSERT INTO obs.logs (tenant) VALUES ('x')",
    "CREATE TABLE t (a UInt8) ENGINE = Memory",
    "CREATE TEMPORARY TABLE t (a UInt8)",
    "CREATE FUNCTION f AS x -> x",
    "DROP TABLE obs.logs",
    "KILL QUERY WHERE 1",
    "SYSTEM SHUTDOWN",
    "SYSTEM FLUSH LOGS",
    "BACKUP TABLE obs.logs TO File('/tmp/x')",
    "SELECT 1 INTO OUTFILE '/tmp/obs-anonymous'",
    "SET max_memory_usage = 0",
  ])("cannot %s", async (query) => {
    expect((await ask(query)).ok).toBe(false);
  });

  it("sees no name of ours in the catalogue", async () => {
    expect((await ask("SELECT name FROM system.tables WHERE database = 'obs'")).text).toBe("");
  });

  it("cannot guess a password", async () => {
    expect((await ask("SELECT 1", { "x-clickhouse-user": "obs_writer", "x-clickhouse-key": "" })).ok).toBe(false);
    expect((await ask("SELECT 1", { "x-clickhouse-user": "obs_reader" })).ok).toBe(false);
  });

  it("finds no file to read", async () => {
    expect(await modeOf(test.dataDir)).toBe(0o700);
    for (const name of ["store.json", "config/users.xml", "config/config.xml"]) expect(await modeOf(join(test.dataDir, name))).toBe(0o600);
    const commandLine = await readFile(`/proc/${test.embedded.pid}/cmdline`, "utf8");
    const environment = await readFile(`/proc/${test.embedded.pid}/environ`, "utf8");
    for (const { password } of Object.values(test.users)) expect(commandLine + environment).not.toContain(password);
  });
});

describe("the reader", () => {
  it("reads and can change nothing", async () => {
    const { username, password } = test.users.reader;
    const asReader = (query: string) => ask(query, { "x-clickhouse-user": username, "x-clickhouse-key": password });
    expect((await asReader("SELECT count() FROM obs.logs")).ok).toBe(true);
    for (const query of [
      "INSERT INTO obs.logs (tenant) VALUES ('x')",
      "TRUNCATE TABLE obs.logs",
      "SELECT * FROM system.processes",
      "SELECT * FROM file('/etc/passwd', 'LineAsString')",
      "SELECT 1 SETTINGS max_execution_time = 100000",
      "SELECT 1 SETTINGS readonly = 0",
    ])
      expect([query, (await asReader(query)).ok]).toEqual([query, false]);
  });

  it("runs out of time as query_timeout, and of memory as query_failed", async () => {
    const scope = new TenantScope("t");
    const slow = scope.statement(sql`SELECT count() AS n, ${scope.tenantValue} AS tenant FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))`);
    await expect(test.store.read(slow, { maxExecutionSeconds: 0.2 })).rejects.toMatchObject({ code: "query_timeout" });
    const large = scope.statement(sql`SELECT groupArray(number) AS n, ${scope.tenantValue} AS tenant FROM numbers(1000000000)`);
    await expect(test.store.read(large, { settings: { max_memory_usage: 10_000_000 } })).rejects.toMatchObject({ code: "query_failed" });
    const wrong = systemStatement(sql`SELECT nonsense`);
    await expect(test.store.read(wrong)).rejects.toMatchObject({ code: "query_failed" });
  });

  it("takes a time that is no whole number of milliseconds", async () => {
    const one = systemStatement(sql`SELECT 1 AS n`);
    expect(await test.store.read(one, { maxExecutionSeconds: 10 / 3 })).toEqual([{ n: 1 }]);
    expect(await test.store.write(systemStatement(sql`SYSTEM FLUSH LOGS`), undefined, { timeoutMs: 10_000 / 3 })).toMatchObject({ written: 0 });
  });

  it("is asked by what sql.ts has built, and by nothing of the same shape", async () => {
    const forged = { tenant: undefined, text: "SELECT 1", params: {} };
    for (const run of [() => test.store.read(forged), () => test.store.readSystem(forged), () => test.store.write(forged)]) await expect(run()).rejects.toThrow("BUG: the store runs only");
  });
});

describe("the supervisor", () => {
  it("starts the store again after kill -9, with other passwords and another boot id", async () => {
    const before = { bootId: test.store.bootId, password: test.users.writer.password, pid: test.embedded.pid! };
    const up = once(test.embedded, "up");
    process.kill(before.pid, "SIGKILL");
    await up;
    expect(test.store.available).toBe(true);
    expect(test.store.bootId).not.toBe(before.bootId);
    expect(test.users.writer.password).not.toBe(before.password);
    expect((await readStoreRecord(test.dataDir))!.store.pid).toBe(test.embedded.pid);
    const scope = new TenantScope("t");
    expect(await test.store.read(scope.statement(sql`SELECT count() AS n ${scope.from("logs")}`))).toEqual([{ n: "0" }]);
  });

  it("starts it again when somebody stopped its listener", async () => {
    const [down, up] = [once(test.embedded, "down"), once(test.embedded, "up")];
    expect((await ask("SYSTEM STOP LISTEN HTTP")).ok).toBe(true);
    expect((await down)[0]).toBe("it does not listen any more");
    await up;
    expect((await ask("SELECT 1")).ok).toBe(true);
  });

  it("refuses a folder that another store holds, in one line", async () => {
    const refused = startEmbeddedStore({ dataDir: test.dataDir, log: silent, releaseTimeoutMs: 200 });
    await expect(refused).rejects.toThrow(/^the (data folder|store process) .*: (stop|end) it/);
    expect((await ask("SELECT 1")).ok).toBe(true);
  });
});

const BACKEND = `
import { startEmbeddedStore } from ${JSON.stringify(fileURLToPath(new URL("../src/store/embedded/supervisor.ts", import.meta.url)))};
const silent = { info() {}, warn() {} };
const store = await startEmbeddedStore({ dataDir: process.argv[1], log: silent });
console.log(store.pid);
`;

describe("a backend that is killed", () => {
  it("leaves no orphan, and the next one waits for the folder", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "obs-store-"));
    const backend = spawn(process.execPath, ["--input-type=module", "--eval", BACKEND, dataDir], { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(backend.stdout.setEncoding("utf8"), "data")) as [string];
    const orphan = Number(line);
    expect(await isAlive(orphan)).toBe(true);
    await expect(startEmbeddedStore({ dataDir, log: silent })).rejects.toThrow(`is in use by process ${backend.pid}`);
    backend.kill("SIGKILL");
    await once(backend, "exit");
    const next = await startEmbeddedStore({ dataDir, log: silent });
    expect(await isAlive(orphan)).toBe(false);
    expect(next.pid).not.toBe(orphan);
    await next.stop();
    expect(await isAlive(next.pid!)).toBe(false);
    expect(await readStoreRecord(dataDir)).toBeUndefined();
    await rm(dataDir, { recursive: true });
  });
});

const missing = (): never => {
  throw new Error("Cannot find module");
};

describe("a system without what it needs", () => {
  it.each([
    ["musl", { platform: "linux", glibc: undefined, resolve: missing } as const, /needs glibc .*OBS_CLICKHOUSE_URL/],
    ["no library", { platform: "linux", glibc: "2.36", resolve: missing } as const, /not installed for linux-.*OBS_CLICKHOUSE_URL/],
  ])("%s: one line with the remedy", (_, host, message) => {
    expect(() => findLibrary(host)).toThrow(EmbeddedStoreUnsupported);
    expect(() => findLibrary(host)).toThrow(message);
  });
});
