export { joinLines } from "./join-lines.ts";
export { createRecordFinder } from "./create-finder.ts";
export { WAIT, type RecordFinder, type Wait } from "./record-finder.ts";
export { BRIEF_MS, DEFAULT_MULTILINE, multilineSettings, type MultilineSettings } from "./settings.ts";
