import { describe, expect, it } from "vitest";
import { DEFAULT_RANGE } from "../../time/time-range.ts";
import { logsAddress, type LogsState, readLogsState } from "./logs-state.ts";

const DEFAULT: LogsState = { query: "", range: DEFAULT_RANGE, levels: [], order: "desc", live: true, line: undefined };

const searchOf = (address: string): string => new URL(address, "http://obs").search;

describe("the log page's address", () => {
  it("is bare for the defaults", () => {
    expect(logsAddress(DEFAULT)).toBe("/logs");
    expect(readLogsState("")).toEqual(DEFAULT);
  });
  it.each<Partial<LogsState>>([
    { query: 'a AND path:"/x?y=1&z" OR ü' },
    { range: { from: "now-7d", to: "now" } },
    { range: { from: "now-1h", to: "now-30m" } },
    { range: { from: "2026-11-22T10:00:00.000Z", to: "2026-11-22T11:00:00.000Z" } },
    { levels: ["ERROR", "WARN", ""] },
    { order: "asc", live: false, line: "12-3" },
  ])("holds %j", (change) => {
    const state = { ...DEFAULT, ...change };
    expect(readLogsState(searchOf(logsAddress(state)))).toEqual(state);
  });
  it("leaves out what it does not know", () => {
    expect(readLogsState("?level=LOUD,ERROR&order=sideways")).toEqual({ ...DEFAULT, levels: ["ERROR"] });
  });
});
