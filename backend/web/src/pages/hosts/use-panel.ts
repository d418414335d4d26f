import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { readMetric } from "../../api/metrics.ts";
import type { MetricAnswer } from "../../api/types.ts";
import { type ResolvedRange, resolveRange, stepSeconds, type TimeRange } from "../../time/time-range.ts";
import type { Panel } from "./panels.ts";

/** Samples are taken every 10 s; asking more often shows nothing new. */
export const REFRESH_MS = 10_000;

/** More points than this cannot be told apart in a chart half a page wide. */
const POINTS = 180;

export interface PanelAnswers {
  readonly answers: readonly MetricAnswer[];
  /** The range that was asked for, which the chart shows. */
  readonly range: ResolvedRange;
}

export const usePanel = (panel: Panel, host: string, range: TimeRange, live: boolean) =>
  useQuery({
    queryKey: ["panel", panel.id, host, range.from, range.to],
    queryFn: async ({ signal }): Promise<PanelAnswers> => {
      const resolved = resolveRange(range, Date.now());
      const step = stepSeconds(resolved, POINTS);
      const answers = await Promise.all(
        panel.queries.map(({ metric, fn, by, match = [] }) =>
          readMetric({ metric, fn, by: by === undefined ? [] : [by], match: [`host:${host}`, ...match] }, resolved, step, signal),
        ),
      );
      return { answers, range: resolved };
    },
    // Another range of the same host fades over; another host's figures must not stand under this name.
    placeholderData: (previous, query) => (query?.queryKey[2] === host ? keepPreviousData(previous) : undefined),
    refetchInterval: live ? REFRESH_MS : false,
  });
