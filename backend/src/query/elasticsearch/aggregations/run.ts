/**
 * Runs a tree of aggregations: a statement for each bucket aggregation, whatever number of buckets
 * there are, and puts the answer together.
 */

import { and, join, param, sql, type Fragment, type Statement } from "../../../sql/sql.ts";
import type { LogFilter } from "../../filter.ts";
import { LOG_COLUMNS, positionOf, toHit, type LogRow } from "../../log-rows.ts";
import { logsMatching } from "../../log-source.ts";
import type { TimeRange } from "../../validate.ts";
import { hitOf } from "../search/hits.ts";
import { sortValues } from "../search/sort.ts";
import type { Reading } from "../search/reading.ts";
import { MAX_BUCKETS, tooManyBuckets, type AggregationNode, type Bucket, type BucketRow, type Hits, type Inner, type Pipeline, type Shape, type TopMetrics } from "./node.ts";
import { inOrder } from "./pipelines.ts";

export interface AggregationRun {
  readonly reading: Reading;
  readonly filter: LogFilter;
  readonly range: TimeRange;
}

/** Names of keys by their level; SQL's text is literal. */
const KEYS = [sql`k0`, sql`k1`, sql`k2`, sql`k3`, sql`k4`, sql`k5`, sql`k6`, sql`k7`];
/** Of parents that a statement names to leave the others out; more are left out after reading. */
const MAX_NAMED_PARENTS = 5_000;
const MAX_HITS = 10_000;

/** An aggregation around those that are being read. */
interface Level {
  readonly bucket: Bucket;
  /** Hashes of the keys down to this level that are told, when not all are. */
  readonly chosen: readonly bigint[] | undefined;
}

interface Row extends BucketRow {
  readonly keys: readonly string[];
  readonly metrics: readonly unknown[];
}

interface StoredRow {
  readonly keys: readonly string[];
  readonly docs: number;
  readonly m: readonly unknown[];
  readonly parent_docs: number;
  readonly path: string;
}

/** Buckets of all aggregations of a search together. */
class BucketCount {
  #count = 0;

