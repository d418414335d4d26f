/** Public entry of the PromQL engine, which knows no store: what scores and tools run. */

export * from "./query/promql/index.ts";
