/**
 * `_mapping` and `_field_caps`: which fields there are, and of what type. Attributes are text; one whose
 * most frequent values are all numbers is told as a number, so that clients offer it for averages.
 */

import { illegalArgument, type ElasticsearchRequest } from "../../core/elasticsearch.ts";
import type { LogField } from "../../core/queries.ts";
import { CORE_FIELD_NAMES, resolveField, type QueryField } from "../fields.ts";
import { logFields } from "../log-fields.ts";
import { EARLIEST_NS } from "../time.ts";
import { INDEX_ALIASES, INDEX_ATTRIBUTE } from "../../core/elasticsearch-names.ts";
import { selectIndices } from "./index-names.ts";
import { asArray, asText } from "./json.ts";
import { matchesAny } from "./name-patterns.ts";
import { createReading } from "./search/reading.ts";
import { bodyOf, flag, parameter } from "./search/request.ts";
import { checkWritten, type Asking } from "./search/search.ts";

const BUDGET_MS = 10_000;
const MAX_PATTERNS = 500;

export interface MappedField {
  readonly name: string;
  readonly type: string;
}

const coreType = (field: QueryField): string => {
  switch (field.kind) {
    case "time":
      return "date";
    case "message":
      return "text";
    case "number":
      return field.column === "severity" ? "byte" : field.column === "weight" ? "float" : "keyword";
    default:
      return "keyword";
  }
};

const attributeType = ({ top }: LogField): string => {
  const all = (test: RegExp): boolean => top.length > 0 && top.every(({ value }) => test.test(value));
  if (all(/^-?\d{1,15}$/)) return "long";
  if (all(/^-?\d{1,15}(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$/)) return "double";
  return all(/^(?:true|false)$/) ? "boolean" : "keyword";
};

/** Names of ECS and OpenTelemetry beside our own. */
const CORE: readonly MappedField[] = CORE_FIELD_NAMES.filter(([name]) => name !== "_id").flatMap((names) => names.filter((name, i) => i === 0 || name.includes(".")).map((name) => ({ name, type: coreType(resolveField(name)) })));

/** Core fields, and the attributes of the newest rows of the indices. */
const fieldsOf = async ({ store, scope, nowMs, signal }: Asking, { index, parameters }: ElasticsearchRequest): Promise<readonly MappedField[]> => {
  const selection = selectIndices(index, nowMs);
  const { fields } = await logFields(store, scope, { startNs: EARLIEST_NS, endNs: BigInt(nowMs) * 1_000_000n }, signal, selection.filter);
  if (fields.length === 0 && !flag(parameters, "ignore_unavailable")) await checkWritten(createReading({ store, scope, budgetMs: BUDGET_MS, signal }), selection);
  const known = new Set([...CORE.map(({ name }) => name), INDEX_ATTRIBUTE, "_id"]);
  const attributes = fields.filter(({ kind, name }) => kind === "attribute" && name !== "" && !known.has(name));
  return [...CORE, ...attributes.map((field) => ({ name: field.name, type: attributeType(field) }))];
};

/** The name under which an answer speaks of indices. */
const answerName = (expression: string | undefined): string => (expression !== undefined && /^[^*,]+$/.test(expression) && expression !== "_all" ? expression : INDEX_ALIASES[1]!);

const property = ({ type }: MappedField): object => (type === "text" ? { type, fields: { keyword: { type: "keyword", ignore_above: 32_766 } } } : { type });

export const mappingsOf = async (asking: Asking, request: ElasticsearchRequest): Promise<object> => ({
  properties: Object.fromEntries((await fieldsOf(asking, request)).map((field) => [field.name, property(field)])),
});

export const mapping = async (asking: Asking, request: ElasticsearchRequest): Promise<object> => ({ [answerName(request.index)]: { mappings: await mappingsOf(asking, request) } });

const namePatterns = ({ parameters, body }: ElasticsearchRequest): string[] => {
  const given = bodyOf({ parameters, body })["fields"] ?? parameter(parameters, "fields")?.split(",") ?? ["*"];
  const patterns = asArray(typeof given === "string" ? given.split(",") : given, "[fields]").map((item) => asText(item, "[fields]"));
  if (patterns.length > MAX_PATTERNS) throw illegalArgument(`[fields] has ${patterns.length} patterns; ${MAX_PATTERNS} are the most`);
  return patterns;
};

const METADATA: readonly MappedField[] = [{ name: "_id", type: "_id" }, { name: "_index", type: "_index" }, { name: "_source", type: "_source" }];

const capability = ({ name, type }: MappedField): readonly [string, object] => {
  const isMetadata = METADATA.some((field) => field.name === name);
  return [name, { [type]: { type, metadata_field: isMetadata, searchable: type !== "_source", aggregatable: !isMetadata } }];
};

export const fieldCapabilities = async (asking: Asking, request: ElasticsearchRequest): Promise<object> => {
  const patterns = namePatterns(request);
  const known = await fieldsOf(asking, request);
  const keywords = known.filter(({ type }) => type === "text").map(({ name }) => ({ name: `${name}.keyword`, type: "keyword" }));
  const fields = [...known, ...keywords, ...METADATA].filter(({ name }) => matchesAny(patterns, name));
  return { indices: [answerName(request.index)], fields: Object.fromEntries(fields.map(capability)) };
};
