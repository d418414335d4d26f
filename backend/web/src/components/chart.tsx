/** uPlot in React: created when `options` change, fed when data do, sized by its place. */

import { useEffect, useEffectEvent, useLayoutEffect, useRef } from "react";
import uPlot from "uplot";
import type { ResolvedRange } from "../time/time-range.ts";

export type ChartOptions = Pick<uPlot.Options, "series" | "axes" | "bands" | "padding"> & {
  readonly yRange?: uPlot.Scale.Range;
  /** Charts with the same key share their crosshair. */
  readonly syncKey?: string;
  /** Columns begin at their x: the cursor then belongs to the one it is over, not the nearest edge. */
  readonly columns?: boolean;
};

interface ChartProps {
  readonly label: string;
  readonly height: number;
  readonly range: ResolvedRange;
  readonly data: uPlot.AlignedData;
  /** Keep the same object as long as nothing in it changes. */
  readonly options: ChartOptions;
  /** Index of the point under the cursor and its place in pixels, or null when it has left. */
  readonly onCursor: (index: number | null, left: number) => void;
  readonly onZoom: (startMs: number, endMs: number) => void;
}

/** A drag shorter than this is a click. */
const MIN_DRAG_PX = 4;

const columnAt = (plot: uPlot, xValue: number, nearest: number): number => (plot.data[0][nearest] > xValue ? Math.max(nearest - 1, 0) : nearest);

export const Chart = ({ label, height, range, data, options, onCursor, onZoom }: ChartProps) => {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const shown = useRef(range);

  const reportCursor = useEffectEvent((u: uPlot) => {
    const { idx, left } = u.cursor;
    onCursor(left === undefined || left < 0 ? null : (idx ?? null), (left ?? 0) + u.bbox.left / uPlot.pxRatio);
  });
  const reportZoom = useEffectEvent((u: uPlot) => {
    const { left, width } = u.select;
    if (width < MIN_DRAG_PX) return;
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    onZoom(u.posToVal(left, "x") * 1_000, u.posToVal(left + width, "x") * 1_000);
  });
  const currentData = useEffectEvent(() => data);

  useLayoutEffect(() => {
    const element = place.current!;
    const { yRange, syncKey, columns, ...rest } = options;
    const created = new uPlot(
      {
        ...rest,
        width: element.clientWidth,
        height,
        legend: { show: false },
        scales: {
          x: { range: () => [shown.current.startMs / 1_000, shown.current.endMs / 1_000] },
          ...(yRange === undefined ? {} : { y: { range: yRange } }),
        },
        cursor: {
          y: false,
          drag: { x: true, y: false, setScale: false },
          points: { show: columns !== true },
          ...(syncKey === undefined ? {} : { sync: { key: syncKey, setSeries: false } }),
          ...(columns === true ? { dataIdx: (u, _series, nearest, xValue) => columnAt(u, xValue, nearest) } : {}),
        },
        hooks: { setCursor: [reportCursor], setSelect: [reportZoom] },
      },
      currentData(),
      element,
    );
    plot.current = created;
    const sizes = new ResizeObserver(() => created.setSize({ width: element.clientWidth, height }));
    sizes.observe(element);
    return () => {
      sizes.disconnect();
      created.destroy();
      plot.current = null;
    };
  }, [options, height]);

  useEffect(() => {
    shown.current = range;
    plot.current?.setData(data);
  }, [data, range]);

  return <div ref={place} style={{ height }} role="img" aria-label={label} />;
};
