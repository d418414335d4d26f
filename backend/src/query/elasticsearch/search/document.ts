/** A row as a document: its `_source`, the values that `fields` and `docvalue_fields` ask for, source filtering. */

import { illegalArgument } from "../../../core/elasticsearch.ts";
import { ID_ATTRIBUTE, INDEX_ATTRIBUTE } from "../../../core/elasticsearch-names.ts";
import type { LogHit } from "../../../core/queries.ts";
import { resolveField, type QueryField } from "../../fields.ts";
import { dateFormatsOf, formatDate, type DateFormat } from "../dates/date-format.ts";
import { UTC } from "../dates/time-zone.ts";
import { bareName } from "../dsl/context.ts";
import { dayIndex } from "../index-names.ts";
import { asBoolean, asList, asObject, asText, isObject, refuseUnknown } from "../json.ts";
import { matchesAny } from "../name-patterns.ts";

export type Source = Readonly<Record<string, unknown>>;

/** The index that the row was written to, else that of its day. */
export const indexOf = ({ attributes, timestamp }: LogHit): string => (Object.hasOwn(attributes, INDEX_ATTRIBUTE) ? attributes[INDEX_ATTRIBUTE]! : dayIndex(Date.parse(timestamp)));

/** The id that its writer gave it, else the row's own. */
export const idOf = ({ attributes, id }: LogHit): string => (Object.hasOwn(attributes, ID_ATTRIBUTE) ? attributes[ID_ATTRIBUTE]! : id);

const CORE = ["@timestamp", "observed", "received", "level", "severity", "service", "host", "environment", "message", "trace_id", "span_id", "pattern", "weight"];

/** Flat, with dotted names; what the row does not have is not there. No prototype: an attribute may be named `__proto__`. */
export const sourceOf = (hit: LogHit): Source => {
  const source: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  const set = (name: string, value: unknown, none: unknown): void => {
    if (value !== none) source[name] = value;
  };
  source["@timestamp"] = hit.timestamp;
  source["message"] = hit.message;
  set("level", hit.level, "");
  set("severity", hit.severity, 0);
  for (const name of ["service", "host", "environment", "trace_id", "span_id"] as const) set(name, hit[name], "");
  set("pattern", hit.pattern, "0");
  set("weight", hit.weight, 1);
  source["observed"] = hit.observed;
  source["received"] = hit.received;
  for (const [key, value] of Object.entries(hit.attributes)) if (key !== INDEX_ATTRIBUTE && key !== ID_ATTRIBUTE) source[CORE.includes(key) ? `attributes.${key}` : key] = value;
  return source;
};

type Test = (name: string) => boolean;

/** Of patterns with `*`; a name stands for what is below it too. */
const anyPattern = (patterns: readonly string[]): Test => {
  const whole = patterns.map(bareName).flatMap((pattern) => [pattern, `${pattern}.*`]);
  return (name) => matchesAny(whole, name);
};

const MAX_PATTERNS = 500;

const limited = <T>(items: readonly T[], what: string): T[] => {
  if (items.length > MAX_PATTERNS) throw illegalArgument(`${what} has ${items.length} entries; ${MAX_PATTERNS} are the most`);
  return [...items];
};

const patternsOf = (value: unknown, what: string): string[] => {
  const patterns = asList(value).flatMap((item) => asText(item, what).split(","));
  return limited(patterns, what);
};

/** Which members of `_source` are given; undefined: none. */
export const sourceFilter = (value: unknown): Test | undefined => {
  if (value === undefined || value === true || value === "true") return () => true;
  if (value === false || value === "false") return undefined;
  if (!isObject(value)) return anyPattern(patternsOf(value, "[_source]"));
  refuseUnknown(value, "[_source]", ["includes", "include", "excludes", "exclude"]);
  const [includes, excludes] = [value["includes"] ?? value["include"], value["excludes"] ?? value["exclude"]];
  const isIn: Test = includes === undefined || asList(includes).length === 0 ? () => true : anyPattern(patternsOf(includes, "[_source] includes"));
  const isOut: Test = excludes === undefined || asList(excludes).length === 0 ? () => false : anyPattern(patternsOf(excludes, "[_source] excludes"));
  return (name) => isIn(name) && !isOut(name);
};

export const filterSource = (source: Source, test: Test): Source => Object.fromEntries(Object.entries(source).filter(([name]) => test(name)));

/** One entry of `fields` or `docvalue_fields`. */
export interface FieldRequest {
  readonly name: string;
  readonly format: DateFormat | undefined;
}

export const fieldRequests = (value: unknown, what: string): FieldRequest[] =>
  limited(asList(value ?? []), what).map((item) => {
    if (!isObject(item)) return { name: asText(item, what), format: undefined };
    const request = asObject(item, what);
    refuseUnknown(request, what, ["field", "format", "include_unmapped"]);
    if (request["include_unmapped"] !== undefined) asBoolean(request["include_unmapped"], `${what} include_unmapped`);
    return { name: asText(request["field"], `${what} field`), format: typeof request["format"] === "string" && request["format"] !== "use_field_mapping" ? dateFormatsOf(request["format"])[0] : undefined };
  });

const DATES = new Set(["@timestamp", "observed", "received"]);

/** `{"name": [value]}` for what the row has of the names and patterns asked for. */
export const fieldValues = (source: Source, requests: readonly FieldRequest[]): Record<string, unknown[]> => {
  const values = Object.create(null) as Record<string, unknown[]>;
  for (const { name, format } of requests) {
    const found = name.includes("*") ? Object.keys(source).filter(anyPattern([name])).map((key) => [key, key] as const) : sourceNames(resolveField(bareName(name))).filter((key) => Object.hasOwn(source, key)).slice(0, 1).map((key) => [name, key] as const);
    for (const [as, key] of found) values[as] = [DATES.has(key) ? dateValue(String(source[key]), format ?? "iso") : source[key]];
  }
  return values;
};

const dateValue = (iso: string, format: DateFormat): string => formatDate(Date.parse(iso), format, UTC);

/** Members of `_source` that a field may be in. */
export const sourceNames = (field: QueryField): string[] => {
  switch (field.kind) {
    case "message":
    case "level":
      return [field.kind];
    case "attribute":
      return field.keys.flatMap((key) => (CORE.includes(key) ? [`attributes.${key}`] : [key]));
    case "row":
      return [];
    case "time":
      return [field.column === "timestamp" ? "@timestamp" : field.column];
    default:
      return [field.column];
  }
};
