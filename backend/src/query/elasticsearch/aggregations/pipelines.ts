/**
 * Pipeline aggregations: computed here from buckets that were read.
 * Source: elastic.co/docs/reference/aggregations/pipeline
 */

import { illegalArgument, parsingError } from "../../../core/elasticsearch.ts";
import { asInteger, asObject, asText, isObject, oneOf, refuseUnknown, type JsonObject } from "../json.ts";
import { movingFunction, movingModel } from "./moving-functions.ts";
import { splitPath, type Pipeline, type Shape } from "./node.ts";
import { parseScript } from "./script.ts";

/** A value of a bucket by its path; null where there is none. */
const valueAt = (bucket: Shape, path: string): number | null => {
  if (path === "_count") return bucket["doc_count"] as number;
  let [found, rest]: [unknown, string] = [bucket[path], ""];
  if (found === undefined) {
    const { members, value } = splitPath(path);
    found = members.reduce<unknown>((holder, name) => (isObject(holder) ? holder[name] : undefined), bucket);
    rest = value;
  }
  if (!isObject(found)) return null;
  const names = rest === "" ? ["value", "doc_count"] : [rest];
  const values = isObject(found["values"]) ? found["values"] : found;
  const key = names.find((name) => values[name] !== undefined) ?? Object.keys(values).find((name) => rest !== "" && Number(name) === Number(rest));
  const value = rest === "_count" ? found["doc_count"] : key === undefined ? undefined : values[key];
  return typeof value === "number" ? value : null;
};

const pathOf = (type: string, options: JsonObject): string => asText(options["buckets_path"], `[${type}] buckets_path`);

/** Members that a path begins with. */
const readOf = (path: string): string[] => (path === "_count" ? [] : [path, splitPath(path).members[0]!]);

type Gap = "skip" | "insert_zeros" | "keep_values";
const gapOf = (type: string, options: JsonObject): Gap => oneOf(options["gap_policy"] ?? "skip", `[${type}] gap_policy`, ["skip", "insert_zeros", "keep_values"]);

const gapless = (value: number | null, bucket: Shape, gap: Gap): number | null => (gap === "insert_zeros" && (value === null || bucket["doc_count"] === 0) ? 0 : value);

/** One value after the other, from those so far. */
const along = (type: string, body: unknown, others: readonly string[], of: (options: JsonObject) => (values: readonly (number | null)[], at: number, buckets: readonly Shape[]) => number | null | undefined): Pipeline => {
  const options = asObject(body, `[${type}] aggregation`);
  refuseUnknown(options, `[${type}] aggregation`, ["buckets_path", "gap_policy", "format", ...others]);
  const path = pathOf(type, options);
  const gap = gapOf(type, options);
  const next = of(options);
  return {
    kind: "pipeline",
    reads: readOf(path),
    along: (buckets, name) => {
      const values = buckets.map((bucket) => gapless(valueAt(bucket, path), bucket, gap));
      return buckets.map((bucket, at) => {
        const value = next(values, at, buckets);
        return value === undefined ? bucket : { ...bucket, [name]: { value: value !== null && Number.isFinite(value) ? value : null } };
      });
    },
  };
};

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000, week: 604_800_000 };

const derivative = (body: unknown): Pipeline => {
  const plain = along("derivative", body, ["unit"], () => (values, at) => {
    const [before, here] = [values[at - 1], values[at]];
    return at === 0 || before === undefined ? undefined : before === null || here === null ? null : here! - before;
  });
  const unit = (body as JsonObject)["unit"];
  if (unit === undefined || unit === null) return plain;
  const unitMs = UNITS_MS[asText(unit, "[derivative] unit").replace(/^1(?=[smhdw]$)/, "")];
  if (unitMs === undefined) throw illegalArgument("[derivative] unit must be one of 1s, 1m, 1h, 1d, 1w");
  return {
    ...plain,
    along: (buckets, name) =>
      plain.along!(buckets, name).map((bucket, at) => {
        const member = bucket[name] as { value: number | null } | undefined;
        const elapsedMs = at > 0 ? Number(bucket["key"]) - Number(buckets[at - 1]!["key"]) : 0;
        return member === undefined || member.value === null || elapsedMs === 0 ? bucket : { ...bucket, [name]: { ...member, normalized_value: (member.value * unitMs) / elapsedMs } };
      }),
  };
};

