/** `composite`: all combinations of the values of several sources, page by page. */

import { illegalArgument, parsingError } from "../../../core/elasticsearch.ts";
import { and, join, or, param, sql, type Fragment, type Value } from "../../../sql/sql.ts";
import { fieldOf } from "../dsl/context.ts";
import { fieldNumber, fieldText } from "../field-values.ts";
import { asArray, asBoolean, asInteger, asNumber, asObject, asText, oneOf, onlyMember, refuseUnknown, type JsonObject } from "../json.ts";
import { dateSource } from "./date-histogram.ts";
import type { AggregationContext, Bucket } from "./node.ts";

const MAX_SIZE = 10_000;
const MAX_SOURCES = 8;

interface Source {
  readonly name: string;
  readonly key: Fragment;
  readonly condition: Fragment | undefined;
  readonly isUp: boolean;
  /** The key as an answer has it, from its text. */
  read(text: string): unknown;
  /** A value of `after`. */
  after(value: unknown): Value;
}

const termsSource = (options: JsonObject): Omit<Source, "name" | "isUp"> => {
  refuseUnknown(options, "[composite] terms", ["field", "order", "missing_bucket", "missing_order"]);
  const key = fieldText(fieldOf(asText(options["field"], "[composite] field")));
  const withMissing = options["missing_bucket"] !== undefined && asBoolean(options["missing_bucket"], "[composite] missing_bucket");
  return { key, condition: withMissing ? undefined : sql`${key} != ''`, read: (text) => (text === "" ? null : text), after: (value) => param.string(value === null ? "" : asText(value, "[composite] after")) };
};

const histogramSource = (options: JsonObject): Omit<Source, "name" | "isUp"> => {
  refuseUnknown(options, "[composite] histogram", ["field", "interval", "order"]);
  const name = asText(options["field"], "[composite] field");
  const number = fieldNumber(fieldOf(name));
  const interval = asNumber(options["interval"], "[composite] interval");
  if (number === undefined || !(interval > 1e-9)) throw illegalArgument(`[composite] histogram of [${name}] needs a field of numbers and an interval above 0`);
  return {
    key: sql`assumeNotNull(floor(${number} / ${param.float64(interval)}))`,
    condition: sql`isNotNull(${number})`,
    read: (text) => Number(text) * interval,
    after: (value) => param.float64(Math.round(asNumber(value, "[composite] after") / interval)),
  };
};

const dateHistogramSource = (options: JsonObject, nowMs: number): Omit<Source, "name" | "isUp"> => {
  const { order: _order, ...rest } = options;
  const source = dateSource(rest, nowMs);
  return { key: source.key, condition: undefined, read: (text) => source.format(source.toUtc(Number(text))), after: (value) => param.int64(source.fromUtc(asInteger(value, "[composite] after of a date, in ms", -1e15, 1e15))) };
};

const sourceOf = (value: unknown, nowMs: number): Source => {
  const [name, body] = onlyMember(value, "[composite] source");
  const [type, given] = onlyMember(body, `[composite] source [${name}]`);
  const options = asObject(given, `[composite] source [${name}]`);
  const isUp = oneOf(options["order"] ?? "asc", `[composite] order of [${name}]`, ["asc", "desc"]) === "asc";
  if (type === "terms") return { name, isUp, ...termsSource(options) };
  if (type === "histogram") return { name, isUp, ...histogramSource(options) };
  if (type === "date_histogram") return { name, isUp, ...dateHistogramSource(options, nowMs) };
  throw parsingError(`[composite] source [${type}] is not supported: there are terms, histogram, date_histogram`);
};

/** Combinations behind these. */
const behind = (sources: readonly Source[], after: JsonObject): Fragment =>
  sources.reduceRight<Fragment>((rest, { name, key, isUp, after: read }) => {
    if (!Object.hasOwn(after, name)) throw illegalArgument(`[composite] after misses the value of [${name}]`);
    const value = read(after[name]);
    return or([isUp ? sql`${key} > ${value}` : sql`${key} < ${value}`, and([sql`${key} = ${value}`, rest])]);
  }, sql`0`);

const element = (key: Fragment, i: number): Fragment => sql`tupleElement(${key}, ${param.uint32(i + 1)})`;

export const composite = (body: unknown, { nowMs, isTop }: AggregationContext): Bucket => {
  if (!isTop) throw illegalArgument("[composite] aggregation cannot be used with a parent aggregation");
  const options = asObject(body, "[composite] aggregation");
  refuseUnknown(options, "[composite] aggregation", ["sources", "size", "after"]);
  const sources = asArray(options["sources"], "[composite] sources").map((source) => sourceOf(source, nowMs));
  if (sources.length === 0 || sources.length > MAX_SOURCES) throw illegalArgument(`[composite] must have 1 to ${MAX_SOURCES} sources`);
  const size = asInteger(options["size"] ?? 10, "[composite] size", 1, MAX_SIZE);
  const after = options["after"] === undefined || options["after"] === null ? [] : [behind(sources, asObject(options["after"], "[composite] after"))];
  const conditions = [...sources.flatMap(({ condition }) => (condition ? [condition] : [])), ...after];
  return {
    kind: "bucket",
    key: sql`tuple(${join(sources.map(({ key }) => key), sql`, `)})`,
    keyText: (key) => sql`toJSONString([${join(sources.map((_source, i) => sql`toString(${element(key, i)})`), sql`, `)}])`,
    condition: conditions.length === 0 ? undefined : and(conditions),
    filters: [],
    top: { size, orderBy: (key) => sources.map(({ isUp }, i) => (isUp ? sql`${element(key, i)} ASC` : sql`${element(key, i)} DESC`)) },
    shape: (rows, inner) => {
      const buckets = rows.map((row) => {
        const texts = JSON.parse(row.key) as string[];
        return { key: Object.fromEntries(sources.map(({ name, read }, i) => [name, read(texts[i]!)])), doc_count: row.docs, ...inner(row) };
      });
      return { ...(buckets.length > 0 && { after_key: buckets.at(-1)!.key }), buckets };
    },
  };
};
