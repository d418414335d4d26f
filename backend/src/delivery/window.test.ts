import { describe, expect, it } from "vitest";
import { retentionClass, retentionDays, windowOf } from "./window.ts";

const policy = (logs: number, samples = 1) => ({
  tenant: "t",
  version: 1,
  retentionDays: { logs, samples },
  maxFutureMs: 60_000,
  limits: { rowsPerMinute: 1, bytesPerMinute: 1 },
  queryLimits: { atOnce: 8, seconds: 60, memoryBytes: null, rows: null },
});

describe("the window of a policy", () => {
  it.each([[1, 1], [2, 3], [3, 3], [8, 14], [30, 30], [31, 90], [366, 2555], [9999, 2555]])("%i days belong to class %i", (days, expected) => {
    expect(retentionClass(days)).toBe(expected);
  });

  it("has its own length for each stream, at most that of the last class", () => {
    expect(retentionDays(policy(7, 90), "logs")).toBe(7);
    expect(retentionDays(policy(7, 90), "samples")).toBe(90);
    expect(retentionDays(policy(7, 90), "series")).toBe(1_825);
    expect(retentionDays(policy(99_999), "logs")).toBe(2555);
  });

  it("ends a little after now", () => {
    const now = Date.UTC(2026, 0, 31);
    expect(windowOf(policy(30), "logs", now)).toEqual({ fromMs: Date.UTC(2026, 0, 1), toMs: now + 60_000 });
  });

  it.each([[7, 6], [2, 1], [1, 0.5]])("begins for samples that are kept %d days %d days ago", (kept, taken) => {
    const now = Date.UTC(2026, 0, 31);
    expect(windowOf(policy(30, kept), "samples", now).fromMs).toBe(now - taken * 86_400_000);
    expect(windowOf(policy(30, kept), "histograms", now).fromMs).toBe(now - kept * 86_400_000);
  });
});
