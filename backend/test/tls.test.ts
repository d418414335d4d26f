/** Agent to backend over TLS and mTLS, by the bytes on the wire. */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../src/config.ts";
import { readTls } from "../src/http/tls.ts";
import { startTestApp, type TestApp } from "./app-fixture.ts";
import { cli } from "./backend-process.ts";
import { makeCertificates, OPENSSL, type Certificates, type Pair } from "./certificates.ts";
import { until } from "./until.ts";

const AGENT = fileURLToPath(new URL("cli.ts", import.meta.resolve("obs-agent")));
const LINE = "a line that nobody may read on its way";

/** Passes bytes on to `port` and keeps all of them. */
const startTap = async (port: number): Promise<{ server: Server; port: number; bytes: () => Buffer }> => {
  const chunks: Buffer[] = [];
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    for (const [from, to] of [[near, far], [far, near]] as const) from.on("data", (chunk: Buffer) => void chunks.push(chunk)).on("error", () => to.destroy()).on("close", () => to.end()).pipe(to);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port, bytes: () => Buffer.concat(chunks) };
};

const portOf = ({ app }: TestApp): number => (app.server.address() as AddressInfo).port;

const isFound = async (test: TestApp, name: string): Promise<boolean> => {
  const { headers } = await test.key(["query"]);
  const answer = await test.app.inject({ method: "POST", url: "/api/v1/logs/search", headers, payload: { query: `service:${name}` } });
  return answer.statusCode === 200 && answer.json<{ hits: { total: number } }>().hits.total === 1;
};

const readable = (secret: string): string[] => ["POST /api/v1/batches", secret, "x-obs-batch", "storeBoot"];
const read = (environment: Record<string, string>) => () => readTls(readConfig(environment));

describe.skipIf(OPENSSL.isAbsent)(`TLS with ${OPENSSL.title}`, () => {
  let folder: string;
  let pems: Certificates;
  let plain: TestApp;
  let secure: TestApp;
  const agents: ChildProcess[] = [];
  const taps: Server[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "obs-tls-"));
    pems = makeCertificates(folder);
    plain = await startTestApp();
    secure = await startTestApp({ OBS_TLS_CERT: pems.server.cert, OBS_TLS_KEY: pems.server.key, OBS_TLS_CLIENT_CA: pems.ca });
    for (const { app } of [plain, secure]) await app.listen({ host: "127.0.0.1", port: 0 });
  });
  afterEach(async () => {
    for (const agent of agents.splice(0)) {
      const gone = once(agent, "exit");
      if (agent.exitCode === null && agent.kill("SIGKILL")) await gone;
    }
    for (const tap of taps.splice(0)) tap.close();
  });
  afterAll(async () => {
    await plain?.stop();
    await secure?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The real agent, following one file with one line. */
  const startAgent = async (test: TestApp, name: string, scheme: string, tls: Record<string, string>) => {
    const tap = await startTap(portOf(test));
    taps.push(tap.server);
    const { secret } = await test.key(["ingest"]);
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "app.log"), `${LINE} ${name}\n`);
    const config = {
      endpoint: `${scheme}://127.0.0.1:${tap.port}`, api_key: secret, tls, data_dir: join(folder, name, "data"), host_metrics: { enabled: false }, admin: { enabled: false },
      files: [{ include: [join(folder, name, "app.log")], read_from: "beginning", service: name }], send: { retry_longest: "100ms" },
    };
    writeFileSync(join(folder, name, "config.yaml"), JSON.stringify(config));
    const agent = spawn(process.execPath, [AGENT, "run", "--config", join(folder, name, "config.yaml")], { stdio: ["ignore", "ignore", "pipe"] });
    agents.push(agent);
    let log = "";
    agent.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
    return { tap, secret, log: () => log };
  };

  const files = ({ cert, key }: Pair): Record<string, string> => ({ ca_file: pems.ca, cert_file: cert, key_file: key });

  it("lets nothing be read, with a certificate on both sides", { timeout: 60_000 }, async () => {
    const { tap, secret } = await startAgent(secure, "sealed", "https", files(pems.client));
    await until("the line is found", () => isFound(secure, "sealed"));
    const bytes = tap.bytes();
    // A TLS record of the handshake (22), version 3.x.
    expect([...bytes.subarray(0, 2)]).toEqual([22, 3]);
    for (const text of readable(secret)) expect([text, bytes.includes(text)]).toEqual([text, false]);
  });

  it("is not plain HTTP, where the same tap reads everything", { timeout: 60_000 }, async () => {
    const { tap, secret } = await startAgent(plain, "open", "http", {});
    await until("the line is found", () => isFound(plain, "open"));
    for (const text of readable(secret)) expect([text, tap.bytes().includes(text)]).toEqual([text, true]);
  });

  it.each([
    ["without a certificate", "nobody", () => ({ ca_file: pems.ca })],
    ["with a stranger's certificate", "stranger", () => files(pems.stranger)],
    ["that does not know the backend's authority", "doubtful", () => ({ cert_file: pems.client.cert, key_file: pems.client.key })],
  ])("keeps an agent out %s; it says so, keeps its line and shows its key to nobody", { timeout: 60_000 }, async (_what, name, tls) => {
    const { tap, secret, log } = await startAgent(secure, name, "https", tls());
    await until("the agent says that the backend does not take batches", () => log().includes("the backend does not take batches"));
    expect(log()).toMatch(/CERT|SSL|SOCKET|certificate/i);
    expect(tap.bytes().includes(secret)).toBe(false);
    expect(await isFound(secure, name)).toBe(false);
  });

  it("is named in one line when its files are wrong", async () => {
    expect(read({ OBS_TLS_CERT: pems.server.cert })).toThrow("OBS_TLS_CERT and OBS_TLS_KEY are needed together");
    expect(read({ OBS_TLS_CLIENT_CA: pems.ca })).toThrow("OBS_TLS_CLIENT_CA needs OBS_TLS_CERT and OBS_TLS_KEY");
    expect(read({ OBS_TLS_CERT: "/nowhere.crt", OBS_TLS_KEY: pems.server.key })).toThrow("OBS_TLS_CERT: there is no file /nowhere.crt");
    expect(read({ OBS_TLS_CERT: pems.server.cert, OBS_TLS_KEY: pems.client.key })).toThrow("not usable");
    expect(read({})()).toBeUndefined();
    const started = await cli(["start"], { OBS_TLS_CERT: pems.server.cert, OBS_TLS_KEY: pems.server.key, OBS_DATA_DIR: join(folder, "start") });
    expect(started).toMatchObject({ code: 78, stderr: expect.stringContaining("use serve for HTTPS") });
  });
});
