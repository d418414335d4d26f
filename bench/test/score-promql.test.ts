import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { runScript } from "./run-script.ts";

const vector = (points: readonly unknown[], more: object = {}) => ({ kind: "vector", ordered: false, series: [{ labels: {}, points: [points] }], ...more });

it("counts what the engine answers right, and names what it does not", { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "obs-promql-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "promql"));
  const load = { step_ms: 60_000, with_nhcb: false, series: [{ labels: { __name__: "lines_total" }, samples: [[0, 0], [60_000, 60], [120_000, 120]] }, { labels: { __name__: "sizes" }, samples: [[0, { hist: { schema: 0, count: 2, sum: 3, buckets: [1, 1] } }]] }] };
  const at = { loads: ["L1"], type: "instant", time_ms: 120_000, needs: [] };
  const cases = [
    { ...at, id: "right", expr: "rate(lines_total[2m])", expect: vector([120_000, 1]) },
    { ...at, id: "wrong", expr: "rate(lines_total[2m])", expect: vector([120_000, 2]) },
    { ...at, id: "no series", expr: "nothing", expect: vector([120_000, 1]) },
    { ...at, id: "fails", expr: "rate(lines_total)", expect: { kind: "fail", ordered: false, series: [], fail: [{ any: true }] } },
    { ...at, id: "says so", expr: "quantile(7, lines_total)", expect: vector([120_000, "+Inf"], { warn: [{ regex: "between 0 and 1" }] }) },
    { ...at, id: "does not say so", expr: "lines_total * 1", expect: vector([120_000, 120], { warn: [{ any: true }] }) },
    { ...at, id: "native", expr: "sizes * 2", expect: vector([120_000, { hist: { schema: 0, count: 4, sum: 6, buckets: [2, 2] } }]), needs: ["native_histograms"] },
  ];
  writeFileSync(join(folder, "promql", "own.json"), JSON.stringify({ file: "own", loads: { L1: load }, cases }));
  vi.stubEnv("CORPORA", folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { result } = await runScript("score-promql.ts", []);
  expect(result).toMatchObject({ plain: { passed: 3, total: 6 }, all: { passed: 4, total: 7 } });
  expect((result["failures"] as string[]).map((failure) => failure.split(":")[0])).toEqual(["wrong", "no series", "does not say so"]);
});
