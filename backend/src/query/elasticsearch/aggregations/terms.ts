/** `terms`: a bucket for every value of a field, the most frequent ones by default. */

import { illegalArgument, parsingError } from "../../../core/elasticsearch.ts";
import { and, not, param, sql, type Fragment } from "../../../sql/sql.ts";
import { dateFormatsOf, formatDate } from "../dates/date-format.ts";
import { UTC } from "../dates/time-zone.ts";
import { compileRegex, storeRegex } from "../../regex.ts";
import type { QueryField } from "../../fields.ts";
import { ConditionError } from "../../condition-error.ts";
import { fieldOf } from "../dsl/context.ts";
import { luceneRegexToRe2 } from "../dsl/patterns.ts";
import { fieldText } from "../field-values.ts";
import { asArray, asInteger, asList, asObject, asText, isObject, oneOf, onlyMember, refuseUnknown } from "../json.ts";
import { splitPath, type AggregationContext, type AggregationNode, type Bucket, type BucketRow, type Shape } from "./node.ts";

const MAX_SIZE = 10_000;
const DEFAULT_SIZE = 10;
const MAX_LISTED = 1_000;
const IGNORED = ["shard_size", "shard_min_doc_count", "show_term_doc_count_error", "collect_mode", "execution_hint", "value_type"];

/** Keys as numbers where the field is one. */
const keyShape = (field: QueryField, key: string, format: string | undefined): Shape => {
  if (field.kind === "time") return { key: Number(key), key_as_string: formatDate(Number(key), format === undefined ? "iso" : dateFormatsOf(format)[0]!, UTC) };
  return { key: field.kind === "number" && field.column !== "pattern" && key !== "" && Number.isFinite(Number(key)) ? Number(key) : key };
};

export const terms = (body: unknown, { children }: AggregationContext): Bucket => {
  const options = asObject(body, "[terms] aggregation");
  refuseUnknown(options, "[terms] aggregation", ["field", "size", "order", "min_doc_count", "missing", "include", "exclude", "format", ...IGNORED]);
  const field = fieldOf(asText(options["field"], "[terms] field"));
  const text = fieldText(field);
  const key = options["missing"] === undefined ? text : sql`if(${text} = '', ${param.string(asText(options["missing"], "[terms] missing"))}, ${text})`;
  // Grafana says "no limit" by 0.
  const asked = asInteger(options["size"] ?? DEFAULT_SIZE, "[terms] size", 0, 2 ** 31 - 1);
  const minDocs = asInteger(options["min_doc_count"] ?? 1, "[terms] min_doc_count", 0, 2 ** 31 - 1);
  const isNumber = field.kind === "number" || field.kind === "time";
  const format = options["format"] === undefined ? undefined : asText(options["format"], "[terms] format");
  return {
    kind: "bucket",
    key,
    condition: and([sql`${key} != ''`, ...listed(key, options["include"], "include"), ...listed(key, options["exclude"], "exclude").map(not)]),
    filters: [],
    top: { minDocs, size: asked === 0 ? MAX_SIZE : Math.min(asked, MAX_SIZE), orderBy: orderOf(options["order"], children, isNumber) },
    shape: (rows, inner) => termsShape(rows, (row) => ({ ...keyShape(field, row.key, format), doc_count: row.docs, ...inner(row) })),
  };
};

const termsShape = (rows: readonly BucketRow[], bucket: (row: BucketRow) => Shape): Shape => ({
  doc_count_error_upper_bound: 0,
  sum_other_doc_count: (rows[0]?.parentDocs ?? 0) - rows.reduce((sum, { docs }) => sum + docs, 0),
  buckets: rows.map(bucket),
});

/** A regular expression, or a list of values. */
const listed = (key: Fragment, value: unknown, name: string): Fragment[] => {
  if (value === undefined || value === null || value === "") return [];
  if (isObject(value)) throw parsingError(`[terms] ${name} by partitions is not supported: read all values by a [composite] aggregation`);
  if (Array.isArray(value)) {
    const texts = asArray(value, `[terms] ${name}`).map((item) => asText(item, `[terms] ${name}`));
    if (texts.length > MAX_LISTED) throw illegalArgument(`[terms] ${name} has ${texts.length} values; ${MAX_LISTED} are the most`);
    return [sql`has(${param.strings(texts)}, ${key})`];
  }
  const regex = luceneRegexToRe2(asText(value, `[terms] ${name}`), false);
  try {
    compileRegex(regex);
  } catch (error) {
    if (error instanceof ConditionError) throw illegalArgument(`[terms] ${name}: ${error.message} ${error.hint}`);
    throw error;
  }
  return [sql`match(${key}, ${param.string(storeRegex(regex, true))})`];
};

/** By what a bucket's row has: `docs`, its own key, the metrics `m`. Equals go by their key. */
const orderOf = (value: unknown, children: readonly AggregationNode[], isNumber: boolean): ((key: Fragment) => Fragment[]) => {
  const items = value === undefined || value === null ? [{ _count: "desc" }] : asList(value);
  const orders = items.map((item) => {
    const [path, direction] = onlyMember(item, "[terms] order");
    const column = path === "_count" ? sql`docs` : path === "_key" || path === "_term" ? undefined : metricColumn(path, children);
    return { column, isUp: oneOf(direction, `[terms] order by [${path}]`, ["asc", "desc"]) === "asc" };
  });
  return (key) => {
    const ordered = isNumber ? sql`toFloat64OrZero(${key})` : key;
    return [...orders.map(({ column = ordered, isUp }) => (isUp ? sql`${column} ASC NULLS LAST` : sql`${column} DESC NULLS LAST`)), sql`${ordered} ASC`];
  };
};

const metricColumn = (path: string, children: readonly AggregationNode[]): Fragment => {
  const { members, value } = splitPath(path);
  const at = children.findIndex(({ name }) => name === path || (members.length === 1 && name === members[0]));
  const child = children[at];
  const place = child?.body.kind === "metric" ? child.body.place(child.name === path ? "" : value) : undefined;
  if (!place) throw illegalArgument(`Invalid aggregation order path [${path.slice(0, 200)}]: it must be _count, _key, or a value of a metric beside it, such as 1, 1.max or 1[95.0]`);
  const before = children.slice(0, at).reduce((sum, { body }) => sum + (body.kind === "metric" ? body.columns.length : 0), 0);
  const column = sql`tupleElement(m, ${param.uint32(before + place[0] + 1)})`;
  return place[1] === undefined ? column : sql`${column}[${param.uint32(place[1])}]`;
};
