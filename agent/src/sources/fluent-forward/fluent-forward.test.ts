import { createHash } from "node:crypto";
import { connect, type Socket } from "node:net";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { ExtData, decodeMulti, encode } from "@msgpack/msgpack";
import * as fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { fluentForwardSchema } from "../../config/listeners.ts";
import { systemClock } from "../../core/clock.ts";
import { KeepingCounters, KeepingRecordShard, keepingLog } from "../fixtures.ts";
import { createFluentForwardSource, type FluentForwardSource } from "./index.ts";
import { ForwardFault, readMessage, readValues } from "./messages.ts";

const WAIT = { timeout: 10_000, interval: 5 };
const running: FluentForwardSource[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(running.splice(0).map((source) => source.stop()));
});

const start = async (options: Record<string, unknown> = {}) => {
  const shard = new KeepingRecordShard();
  const counters = new KeepingCounters();
  const { log, told } = keepingLog();
  const source = createFluentForwardSource(fluentForwardSchema.parse({ listen: "127.0.0.1:0", ...options }), shard, { clock: systemClock, log, host: "here", counters });
  running.push(source);
  await source.start();
  return { source, shard, counters, told };
};

/** A connection, and the values that the server has said on it. */
const open = async (source: FluentForwardSource) => {
  const socket = connect(source.port!, "127.0.0.1");
  sockets.push(socket);
  const chunks: Buffer[] = [];
  let isClosed = false;
  socket.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", () => {}).on("close", () => (isClosed = true));
  await new Promise((resolve) => socket.once("connect", resolve));
  return { socket, heard: (): unknown[] => [...decodeMulti(Buffer.concat(chunks))], isClosed: () => isClosed, say: (value: unknown) => socket.write(encode(value)) };
};

const eventTime = (seconds: number, nanoseconds: number): ExtData => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(seconds);
  bytes.writeUInt32BE(nanoseconds, 4);
  return new ExtData(0, bytes);
};

/** As Fluentd has it: msgpack's str of 32 bits, whatever is in it. */
const asStr = (bytes: Uint8Array): Buffer => {
  const head = Buffer.from([0xdb, 0, 0, 0, 0]);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
};

const EVENTS = [[eventTime(1_700_000_000, 5), { log: "one\n", level: "warn" }], [1_700_000_001, { message: "two", n: { a: 1 } }]];
const PACKED = Buffer.concat(EVENTS.map((event) => encode(event)));

