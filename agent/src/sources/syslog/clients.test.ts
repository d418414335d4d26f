/** Programs that people send syslog with: util-linux' logger, rsyslog, syslog-ng, openssl. */

import { execFile, execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { syslogSchema } from "../../config/listeners.ts";
import { systemClock } from "../../core/clock.ts";
import { KeepingCounters, KeepingRecordShard, keepingLog } from "../fixtures.ts";
import { createSyslogSource, type SyslogSource } from "./index.ts";

const WAIT = { timeout: 20_000, interval: 10 };
const MESSAGES = 200;
const run = promisify(execFile);

/** Where .ci/run unpacks syslog-ng: Debian lets only one syslog daemon be installed. */
const SYSLOG_NG_ROOT = "/opt/syslog-ng";

const find = (name: string, ...more: readonly string[]): string | undefined =>
  [...(process.env.PATH ?? "").split(":").map((folder) => join(folder, name)), `/usr/sbin/${name}`, ...more].find((path) => existsSync(path));

const logger = find("logger");
const rsyslogd = find("rsyslogd");
const openssl = find("openssl");
const syslogNg = find("syslog-ng", `${SYSLOG_NG_ROOT}/usr/sbin/syslog-ng`);

let folder: string;
const path = (name: string): string => join(folder, name);
const daemons: ChildProcess[] = [];
const sources: SyslogSource[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "obs-syslog-"));
  if (!openssl) return;
  for (const name of ["server", "client"])
    execFileSync(openssl, ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", path(`${name}.key`), "-out", path(`${name}.pem`), "-days", "2", "-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1"], { stdio: "ignore" });
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  await Promise.all(daemons.splice(0).map((daemon) => new Promise((resolve) => (daemon.exitCode === null ? daemon.once("exit", resolve).kill("SIGTERM") : resolve(undefined)))));
  await Promise.all(sources.splice(0).map((source) => source.stop()));
});

const start = async (options: Record<string, unknown> = {}) => {
  const shard = new KeepingRecordShard();
  const counters = new KeepingCounters();
  const source = createSyslogSource(syslogSchema.parse({ listen: "127.0.0.1:0", protocols: ["tcp", "udp"], ...options }), shard, { clock: systemClock, log: keepingLog().log, host: "here", counters });
  sources.push(source);
  await source.start();
  return { shard, counters, udp: source.ports.udp!, tcp: source.ports.tcp! };
};

const numbers = (shard: KeepingRecordShard): number[] => shard.records.flatMap(({ message }) => /^message (\d+)$/.exec(message)?.[1] ?? []).map(Number).sort((a, b) => a - b);
const ALL = Array.from({ length: MESSAGES }, (_, index) => index);
const INPUT = ALL.map((number) => `message ${number}\n`).join("");

const loggerWith = async (...args: readonly string[]): Promise<void> => {
  const sent = run(logger!, args);
  sent.child.stdin!.end(INPUT);
  await sent;
};

/** Waits until it takes messages at its socket, then sends them all. */
const sendThrough = async (socket: string): Promise<void> => {
  await expect.poll(() => existsSync(socket), WAIT).toBe(true);
  await loggerWith("--socket", socket, "--tag", "app", "--id=77", "--priority", "local3.warning");
};

const EXPECTED = { service: "app", severity: 13, attributes: { "syslog.facility": "local3", "network.peer.address": "127.0.0.1" } };

describe.skipIf(!logger)("logger (util-linux)", () => {
  it.each([
    ["UDP, RFC 3164", "udp", ["--udp", "--rfc3164"]],
    ["UDP, RFC 5424", "udp", ["--udp", "--rfc5424"]],
    ["TCP, RFC 3164, lines", "tcp", ["--tcp", "--rfc3164"]],
    ["TCP, RFC 5424, octet counting", "tcp", ["--tcp", "--rfc5424", "--octet-count"]],
  ] as const)("%s", async (_name, protocol, args) => {
    const ports = await start();
    await loggerWith("--server", "127.0.0.1", "--port", String(ports[protocol]), "--tag", "app", "--id=77", "--priority", "local3.warning", ...args);
    await expect.poll(() => numbers(ports.shard), WAIT).toEqual(ALL);
    expect(ports.shard.records[0]).toMatchObject({ ...EXPECTED, attributes: { ...EXPECTED.attributes, "syslog.procid": "77" } });
    expect(ports.shard.records[0]!.timestamp).toBeTypeOf("bigint");
  });

  it("structured data", async () => {
    const { shard, udp } = await start();
    await run(logger!, ["--server", "127.0.0.1", "--port", String(udp), "--udp", "--rfc5424", "--msgid", "ID7", "--sd-id", "zoo@123", "--sd-param", 'tiger="hungry"', "--sd-param", 'note="a \\"b\\" c"', "hello"]);
    await expect.poll(() => shard.records.length, WAIT).toBe(1);
    expect(shard.records[0]).toMatchObject({ message: "hello", attributes: { "syslog.msgid": "ID7", "syslog.sd.zoo@123.tiger": "hungry", "syslog.sd.zoo@123.note": 'a "b" c' } });
  });
});

