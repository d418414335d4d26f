export * from "./batch-key.ts";
export * from "./envelope.ts";
export * from "./records.ts";
export * from "./schema.ts";
export * from "./severity.ts";
