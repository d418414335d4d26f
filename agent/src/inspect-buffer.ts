/** The buffer of a data folder for those who only look: `obs-agent buffer`. */

export { inspectBuffer } from "./buffer/inspection.ts";
export type { FoundBatch, Inspection } from "./buffer/inspection.ts";
