import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RecordDefaults } from "../core/contracts.ts";
import { LogBlock } from "../rows/log-block.ts";
import { ManualClock, RecordingBuffer, TextBlock } from "./fixtures.ts";
import { BlockRecordShard } from "./record-shard.ts";

const DEFAULTS: RecordDefaults = { observed: 1n };

const build = ({ maxRows = 3, isManual = false } = {}) => {
  const clock = new ManualClock();
  const buffer = new RecordingBuffer(isManual);
  const shard = new BlockRecordShard({ block: new TextBlock(maxRows), compress: (pieces) => Buffer.concat(pieces), buffer, clock, lingerMs: 20 });
  const append = (text: string): Promise<void> => shard.append([...text].map((message) => ({ message })), DEFAULTS);
  return { clock, buffer, shard, append };
};

const bodies = ({ commits }: RecordingBuffer): string[][] => commits.map(({ batches }) => batches.map(({ body }) => Buffer.from(body).toString().split(":")[1]!));

/** Whether it is settled by now, after everything that was on its way. */
const isSettled = async (promise: Promise<unknown>): Promise<boolean> =>
  Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))]);

describe("record shard", () => {
  it("makes the records of all callers durable in one write, after the linger", async () => {
    const { clock, buffer, append } = build({ isManual: true });
    const calls = [append("a"), append("b")];
    expect(buffer.commits).toHaveLength(0);
    clock.advance(20);
    await expect.poll(() => bodies(buffer)).toEqual([["a|b"]]);
    expect(await isSettled(Promise.race(calls))).toBe(false);
    buffer.finishOldest();
    await Promise.all(calls);
    expect(clock.waiting).toBe(0);
  });

  it("commits a full block at once, and the records of one call in one write", async () => {
    const { clock, buffer, append } = build();
    await append("abc");
    const first = append("d");
    await Promise.all([append("efgh"), first]);
    expect(bodies(buffer)).toEqual([["a|b|c"], ["d|e|f", "g|h"]]);
    expect(buffer.commits[1]!.batches.map(({ key }) => key.slice(-1))).toEqual(["2", "3"]);
    expect(clock.waiting).toBe(0);
  });

  it("is not ready while two commits are under way, and takes records all the same", async () => {
    const { clock, buffer, shard, append } = build({ isManual: true });
    const calls = [append("abc"), append("def"), append("g")];
    const ready = shard.ready();
    clock.advance(20);
    expect(await isSettled(ready)).toBe(false);
    expect(buffer.commits).toHaveLength(2);
    buffer.finishOldest();
    await ready;
    await expect.poll(() => bodies(buffer)).toEqual([["a|b|c"], ["d|e|f"], ["g"]]);
    buffer.finishOldest();
    buffer.finishOldest();
    await Promise.all(calls);
  });

  it("is not ready while the buffer is full", async () => {
    const { buffer, shard } = build();
    buffer.hasRoom = false;
    expect(await isSettled(shard.ready())).toBe(false);
  });

  it("lets those who stop wait for neither the buffer nor its commits", async () => {
    const stopping = new AbortController();
    const { shard, append } = build({ isManual: true });
    void append("abc");
    void append("def");
    const ready = shard.ready(stopping.signal);
    expect(await isSettled(ready)).toBe(false);
    stopping.abort();
    await ready;
    await shard.ready(stopping.signal);
  });

  it("takes no records as nothing to do", async () => {
    const { buffer, shard, append } = build();
    await append("");
    await shard.flush();
    expect(buffer.commits).toEqual([]);
  });

  it("tells every caller of a group when its commit fails for good, and every later one", async () => {
    const { buffer, shard, append } = build();
    buffer.commit = () => Promise.reject(new Error("the buffer was closed"));
    const calls = [append("a"), append("bc")];
    for (const call of calls) await expect(call).rejects.toThrow("the buffer was closed");
    await expect(shard.ready()).rejects.toThrow("the buffer was closed");
    await expect(shard.flush()).rejects.toThrow("the buffer was closed");
  });

  it("takes any record into a real block", { timeout: 20_000 }, async () => {
    const buffer = new RecordingBuffer();
    const block = new LogBlock({ maxRows: 4, inputBytes: 1 << 16, maxLineBytes: 1 << 12 });
    const shard = new BlockRecordShard({ block, compress: (pieces) => Buffer.concat(pieces), buffer, clock: new ManualClock(), lingerMs: 20 });
    const text = fc.oneof(fc.string({ unit: "binary", maxLength: 40 }), fc.integer({ min: 200, max: 300_000 }).map((length) => "\u20ac".repeat(length)));
    const record = fc.record(
      { message: text, service: text, host: text, environment: text, severity: fc.integer({ min: -5, max: 99 }), timestamp: fc.bigInt(), attributes: fc.dictionary(text, text, { maxKeys: 4 }) },
      { requiredKeys: ["message"] },
    );
    let rows = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 9 }), async (records) => {
        const durable = shard.append(records, { ...DEFAULTS, service: "s" });
        await Promise.all([shard.flush(), durable]);
        rows += records.length;
        expect(buffer.commits.flatMap(({ batches }) => batches).reduce((sum, batch) => sum + batch.rows, 0)).toBe(rows);
      }),
      { numRuns: 40 },
    );
  });
});