describe("fluent forward messages", () => {
  it.each<[name: string, message: Uint8Array]>([
    ["forward", encode(["app", EVENTS, { chunk: "c" }])],
    ["forward with metadata", encode(["app", EVENTS.map(([time, record]) => [[time, { meta: 1 }], record]), { chunk: "c" }])],
    ["packed, as bin", encode(["app", PACKED, { chunk: "c", size: 2 }])],
    ["packed, as str", Buffer.concat([Buffer.from([0x93]), encode("app"), asStr(PACKED), encode({ chunk: "c" })])],
    ["packed, gzip", encode(["app", gzipSync(PACKED), { chunk: "c", compressed: "gzip" }])],
    ["packed, gzip in two members", encode(["app", Buffer.concat(EVENTS.map((event) => gzipSync(encode(event)))), { chunk: "c", compressed: "gzip" }])],
    ["packed, zstd", encode(["app", zstdCompressSync(PACKED), { chunk: "c", compressed: "zstd" }])],
    ["packed, said to be text", encode(["app", PACKED, { chunk: "c", compressed: "text" }])],
  ])("%s", async (_name, bytes) => {
    const [value] = await all(readValues(asChunks([bytes]), 1 << 20));
    const message = await readMessage(value, 1 << 20);
    expect(message).toMatchObject({ tag: "app", chunk: "c", malformed: 0 });
    expect(message!.events.map(({ timestamp }) => timestamp)).toEqual([1_700_000_000_000_000_005n, 1_700_000_001_000_000_000n]);
  });

  it.each<[name: string, message: unknown, timestamp: bigint | undefined]>([
    ["seconds", ["app", 7, { log: "x" }], 7_000_000_000n],
    ["an event time", ["app", eventTime(7, 9), { log: "x" }, { chunk: "c" }], 7_000_000_009n],
    ["a time with metadata", ["app", [eventTime(7, 9), {}], { log: "x" }], 7_000_000_009n],
    ["seconds with a fraction", ["app", 7.5, { log: "x" }], 7_500_000_000n],
    ["no time", ["app", null, { log: "x" }], undefined],
  ])("one event with %s", async (_name, message, timestamp) => {
    const [value] = await all(readValues(asChunks([encode(message)]), 1 << 20));
    expect((await readMessage(value, 1 << 20))!.events).toMatchObject([{ timestamp }]);
  });

  it.each<[name: string, message: unknown]>([
    ["a number", 7], ["a map", { a: 1 }], ["an array without a tag", [7, []]], ["packed events that are none", ["app", Buffer.from([0xc1])]],
    ["half an event", ["app", PACKED.subarray(0, 20)]], ["what is no gzip", ["app", PACKED, { compressed: "gzip" }]], ["an unknown compression", ["app", PACKED, { compressed: "lz4" }]],
    ["a bomb", ["app", gzipSync(Buffer.alloc(1 << 22)), { compressed: "gzip" }]],
  ])("refuses %s", async (_name, message) => {
    const [value] = await all(readValues(asChunks([encode(message)]), 1 << 20));
    await expect(readMessage(value, 1 << 20)).rejects.toBeInstanceOf(ForwardFault);
  });

  it("gives the same messages however the bytes come, and takes any bytes", async () => {
    const messages = fc.array(fc.tuple(fc.string(), fc.array(fc.tuple(fc.nat(), fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }), ), { maxLength: 4 }), fc.record({ chunk: fc.string() })), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(messages, fc.array(fc.nat(), { maxLength: 20 }), async (values, cuts) => {
        const bytes = Buffer.concat(values.map((value) => encode(value)));
        const read = await all(readValues(asChunks(cutAt(bytes, cuts)), 1 << 20));
        const seen = await Promise.all(read.map((value) => readMessage(value, 1 << 20)));
        expect(seen.map((message) => [message!.tag, message!.events.length, message!.chunk])).toEqual(values.map(([tag, events, { chunk }]) => [tag, events.length, chunk]));
      }),
      { numRuns: 100 },
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const reading = all(readValues(asChunks([bytes]), 1 << 10)).then((values) => Promise.all(values.map((value) => readMessage(value, 1 << 10))));
        expect(await reading.then(() => true, (error: unknown) => error instanceof ForwardFault)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

async function* asChunks(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

const all = async <T>(values: AsyncIterable<T>): Promise<T[]> => {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
};

const cutAt = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const borders = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return borders.slice(1).map((border, index) => bytes.subarray(borders[index], border));
};

describe("fluent forward source", () => {
  it("makes records of events, and acknowledges a chunk after the durable write", async () => {
    const { source, shard, counters } = await start({ environment: "test" });
    shard.hold();
    const { say, heard } = await open(source);
    say(null);
    say(["app.web", EVENTS, { chunk: "abc" }]);
    await expect.poll(() => shard.records.length, WAIT).toBe(2);
    expect(heard()).toEqual([]);
    expect(shard.records).toMatchObject([
      { message: "one", severity: 13, timestamp: 1_700_000_000_000_000_005n, service: "app.web", host: "here", environment: "test", attributes: { "fluent.tag": "app.web" } },
      { message: "two", attributes: { "n.a": "1" } },
    ]);
    shard.release();
    await expect.poll(heard, WAIT).toEqual([{ ack: "abc" }]);
    expect(counters.counts).toMatchObject({ messages: 1, events: 2, acknowledgements: 1 });
  });

  it("acknowledges to who has said all it has to say, and does not answer what has no chunk", async () => {
    const { source, shard } = await start({ service: "fixed" });
    shard.hold();
    const { socket, say, heard } = await open(source);
    say(["a", PACKED]);
    say(["b", PACKED, { chunk: "b" }]);
    socket.end();
    await expect.poll(() => shard.records.length, WAIT).toBe(4);
    shard.release();
    await expect.poll(heard, WAIT).toEqual([{ ack: "b" }]);
    expect(shard.records[0]!.service).toBe("fixed");
  });

  it("counts events that are none, and keeps the others", async () => {
    const { source, shard, counters } = await start();
    const { say, heard } = await open(source);
    say(["app", [[1, { log: "kept" }], "junk", [1, "junk"]], { chunk: "c" }]);
    await expect.poll(heard, WAIT).toEqual([{ ack: "c" }]);
    expect(shard.records.map(({ message }) => message)).toEqual(["kept"]);
    expect(counters.get("events_malformed")).toBe(2);
  });

  it.each<[name: string, bytes: Uint8Array]>([["what is no message", encode({ a: 1 })], ["what is no msgpack", Buffer.from([0xc1])], ["what is too large", encode(["app", Buffer.alloc(100_000)])]])("closes a connection that sends %s, and no other", async (_name, bytes) => {
    const { source, shard, counters } = await start({ max_message: "64KB" });
    const [bad, good] = [await open(source), await open(source)];
    bad.socket.write(bytes);
    await expect.poll(bad.isClosed, WAIT).toBe(true);
    expect(counters.get("messages_malformed")).toBe(1);
    good.say(["app", EVENTS, { chunk: "c" }]);
    await expect.poll(good.heard, WAIT).toEqual([{ ack: "c" }]);
    expect(shard.records.length).toBe(2);
  });

  it("acknowledges nothing while it is pushed back, and loses nothing", async () => {
    const { source, shard } = await start();
    shard.block();
    const { say, heard } = await open(source);
    for (let chunk = 0; chunk < 20; chunk++) say(["app", [[1, { log: `line ${chunk} ${"x".repeat(100_000)}` }]], { chunk: String(chunk) }]);
    expect([heard(), shard.records]).toEqual([[], []]);
    shard.unblock();
    await expect.poll(() => heard().length, WAIT).toBe(20);
    expect(shard.records.map(({ message }) => message.split(" ")[1])).toEqual(Array.from({ length: 20 }, (_, chunk) => String(chunk)));
  });

  it("does not acknowledge what could not be written", async () => {
    const { source, shard } = await start();
    shard.append = () => Promise.reject(new Error("the buffer was closed"));
    const { say, heard, isClosed } = await open(source);
    say(["app", EVENTS, { chunk: "c" }]);
    await expect.poll(isClosed, WAIT).toBe(true);
    expect(heard()).toEqual([]);
  });

  it.each([["secret", true], ["wrong", false]])("asks for its shared key: %s", async (key, isRight) => {
    const { source, shard, counters } = await start({ shared_key: "secret" });
    const { say, heard, isClosed } = await open(source);
    await expect.poll(() => heard().length, WAIT).toBe(1);
    const [[helo, { nonce, auth }]] = heard() as [[string, { nonce: Uint8Array; auth: string }]];
    expect([helo, nonce.length, auth]).toEqual(["HELO", 16, ""]);
    const digest = (name: string, shared: string): string => createHash("sha512").update("salt").update(name).update(nonce).update(shared).digest("hex");
    say(["PING", "client", "salt", digest("client", key), "", ""]);
    await expect.poll(() => heard().length, WAIT).toBe(2);
    expect(heard()[1]).toEqual(isRight ? ["PONG", true, "", "here", digest("here", "secret")] : ["PONG", false, "shared_key mismatch", "", ""]);
    say(["app", EVENTS, { chunk: "c" }]);
    await expect.poll(() => [heard()[2], isClosed()], WAIT).toEqual(isRight ? [{ ack: "c" }, false] : [undefined, true]);
    expect(shard.records.length).toBe(isRight ? 2 : 0);
    expect(counters.get("unauthorized")).toBe(isRight ? 0 : 1);
  });

  it("takes no message in place of a PING", async () => {
    const { source, shard } = await start({ shared_key: "secret" });
    const { say, isClosed } = await open(source);
    say(["app", EVENTS, { chunk: "c" }]);
    await expect.poll(isClosed, WAIT).toBe(true);
    expect(shard.records).toEqual([]);
  });
});
