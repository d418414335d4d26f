/** A source of the user's own: positions, failures, transforms, and what it may not do. */

import { describe, expect, it } from "vitest";
import { systemClock, type Clock } from "../../core/clock.ts";
import { CustomTransform } from "../../core/custom-transform.ts";
import type { SourceContext, SourcePlugin } from "../../plugin.ts";
import { KeepingCounters, keepingLog, KeepingRecordShard } from "../fixtures.ts";
import { createPluginSource, type PluginSourceOptions } from "./index.ts";

const WAIT = { timeout: 5_000, interval: 5 };
/** Distances between tries, and patience, are a hundredth. */
const fastClock: Clock = { ...systemClock, after: (ms, callback) => systemClock.after(ms / 100, callback) };

const open = (run: SourcePlugin["run"], more: Partial<PluginSourceOptions> = {}, positions: readonly (readonly [string, Uint8Array])[] = [], clock = fastClock) => {
  const shard = new KeepingRecordShard();
  const counters = new KeepingCounters();
  const { log, told } = keepingLog();
  const source = createPluginSource({ name: "own", module: "own.ts", plugin: { run }, options: { a: 1 }, service: "own", environment: "test", ...more }, shard, { positions, clock, log, host: "here", counters });
  return { source, shard, counters, told };
};

const untilAborted = (signal: AbortSignal): Promise<void> => new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));

describe("a plugin's source", () => {
  it("gives records the roles of their fields, and stores the position with them", async () => {
    const { source, shard } = open(async ({ options, position, signal, emit }) => {
      await emit([{ message: `${JSON.stringify(options)} ${position}`, level: "error", timestamp: "2026-01-02T03:04:05Z", user: { id: 7 } }], "b");
      await untilAborted(signal);
    }, {}, [["plugin/own", Buffer.from("a")], ["plugin/other", Buffer.from("x")]]);
    await source.start();
    await expect.poll(() => shard.records, WAIT).toEqual([
      { message: '{"a":1} a', severity: 17, timestamp: BigInt(Date.UTC(2026, 0, 2, 3, 4, 5)) * 1_000_000n, attributes: { "user.id": "7" }, service: "own", host: "here", environment: "test" },
    ]);
    expect(Object.fromEntries(shard.positions)).toEqual({ "plugin/own": "b" });
    await source.stop();
  });

  it("is run again after a failure, from the position that is durable", async () => {
    const seen: (string | undefined)[] = [];
    const { source, shard, counters, told } = open(async ({ position, signal, emit }) => {
      seen.push(position);
      await emit([{ message: `after ${position ?? "nothing"}` }], String(Number(position ?? 0) + 1));
      if (seen.length < 3) throw new Error("the other side is away");
      await untilAborted(signal);
    });
    await source.start();
    await expect.poll(() => shard.records.map(({ message }) => message), WAIT).toEqual(["after nothing", "after 1", "after 2"]);
    expect(seen).toEqual([undefined, "1", "2"]);
    expect(counters.get("failures")).toBeGreaterThan(0);
    expect(told.join("\n")).toContain("the other side is away");
    await source.stop();
  });

  it("is not run again before all that it has handed on is durable, and a run that is over hands on nothing", async () => {
    const waiting: (() => void)[] = [];
    const heldClock: Clock = { ...systemClock, after: (_ms, callback) => (waiting.push(callback), () => {}) };
    const runs: (string | undefined)[] = [];
    let first: SourceContext<unknown> | undefined;
    const run: SourcePlugin["run"] = async (context) => {
      runs.push(context.position);
      if (runs.length > 1) return untilAborted(context.signal);
      first = context;
      for (const number of [1, 2]) void context.emit([{ message: `record ${number}` }], String(number)).catch(() => {});
      // Both are with the shard when it fails.
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
      throw new Error("the other side is away");
    };
    const { source, shard } = open(run, {}, [], heldClock);
    shard.hold();
    await source.start();
    await expect.poll(() => shard.records.length, WAIT).toBe(2);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(waiting).toHaveLength(0);
    shard.release();
    await expect.poll(() => waiting.length, WAIT).toBe(1);
    await expect(first!.emit([{ message: "late" }])).rejects.toThrow("this run of the source has ended");
    waiting[0]!();
    await expect.poll(() => runs, WAIT).toEqual([undefined, "2"]);
    await source.stop();
    expect(shard.records.map(({ message }) => message)).toEqual(["record 1", "record 2"]);
  });

  it("may end, and a position alone is stored", async () => {
    const { source, shard, told } = open(({ emit }) => emit([], "end"));
    await source.start();
    await expect.poll(() => shard.positions.get("plugin/own"), WAIT).toBe("end");
    await expect.poll(() => told.join("\n"), WAIT).toContain("the plugin has ended");
    await source.stop();
    expect(shard.records).toEqual([]);
  });

  it("is told what it does wrong, and nothing of that call is taken", async () => {
    const faults: string[] = [];
    const bad: readonly (readonly [unknown, unknown?])[] = [["text"], [["a record"]], [[{ message: "fine" }, null]], [[], 5], [[], "x".repeat(70_000)]];
    const { source, shard } = open(async ({ signal, emit }) => {
      for (const [records, position] of bad) await emit(records as never, position as never).catch((error: Error) => faults.push(error.message));
      await untilAborted(signal);
    });
    await source.start();
    await expect.poll(() => faults, WAIT).toEqual(["emit takes a list of records", "a record is an object of fields", "a record is an object of fields", expect.stringContaining("a position is a text"), expect.stringContaining("at most 65536 bytes")]);
    expect(shard.records).toEqual([]);
    await source.stop();
  });

  it("is not waited for when it does not end, and can hand on nothing any more", async () => {
    let context: SourceContext<unknown> | undefined;
    const { source, shard, told } = open((given) => {
      context = given;
      return new Promise(() => {});
    });
    await source.start();
    await source.stop();
    expect(told.join("\n")).toContain("the plugin does not end");
    await expect(context!.emit([{ message: "late" }])).rejects.toThrow(/abort/i);
    expect(shard.records).toEqual([]);
  });

  it("has its records changed and dropped by transforms, and what is dropped is counted", async () => {
    const onlyErrors = new CustomTransform("errors.ts", "1", (record) => (record.severity >= 17 ? record : undefined));
    const tagged = new CustomTransform("tag.ts", "1", (record) => ({ ...record, timestamp: 5.25, attributes: { ...record.attributes, tag: record.message } }));
    const { source, shard } = open(async ({ signal, emit }) => {
      await emit([{ message: "a", level: "info" }, { message: "b", level: "error" }], "1");
      await emit([{ message: "c" }]);
      await untilAborted(signal);
    }, { transforms: [onlyErrors, tagged] });
    await source.start();
    await expect.poll(() => shard.filtered, WAIT).toBe(2);
    expect(shard.records).toEqual([{ message: "b", severity: 17, timestamp: 5_250_000n, attributes: { tag: "b" }, service: "own", host: "here", environment: "test" }]);
    await source.stop();
  });
});