  add(): void {
    if (++this.#count > MAX_BUCKETS) throw tooManyBuckets();
  }
}

type Shaping = (parentPath: string, parent: Row | undefined) => Shape;

export const runAggregations = async (run: AggregationRun, nodes: readonly AggregationNode[]): Promise<Shape> => {
  const [shape, root] = await Promise.all([readLevel(run, nodes, [], new BucketCount()), readRoot(run, nodes)]);
  return shape(pathOf([]), root);
};

/** Metrics outside any bucket. */
const readRoot = async (run: AggregationRun, nodes: readonly AggregationNode[]): Promise<Row | undefined> => {
  if (!nodes.some(({ body }) => body.kind === "metric" || body.kind === "hits")) return undefined;
  const rows = await read<StoredRow>(run, run.reading.scope.statement(sql`SELECT [] AS keys, toFloat64(count()) AS docs, ${metricsOf(nodes)} AS m, docs AS parent_docs, 0 AS path ${logsMatching(run.reading.scope, run.range, run.filter)}`));
  return rows[0] && toRow(rows[0]);
};

const toRow = ({ keys, docs, m, parent_docs: parentDocs }: StoredRow): Row => ({ key: keys.at(-1) ?? "", keys, docs, metrics: m, parentDocs });

const read = async <T>({ reading, range }: AggregationRun, statement: Statement): Promise<readonly T[]> => (range.startNs > range.endNs ? [] : ((await reading.read<T>(statement, range)) ?? []));

const readLevel = async (run: AggregationRun, nodes: readonly AggregationNode[], levels: readonly Level[], count: BucketCount): Promise<Shaping> => {
  const shapings = await Promise.all(nodes.map((node) => readNode(run, node, levels, count)));
  const besides = inOrder(nodes.filter((node): node is AggregationNode & { body: Pipeline } => node.body.kind === "pipeline" && node.body.beside !== undefined));
  return (parentPath, parent) => {
    // No prototype: an aggregation may be named `__proto__`.
    const members = Object.create(null) as Shape;
    let column = 0;
    for (const [i, node] of nodes.entries()) {
      const { body, name, meta } = node;
      const withMeta = (shape: Shape): Shape => (meta === undefined ? shape : { meta, ...shape });
      if (body.kind === "metric") {
        members[name] = withMeta(body.shape(parent?.metrics.slice(column, column + body.columns.length)));
        column += body.columns.length;
      } else if (body.kind !== "pipeline") members[name] = withMeta(shapings[i]!(parentPath, parent));
    }
    for (const { name, body } of besides) members[name] = body.beside!(members);
    return members;
  };
};

const nothing: Shaping = () => ({});

const readNode = async (run: AggregationRun, node: AggregationNode, levels: readonly Level[], count: BucketCount): Promise<Shaping> => {
  const { body } = node;
  if (body.kind === "bucket") return readBuckets(run, { ...node, body }, levels, count);
  if (body.kind === "hits") return readHits(run, body, levels);
  return body.kind === "top-metrics" ? readTopMetrics(run, body, levels) : nothing;
};

const readBuckets = async (run: AggregationRun, { body, children }: AggregationNode & { body: Bucket }, levels: readonly Level[], count: BucketCount): Promise<Shaping> => {
  const stored = await read<StoredRow>(run, bucketStatement(run, body, children, levels));
  if (stored.length > MAX_BUCKETS) throw tooManyBuckets();
  const byParent = Map.groupBy(stored.map(toRow), ({ keys }) => pathOf(keys.slice(0, -1)));
  const level: Level = { bucket: body, chosen: body.top && stored.length <= MAX_NAMED_PARENTS ? stored.map(({ path }) => BigInt(path)) : undefined };
  const shapeInner = stored.length === 0 ? await readLevel({ ...run, range: { startNs: 1n, endNs: 0n } }, children, [...levels, level], count) : await readLevel(run, children, [...levels, level], count);
  const alongs = inOrder(children.filter((node): node is AggregationNode & { body: Pipeline } => node.body.kind === "pipeline" && node.body.along !== undefined));
  const inner: Inner = (row) => {
    count.add();
    return shapeInner(row ? pathOf((row as Row).keys) : "", row as Row | undefined);
  };
  return (parentPath) => alongBuckets(body.shape(byParent.get(parentPath) ?? [], inner), alongs);
};

const alongBuckets = (shape: Shape, alongs: readonly { readonly name: string; readonly body: Pipeline }[]): Shape => {
  const { buckets } = shape;
  if (alongs.length === 0 || typeof buckets !== "object" || buckets === null) return shape;
  if (Array.isArray(buckets)) return { ...shape, buckets: alongs.reduce<readonly Shape[]>((list, { name, body }) => body.along!(list, name), buckets as Shape[]) };
  // Keyed buckets keep their names, which travel along with them.
  const named = Object.entries(buckets as Record<string, Shape>).map(([key, bucket]): Shape => ({ ...bucket, [NAME]: key }));
  const computed = alongs.reduce<readonly Shape[]>((list, { name, body }) => body.along!(list, name), named);
  return { ...shape, buckets: Object.fromEntries(computed.map(({ [NAME]: key, ...bucket }) => [String(key), bucket])) };
};

/** No aggregation has this name: it has a `>`. */
const NAME = ">name";

/** A path of keys as text. */
const pathOf = (keys: readonly string[]): string => JSON.stringify(keys);

const metricsOf = (nodes: readonly AggregationNode[]): Fragment => {
  const columns = nodes.flatMap(({ body }) => (body.kind === "metric" ? body.columns : []));
  return columns.length === 0 ? sql`[]` : sql`tuple(${join(columns, sql`, `)})`;
};

const list = (items: readonly Fragment[]): Fragment => join(items, sql`, `);

/** Keys of all levels, and the conditions that go with them. */
const grouping = (levels: readonly Level[], own?: Bucket) => {
  const buckets = [...levels.map(({ bucket }) => bucket), ...(own ? [own] : [])];
  const conditions = buckets.flatMap(({ condition }) => (condition ? [condition] : []));
  // Only below the buckets that are told; the innermost choice implies the ones around it.
  const at = levels.findLastIndex(({ chosen }) => chosen !== undefined);
  const chosen = at < 0 ? [] : [sql`cityHash64(${list(buckets.slice(0, at + 1).map(({ key }) => key))}) IN ${param.uint64s(levels[at]!.chosen!)}`];
  return {
    selected: list(buckets.map(({ key }, i) => sql`${key} AS ${KEYS[i]!}`)),
    names: KEYS.slice(0, buckets.length),
    texts: buckets.map(({ keyText }, i) => keyText?.(KEYS[i]!) ?? sql`toString(${KEYS[i]!})`),
    where: [...conditions, ...chosen],
  };
};

const source = ({ reading, range, filter }: AggregationRun, where: readonly Fragment[]): Fragment =>
  where.length === 0 ? logsMatching(reading.scope, range, filter) : sql`${logsMatching(reading.scope, range, filter)} AND (${and(where)})`;

const bucketStatement = (run: AggregationRun, bucket: Bucket, children: readonly AggregationNode[], levels: readonly Level[]): Statement => {
  const { selected, names, texts, where } = grouping(levels, bucket);
  const parents = names.slice(0, -1);
  const own = names.at(-1)!;
  const partition = parents.length === 0 ? sql`` : sql`PARTITION BY ${list(parents)}`;
  const order = bucket.top ? list([...parents, ...bucket.top.orderBy(own)]) : list(names);
  const first = bucket.top === undefined ? sql`` : parents.length === 0 ? sql`` : sql`LIMIT ${param.uint32(bucket.top.size)} BY ${list(parents)}`;
  const most = Math.min(MAX_BUCKETS + 1, bucket.top && parents.length === 0 ? bucket.top.size : MAX_BUCKETS + 1);
  return run.reading.scope.statement(sql`
    SELECT [${list(texts)}] AS keys, docs, m, sum(docs) OVER (${partition}) AS parent_docs, toString(cityHash64(${list(names)})) AS path
    FROM (
      SELECT ${selected}, toFloat64(count()) AS docs, ${metricsOf(children)} AS m
      ${source(run, where)}
      GROUP BY ${list(names)}
    )
    WHERE docs >= ${param.uint32(bucket.top?.minDocs ?? 0)}
    ORDER BY ${order} ${first}
    LIMIT ${param.uint32(most)}`);
};

/** The first rows of every parent by an order: with `columns` of each. */
const firstRows = (run: AggregationRun, levels: readonly Level[], columns: Fragment, orderBy: Fragment, size: number): Statement => {
  const { selected, names, texts, where } = grouping(levels);
  const parents = names.length === 0 ? sql`` : sql`${selected}, `;
  const by = names.length === 0 ? sql`LIMIT ${param.uint32(size)}` : sql`LIMIT ${param.uint32(size)} BY ${list(names)} LIMIT ${param.uint32(MAX_HITS)}`;
  const keys = texts.length === 0 ? sql`emptyArrayString()` : sql`[${list(texts)}]`;
  return run.reading.scope.statement(sql`SELECT ${parents}${keys} AS keys, ${columns} ${source(run, where)} ORDER BY ${orderBy} ${by}`);
};

const readHits = async (run: AggregationRun, hits: Hits, levels: readonly Level[]): Promise<Shaping> => {
  const rows =
    hits.size === 0
      ? []
      : await read<LogRow & { readonly keys: readonly string[]; readonly sorted: readonly string[] }>(run, firstRows(run, levels, sql`${LOG_COLUMNS}, [${list(hits.sort.selected)}] AS sorted`, hits.sort.orderBy, hits.from + hits.size));
  const byParent = Map.groupBy(rows, ({ keys }) => pathOf(keys));
  return (parentPath, parent) => ({
    hits: {
      total: { value: parent?.docs ?? 0, relation: "eq" },
      max_score: null,
      hits: (byParent.get(parentPath) ?? []).slice(hits.from).map((row) => hitOf(toHit(row), hits, hits.isSorted ? sortValues(hits.sort, row.sorted, positionOf(row)) : undefined)),
    },
  });
};

type TopRow = { readonly keys: readonly string[]; readonly values: readonly string[]; readonly sorted: readonly string[] } & Pick<LogRow, "timestamp_ns" | "batch" | "row">;

/** What a double cannot say exactly stays text. */
const metricValue = (text: string): unknown => (text === "" ? null : String(Number(text)) === text ? Number(text) : text);

const readTopMetrics = async (run: AggregationRun, top: TopMetrics, levels: readonly Level[]): Promise<Shaping> => {
  const columns = sql`[${list(top.metrics.map(({ value }) => value))}] AS values, [${list(top.sort.selected)}] AS sorted, batch, row, toUnixTimestamp64Nano(timestamp) AS timestamp_ns`;
  const byParent = Map.groupBy(await read<TopRow>(run, firstRows(run, levels, columns, top.sort.orderBy, top.size)), ({ keys }) => pathOf(keys));
  return (parentPath) => ({
    top: (byParent.get(parentPath) ?? []).map(({ values, sorted, timestamp_ns: timestampNs, batch, row }) => ({
      sort: sortValues(top.sort, sorted, { timestampNs: BigInt(timestampNs), batch: BigInt(batch), row }),
      metrics: Object.fromEntries(top.metrics.map(({ field }, i) => [field, metricValue(values[i]!)])),
    })),
  });
};
