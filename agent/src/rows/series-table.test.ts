import { seriesId } from "@obs/wire";
import { describe, expect, it } from "vitest";
import type { Observation } from "../core/contracts.ts";
import { SERIES_INTERVAL_MS, SeriesTable } from "./series-table.ts";

const observation = (value: number, labels: Record<string, string> = { host: "a" }): Observation => ({
  metric: "system.cpu.utilization",
  labels,
  kind: "gauge",
  unit: "1",
  help: "",
  value,
});

describe("SeriesTable", () => {
  it("makes a sample of every observation, under the id of its series", () => {
    const { samples } = new SeriesTable().observe(5, [observation(1), observation(2, { host: "b" })]);
    expect(samples).toEqual([
      { metric: "system.cpu.utilization", series: seriesId("system.cpu.utilization", { host: "a" }), timestamp: 5, value: 1 },
      { metric: "system.cpu.utilization", series: seriesId("system.cpu.utilization", { host: "b" }), timestamp: 5, value: 2 },
    ]);
  });

  it("gives a series with its first sample and then once a day", () => {
    const table = new SeriesTable();
    const times = [0, 10_000, SERIES_INTERVAL_MS - 1, SERIES_INTERVAL_MS, SERIES_INTERVAL_MS + 10_000];
    const series = times.map((time) => table.observe(time, [observation(1)]).series);
    expect(series.map(({ length }) => length)).toEqual([1, 0, 0, 1, 0]);
    expect(series[3]).toEqual([expect.objectContaining({ firstSeen: 0, lastSeen: SERIES_INTERVAL_MS, labels: { host: "a" } })]);
  });

  it("gives all again when the store asks", () => {
    const table = new SeriesTable();
    const both = [observation(1), observation(2, { host: "b" })];
    table.observe(0, both);
    table.resendAll();
    expect(table.observe(1, both).series).toHaveLength(2);
  });

  it("leaves out and counts what is not a finite number", () => {
    const table = new SeriesTable();
    const { samples } = table.observe(5, [observation(Number.NaN), observation(3), observation(Number.POSITIVE_INFINITY)]);
    expect(samples.map(({ value }) => value)).toEqual([3]);
    expect(table.notFinite).toBe(2);
  });

  it("masks names and labels before they are keyed", () => {
    const table = new SeriesTable({ mask: (text) => text.replaceAll("secret", "***") });
    const { samples, series } = table.observe(5, [{ ...observation(1, { user: "secret" }), metric: "by.secret", help: "of secret" }]);
    const masked = { metric: "by.***", series: seriesId("by.***", { user: "***" }) };
    expect(samples).toMatchObject([masked]);
    expect(series).toMatchObject([{ ...masked, labels: { user: "***" }, help: "of ***" }]);
  });

  it("gives exemplars the series of what they stand on, and masks what they say", () => {
    const table = new SeriesTable({ mask: (text) => text.replaceAll("secret", "***") });
    const exemplar = { timestamp: 7n, value: 0.5, traceId: "a".repeat(32), spanId: "", attributes: { secret: "a secret" } };
    const histogram = { metric: "h", labels: {}, unit: "", help: "", point: {} as never, exemplars: [exemplar] };
    const { samples, series, exemplars } = table.observe(5, [{ ...observation(1), exemplars: [exemplar] }, { ...observation(Number.NaN, {}), exemplars: [exemplar] }], [histogram]);
    const masked = { ...exemplar, attributes: { "***": "a ***" } };
    expect(exemplars).toEqual([
      { ...masked, metric: "system.cpu.utilization", series: seriesId("system.cpu.utilization", { host: "a" }) },
      { ...masked, metric: "system.cpu.utilization", series: seriesId("system.cpu.utilization", {}) },
      { ...masked, metric: "h", series: seriesId("h", {}) },
    ]);
    expect([samples.length, series.length]).toEqual([1, 3]);
  });

  it("forgets the series seen longest ago when there are too many", () => {
    const table = new SeriesTable({ maxSeries: 2 });
    for (const host of ["a", "b", "a", "c"]) table.observe(0, [observation(1, { host })]);
    expect(table.size).toBe(2);
    expect(table.observe(1, [observation(1, { host: "a" })]).series).toEqual([]);
    expect(table.observe(1, [observation(1, { host: "b" })]).series).toHaveLength(1);
  });
});
