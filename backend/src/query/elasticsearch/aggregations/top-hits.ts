/** The first rows of every bucket: `top_hits` as documents, `top_metrics` as some of their values. */

import { illegalArgument } from "../../../core/elasticsearch.ts";
import { fieldOf } from "../dsl/context.ts";
import { fieldText } from "../field-values.ts";
import { asArray, asInteger, asList, asObject, asText, refuseUnknown } from "../json.ts";
import { fieldRequests, sourceFilter } from "../search/document.ts";
import { parseSort, planSort } from "../search/sort.ts";
import type { Hits, TopMetrics } from "./node.ts";

const MAX_SIZE = 100;
const IGNORED = ["version", "seq_no_primary_term", "explain", "track_scores", "stored_fields"];

export const topHits = (body: unknown): Hits => {
  const options = asObject(body, "[top_hits] aggregation");
  refuseUnknown(options, "[top_hits] aggregation", ["size", "from", "sort", "_source", "fields", "docvalue_fields", ...IGNORED]);
  const keys = parseSort(options["sort"]);
  const size = asInteger(options["size"] ?? 3, "[top_hits] size", 0, MAX_SIZE);
  const from = asInteger(options["from"] ?? 0, "[top_hits] from", 0, MAX_SIZE);
  if (from + size > MAX_SIZE) throw illegalArgument(`Top hits result window is too large, from + size must be less than or equal to: [${MAX_SIZE}] but was [${from + size}]`);
  return { kind: "hits", size, from, sort: planSort(keys, false), isSorted: keys.length > 0, source: sourceFilter(options["_source"]), fields: [...fieldRequests(options["fields"], "[fields]"), ...fieldRequests(options["docvalue_fields"], "[docvalue_fields]")] };
};

export const topMetrics = (body: unknown): TopMetrics => {
  const options = asObject(body, "[top_metrics] aggregation");
  refuseUnknown(options, "[top_metrics] aggregation", ["metrics", "sort", "size"]);
  const fields = asArray(asList(options["metrics"] ?? []), "[top_metrics] metrics").map((metric) => asText(asObject(metric, "[top_metrics] metric")["field"], "[top_metrics] field"));
  if (fields.length === 0 || fields.length > MAX_SIZE) throw illegalArgument(`[top_metrics] must have 1 to ${MAX_SIZE} metrics`);
  return { kind: "top-metrics", size: asInteger(options["size"] ?? 1, "[top_metrics] size", 1, MAX_SIZE), sort: planSort(parseSort(options["sort"]), false), metrics: fields.map((field) => ({ field, value: fieldText(fieldOf(field)) })) };
};
