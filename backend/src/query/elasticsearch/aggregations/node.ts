/**
 * Aggregations as they are read and run. A bucket aggregation gives each row a key (or several); all
 * buckets of one are read by one statement, whatever number of parents they are in, grouped by the
 * keys of these and their own. Metrics are columns of their parent's statement.
 */

import { ElasticsearchError } from "../../../core/elasticsearch.ts";
import type { Fragment } from "../../../sql/sql.ts";
import type { LogFilter } from "../../filter.ts";
import type { DslContext } from "../dsl/context.ts";
import type { SortPlan } from "../search/sort.ts";
import type { Search } from "../search/request.ts";

/** Answers: `{"buckets": [...]}` and the like. */
export type Shape = Record<string, unknown>;

/** One bucket, as the store gives it. */
export interface BucketRow {
  readonly key: string;
  readonly docs: number;
  /** Rows in all buckets of the same parent, also of those that are not told. */
  readonly parentDocs: number;
}

/** A bucket's members below it; of an empty bucket for undefined. */
export type Inner = (row: BucketRow | undefined) => Shape;

export interface Bucket {
  readonly kind: "bucket";
  /** A row's key; with arrayJoin a row may have several. */
  readonly key: Fragment;
  /** The key as text; without it, as the store writes its type. */
  keyText?(key: Fragment): Fragment;
  /** Rows that have one. */
  readonly condition?: Fragment | undefined;
  /** Filters in the key or the condition: they count among a search's conditions. */
  readonly filters: readonly LogFilter[];
  /** Only the first ones of every parent, in this order. */
  readonly top?: { readonly size: number; readonly minDocs?: number; readonly orderBy: (key: Fragment) => readonly Fragment[] } | undefined;
  /** A histogram's: pipeline aggregations may look along its buckets. */
  readonly isHistogram?: boolean;
  shape(rows: readonly BucketRow[], inner: Inner): Shape;
}

export interface Metric {
  readonly kind: "metric";
  /** Aggregate functions over a bucket's rows. */
  readonly columns: readonly Fragment[];
  /** undefined: of an empty bucket. */
  shape(values: readonly unknown[] | undefined): Shape;
  /** Where a value stands that an order or a pipeline names (`max`, `95.0`; "" is the value itself): column and, in an array, place from 1. */
  place(name: string): readonly [column: number, index: number | undefined] | undefined;
}

export interface Hits {
  readonly kind: "hits";
  readonly size: number;
  readonly from: number;
  readonly sort: SortPlan;
  readonly isSorted: boolean;
  readonly source: Search["source"];
  readonly fields: Search["fields"];
}

/** The values of fields of the first rows by an order. */
export interface TopMetrics {
  readonly kind: "top-metrics";
  readonly size: number;
  readonly sort: SortPlan;
  readonly metrics: readonly { readonly field: string; readonly value: Fragment }[];
}

/** Computed from the buckets of the histogram that it is in, or of the sibling that it names. */
export interface Pipeline {
  readonly kind: "pipeline";
  /** Names of members that it reads: they are computed first. */
  readonly reads: readonly string[];
  /** Adds its value to each bucket. */
  along?(buckets: readonly Shape[], name: string): readonly Shape[];
  /** From the members beside it. */
  beside?(members: Shape): Shape;
}

export interface AggregationNode {
  readonly name: string;
  /** As clients that ask for `typed_keys` know it. */
  readonly type: string;
  readonly meta: unknown;
  readonly body: Bucket | Metric | Hits | TopMetrics | Pipeline;
  readonly children: readonly AggregationNode[];
}

/** The parts of a search that aggregations are read with. */
export interface AggregationContext {
  readonly dsl: DslContext;
  readonly nowMs: number;
  /** Children, for orders by them. */
  readonly children: readonly AggregationNode[];
  /** Differs for each aggregation of a search: equal arrayJoins would be one. */
  readonly id: number;
  readonly isTop: boolean;
}

export const MAX_BUCKETS = 65_535;

export const tooManyBuckets = (): ElasticsearchError =>
  new ElasticsearchError(400, "too_many_buckets_exception", `Trying to create too many buckets. Must be less than or equal to: [${MAX_BUCKETS}]. Ask for longer intervals, a shorter range or fewer terms.`, { max_buckets: MAX_BUCKETS });

/** `1`, `1.max`, `1[95.0]`, `a>1.max`: the members on the way, and the value's name. */
export const splitPath = (path: string): { readonly members: readonly string[]; readonly value: string } => {
  const members = path.split(">");
  const last = members.pop()!;
  const bracket = /^(.+)\[([^\]]+)\]$/.exec(last);
  const dot = last.lastIndexOf(".");
  if (bracket) return { members: [...members, bracket[1]!], value: bracket[2]! };
  return dot > 0 ? { members: [...members, last.slice(0, dot)], value: last.slice(dot + 1) } : { members: [...members, last], value: "" };
};