const cumulativeSum = (body: unknown): Pipeline => {
  const plain = along("cumulative_sum", body, [], () => () => null);
  const path = pathOf("cumulative_sum", body as JsonObject);
  return {
    ...plain,
    along: (buckets, name) => {
      let sum = 0;
      return buckets.map((bucket) => ({ ...bucket, [name]: { value: (sum += valueAt(bucket, path) ?? 0) } }));
    },
  };
};

const serialDiff = (body: unknown): Pipeline =>
  along("serial_diff", body, ["lag"], (options) => {
    const lag = asInteger(options["lag"] ?? 1, "[serial_diff] lag", 1, 65_535);
    return (values, at) => {
      const [before, here] = [values[at - lag], values[at]];
      return before === undefined ? undefined : before === null || here === null ? null : here! - before;
    };
  });

const MAX_WINDOW = 10_000;

const movingFn = (body: unknown): Pipeline =>
  along("moving_fn", body, ["window", "shift", "script"], (options) => {
    const window = asInteger(options["window"], "[moving_fn] window", 1, MAX_WINDOW);
    const shift = asInteger(options["shift"] ?? 0, "[moving_fn] shift", -MAX_WINDOW, MAX_WINDOW);
    const { script } = options;
    const apply = movingFunction(asText(isObject(script) ? (script["source"] ?? script["inline"]) : script, "[moving_fn] script"));
    return (values, at) => apply(values.slice(Math.max(0, at - window + shift), Math.max(0, at + shift)).filter((value) => value !== null));
  });

/** Gone from Elasticsearch 8, still sent by dashboards. */
const movingAvg = (body: unknown): Pipeline =>
  along("moving_avg", body, ["window", "model", "settings", "minimize", "predict"], (options) => {
    if (options["predict"] !== undefined && options["predict"] !== null && Number(options["predict"]) !== 0) throw illegalArgument("[moving_avg] predict is not supported");
    const window = asInteger(options["window"] ?? 5, "[moving_avg] window", 1, MAX_WINDOW);
    const apply = movingModel(asText(options["model"] ?? "simple", "[moving_avg] model"), asObject(options["settings"] ?? {}, "[moving_avg] settings"));
    return (values, at) => {
      const seen = values.slice(Math.max(0, at - window), at).filter((value) => value !== null);
      return seen.length === 0 ? undefined : apply(seen);
    };
  });

/** `bucket_script` adds a value, `bucket_selector` keeps the buckets whose value is true. */
const scripted = (type: "bucket_script" | "bucket_selector") => (body: unknown): Pipeline => {
  const options = asObject(body, `[${type}] aggregation`);
  refuseUnknown(options, `[${type}] aggregation`, ["buckets_path", "script", "gap_policy", "format"]);
  const given = options["buckets_path"];
  const paths = Object.entries(typeof given === "string" ? { _value: given } : asObject(given, `[${type}] buckets_path`)).map(([name, path]) => [name, asText(path, `[${type}] buckets_path`)] as const);
  const { script } = options;
  const evaluate = parseScript(asText(isObject(script) ? (script["source"] ?? script["inline"]) : script, `[${type}] script`), new Set(paths.map(([name]) => name)));
  const gap = gapOf(type, options);
  const valueOf = (bucket: Shape): number | undefined => {
    const values = paths.map(([name, path]) => [name, gapless(valueAt(bucket, path), bucket, gap)] as const);
    return values.some(([, value]) => value === null) ? undefined : evaluate(new Map(values as [string, number][]));
  };
  return {
    kind: "pipeline",
    reads: paths.flatMap(([, path]) => readOf(path)),
    along: (buckets, name) =>
      type === "bucket_selector"
        ? buckets.filter((bucket) => (valueOf(bucket) ?? 0) !== 0)
        : buckets.map((bucket) => {
            const value = valueOf(bucket);
            return value === undefined ? bucket : { ...bucket, [name]: { value: Number.isFinite(value) ? value : null } };
          }),
  };
};

const bucketsOf = (holder: unknown): readonly Shape[] => {
  const buckets = isObject(holder) ? holder["buckets"] : undefined;
  return Array.isArray(buckets) ? (buckets as Shape[]) : isObject(buckets) ? (Object.values(buckets) as Shape[]) : [];
};

