/** `aggs` -> a tree of aggregations, within bounds. */

import { illegalArgument, parsingError } from "../../../core/elasticsearch.ts";
import { checkConditions, type DslContext } from "../dsl/context.ts";
import { asObject } from "../json.ts";
import type { LogFilter } from "../../filter.ts";
import { composite } from "./composite.ts";
import { dateHistogram } from "./date-histogram.ts";
import { dateRange, filter, filters, missing, range } from "./filters.ts";
import { histogram } from "./histogram.ts";
import { METRICS } from "./metrics.ts";
import type { AggregationContext, AggregationNode } from "./node.ts";
import { PIPELINES } from "./pipelines.ts";
import { terms } from "./terms.ts";
import { topHits, topMetrics } from "./top-hits.ts";

/** Each bucket aggregation is a statement on the store. */
const MAX_AGGREGATIONS = 100;
export const MAX_LEVELS = 8;

type Parse = (body: unknown, context: AggregationContext) => AggregationNode["body"];

const TYPES: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  ["terms", terms],
  ["date_histogram", dateHistogram],
  ["histogram", histogram],
  ["filters", filters],
  ["filter", filter],
  ["missing", missing],
  ["range", range],
  ["date_range", dateRange],
  ["composite", composite],
  ["top_hits", topHits],
  ["top_metrics", topMetrics],
  ...METRICS,
  ...PIPELINES,
]);

const REFUSED: Readonly<Record<string, string>> = {
  significant_terms: "compare two [terms] aggregations by [filters]",
  significant_text: "compare two [terms] aggregations by [filters]",
  nested: "attributes are flat",
  scripted_metric: "scripts are not run",
};

/** What Elasticsearch calls the answers of some. */
const TYPED: Readonly<Record<string, string>> = {
  terms: "sterms", percentiles: "tdigest_percentiles", percentile_ranks: "tdigest_percentile_ranks",
  cumulative_sum: "simple_value", serial_diff: "simple_value", moving_fn: "simple_value", moving_avg: "simple_value", bucket_script: "simple_value", avg_bucket: "simple_value", sum_bucket: "simple_value",
  min_bucket: "bucket_metric_value", max_bucket: "bucket_metric_value",
};

interface Reading {
  readonly dsl: DslContext;
  count: number;
}

/** Filters in buckets go on the query's account. Throws ElasticsearchError. */
export const parseAggregations = (value: unknown, dsl: DslContext, query: readonly LogFilter[]): readonly AggregationNode[] => {
  if (value === undefined || value === null) return [];
  const nodes = readLevel(value, { dsl, count: 0 }, 1);
  checkConditions([...query, ...filtersOf(nodes)]);
  return nodes;
};

const filtersOf = (nodes: readonly AggregationNode[]): LogFilter[] => nodes.flatMap(({ body, children }) => [...(body.kind === "bucket" ? body.filters : []), ...filtersOf(children)]);

const readLevel = (value: unknown, reading: Reading, level: number): AggregationNode[] => {
  const entries = Object.entries(asObject(value, "[aggs]"));
  if (entries.length > 0 && level > MAX_LEVELS) throw illegalArgument(`Aggregations are nested too deep: ${MAX_LEVELS} levels are the most`);
  return entries.map(([name, body]) => readNode(name, body, reading, level));
};

const readNode = (name: string, value: unknown, reading: Reading, level: number): AggregationNode => {
  if (++reading.count > MAX_AGGREGATIONS) throw illegalArgument(`The search has more than ${MAX_AGGREGATIONS} aggregations`);
  if (/[[\]>]/.test(name)) throw illegalArgument(`Invalid aggregation name [${name.slice(0, 200)}]. Aggregation names cannot contain '[', ']', and '>'`);
  const { aggs, aggregations, meta, ...types } = asObject(value, `aggregation [${name}]`);
  const id = reading.count;
  const children = readLevel(aggs ?? aggregations ?? {}, reading, level + 1);
  const [entry, another] = Object.entries(types);
  if (!entry || another) throw parsingError(`aggregation [${name.slice(0, 200)}] must have one type, not [${Object.keys(types).join(", ").slice(0, 200)}]`);
  const [type, body] = entry;
  const parse = TYPES.get(type);
  if (!parse) throw parsingError(Object.hasOwn(REFUSED, type) ? `[${type}] aggregation is not supported: ${REFUSED[type]}` : `Unknown aggregation type [${type.slice(0, 100)}]; there are ${[...TYPES.keys()].join(", ")}`);
  const parsed = parse(body, { dsl: reading.dsl, nowMs: reading.dsl.nowMs, children, id, isTop: level === 1 });
  if (parsed.kind !== "bucket" && children.length > 0) throw parsingError(`Aggregation [${name}] of type [${type}] cannot accept sub-aggregations`);
  return { name, type: TYPED[type] ?? type, meta, body: parsed, children };
};
