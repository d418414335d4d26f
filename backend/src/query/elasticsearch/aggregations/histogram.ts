/** `histogram`: numbers in intervals of one width. */

import { illegalArgument } from "../../../core/elasticsearch.ts";
import { param, sql } from "../../../sql/sql.ts";
import { fieldOf } from "../dsl/context.ts";
import { fieldNumber } from "../field-values.ts";
import { asBoolean, asInteger, asList, asNumber, asObject, asText, oneOf, onlyMember, refuseUnknown } from "../json.ts";
import { MAX_BUCKETS, tooManyBuckets, type Bucket } from "./node.ts";

export const histogram = (body: unknown): Bucket => {
  const options = asObject(body, "[histogram] aggregation");
  refuseUnknown(options, "[histogram] aggregation", ["field", "interval", "offset", "min_doc_count", "extended_bounds", "hard_bounds", "order", "keyed", "missing"]);
  const name = asText(options["field"], "[histogram] field");
  const number = fieldNumber(fieldOf(name));
  if (number === undefined) throw illegalArgument(`Field [${name}] is text and not supported for aggregation [histogram]`);
  const value = options["missing"] === undefined ? number : sql`ifNull(${number}, ${param.float64(asNumber(options["missing"], "[histogram] missing"))})`;
  const interval = asNumber(options["interval"], "[histogram] interval");
  if (!(interval > 1e-9)) throw illegalArgument("[interval] must be >0 for histogram aggregation");
  const offset = options["offset"] === undefined ? 0 : asNumber(options["offset"], "[histogram] offset");
  const minDocs = asInteger(options["min_doc_count"] ?? 0, "[histogram] min_doc_count", 0, 2 ** 31 - 1);
  const keyed = options["keyed"] !== undefined && asBoolean(options["keyed"], "[histogram] keyed");
  const bounds = ["extended_bounds", "hard_bounds"].map((bound) => {
    const { min, max } = asObject(options[bound] ?? {}, `[histogram] ${bound}`);
    return [min, max].map((end) => (end === undefined || end === null ? undefined : asNumber(end, `[histogram] ${bound}`)));
  });
  const [direction, by] = options["order"] === undefined ? ["asc", "_key"] : onlyMember(asList(options["order"])[0], "[histogram] order").toReversed() as [string, string];
  const isUp = oneOf(direction, "[histogram] order", ["asc", "desc"]) === "asc";
  // The number of the bucket, so that keys come out as multiples and not as sums of rounding.
  const place = (key: number): number => Math.floor((key - offset) / interval);
  const hard = bounds[1]!;
  return {
    kind: "bucket",
    key: sql`assumeNotNull(floor((${value} - ${param.float64(offset)}) / ${param.float64(interval)}))`,
    condition: sql`ifNull(${value} >= ${param.float64(hard[0] ?? -Number.MAX_VALUE)} AND ${value} <= ${param.float64(hard[1] ?? Number.MAX_VALUE)}, 0)`,
    filters: [],
    isHistogram: true,
    shape: (rows, inner) => {
      const found = new Map(rows.map((row) => [Number(row.key), row]));
      const ends = [...found.keys(), ...bounds[0]!.filter((end) => end !== undefined).map(place)];
      const [first, last] = [ends.reduce((a, b) => Math.min(a, b), Infinity), ends.reduce((a, b) => Math.max(a, b), -Infinity)];
      if (minDocs === 0 && last - first >= MAX_BUCKETS) throw tooManyBuckets();
      const places = minDocs > 0 ? [...found.keys()].sort((a, b) => a - b) : Array.from({ length: Math.max(0, last - first + 1) || 0 }, (_none, i) => first + i);
      const buckets = places.map((at) => ({ key: at * interval + offset, row: found.get(at) })).filter(({ row }) => (row?.docs ?? 0) >= minDocs);
      if (by === "_count") buckets.sort((a, b) => ((a.row?.docs ?? 0) - (b.row?.docs ?? 0)) * (isUp ? 1 : -1));
      else if (!isUp) buckets.reverse();
      const shaped = buckets.map(({ key, row }) => ({ key, doc_count: row?.docs ?? 0, ...inner(row) }));
      return { buckets: keyed ? Object.fromEntries(shaped.map((bucket) => [String(bucket.key), bucket])) : shaped };
    },
  };
};