describe.skipIf(!rsyslogd || !logger)("rsyslog", () => {
  it.each([
    ["UDP, RFC 3164", "udp", 'template="RSYSLOG_TraditionalForwardFormat"'],
    ["TCP, its own format, lines", "tcp", 'template="RSYSLOG_ForwardFormat" TCP_Framing="traditional"'],
    ["TCP, RFC 5424, octet counting", "tcp", 'template="RSYSLOG_SyslogProtocol23Format" TCP_Framing="octet-counted"'],
  ] as const)("%s", { timeout: 30_000 }, async (_name, protocol, format) => {
    const ports = await start();
    const socket = path("rsyslog.sock");
    rmSync(socket, { force: true });
    writeFileSync(
      path("rsyslog.conf"),
      `global(workDirectory="${folder}")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="${socket}" CreatePath="off" UsePIDFromSystem="off")
*.* action(type="omfwd" target="127.0.0.1" port="${ports[protocol]}" protocol="${protocol}" ${format})
`,
    );
    daemons.push(spawn(rsyslogd!, ["-n", "-f", path("rsyslog.conf"), "-i", path("rsyslog.pid")], { stdio: "ignore" }));
    await sendThrough(socket);
    await expect.poll(() => numbers(ports.shard), WAIT).toEqual(ALL);
    expect(ports.shard.records.find(({ message }) => message === "message 0")).toMatchObject({ ...EXPECTED, attributes: { ...EXPECTED.attributes, "syslog.procid": "77" } });
  });
});

describe.skipIf(!syslogNg || !logger || !openssl)("syslog-ng", () => {
  it.each<[name: string, protocol: "udp" | "tcp", isTls: boolean, destination: (port: number) => string]>([
    ["UDP, RFC 3164", "udp", false, (port) => `network("127.0.0.1" port(${port}) transport("udp"))`],
    ["TCP, RFC 3164, lines", "tcp", false, (port) => `network("127.0.0.1" port(${port}) transport("tcp"))`],
    ["TCP, RFC 5424, octet counting", "tcp", false, (port) => `syslog("127.0.0.1" port(${port}) transport("tcp"))`],
    ["TLS, RFC 5424, octet counting, a client's certificate", "tcp", true, (port) => `syslog("127.0.0.1" port(${port}) transport("tls") tls(ca-file("${path("server.pem")}") peer-verify(required-trusted) key-file("${path("client.key")}") cert-file("${path("client.pem")}")))`],
  ])("%s", { timeout: 30_000 }, async (_name, protocol, isTls, destination) => {
    const ports = await start(isTls ? { protocols: ["tcp"], tls: { cert_file: path("server.pem"), key_file: path("server.key"), client_ca_file: path("client.pem") } } : {});
    const socket = path("syslog-ng.sock");
    rmSync(socket, { force: true });
    writeFileSync(
      path("syslog-ng.conf"),
      `@version: 3.38
source s { unix-dgram("${socket}"); };
destination d { ${destination(ports[protocol])}; };
log { source(s); destination(d); };
`,
    );
    const isUnpacked = syslogNg!.startsWith(SYSLOG_NG_ROOT);
    const args = ["-F", "--no-caps", "-f", path("syslog-ng.conf"), "-R", path("syslog-ng.persist"), "-p", path("syslog-ng.pid"), "-c", path("syslog-ng.ctl"), ...(isUnpacked ? [`--module-path=${SYSLOG_NG_ROOT}/usr/lib/syslog-ng/3.38`] : [])];
    daemons.push(spawn(syslogNg!, args, { stdio: "ignore", env: { ...process.env, ...(isUnpacked && { LD_LIBRARY_PATH: `${SYSLOG_NG_ROOT}/usr/lib/syslog-ng` }) } }));
    await sendThrough(socket);
    await expect.poll(() => numbers(ports.shard), WAIT).toEqual(ALL);
    expect(ports.shard.records.find(({ message }) => message === "message 0")).toMatchObject({ ...EXPECTED, attributes: { ...EXPECTED.attributes, "syslog.procid": "77" } });
  });
});

const tlsClient = async (port: number, input: string, ...args: readonly string[]): Promise<void> => {
  const sent = run(openssl!, ["s_client", "-connect", `127.0.0.1:${port}`, "-quiet", "-no_ign_eof", "-CAfile", path("server.pem"), "-verify_return_error", ...args]);
  sent.child.stdin!.on("error", () => {}).end(input);
  await sent.catch(() => {});
};
const serverTls = () => ({ cert_file: path("server.pem"), key_file: path("server.key") });

describe.skipIf(!openssl)("openssl s_client", () => {
  it("TLS, lines", async () => {
    const { shard, tcp } = await start({ protocols: ["tcp"], tls: serverTls() });
    await tlsClient(tcp, "<14>app: one\n<14>app: two\n");
    await expect.poll(() => shard.records.map(({ message }) => message), WAIT).toEqual(["one", "two"]);
  });

  it("lets in only who has a certificate, when one is asked for", async () => {
    const { shard, counters, tcp } = await start({ protocols: ["tcp"], tls: { ...serverTls(), client_ca_file: path("client.pem") } });
    await tlsClient(tcp, "<14>app: stranger\n");
    await expect.poll(() => counters.get("connection_errors"), WAIT).toBeGreaterThan(0);
    await tlsClient(tcp, "<14>app: friend\n", "-cert", path("client.pem"), "-key", path("client.key"));
    await expect.poll(() => shard.records.map(({ message }) => message), WAIT).toEqual(["friend"]);
  });

  it("tells of a certificate that is not there, and listens when it is", async () => {
    const cert = path("late.pem");
    const { log, told } = keepingLog();
    const shard = new KeepingRecordShard();
    const source = createSyslogSource(syslogSchema.parse({ listen: "127.0.0.1:0", protocols: ["tcp"], tls: { ...serverTls(), cert_file: cert } }), shard, { clock: systemClock, log, host: "here", counters: new KeepingCounters() });
    sources.push(source);
    await source.start();
    expect(told.join("")).toContain("cannot listen yet");
    writeFileSync(cert, execFileSync("cat", [path("server.pem")]));
    await expect.poll(() => source.ports.tcp, WAIT).toBeGreaterThan(0);
  });
});
