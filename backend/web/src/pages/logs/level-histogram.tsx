/** Lines over time, stacked by level. Dragging over it zooms in. */

import { useMemo, useState } from "react";
import uPlot from "uplot";
import type { Histogram } from "../../api/types.ts";
import type { Scheme } from "../../colours.ts";
import { timeAxis, valueAxis } from "../../components/chart-axes.ts";
import { Chart, type ChartOptions } from "../../components/chart.tsx";
import { stack } from "../../components/stack.ts";
import { formatCount, formatShortCount } from "../../format/units.ts";
import { useScheme } from "../../theme.ts";
import { formatMoment } from "../../time/format-time.ts";
import type { ResolvedRange } from "../../time/time-range.ts";
import { type LevelColumns, toColumns } from "./histogram-buckets.ts";
import { levelColour, levelLabel } from "./levels.ts";
import css from "./logs-page.module.css";

const HEIGHT_PX = 100;

const chartOptions = (levels: readonly string[], scheme: Scheme): ChartOptions => ({
  columns: true,
  padding: [4, 0, 0, 0],
  yRange: (_plot, _min, max) => [0, Math.max(max, 4)],
  axes: [timeAxis(scheme), valueAxis(scheme, { format: formatShortCount, size: 52, spacePx: 24 })],
  // The tallest sum is drawn first, the others over it.
  series: [{}, ...levels.toReversed().map((level) => ({
    fill: levelColour(level, scheme),
    width: 0,
    points: { show: false },
    paths: uPlot.paths.bars!({ size: [1, Infinity], align: 1, gap: 1 }),
  }))],
});

interface LevelHistogramProps {
  readonly histogram: Histogram | undefined;
  readonly range: ResolvedRange | undefined;
  readonly onZoom: (startMs: number, endMs: number) => void;
}

export const LevelHistogram = ({ histogram, range, onZoom }: LevelHistogramProps) => {
  const scheme = useScheme();
  const [cursor, setCursor] = useState<{ readonly index: number; readonly left: number }>();
  const columns = useMemo(() => (histogram === undefined || range === undefined ? undefined : toColumns(histogram, range)), [histogram, range]);
  // By content: most refreshes bring the same levels, and the chart can stay.
  const levelsKey = JSON.stringify(columns?.series.map(({ level }) => level) ?? []);
  const options = useMemo(() => chartOptions(JSON.parse(levelsKey) as string[], scheme), [levelsKey, scheme]);
  const data = useMemo<uPlot.AlignedData>(
    () => (columns === undefined ? [[]] : [[...columns.starts], ...stack(columns.series.map(({ counts }) => counts)).toReversed()]),
    [columns],
  );
  if (columns === undefined || range === undefined) return null;
  return (
    <>
      <Chart
        label="Lines over time by level"
        height={HEIGHT_PX}
        range={range}
        data={data}
        options={options}
        onZoom={onZoom}
        onCursor={(index, left) => setCursor(index === null ? undefined : { index, left })}
      />
      {cursor !== undefined && cursor.index < columns.starts.length && <ColumnTooltip columns={columns} index={cursor.index} left={cursor.left} scheme={scheme} />}
    </>
  );
};

interface ColumnTooltipProps {
  readonly columns: LevelColumns;
  readonly index: number;
  readonly left: number;
  readonly scheme: Scheme;
}

const ColumnTooltip = ({ columns, index, left, scheme }: ColumnTooltipProps) => {
  const startMs = columns.starts[index] * 1_000;
  const levels = columns.series.filter(({ counts }) => counts[index] > 0);
  return (
    <div className={css.tooltip} style={{ left: `min(${left + 16}px, calc(100% - 180px))` }}>
      <time>{formatMoment(startMs)}</time>
      {levels.length === 0 && <div>no lines</div>}
      {levels.map(({ level, counts }) => (
        <div key={level}>
          <i style={{ background: levelColour(level, scheme) }} />
          {levelLabel(level)}
          <b>{formatCount(counts[index])}</b>
        </div>
      ))}
    </div>
  );
};
