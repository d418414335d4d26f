import { PatternRecords } from "./pattern-records.ts";
import type { RecordFinder } from "./record-finder.ts";
import type { MultilineSettings } from "./settings.ts";
import { TraceRecords } from "./trace-records.ts";

/** Throws RE2JSException when a pattern is no regular expression. */
export const createRecordFinder = (settings: MultilineSettings): RecordFinder => {
  const { start, continuation, end } = settings;
  return start === undefined && continuation === undefined && end === undefined ? new TraceRecords(settings) : new PatternRecords(settings);
};
