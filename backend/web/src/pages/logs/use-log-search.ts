/** The lines of a search, page by page, and their refresh. */

import { type InfiniteData, keepPreviousData, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useMemo, useState } from "react";
import { searchLogs } from "../../api/logs.ts";
import type { LogRecord, LogSearchAnswer } from "../../api/types.ts";
import { type ResolvedRange, resolveRange } from "../../time/time-range.ts";
import type { LogsState } from "./logs-state.ts";
import { withLevels } from "./query-filters.ts";

const PAGE_SIZE = 500;
const HISTOGRAM_BUCKETS = 120;
const LIVE_INTERVAL_MS = 2_000;

/** Pages after the first ask for the range of the first, so that `now` does not move between them. */
interface PageParameter {
  readonly cursor: string;
  readonly range: ResolvedRange;
}

interface Page {
  readonly answer: LogSearchAnswer;
  readonly range: ResolvedRange;
}

type Pages = InfiniteData<Page, PageParameter | null>;

const firstPage = (data: Pages | undefined): Pages | undefined =>
  data && { pages: data.pages.slice(0, 1), pageParams: data.pageParams.slice(0, 1) };

const readPage = async (state: LogsState, parameter: PageParameter | null, signal: AbortSignal): Promise<Page> => {
  const range = parameter?.range ?? resolveRange(state.range, Date.now());
  const answer = await searchLogs(
    {
      query: withLevels(state.query, state.levels).text,
      time_range: { start: new Date(range.startMs).toISOString(), end: new Date(range.endMs).toISOString() },
      size: PAGE_SIZE,
      sort: [{ "@timestamp": state.order }],
      ...(parameter === null ? { histogram: { buckets: HISTOGRAM_BUCKETS } } : { search_after: parameter.cursor }),
    },
    signal,
  );
  return { answer, range };
};

export const useLogSearch = (state: LogsState, refreshing: boolean) => {
  const client = useQueryClient();
  const queryKey = ["logs", state.query.trim(), state.levels.join(), state.range.from, state.range.to, state.order];
  const search = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) => readPage(state, pageParam, signal),
    initialPageParam: null as PageParameter | null,
    getNextPageParam: ({ answer, range }) => (answer.next === null ? null : { cursor: answer.next, range }),
    placeholderData: keepPreviousData,
    // Coming back to a search reads it again rather than all the pages that were once loaded.
    gcTime: 0,
    refetchOnReconnect: false,
  });

  /** Reads the first page anew and drops the others; a read under way is not cut short. */
  const refresh = (): void => {
    if (search.isFetching) return;
    // Writing would also clear an error that the page must go on showing.
    if ((search.data?.pages.length ?? 0) > 1) client.setQueryData<Pages>(queryKey, firstPage);
    void search.refetch();
  };

  const onTick = useEffectEvent(() => {
    if (!document.hidden) refresh();
  });
  // A store that is slow to answer is asked less often: it spends a fifth of its time here at most.
  const tookMs = search.data?.pages[0].answer.took_ms ?? 0;
  const intervalMs = Math.max(LIVE_INTERVAL_MS, Math.ceil((tookMs * 5) / LIVE_INTERVAL_MS) * LIVE_INTERVAL_MS);
  useEffect(() => {
    if (!refreshing) return;
    const timer = setInterval(onTick, intervalMs);
    document.addEventListener("visibilitychange", onTick);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", onTick);
    };
  }, [refreshing, intervalMs]);

  // A repeat after a failure clears the error while it runs; the page goes on showing it until it knows more.
  const [lastError, setLastError] = useState<Error | null>(null);
  if (search.error !== null && search.error !== lastError) setLastError(search.error);
  const isRepeat = search.isPending && search.errorUpdateCount > 0;

  const records = useMemo<readonly LogRecord[]>(() => search.data?.pages.flatMap(({ answer }) => answer.hits.logs) ?? [], [search.data]);
  const first = search.data?.pages[0];
  return {
    records,
    answer: first?.answer,
    range: first?.range,
    error: isRepeat ? lastError : search.error,
    /** The rows belong to an earlier query. */
    isStale: search.isPlaceholderData,
    isPending: search.isPending && !isRepeat,
    /** A page that could not be read is not asked for again by scrolling. */
    loadMore: () => {
      if (search.hasNextPage && !search.isFetching && !search.isFetchNextPageError) void search.fetchNextPage();
    },
    refresh,
    /** After an error: what failed, once more. */
    retry: () => (search.isFetchNextPageError ? void search.fetchNextPage() : refresh()),
  };
};
