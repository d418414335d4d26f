import { describe, expect, it } from "vitest";
import type { MetricAnswer } from "../../api/types.ts";
import { toPanelLines } from "./panel-lines.ts";
import { type Panel, PANELS } from "./panels.ts";

const panel = (id: string): Panel => PANELS.find((p) => p.id === id)!;

const answer = (series: readonly (readonly [label: Record<string, string>, values: [number, number][]])[]): MetricAnswer => ({
  metric: "m",
  step_seconds: 10,
  result: series.map(([labels, values]) => ({ labels, values })),
});

describe("toPanelLines", () => {
  const cpu = answer([
    [{ state: "idle" }, [[10, 0.75], [20, 0.5]]],
    [{ state: "zzz" }, [[10, 0.05], [20, 0]]],
    [{ state: "system" }, [[10, 0.1]]],
    [{ state: "user" }, [[10, 0.1], [20, 0.5]]],
  ]);

  it("orders lines, hides what is not drawn, leaves holes empty", () => {
    const { times, lines } = toPanelLines(panel("cpu"), [cpu]);
    expect(times).toEqual([10, 20]);
    expect(lines).toEqual([
      { name: "user", values: [0.1, 0.5] },
      { name: "system", values: [0.1, null] },
      { name: "zzz", values: [0.05, 0] },
    ]);
  });
  it("knows the newest values and the highest sum, hidden lines too", () => {
    const { latest, maxSum } = toPanelLines(panel("cpu"), [cpu]);
    expect(latest).toEqual({ idle: 0.5, zzz: 0, system: 0.1, user: 0.5 });
    expect(maxSum).toBeCloseTo(1);
  });
  it("breaks the line where nothing was reported for long, not for one lost sample", () => {
    const load = [answer([[{}, [[10, 1], [30, 1], [300, 2]]]]), answer([]), answer([])];
    const { times, lines } = toPanelLines(panel("load"), load);
    expect(times).toEqual([10, 30, 40, 300]);
    expect(lines).toEqual([{ name: "1m", values: [1, 1, null, 2] }]);
  });
  it("draws nothing from nothing", () => {
    expect(toPanelLines(panel("cpu"), [answer([])])).toEqual({ times: [], lines: [], latest: {}, maxSum: 0 });
  });
});

describe("headlines", () => {
  it.each([
    ["cpu", { idle: 0.75, user: 0.2, system: 0.05 }, "25 %"],
    ["memory", { used: 3, cached: 1, free: 4 }, "37.5 %"],
    ["load", { "1m": 1.25, "5m": 3 }, "1.25"],
    ["filesystem", { "/": 0.5, "/boot": 0.9 }, "90 %"],
    ["disk", { read: 1_000, write: 500 }, "1.5 kB/s"],
    ["network", {}, undefined],
    ["cpu", {}, undefined],
  ])("%s of %j", (id, latest, expected) => expect(panel(id).headline(latest)).toBe(expected));
});