/** `avg_bucket` and its like: from all buckets of a sibling. */
const sibling = (type: string, shape: (values: readonly number[], keys: readonly unknown[]) => Shape) => (body: unknown): Pipeline => {
  const options = asObject(body, `[${type}] aggregation`);
  refuseUnknown(options, `[${type}] aggregation`, ["buckets_path", "gap_policy", "format"]);
  const path = pathOf(type, options);
  const [first, ...rest] = path.split(">");
  if (rest.length === 0) throw illegalArgument(`[${type}] buckets_path must be such as histogram>metric, not [${path.slice(0, 200)}]`);
  return {
    kind: "pipeline",
    reads: [first!],
    beside: (members) => {
      const found = bucketsOf(members[first!]).flatMap((bucket) => {
        const value = valueAt(bucket, rest.join(">"));
        return value === null ? [] : [[value, bucket["key_as_string"] ?? bucket["key"]] as const];
      });
      return shape(found.map(([value]) => value), found.map(([, key]) => key));
    },
  };
};

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b), Infinity);
const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), -Infinity);

const extreme = (of: (values: readonly number[]) => number) => (values: readonly number[], keys: readonly unknown[]): Shape => {
  if (values.length === 0) return { value: null, keys: [] };
  const value = of(values);
  return { value, keys: keys.filter((_key, i) => values[i] === value).map(String) };
};

const bucketSort = (body: unknown): Pipeline => {
  const options = asObject(body, "[bucket_sort] aggregation");
  refuseUnknown(options, "[bucket_sort] aggregation", ["sort", "from", "size", "gap_policy"]);
  const keys = (Array.isArray(options["sort"]) ? options["sort"] : options["sort"] === undefined ? [] : [options["sort"]]).map((key: unknown) => {
    const [path, order] = typeof key === "string" ? [key, "asc"] : Object.entries(asObject(key, "[bucket_sort] sort"))[0] ?? [];
    return { path: asText(path, "[bucket_sort] sort"), isUp: oneOf(isObject(order) ? order["order"] : order, "[bucket_sort] order", ["asc", "desc"]) === "asc" };
  });
  const [from, size] = [asInteger(options["from"] ?? 0, "[bucket_sort] from", 0, 65_535), asInteger(options["size"] ?? 65_535, "[bucket_sort] size", 1, 65_535)];
  const compare = (a: Shape, b: Shape): number => {
    for (const { path, isUp } of keys) {
      const [left, right] = [a, b].map((bucket) => (path === "_key" ? Number(bucket["key"]) : (valueAt(bucket, path) ?? -Infinity))) as [number, number];
      if (left !== right) return (left < right ? -1 : 1) * (isUp ? 1 : -1);
    }
    return 0;
  };
  return { kind: "pipeline", reads: keys.flatMap(({ path }) => readOf(path)), along: (buckets) => buckets.toSorted(compare).slice(from, from + size) };
};

export const PIPELINES: ReadonlyMap<string, (body: unknown) => Pipeline> = new Map<string, (body: unknown) => Pipeline>([
  ["derivative", derivative],
  ["cumulative_sum", cumulativeSum],
  ["serial_diff", serialDiff],
  ["moving_fn", movingFn],
  ["moving_avg", movingAvg],
  ["bucket_script", scripted("bucket_script")],
  ["bucket_selector", scripted("bucket_selector")],
  ["bucket_sort", bucketSort],
  ["avg_bucket", sibling("avg_bucket", (values) => ({ value: values.length === 0 ? null : sum(values) / values.length }))],
  ["sum_bucket", sibling("sum_bucket", (values) => ({ value: sum(values) }))],
  ["min_bucket", sibling("min_bucket", extreme(least))],
  ["max_bucket", sibling("max_bucket", extreme(most))],
  ["stats_bucket", sibling("stats_bucket", (values) => ({ count: values.length, min: values.length === 0 ? null : least(values), max: values.length === 0 ? null : most(values), avg: values.length === 0 ? null : sum(values) / values.length, sum: sum(values) }))],
]);

/** In an order in which each finds what it reads. Throws when they read each other. */
export const inOrder = <T extends { readonly name: string; readonly body: Pipeline }>(pipelines: readonly T[]): T[] => {
  const ordered: T[] = [];
  let left = [...pipelines];
  while (left.length > 0) {
    const waiting = new Set(left.map(({ name }) => name));
    const ready = left.filter(({ name, body }) => body.reads.every((read) => read === name || !waiting.has(read)));
    if (ready.length === 0) throw parsingError(`Cyclical dependency of pipeline aggregations found: ${[...waiting].join(", ").slice(0, 200)}`);
    ordered.push(...ready);
    left = left.filter((pipeline) => !ready.includes(pipeline));
  }
  return ordered;
};
