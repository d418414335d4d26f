import { expect, it } from "vitest";
import type { MetricAnswer } from "../../api/types.ts";
import { toOverview } from "./overview.ts";

const answer = (...series: readonly (readonly [labels: Record<string, string>, value: number])[]): MetricAnswer => ({
  metric: "m",
  step_seconds: 30,
  result: series.map(([labels, value]) => ({ labels, values: [[0, -1], [30, value]] })),
});

it("gathers each host's newest figures, and leaves out what it did not report", () => {
  const overview = toOverview(
    answer([{ host: "a", state: "idle" }, 0.75], [{ host: "a", state: "user" }, 0.25], [{ host: "b", state: "idle" }, 1], [{}, 9]),
    answer([{ host: "a", state: "used" }, 30], [{ host: "a", state: "free" }, 70]),
    answer([{ host: "b" }, 1.5]),
  );
  expect([...overview]).toEqual([
    ["a", { cpu: 0.25, memory: 0.3, load: undefined }],
    ["b", { cpu: 0, memory: undefined, load: 1.5 }],
  ]);
});
