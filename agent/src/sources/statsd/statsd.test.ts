import { createSocket } from "node:dgram";
import * as fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { statsdSchema } from "../../config/metric-sources.ts";
import type { Scrape } from "../../core/contracts.ts";
import { silentLog } from "../../core/log.ts";
import { ManualClock } from "../../shard/fixtures.ts";
import { Aggregator } from "./aggregate.ts";
import { createStatsdSource, type StatsdSource } from "./index.ts";
import { parseStatsdLine, parseTags } from "./parse.ts";

const COUNTER = { type: "counter", isDelta: false, rate: 1, tags: "", hasTime: false, member: "" };

describe("a line", () => {
  it.each([
    ["requests:1|c", { ...COUNTER, name: "requests", values: [1] }],
    ["requests:3|c|@0.1", { ...COUNTER, name: "requests", values: [3], rate: 0.1 }],
    ["requests:1:2:3|c|#env:prod,canary", { ...COUNTER, name: "requests", values: [1, 2, 3], tags: "env:prod,canary" }],
    ["requests:1|c|T1656581400", { ...COUNTER, name: "requests", values: [1], hasTime: true }],
    ["requests:1|c|c:83c0a99c0a54c0c187f461c7980e9b57|e:it-false", { ...COUNTER, name: "requests", values: [1] }],
    ["heap:-2.5e3|g", { ...COUNTER, type: "gauge", isDelta: true, name: "heap", values: [-2500] }],
    ["heap:12|g", { ...COUNTER, type: "gauge", name: "heap", values: [12] }],
    ["latency:320|ms|@0.5|#a:b", { ...COUNTER, type: "timer", name: "latency", values: [320], rate: 0.5, tags: "a:b" }],
    ["size:1.5|h", { ...COUNTER, type: "timer", name: "size", values: [1.5] }],
    ["size:1.5:2|d", { ...COUNTER, type: "timer", name: "size", values: [1.5, 2] }],
    ["users:a:b@c|s", { ...COUNTER, type: "set", name: "users", values: [], member: "a:b@c" }],
    ["_e{5,4}:title|text", "event"],
    ["_sc|db|0", "service_check"],
  ])("%s is read", (line, parsed) => expect(parseStatsdLine(line)).toEqual(parsed));

  it.each(["", "requests", "requests:1", "requests:|c", ":1|c", "requests:one|c", "requests:1|x", "requests:1|c|@0", "requests:1|c|@2", "requests:1|c|@x", "requests:1|constructor", "a:1e999|g", "a:0x10|c", "a: 1|c"])("%j is malformed", (line) =>
    expect(parseStatsdLine(line)).toBeUndefined());

  it.each([
    ["", {}],
    ["b:2,a:1", { a: "1", b: "2" }],
    ["flag,a:", { a: "", flag: "true" }],
    ["url:http://x:1,a:1,a:2", { a: "2", url: "http://x:1" }],
  ])("tags %j are %j", (tags, labels) => expect(parseTags(tags)).toEqual(labels));

  it("never throws, and gives finite numbers only", () => {
    const text = fc.array(fc.oneof(fc.constantFrom(":", "|", "#", "@", "c", "g", "ms", "s", "1", "-", "+", "e9", "0.1", "_e{", ","), fc.string({ maxLength: 3 })), { maxLength: 15 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, (line) => {
        const parsed = parseStatsdLine(line);
        if (typeof parsed !== "object") return;
        parseTags(parsed.tags);
        expect(parsed.values.every(Number.isFinite)).toBe(true);
        expect(parsed.rate > 0 && parsed.rate <= 1).toBe(true);
      }),
    );
  });
});

const aggregator = (more: { maxSeries?: number; forgetAfterMs?: number } = {}) => {
  const events: string[] = [];
  const made = new Aggregator({ maxSeries: 100, forgetAfterMs: 60_000, labels: { host: "h", service: "statsd" }, count: (event) => void events.push(event), ...more }, 0);
  const add = (nowMs: number, ...lines: string[]): void => {
    for (const line of lines) {
      const parsed = parseStatsdLine(line);
      if (typeof parsed !== "object") throw new Error(`malformed: ${line}`);
      made.add(parsed, nowMs);
    }
  };
  return { add, events, flush: (nowMs: number) => made.flush(nowMs).map(({ timestampMs, observations }) => [timestampMs, table(observations)] as const) };
};

/** `name{own labels}` to value. */
const table = (observations: Scrape["observations"]): Record<string, number> =>
  Object.fromEntries(
    observations.map(({ metric, labels: { host: _host, service: _service, ...labels }, value }) => [
      `${metric}{${Object.entries(labels)
        .map((pair) => pair.join("="))
        .join(",")}}`,
      value,
    ]),
  );

