/** What the log page shows, as its address says: read from the search part, written back to it. */

import { buildAddress } from "../../navigation.ts";
import { DEFAULT_RANGE, type TimeRange } from "../../time/time-range.ts";
import { LEVELS, levelLabel } from "./levels.ts";

export interface LogsState {
  readonly query: string;
  readonly range: TimeRange;
  /** Levels to show; none means all. */
  readonly levels: readonly string[];
  readonly order: "desc" | "asc";
  readonly live: boolean;
  /** Id of the line whose detail is open. */
  readonly line: string | undefined;
}

export const readLogsState = (search: string): LogsState => {
  const parameters = new URLSearchParams(search);
  const named = new Set((parameters.get("level") ?? "").split(","));
  return {
    query: parameters.get("q") ?? "",
    range: { from: parameters.get("from") ?? DEFAULT_RANGE.from, to: parameters.get("to") ?? DEFAULT_RANGE.to },
    levels: LEVELS.filter((level) => named.has(levelLabel(level))),
    order: parameters.get("order") === "asc" ? "asc" : "desc",
    live: parameters.get("live") !== "off",
    line: parameters.get("line") ?? undefined,
  };
};

/** Defaults are left out. */
export const logsAddress = ({ query, range, levels, order, live, line }: LogsState): string =>
  buildAddress("/logs", {
    q: query,
    from: range.from === DEFAULT_RANGE.from && range.to === DEFAULT_RANGE.to ? undefined : range.from,
    to: range.to === DEFAULT_RANGE.to ? undefined : range.to,
    level: levels.map(levelLabel).join(","),
    order: order === "asc" ? "asc" : undefined,
    live: live ? undefined : "off",
    line,
  });
