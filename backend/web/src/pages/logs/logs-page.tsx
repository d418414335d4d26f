/** The log explorer. Its state is the address; this file says which part changes what. */

import { ActionIcon } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconLayoutSidebarLeftCollapse, IconLayoutSidebarLeftExpand, IconRefresh } from "@tabler/icons-react";
import { useEffect, useMemo, useState } from "react";
import { LiveButton } from "../../components/live-button.tsx";
import { TimePicker } from "../../components/time-picker.tsx";
import { navigate, useAddress } from "../../navigation.ts";
import { absoluteRange, followsClock } from "../../time/time-range.ts";
import { FieldsSidebar } from "./fields-sidebar.tsx";
import { highlightTerms } from "./highlight.ts";
import { levelTotals } from "./histogram-buckets.ts";
import { LevelFilter } from "./level-filter.tsx";
import { LevelHistogram } from "./level-histogram.tsx";
import { LogDetail } from "./log-detail.tsx";
import { LogResults } from "./log-results.tsx";
import css from "./logs-page.module.css";
import { logsAddress, type LogsState, readLogsState } from "./logs-state.ts";
import { QueryBar } from "./query-bar.tsx";
import { addFilter } from "./query-filters.ts";
import { ResultSummary } from "./result-summary.tsx";
import { useLogSearch } from "./use-log-search.ts";
import { useSelectedLine } from "./use-selected-line.ts";

export const LogsPage = () => {
  const { search: addressSearch } = useAddress();
  const state = useMemo(() => readLogsState(addressSearch), [addressSearch]);
  const change = (part: Partial<LogsState>): void => navigate(logsAddress({ ...state, ...part }));
  const select = (line: string | undefined): void => navigate(logsAddress({ ...state, line }), { replace: true });
  const filter = (field: string, value: string, exclude: boolean): void => change({ query: addFilter(state.query, field, value, exclude) });

  const isWide = useMediaQuery("(min-width: 1200px)", true, { getInitialValueInEffect: false });
  const [fieldsShown, setFieldsShown] = useState<boolean>();
  const showFields = fieldsShown ?? isWide;
  const [atTop, setAtTop] = useState(true);
  const canRefresh = followsClock(state.range) && state.order === "desc";
  const search = useLogSearch(state, state.live && canRefresh && atTop);
  const terms = useMemo(() => highlightTerms(state.query), [state.query]);
  const selected = useSelectedLine(search.records, state.line);
  const totals = useMemo(() => (search.answer?.histogram === undefined ? {} : levelTotals(search.answer.histogram)), [search.answer]);

  useEffect(() => {
    document.title = state.query === "" ? "Logs · obs" : `${state.query} · obs`;
  }, [state.query]);

  const pausedReason = !canRefresh ? "This range or order does not move with the clock" : atTop ? undefined : "Waits while you read: scroll up to go on";
  return (
    <div className={css.page}>
      <header className={css.header}>
        <QueryBar
          query={state.query}
          levels={state.levels}
          error={search.error}
          onRun={(query) => (query === state.query ? search.refresh() : change({ query, line: undefined }))}
        />
        <TimePicker value={state.range} onChange={(range) => change({ range })} />
        <LiveButton live={state.live} paused={pausedReason} onChange={(live) => change({ live })} />
        <ActionIcon variant="default" size={36} aria-label="Run again" title="Run again" onClick={search.refresh}>
          <IconRefresh size={16} stroke={1.6} />
        </ActionIcon>
      </header>
      <div className={css.body}>
        {showFields && <FieldsSidebar range={state.range} onFilter={filter} />}
        <section className={css.results} aria-label="Results">
          <div className={css.histogram}>
            <LevelHistogram
              histogram={search.answer?.histogram}
              range={search.range}
              onZoom={(startMs, endMs) => change({ range: absoluteRange(startMs, endMs) })}
            />
          </div>
          <div className={css.toolbar}>
            <ActionIcon
              variant="subtle"
              color="gray"
              size="sm"
              aria-label={showFields ? "Hide fields" : "Show fields"}
              title={showFields ? "Hide fields" : "Show fields"}
              aria-expanded={showFields}
              onClick={() => setFieldsShown(!showFields)}
            >
              {showFields ? <IconLayoutSidebarLeftCollapse size={16} /> : <IconLayoutSidebarLeftExpand size={16} />}
            </ActionIcon>
            <LevelFilter chosen={state.levels} totals={totals} onChange={(levels) => change({ levels })} />
            <ResultSummary answer={search.answer} order={state.order} onOrder={(order) => change({ order })} />
          </div>
          <LogResults
            search={search}
            state={state}
            terms={terms}
            selectedId={selected?.id}
            onSelect={select}
            onChange={change}
            onAtTop={setAtTop}
          />
        </section>
        {selected !== undefined && (
          <LogDetail key={selected.id} record={selected} terms={terms} onFilter={filter} onClose={() => select(undefined)} />
        )}
      </div>
    </div>
  );
};