describe("aggregation", () => {
  it.each<[string, string[], Record<string, number>]>([
    ["counters, by their rates", ["a:1|c", "a:2|c|@0.5", "a:1:2|c"], { "a{}": 8 }],
    ["the last of a gauge, and its moves", ["a:5|g", "a:9|g", "a:-4|g", "a:+1|g"], { "a{}": 6 }],
    ["timers as count, sum, min and max", ["a:10|ms", "a:30|ms|@0.5"], { "a.count{}": 3, "a.sum{}": 70, "a.min{}": 10, "a.max{}": 30 }],
    ["distinct members of sets", ["a:x|s", "a:y|s", "a:x|s"], { "a{}": 2 }],
    ["series by tags, in any order", ["a:1|c|#x:1,y:2", "a:1|c|#y:2,x:1", "a:1|c|#x:2"], { "a{x=1,y=2}": 2, "a{x=2}": 1 }],
  ])("adds up %s", (_name, lines, expected) => {
    const { add, flush } = aggregator();
    add(1_000, ...lines);
    expect(flush(10_000).at(-1)).toEqual([10_000, expected]);
  });

  it("begins counters at 0 and lets them grow over flushes", () => {
    const { add, flush } = aggregator();
    add(1_000, "a:3|c", "t:5|ms", "g:1|g");
    expect(flush(10_000)).toEqual([
      [0, { "a{}": 0, "t.count{}": 0, "t.sum{}": 0 }],
      [10_000, { "a{}": 3, "t.count{}": 1, "t.sum{}": 5, "t.min{}": 5, "t.max{}": 5, "g{}": 1 }],
    ]);
    add(11_000, "a:2|c");
    expect(flush(20_000)).toEqual([[20_000, { "a{}": 5, "t.count{}": 1, "t.sum{}": 5, "g{}": 1 }]]);
  });

  it("forgets what is silent, and begins it again", () => {
    const { add, flush } = aggregator({ forgetAfterMs: 20_000 });
    add(0, "a:3|c", "a:1|c|#x:1");
    flush(10_000);
    expect(flush(20_000)).toEqual([]);
    add(21_000, "a:1|c");
    expect(flush(30_000)).toEqual([
      [20_000, { "a{}": 0 }],
      [30_000, { "a{}": 1 }],
    ]);
  });

  it("counts what it does not take", () => {
    const { add, flush, events } = aggregator({ maxSeries: 1 });
    add(0, "a:1|c", "a:1|g", "b:1|c", "a:-1|c");
    expect(events).toEqual(["type_conflicts", "series_dropped", "negative_counts"]);
    expect(flush(1).at(-1)).toEqual([1, { "a{}": 1 }]);
  });

  it("takes labels of tags before those of the agent", () => {
    const made = new Aggregator({ maxSeries: 9, forgetAfterMs: 9, labels: { host: "h", service: "statsd" }, count: () => {} }, 0);
    made.add(parseStatsdLine("a:1|g|#service:web,__proto__:x") as never, 0);
    expect(JSON.stringify(made.flush(1)[0]!.observations[0]!.labels)).toBe('{"host":"h","service":"web","__proto__":"x"}');
  });
});

describe("the source", () => {
  let source: StatsdSource | undefined;
  afterEach(() => source?.stop());

  it("takes datagrams from a real socket, flushes at multiples of the interval, and once more at its end", async () => {
    const clock = new ManualClock();
    const scrapes: Scrape[] = [];
    const events: Record<string, number> = {};
    const counters = { add: (event: string, by = 1) => void (events[event] = (events[event] ?? 0) + by), set: () => {} };
    const shard = { ready: async () => {}, observe: async (taken: readonly Scrape[]) => void scrapes.push(...taken) };
    source = createStatsdSource(statsdSchema.parse({ listen: "127.0.0.1:0" }), shard, { clock, log: silentLog, host: "h", counters });
    await source.start();
    await source.start();
    const client = createSocket("udp4");
    const send = (text: string): void => client.send(text, source!.port!, "127.0.0.1");
    send("a:1|c|#x:1\na:2|c|#x:1\r\n\nnonsense\n_sc|db|0");
    send("b:1|g");
    await expect.poll(() => events["datagrams"]).toBe(2);
    clock.advance(10_000);
    await expect.poll(() => scrapes.length).toBe(2);
    expect(scrapes.map(({ timestampMs, observations }) => [timestampMs, table(observations)])).toEqual([
      [1_000_000, { "a{x=1}": 0 }],
      [1_010_000, { "a{x=1}": 3, "b{}": 1 }],
    ]);
    expect(events).toMatchObject({ lines: 5, malformed: 1, service_checks_not_kept: 1 });
    send("a:1|c|#x:1");
    await expect.poll(() => events["datagrams"]).toBe(3);
    client.close();
    await source.stop();
    await source.stop();
    expect(table(scrapes.at(-1)!.observations)).toEqual({ "a{x=1}": 4, "b{}": 1 });
  });
});
