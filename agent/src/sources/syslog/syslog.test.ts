import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { syslogSchema } from "../../config/listeners.ts";
import { systemClock } from "../../core/clock.ts";
import { KeepingCounters, KeepingRecordShard, keepingLog } from "../fixtures.ts";
import { createSyslogSource, type SyslogSource } from "./index.ts";
import { dropsOf } from "../kernel-drops.ts";

const WAIT = { timeout: 10_000, interval: 5 };
const running: SyslogSource[] = [];
afterEach(() => Promise.all(running.splice(0).map((source) => source.stop())));

const start = async (options: Record<string, unknown> = {}) => {
  const shard = new KeepingRecordShard();
  const counters = new KeepingCounters();
  const { log, told } = keepingLog();
  const source = createSyslogSource(syslogSchema.parse({ listen: "127.0.0.1:0", ...options }), shard, { clock: systemClock, log, host: "here", counters });
  running.push(source);
  await source.start();
  return { source, shard, counters, told };
};

const sendUdp = async (port: number, ...messages: readonly (string | Buffer)[]): Promise<void> => {
  const socket = createSocket("udp4");
  for (const message of messages) await new Promise((resolve) => socket.send(message, port, "127.0.0.1", resolve));
  await new Promise<void>((resolve) => socket.close(resolve));
};

const sendTcp = (port: number, ...chunks: readonly string[]): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      for (const chunk of chunks) socket.write(chunk);
      socket.end();
    });
    socket.on("error", reject).on("close", () => resolve()).resume();
  });

describe("syslog source", () => {
  it("makes a record of a datagram", async () => {
    const { source, shard, counters } = await start({ environment: "test" });
    await sendUdp(source.ports.udp!, '<165>1 2003-10-11T22:14:15.003Z web-01 app 42 ID47 [a@1 b="c"] hello\n', "", "<13>no header");
    await expect.poll(() => shard.records.length, WAIT).toBe(2);
    expect(shard.records).toEqual([
      {
        message: "hello", severity: 10, service: "app", host: "web-01", environment: "test", timestamp: 1_065_910_455_003_000_000n,
        attributes: { "syslog.facility": "local4", "syslog.procid": "42", "syslog.msgid": "ID47", "syslog.sd.a@1.b": "c", "network.peer.address": "127.0.0.1" },
      },
      { message: "no header", severity: 10, service: "syslog", host: "here", environment: "test", attributes: { "syslog.facility": "user", "network.peer.address": "127.0.0.1" } },
    ]);
    expect(counters.counts).toMatchObject({ datagrams: 3, messages: 2, messages_blank: 1 });
  });

  it("takes both framings, each connection its own", async () => {
    const { source, shard, counters } = await start({ protocols: ["tcp"], service: "network", max_message: "480B" });
    expect(source.ports.udp).toBeUndefined();
    await Promise.all([sendTcp(source.ports.tcp!, "<11>app: li", "ne\n<14>app: two\nbare"), sendTcp(source.ports.tcp!, "12 <14>app: a\nb12 <1", "4>app: c\nd\n", `603 <1>${"x".repeat(600)}`)]);
    await expect.poll(() => shard.records.length, WAIT).toBe(6);
    expect(shard.records.map(({ message }) => message.slice(0, 5)).sort()).toEqual(["a\nb", "bare", "c\nd", "line", "two", "xxxxx"].sort());
    expect(shard.records[0]).toMatchObject({ service: "network", attributes: { "syslog.appname": "app" } });
    expect(counters.counts).toMatchObject({ connections: 2, messages: 6, messages_bare: 1, messages_cut: 1 });
  });

  it("holds TCP senders back, and loses nothing", async () => {
    const { source, shard, counters } = await start({ protocols: ["tcp"] });
    shard.block();
    const lines = Array.from({ length: 20_000 }, (_, index) => `<14>app: line ${index} ${"x".repeat(200)}\n`);
    const sent = sendTcp(source.ports.tcp!, ...lines);
    await expect.poll(() => counters.get("connections"), WAIT).toBe(1);
    expect(shard.records).toEqual([]);
    shard.unblock();
    await sent;
    await expect.poll(() => shard.records.length, WAIT).toBe(20_000);
    expect(counters.get("messages")).toBe(20_000);
  });

  it("keeps datagrams while it is pushed back, up to a bound, and counts the others", async () => {
    const { source, shard, counters } = await start({ protocols: ["udp"], receive_buffer: "64KB" });
    shard.block();
    const seen = (): number => counters.get("datagrams") + counters.get("datagrams_dropped_pressure");
    for (let sent = 0; sent < 300; ) {
      await sendUdp(source.ports.udp!, ...Array.from({ length: 20 }, () => `<14>app: datagram ${"x".repeat(200)}`));
      await expect.poll(seen, WAIT).toBe((sent += 20));
    }
    expect(counters.get("datagrams_dropped_pressure")).toBeGreaterThan(0);
    expect(shard.records).toEqual([]);
    shard.unblock();
    await expect.poll(() => shard.records.length, WAIT).toBe(counters.get("datagrams"));
  });

  it("counts what the kernel dropped", async () => {
    const { source, shard, counters } = await start({ protocols: ["udp"], receive_buffer: "64KB" });
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.connect(source.ports.udp!, "127.0.0.1", resolve));
    const message = Buffer.from(`<14>app: ${"x".repeat(1_000)}`);
    // All in one tick: the source does not read meanwhile, and its buffer runs over.
    const sends = Array.from({ length: 1_000 }, () => new Promise((resolve) => socket.send(message, resolve)));
    await Promise.all(sends);
    socket.close();
    let before = -1;
    await expect.poll(() => before === (before = shard.records.length), { timeout: 10_000, interval: 100 }).toBe(true);
    await source.stop();
    expect(counters.get("messages") + counters.get("datagrams_dropped_kernel")).toBe(1_000);
    expect(counters.get("datagrams_dropped_kernel")).toBeGreaterThan(0);
  });

  it("tells that its port is taken, and listens when it is free", async () => {
    const first = await start({ protocols: ["tcp"] });
    const { port } = { port: first.source.ports.tcp! };
    const second = await start({ protocols: ["tcp"], listen: `127.0.0.1:${port}` });
    expect(second.source.ports.tcp).toBeUndefined();
    expect(second.told.join("")).toContain("another program listens there");
    await first.source.stop();
    await expect.poll(() => second.source.ports.tcp, WAIT).toBe(port);
    await sendTcp(port, "<14>app: hello\n");
    await expect.poll(() => second.shard.records.length, WAIT).toBe(1);
  });

  it("lets no more connections in than it is told", async () => {
    const { source, counters } = await start({ protocols: ["tcp"], max_connections: 1 });
    const first = connect(source.ports.tcp!, "127.0.0.1");
    await expect.poll(() => counters.get("connections"), WAIT).toBe(1);
    await sendTcp(source.ports.tcp!, "<14>app: hello\n").catch(() => {});
    await expect.poll(() => counters.get("connections_refused"), WAIT).toBe(1);
    first.destroy();
  });
});

describe("drops of the kernel", () => {
  const TABLE = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  214: 0100007F:1589 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 18000 2 0000000000000000 12
  215: 00000000:158A 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 18001 2 0000000000000000 0
`;
  it.each([[5513, 12], [5514, 0], [5515, undefined]])("of port %s are %s", (port, drops) => expect(dropsOf(TABLE, port)).toBe(drops));
});
