import { describe, expect, it } from "vitest";
import { SourceSet, type SourcePlan } from "./source-set.ts";

const bench = () => {
  const events: string[] = [];
  const plan = (key: string, fails = false): SourcePlan => ({
    key,
    open: () => ({
      source: {
        name: key,
        start: async () => {
          events.push(`start ${key}`);
          if (fails) throw new Error(`${key} is taken`);
        },
        stop: async () => void events.push(`stop ${key}`),
      },
      flush: async () => void events.push(`flush ${key}`),
    }),
  });
  const between = async (): Promise<void> => void events.push("positions");
  return { events, plan, between, set: new SourceSet() };
};

describe("sources", () => {
  it("that are in both sets go on; the others are durable before a new one is opened", async () => {
    const { events, plan, between, set } = bench();
    await set.start([plan("a"), plan("b"), plan("b")]);
    events.length = 0;
    expect(await set.replace([plan("b"), plan("c")], between)).toEqual({ kept: 1, stopped: 2, started: 1 });
    expect(events).toEqual(["stop a", "stop b", "flush a", "flush b", "positions", "start c"]);
    await set.stop();
    expect(events.slice(-2).sort()).toEqual(["stop b", "stop c"]);
  });

  it("come back when one of the new ones does not start", async () => {
    const { events, plan, between, set } = bench();
    await set.start([plan("a"), plan("b")]);
    events.length = 0;
    await expect(set.replace([plan("b"), plan("c"), plan("d", true)], between)).rejects.toThrow("d is taken");
    expect(events.filter((event) => event !== "positions")).toEqual(["stop a", "flush a", "start c", "start d", "stop c", "stop d", "flush c", "flush d", "start a"]);
    expect(await set.replace([plan("a"), plan("b")], between)).toEqual({ kept: 2, stopped: 0, started: 0 });
  });

  it("are replaced one set after the other, and not after the end", async () => {
    const { events, plan, between, set } = bench();
    await set.start([plan("a")]);
    const both = [set.replace([plan("b")], between), set.replace([plan("c")], between)];
    await Promise.all([...both, set.stop()]);
    expect(events.filter((event) => event.startsWith("start"))).not.toContain("start d");
    events.length = 0;
    await set.replace([plan("d")], between);
    expect(events).not.toContain("start d");
  });
});
