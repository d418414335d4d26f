/** One chart of the host page with its legend. */

import { Skeleton } from "@mantine/core";
import { useMemo, useState } from "react";
import type uPlot from "uplot";
import { type Scheme, SERIES_COLOURS } from "../../colours.ts";
import { BINARY_INCREMENTS, timeAxis, valueAxis } from "../../components/chart-axes.ts";
import { Chart, type ChartOptions } from "../../components/chart.tsx";
import { stack } from "../../components/stack.ts";
import { formatUnit } from "../../format/units.ts";
import { useScheme } from "../../theme.ts";
import { formatMoment } from "../../time/format-time.ts";
import css from "./hosts.module.css";
import { type PanelLines, toPanelLines } from "./panel-lines.ts";
import type { Panel } from "./panels.ts";
import { type PanelAnswers, usePanel } from "./use-panel.ts";
import type { TimeRange } from "../../time/time-range.ts";

const HEIGHT_PX = 168;
/** Of the areas of a stack, in hexadecimal: the grid shows through. */
const STACK_ALPHA = "b8";

const colourOf = (index: number, scheme: Scheme): string => SERIES_COLOURS[scheme][index % SERIES_COLOURS[scheme].length];

const chartOptions = (panel: Panel, lineCount: number, scheme: Scheme): ChartOptions => ({
  syncKey: "host",
  padding: [8, 8, 0, 0],
  axes: [
    timeAxis(scheme),
    valueAxis(scheme, {
      format: (value) => formatUnit(value, panel.unit),
      size: 66,
      ...(panel.unit === "bytes" ? { increments: BINARY_INCREMENTS } : {}),
    }),
  ],
  yRange: (_plot, _min, max) => [0, typeof panel.ceiling === "number" ? Math.max(panel.ceiling, max) : max > 0 ? max * 1.08 : 1],
  series: [{}, ...Array.from({ length: lineCount }, (_, i) => ({
    stroke: colourOf(i, scheme),
    width: panel.stacked ? 0.5 : 1.5,
    points: { show: false },
    ...(panel.stacked ? { fill: `${colourOf(i, scheme)}${STACK_ALPHA}` } : {}),
  }))],
  // Between each line of a stack and the one below it; the lowest reaches down to the axis.
  ...(panel.stacked
    ? { bands: Array.from({ length: lineCount - 1 }, (_, i): uPlot.Band => ({ series: [i + 2, i + 1], fill: `${colourOf(i + 1, scheme)}${STACK_ALPHA}` })) }
    : {}),
});

interface PanelChartProps {
  readonly panel: Panel;
  readonly host: string;
  readonly range: TimeRange;
  readonly live: boolean;
  readonly onZoom: (startMs: number, endMs: number) => void;
}

export const PanelChart = ({ panel, host, range, live, onZoom }: PanelChartProps) => {
  const { data, error, isPending } = usePanel(panel, host, range, live);
  return (
    <section className={css.panel} aria-label={panel.title}>
      {isPending && <Skeleton height={HEIGHT_PX + 40} />}
      {data !== undefined && <Drawing panel={panel} answers={data} onZoom={onZoom} />}
      {error !== null && <p className={css.note} role="alert">{error.message}</p>}
    </section>
  );
};

interface DrawingProps {
  readonly panel: Panel;
  readonly answers: PanelAnswers;
  readonly onZoom: (startMs: number, endMs: number) => void;
}

const Drawing = ({ panel, answers, onZoom }: DrawingProps) => {
  const scheme = useScheme();
  const [index, setIndex] = useState<number | null>(null);
  const drawn = useMemo(() => toPanelLines(panel, answers.answers), [panel, answers]);
  const options = useMemo(() => chartOptions(panel, drawn.lines.length, scheme), [panel, drawn.lines.length, scheme]);
  const data = useMemo<uPlot.AlignedData>(() => {
    const values = drawn.lines.map((line) => line.values);
    return [[...drawn.times], ...(panel.stacked ? stack(values) : values.map((line) => line.slice()))];
  }, [panel, drawn]);
  return (
    <>
      <header className={css.panelHead}>
        <h2>{panel.title}</h2>
        <strong>{panel.headline(drawn.latest) ?? "–"}</strong>
        {index !== null && index < drawn.times.length && <time>{formatMoment(drawn.times[index] * 1_000)}</time>}
      </header>
      {drawn.lines.length === 0 ? (
        <p className={css.note}>Nothing reported in this time range.</p>
      ) : (
        <Chart label={`${panel.title} over time`} height={HEIGHT_PX} range={answers.range} data={data} options={options} onZoom={onZoom} onCursor={setIndex} />
      )}
      <Legend panel={panel} drawn={drawn} index={index} scheme={scheme} />
    </>
  );
};

interface LegendProps {
  readonly panel: Panel;
  readonly drawn: PanelLines;
  /** The point under the crosshair; the newest values are shown when there is none. */
  readonly index: number | null;
  readonly scheme: Scheme;
}

const Legend = ({ panel, drawn, index, scheme }: LegendProps) => (
  <ul className={css.legend}>
    {drawn.lines.map(({ name, values }, i) => {
      const value = index === null ? drawn.latest[name] : values[index];
      return (
        <li key={name}>
          <i style={{ background: colourOf(i, scheme) }} />
          {name}
          <b>{value === null || value === undefined ? "–" : formatUnit(value, panel.unit)}</b>
        </li>
      );
    })}
  </ul>
);
