/** The rows: only those in view are in the document, so that 100,000 scroll like 100. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, memo, useEffect, useRef } from "react";
import type { LogRecord } from "../../api/types.ts";
import { useScheme } from "../../theme.ts";
import { formatRowTime } from "../../time/format-time.ts";
import { LevelBadge } from "./level-badge.tsx";
import { levelColour } from "./levels.ts";
import css from "./log-list.module.css";
import { MarkedText } from "./marked-text.tsx";

const ROW_HEIGHT_PX = 24;
/** Rows before the end at which the next page is asked for. */
const LOAD_AHEAD_ROWS = 150;
/** A row shows one screen's width at most; the rest is in the detail. */
const MAX_ROW_CHARACTERS = 600;

interface LogListProps {
  readonly records: readonly LogRecord[];
  readonly terms: readonly string[];
  readonly withDate: boolean;
  readonly stale: boolean;
  readonly selectedId: string | undefined;
  readonly onSelect: (id: string | undefined) => void;
  readonly onEnd: () => void;
  readonly onAtTop: (atTop: boolean) => void;
}

/** How far a key moves the selection. */
const STEPS: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, PageDown: 20, PageUp: -20, Home: -Infinity, End: Infinity };

export const LogList = ({ records, terms, withDate, stale, selectedId, onSelect, onEnd, onAtTop }: LogListProps) => {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: records.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT_PX,
    getItemKey: (index) => records[index].id,
    overscan: 24,
  });
  const items = virtual.getVirtualItems();
  const nearEnd = (items[items.length - 1]?.index ?? 0) >= records.length - LOAD_AHEAD_ROWS;
  useEffect(() => {
    if (nearEnd) onEnd();
  }, [nearEnd, onEnd]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const step = STEPS[event.key];
    if (event.key === "Escape") return onSelect(undefined);
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const current = records.findIndex(({ id }) => id === selectedId);
    const next = Math.max(Math.min((current < 0 && step > 0 ? -1 : current) + step, records.length - 1), 0);
    virtual.scrollToIndex(next);
    onSelect(records[next].id);
  };
  return (
    <div
      ref={scroller}
      className={css.list}
      role="listbox"
      aria-label="Log lines"
      aria-activedescendant={selectedId === undefined ? undefined : `line-${selectedId}`}
      tabIndex={0}
      data-stale={stale || undefined}
      data-date={withDate || undefined}
      onKeyDown={onKeyDown}
      onScroll={(event) => onAtTop(event.currentTarget.scrollTop < ROW_HEIGHT_PX)}
    >
      <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {items.map(({ key, index, start }) => (
          <LogRow
            key={key}
            record={records[index]}
            terms={terms}
            withDate={withDate}
            top={start}
            selected={records[index].id === selectedId}
            onSelect={onSelect}
          />
        ))}
      </div>
    </div>
  );
};

interface LogRowProps {
  readonly record: LogRecord;
  readonly terms: readonly string[];
  readonly withDate: boolean;
  readonly top: number;
  readonly selected: boolean;
  readonly onSelect: (id: string | undefined) => void;
}

const rowText = (message: string): string => message.slice(0, MAX_ROW_CHARACTERS).trimEnd().replace(/\s*\n\s*/g, " ⏎ ");

const LogRow = memo(({ record, terms, withDate, top, selected, onSelect }: LogRowProps) => (
  <div
    id={`line-${record.id}`}
    className={css.row}
    role="option"
    aria-selected={selected}
    style={{ transform: `translateY(${top}px)`, borderLeftColor: levelColour(record.level, useScheme()) }}
    onClick={() => onSelect(selected ? undefined : record.id)}
  >
    <time className={css.time}>{formatRowTime(record.timestamp, withDate)}</time>
    <LevelBadge level={record.level} />
    <span className={css.service}>{record.service}</span>
    <span className={css.host}>{record.host}</span>
    <span className={css.message}>
      <MarkedText text={rowText(record.message)} terms={terms} />
    </span>
  </div>
));
