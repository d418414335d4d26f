/** Reads of logs. */

import { get, post } from "./client.ts";
import type { LogField, LogSearchAnswer, LogSearchRequest } from "./types.ts";

export const searchLogs = (request: LogSearchRequest, signal: AbortSignal): Promise<LogSearchAnswer> =>
  post<LogSearchAnswer>("/api/v1/logs/search", request, signal);

export const readFields = async (startMs: number, endMs: number, signal: AbortSignal): Promise<readonly LogField[]> => {
  const range = [
    ["start", new Date(startMs).toISOString()],
    ["end", new Date(endMs).toISOString()],
  ] as const;
  return (await get<{ fields: readonly LogField[] }>("/api/v1/logs/fields", range, signal)).fields;
};
