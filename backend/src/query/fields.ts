/**
 * Names of fields in queries -> what they mean. Every language uses this table; docs/search.md holds
 * it too, and a test keeps the two equal.
 */

import type { Field, IdColumn, NumberColumn, TextColumn, TimeColumn } from "./filter.ts";

/** `level` is not stored: it names ranges of `severity`. `row` is the row itself, by its id. */
export type QueryField = Field | { readonly kind: "level" } | { readonly kind: "row" };

const text = (column: TextColumn): QueryField => ({ kind: "column", column });
const id = (column: IdColumn): QueryField => ({ kind: "id", column });
const number = (column: NumberColumn): QueryField => ({ kind: "number", column });
const time = (column: TimeColumn): QueryField => ({ kind: "time", column });

/** Field, its names (the first one is canonical). */
const CORE: readonly (readonly [field: QueryField, names: readonly string[]])[] = [
  [time("timestamp"), ["@timestamp", "timestamp"]],
  [time("observed"), ["observed", "observed_timestamp"]],
  [time("received"), ["received"]],
  [{ kind: "level" }, ["level", "severity_text", "log.level"]],
  [number("severity"), ["severity", "severity_number"]],
  [text("service"), ["service", "service.name"]],
  [text("host"), ["host", "host.name"]],
  [text("environment"), ["environment", "deployment.environment", "deployment.environment.name"]],
  [{ kind: "message" }, ["message", "body"]],
  [id("trace_id"), ["trace_id", "trace.id", "traceId"]],
  [id("span_id"), ["span_id", "span.id", "spanId"]],
  [number("pattern"), ["pattern"]],
  [number("weight"), ["weight"]],
  [{ kind: "row" }, ["_id"]],
];

const BY_NAME: ReadonlyMap<string, QueryField> = new Map(CORE.flatMap(([field, names]) => names.map((name) => [name, field] as const)));

/** Names of each core field, canonical first. */
export const CORE_FIELD_NAMES: readonly (readonly string[])[] = CORE.map(([, names]) => names);

const CONTEXT = "context.";
const ATTRIBUTES = "attributes.";

/**
 * The field of a name; what is no core field is an attribute. The JSON door files what came under
 * `context` as `context.x`, other sources as `x`: either name finds both. `attributes.x` is exactly
 * the attribute `x`, which is how to reach one that has a core field's name.
 */
export const resolveField = (name: string): QueryField => {
  const core = BY_NAME.get(name);
  if (core) return core;
  if (name.startsWith(ATTRIBUTES) && name.length > ATTRIBUTES.length) return { kind: "attribute", keys: [name.slice(ATTRIBUTES.length)] };
  if (name.startsWith(CONTEXT) && name.length > CONTEXT.length) return { kind: "attribute", keys: [name, name.slice(CONTEXT.length)] };
  return { kind: "attribute", keys: [name, CONTEXT + name] };
};
