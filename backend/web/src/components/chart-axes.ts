/** Axes that every chart shares. */

import type uPlot from "uplot";
import { CHART_COLOURS, type Scheme } from "../colours.ts";

const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif';
const DAY_SECONDS = 86_400;

const pad = (value: number): string => String(value).padStart(2, "0");
const dayLabel = (date: Date): string => `${date.getDate()} ${date.toLocaleString("en", { month: "short" })}`;

/** `14:05`, with seconds when ticks are that close, and the day where a new one begins. */
export const timeLabels = (splits: readonly number[], stepSeconds: number): string[] => {
  let day = -1;
  return splits.map((seconds, i) => {
    const date = new Date(seconds * 1_000);
    const isNewDay = i > 0 && date.getDate() !== day;
    day = date.getDate();
    const clock = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
    if (stepSeconds >= DAY_SECONDS || (isNewDay && clock === "00:00")) return dayLabel(date);
    return stepSeconds < 60 ? `${clock}:${pad(date.getSeconds())}` : clock;
  });
};

export const timeAxis = (scheme: Scheme): uPlot.Axis => ({
  stroke: CHART_COLOURS[scheme].text,
  grid: { show: false },
  ticks: { stroke: CHART_COLOURS[scheme].grid, width: 1, size: 4 },
  font: FONT,
  size: 24,
  gap: 3,
  space: 80,
  values: (_plot, splits, _axis, _space, step) => timeLabels(splits, step),
});

export interface ValueAxisOptions {
  readonly format: (value: number) => string;
  readonly size: number;
  /** Distances between ticks to choose from; uPlot's decimal ones unless given. */
  readonly increments?: number[];
  readonly spacePx?: number;
}

export const valueAxis = (scheme: Scheme, { format, size, increments, spacePx = 30 }: ValueAxisOptions): uPlot.Axis => ({
  stroke: CHART_COLOURS[scheme].text,
  grid: { stroke: CHART_COLOURS[scheme].grid, width: 1 },
  ticks: { show: false },
  font: FONT,
  size,
  gap: 6,
  space: spacePx,
  values: (_plot, splits) => splits.map(format),
  ...(increments === undefined ? {} : { incrs: increments }),
});

/** Powers of two, so that ticks of memory fall on whole KiB, MiB and GiB. */
export const BINARY_INCREMENTS: number[] = Array.from({ length: 50 }, (_, power) => 2 ** power);
