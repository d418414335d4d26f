import { zstdCompressSync } from "node:zlib";
import { encodeLogs, type LogRecord } from "@obs/wire";
import { describe, expect, it } from "vitest";
import type { SealedBatch } from "../core/contracts.ts";
import { ManualClock } from "../shard/fixtures.ts";
import { parseFilter, parseFilters } from "./filter.ts";
import { isoOfNs } from "./records.ts";
import { Tap } from "./tap.ts";

const record = { severity: 13, message: "slow query", service: "db", attributes: { rows: "12", "http.path": "/a=b" } };

describe("filters", () => {
  it.each([
    ["service=db", true], ["service=d", false], ["service!=db", false], ["message~query", true], ["message!~query", false], ["severity=warn", true], ["severity>=warn", true],
    ["severity<=info", false], ["rows>=12", true], ["rows<=11.5", false], ["http.path=/a=b", true], ["absent=x", false], ["absent!=x", true], ["absent>=1", false], ["service~", true],
  ])("%s: %s", (text, fits) => expect(parseFilter(text)(record)).toBe(fits));
  it.each([["nothing", "is no filter"], ["=x", "is no filter"], ["rows>=many", "no number"]])("refuses %s", (text, message) => expect(() => parseFilter(text)).toThrow(message));
  it("have to fit all", () => expect(parseFilters(["service=db", "severity=error"])(record)).toBe(false));
});

describe("times", () => {
  it.each([[0n, "1970-01-01T00:00:00.000000000Z"], [1_764_000_000_123_456_789n, "2025-11-24T16:00:00.123456789Z"], [-1n, "1969-12-31T23:59:59.999999999Z"]])("%d is %s", (ns, iso) => expect(isoOfNs(ns)).toBe(iso));
});

const batchOf = (messages: readonly string[]): SealedBatch => {
  const rows = messages.map((message): LogRecord => ({ timestamp: 1n, observed: 2n, severity: 9, service: "s", host: "h", environment: "", message, traceId: "", spanId: "", pattern: 0n, weight: 1, attributes: {} }));
  const key = { agent: 1n, epoch: 2, seq: 3 };
  const native = encodeLogs(rows, key);
  return { stream: "logs", key: "1-2-3", rows: rows.length, rawBytes: native.length, firstNs: 1n, lastNs: 1n, body: zstdCompressSync(native), positions: new Map(), tenant: "" };
};

const watched = (perSecond: number, isFast = true) => {
  const clock = new ManualClock();
  const tap = new Tap({ clock });
  const shown: unknown[] = [];
  const leftOut: [number, number][] = [];
  const end = tap.watch({
    stream: "logs", perSecond, fits: ({ message }) => message !== "no",
    show: ({ message }) => isFast && shown.push(message) > 0,
    leftOut: (fitting, unseen) => leftOut.push([fitting, unseen]),
  });
  return { clock, tap, shown, leftOut, end };
};

describe("tap", () => {
  it("shows what fits, at most so many a second, and counts the rest", async () => {
    const { clock, tap, shown, leftOut } = watched(2);
    tap.see([batchOf(["a", "no", "b", "c"])]);
    await expect.poll(() => shown).toEqual(["a", "b"]);
    tap.see([batchOf(["d", "e"])]);
    clock.advance(1_000);
    expect(leftOut).toEqual([[1, 2]]);
    tap.see([batchOf(["f"])]);
    await expect.poll(() => shown).toEqual(["a", "b", "f"]);
  });

  it("looks at other streams and after its end not at all, and is not harmed by bytes that are none", async () => {
    const { tap, shown, clock, leftOut, end } = watched(10);
    tap.see([{ ...batchOf(["series"]), stream: "series" }, { ...batchOf(["x"]), body: Buffer.from("no zstd") }, batchOf(["a"])]);
    await expect.poll(() => shown).toEqual(["a"]);
    clock.advance(1_000);
    expect(leftOut).toEqual([[0, 1]]);
    end();
    tap.see([batchOf(["b"])]);
    clock.advance(1_000);
    expect([shown, clock.waiting]).toEqual([["a"], 0]);
  });

  it("counts what a slow viewer does not take", async () => {
    const { tap, clock, leftOut } = watched(10, false);
    tap.see([batchOf(["a", "b"])]);
    await expect.poll(() => (clock.advance(1_000), leftOut)).toEqual([[2, 0]]);
  });
});
